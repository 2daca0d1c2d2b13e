import ArgumentParser
import ControlPlane

struct OrganisationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "org",
        abstract: "Creates, shows, lists and closes organisations.",
        discussion: """
            Examples:
              meterctl org create acme --zone Europe/Berlin
              meterctl org show acme
              meterctl org list
              meterctl org close acme --reason "moved away"
            """,
        subcommands: [Create.self, Show.self, List.self, Close.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Opens an organisation with an empty wallet.",
            discussion: """
                Example:
                  meterctl org create acme --zone Europe/Berlin
                """
        )

        @Argument(help: "Its name: 1 to 64 of a-z, A-Z, 0-9, '.', '_', '-'.")
        var name: String

        @Option(
            help: ArgumentHelp(
                "The IANA time zone in which its days begin; otherwise meterd's default.",
                valueName: "zone"
            )
        )
        var zone: String?

        @Option(
            help: ArgumentHelp("A plan of the system's file; otherwise none.", valueName: "name")
        )
        var plan: String?

        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = ControlRequest(.post, "v1", "organisations")
            request.body = try Fields([("name", name), ("zone", zone), ("plan", plan)]).json
            try await control.show(OrganisationBody.self, request) { body in
                "Organisation \(body.name) is open (number \(body.number), "
                    + "time zone \(body.zone)).\n"
                    + "Next: meterctl key create \(body.name) main\n"
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows wallet, spending, projects, keys, grants and caps.",
            discussion: """
                Example:
                  meterctl org show acme
                """
        )

        @Argument(help: "The organisation.")
        var name: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, of: name)
            try await control.show(OrganisationBody.self, request) { OrganisationText.text(of: $0) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the organisations' names, all of them.",
            discussion: """
                Example:
                  meterctl org list
                """
        )

        @OptionGroup var control: ControlOptions

        func run() async throws {
            var names: [String] = []
            var after: String?
            repeat {
                var request = ControlRequest(.get, "v1", "organisations")
                request.filter("after", after)
                request.filter("limit", "1000")
                let page = try await control.ask(OrganisationNamesBody.self, request).body
                names += page.organisations
                after = page.next
            } while after != nil
            if control.json {
                let body = OrganisationNames(organisations: names)
                Console.line(String(decoding: try ControlJSON.bytes(body), as: UTF8.self))
            } else {
                for name in names { Console.line(name) }
            }
        }

        private struct OrganisationNames: Encodable {
            let organisations: [String]
        }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Closes an organisation for good.",
            discussion: """
                What is left in the wallet is forfeited, and everything after is refused.

                Example:
                  meterctl org close acme --reason "moved away"
                """
        )

        @Argument(help: "The organisation.")
        var name: String

        @Option(help: ArgumentHelp("Why, for the books.", valueName: "text"))
        var reason: String

        @OptionGroup var idempotency: IdempotencyOptions
        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = ControlRequest(.post, of: name, "close")
            request.body = try Fields([("reason", reason)]).json
            request.idempotencyKey = idempotency.announced()
            try await control.show(OrganisationBody.self, request) { body in
                "Organisation \(body.name) is closed.\n"
            }
        }
    }
}

/// An organisation for people.
enum OrganisationText {
    static func text(of body: OrganisationBody) -> String {
        var list = TextList()
        list.add("Organisation", "\(body.name) (number \(body.number))")
        list.add("Time zone", body.zone)
        list.add("State", state(closed: body.closed, reasons: body.cutoffReasons))
        list.add("Open holds", Figures.count(body.openHolds))
        var text = list.text + "\n"
        text += BalanceText.wallet(body.wallet) + "\n" + BalanceText.spend(body.spend)
        if !body.projects.isEmpty {
            let names = body.projects.map(\.name).joined(separator: ", ")
            text += "\nProjects: \(names)\n"
        }
        if !body.keys.isEmpty { text += "\n" + KeyText.table(body.keys) }
        if !body.grants.isEmpty { text += "\n" + GrantText.table(body.grants) }
        if !body.caps.isEmpty { text += "\n" + CapText.table(body.caps) }
        return text
    }

    /// Open, closed or cut off, and why.
    static func state(closed: Bool, reasons: [String]) -> String {
        if closed { return "CLOSED" }
        if reasons.isEmpty { return "open" }
        return "CUT OFF: \(reasons.joined(separator: ", "))"
    }
}
