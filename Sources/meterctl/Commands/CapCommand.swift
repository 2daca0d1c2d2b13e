import ArgumentParser
import ControlPlane
import Quantities

struct CapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cap",
        abstract: "Sets, clears and lists spend caps.",
        discussion: """
            Caps on the organisation, its projects and its keys all apply at once.

            Examples:
              meterctl cap set acme 100 --per month
              meterctl cap set acme 5 --per day --key main
              meterctl cap clear acme --per month
              meterctl cap list acme
            """,
        subcommands: [Set.self, Clear.self, List.self]
    )

    /// What a cap is about.
    struct Target: ParsableArguments {
        @Option(help: "Over which time it counts, in the organisation's time zone.")
        var per: Period

        @Option(help: ArgumentHelp("Cap this project only.", valueName: "name"))
        var project: String?

        @Option(help: ArgumentHelp("Cap this key only.", valueName: "name"))
        var key: String?

        func validate() throws {
            if project != nil, key != nil {
                throw ValidationError("A cap is about a project or about a key, not both.")
            }
        }

        var scope: String {
            if project != nil { return "project" }
            return key != nil ? "key" : "org"
        }

        var name: String? { project ?? key }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets or changes a spend cap.",
            discussion: """
                Example:
                  meterctl cap set acme 100 --per month
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @Argument(help: "The cap in credits.")
        var amount: Amount

        @OptionGroup var target: Target
        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = ControlRequest(.put, of: organisation, "caps")
            request.body = try Fields([
                ("scope", target.scope), ("name", target.name), ("period", target.per.rawValue),
                ("amount", amount.description),
            ]).json
            try await control.show(CapsBody.self, request) { CapText.table($0.caps) }
        }
    }

    struct Clear: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Clears a spend cap.",
            discussion: """
                Example:
                  meterctl cap clear acme --per month
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var target: Target
        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = ControlRequest(.delete, of: organisation, "caps")
            request.filter("scope", target.scope)
            request.filter("name", target.name)
            request.filter("period", target.per.rawValue)
            try await control.show(CapsBody.self, request) { CapText.table($0.caps) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the caps and where they stand.",
            discussion: """
                Example:
                  meterctl cap list acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, of: organisation, "caps")
            try await control.show(CapsBody.self, request) { CapText.table($0.caps) }
        }
    }
}

/// Caps for people.
enum CapText {
    static func table(_ caps: [CapBody]) -> String {
        if caps.isEmpty { return "No caps.\n" }
        var table = TextTable([
            ("SCOPE", .left), ("NAME", .left), ("PER", .left), ("CAP", .decimal),
            ("SPENT", .decimal), ("HELD", .decimal), ("RESETS", .left),
        ])
        for cap in caps {
            table.add([
                cap.scope, cap.name, cap.period, "\(cap.amount)", "\(cap.spent)", "\(cap.held)",
                cap.resetsAt.map { "\($0)" } ?? "never",
            ])
        }
        return table.text
    }
}
