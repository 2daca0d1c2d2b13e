import ArgumentParser
import ControlPlane

struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project",
        abstract: "Creates and lists an organisation's projects.",
        discussion: """
            Examples:
              meterctl project create acme web
              meterctl project list acme
            """,
        subcommands: [Create.self, List.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds a project.",
            discussion: """
                Example:
                  meterctl project create acme web
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @Argument(help: "The project's name, unique within the organisation.")
        var name: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = ControlRequest(.post, of: organisation, "projects")
            request.body = try Fields([("name", name)]).json
            try await control.show(ProjectBody.self, request) { body in
                "Project \(body.name) is there (number \(body.number)).\n"
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the projects.",
            discussion: """
                Example:
                  meterctl project list acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, of: organisation, "projects")
            try await control.show(ProjectsBody.self, request) { body in
                var table = TextTable([("NUMBER", .right), ("PROJECT", .left)])
                for project in body.projects { table.add(["\(project.number)", project.name]) }
                return table.text
            }
        }
    }
}

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Creates, lists, rotates and revokes API keys.",
        discussion: """
            Examples:
              meterctl key create acme main --project web
              meterctl key list acme
              meterctl key rotate acme main
              meterctl key revoke acme main
            """,
        subcommands: [Create.self, List.self, Rotate.self, Revoke.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a key and shows its secret, once.",
            discussion: """
                Example:
                  meterctl key create acme main --project web
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @Argument(help: "The key's name, unique within the organisation.")
        var name: String

        @Option(help: ArgumentHelp("The project that it is bound to.", valueName: "name"))
        var project: String?

        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = ControlRequest(.post, of: organisation, "keys")
            request.body = try Fields([("name", name), ("project", project)]).json
            try await control.show(NewSecretBody.self, request) { KeyText.secret($0) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the keys, without their secrets.",
            discussion: """
                Example:
                  meterctl key list acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, of: organisation, "keys")
            try await control.show(KeysBody.self, request) { KeyText.table($0.keys) }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives a key a new secret; the old one is dead at once.",
            discussion: """
                Example:
                  meterctl key rotate acme main
                """
        )

        @OptionGroup var key: KeyArguments
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = key.request("rotate")
            try await control.show(NewSecretBody.self, request) { KeyText.secret($0) }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switches a key off for good.",
            discussion: """
                Example:
                  meterctl key revoke acme main
                """
        )

        @OptionGroup var key: KeyArguments
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = key.request("revoke")
            try await control.show(KeyBody.self, request) { "Key \($0.name) is revoked.\n" }
        }
    }
}

/// Which key of which organisation.
struct KeyArguments: ParsableArguments {
    @Argument(help: "The organisation.")
    var organisation: String

    @Argument(help: "The key.")
    var name: String

    /// A call that does something to the key.
    func request(_ verb: String) -> ControlRequest {
        ControlRequest(.post, of: organisation, "keys", name, verb)
    }
}

/// Keys for people.
enum KeyText {
    static func secret(_ body: NewSecretBody) -> String {
        "Key \(body.key.name), secret number \(body.key.generation):\n\n"
            + "  \(body.secret)\n\n"
            + "It is shown this once: meterd keeps only its hash.\n"
    }

    static func table(_ keys: [KeyBody]) -> String {
        var table = TextTable([
            ("KEY", .left), ("PROJECT", .left), ("BEGINS", .left), ("SECRETS", .right),
            ("STATE", .left),
        ])
        for key in keys {
            let state = key.revoked ? "revoked" : "active"
            table.add([key.name, key.project, key.prefix, "\(key.generation)", state])
        }
        return table.text
    }
}
