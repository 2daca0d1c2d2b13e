import ArgumentParser
import Foundation
import PostgresStore
import Rating
import SettingsFiles

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Checks meterd's settings.",
        discussion: """
            Example:
              meterctl config check /etc/meterd/meterd.yaml
            """,
        subcommands: [Check.self]
    )

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads a settings file and its rate card, and explains every value.",
            discussion: """
                METERD_... variables of the environment win over the file, as they do for meterd.

                Examples:
                  meterctl config check /etc/meterd/meterd.yaml
                  meterctl config check meterd.yaml --json | jq .rate_card
                """
        )

        @Argument(help: "The settings file.", completion: .file())
        var file: String = Settings.standardPath

        @Flag(help: "Print JSON instead of text.")
        var json = false

        func run() async throws {
            let settings = try SettingsFile.load(file)
            let card = try CardFile.load(settings.ratesCard)
            let cores = ProcessInfo.processInfo.activeProcessorCount
            let memory = settings.memory(cores: cores)
            let warnings =
                settings.warnings.map { $0.text(file: file) }
                + card.warnings.map { $0.text(file: card.file) }
            guard json else {
                Console.line(settings.explanation)
                Console.line()
                Console.line(memory.description)
                Console.line("rate card \(card.card.name): \(card.card.models.count) models")
                for warning in warnings { Console.line(warning) }
                Console.line("\(file) is good.")
                return
            }
            let report = Report(
                settings: settings.explained.map { Report.Setting($0) },
                memoryBytes: memory.total,
                rateCard: card.card.name,
                warnings: warnings
            )
            Console.line(try JSONText.text(report))
        }

        private struct Report: Encodable {
            let settings: [Setting]
            let memoryBytes: Int
            let rateCard: String
            let warnings: [String]

            struct Setting: Encodable {
                let key: String
                let value: String
                let standard: String
                let unit: String
                let origin: String

                init(_ setting: ExplainedSetting) {
                    self.key = setting.key
                    self.value = setting.value
                    self.standard = setting.standard
                    self.unit = setting.unit
                    self.origin = "\(setting.origin)"
                }
            }
        }
    }
}

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Brings the database's tables to this version.",
        discussion: """
            meterd does the same at its start, unless postgres.migrate_at_start is off. Credentials
            come from libpq's own places: service file, password file, environment.

            Examples:
              meterctl migrate --config /etc/meterd/meterd.yaml
              meterctl migrate --connection "service=meterd"
            """
    )

    @Option(
        help: ArgumentHelp("The settings file that names the database.", valueName: "file"),
        completion: .file()
    )
    var config: String?

    @Option(help: ArgumentHelp("libpq's connection text, instead of a file.", valueName: "text"))
    var connection: String?

    @Flag(help: "Print JSON instead of text.")
    var json = false

    func validate() throws {
        if config != nil, connection != nil {
            throw ValidationError("Give --config or --connection, not both.")
        }
    }

    func run() async throws {
        var target = connection ?? ""
        var node = "default"
        if connection == nil {
            let settings = try SettingsFile.load(config ?? Settings.standardPath)
            target = settings.postgres.connection
            node = settings.node.name
        }
        let report = try migrate(target, node: node)
        guard json else {
            if report.applied.isEmpty {
                Console.line("Nothing to do: the schema is at \(report.to).")
            } else {
                for step in report.applied { Console.line("applied \(step)") }
                Console.line("The schema went from \(report.from) to \(report.to).")
            }
            return
        }
        let body = Report(from: report.from, to: report.to, applied: report.applied)
        Console.line(try JSONText.text(body))
    }

    private func migrate(_ connection: String, node: String) throws -> MigrationReport {
        let store = PostgresStore(settings: StoreSettings(conninfo: connection), node: node)
        defer { store.disconnect() }
        do throws(StoreError) {
            try store.connect()
            return try store.migrate()
        } catch {
            throw Failure(error.isTransient ? .temporary : .config, error.description)
        }
    }

    private struct Report: Encodable {
        let from: Int
        let to: Int
        let applied: [String]
    }
}

/// Reads settings; what is wrong with them ends the program with 78.
enum SettingsFile {
    static func load(_ path: String) throws -> Settings {
        do throws(SettingsError) {
            return try Settings.load(
                path: path,
                environment: ProcessInfo.processInfo.environment
            )
        } catch {
            throw Failure(.config, error.description)
        }
    }
}
