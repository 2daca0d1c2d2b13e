import ArgumentParser
import ControlPlane
import Foundation
import MeterClient
import Quantities
import Rating
import SettingsFiles

struct RatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rates",
        abstract: "Checks, imports, compares, shows and reloads rate cards.",
        discussion: """
            check, import and diff work on files and need no daemon.

            Examples:
              meterctl rates check rates.yaml
              meterctl rates import --litellm model_prices.json --output rates.yaml
              meterctl rates diff rates.yaml rates-new.yaml
              meterctl rates show
              meterctl rates reload
            """,
        subcommands: [Check.self, Import.self, Diff.self, Show.self, Reload.self]
    )

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Explains a system's file, or says with lines what is wrong with it.",
            discussion: """
                Each model and machine is told with its price versions and what an example costs;
                then the system's offer, where the file has one.

                Examples:
                  meterctl rates check rates.yaml
                  meterctl rates check rates.yaml --at 2026-07-01
                """
        )

        @Argument(help: "The rate card.", completion: .file())
        var file: String

        @Option(help: ArgumentHelp("Explain the prices of this moment.", valueName: "time"))
        var at: Moment?

        @Flag(help: "Print JSON instead of text.")
        var json = false

        func run() async throws {
            let card = try CardFile.load(file)
            let check: RateCardCheck
            do throws(RateCardError) {
                check = try RateCardCheck(card, at: at?.time ?? .now)
            } catch {
                throw Failure(.config, "\(file): \(error)")
            }
            guard json else { return Console.current.write(check.text) }
            let report = Report(
                name: card.card.name,
                models: check.models,
                machines: check.machines,
                offer: check.offerLines,
                warnings: card.warnings.map { $0.text(file: card.file) }
            )
            Console.line(try JSONText.text(report))
        }

        private struct Report: Encodable {
            let name: String
            let models: [RateCardCheck.Model]
            let machines: [RateCardCheck.Machine]
            let offer: [String]
            let warnings: [String]
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turns LiteLLM's price list into a rate card.",
            discussion: """
                Every price per token that is exact at 10^-12 credit is carried exactly; the report
                lists the rest with what was done. The card goes to --output, or to standard output.
                It has models only: the list knows no machines.

                Examples:
                  meterctl rates import --litellm model_prices.json --output rates.yaml
                  meterctl rates import --litellm model_prices.json > rates.yaml
                """
        )

        @Option(
            help: ArgumentHelp("LiteLLM's price list, a JSON file.", valueName: "file"),
            completion: .file()
        )
        var litellm: String

        @Option(help: ArgumentHelp("Where the card goes.", valueName: "file"), completion: .file())
        var output: String?

        @Option(help: ArgumentHelp("The card's name.", valueName: "name"))
        var name = "litellm"

        @Flag(help: "Print the report as JSON; needs --output.")
        var json = false

        func validate() throws {
            if json, output == nil { throw ValidationError("--json needs --output.") }
        }

        func run() async throws {
            let made: LiteLLMImport
            do throws(SettingsError) {
                made = try LiteLLMImport(path: litellm, name: name)
            } catch {
                throw Failure(.config, error.description)
            }
            let source = litellm.split(separator: "/").last.map(String.init) ?? litellm
            let card = made.yaml(source: source)
            guard let output else {
                Console.current.write(card)
                Console.current.writeError(made.report.summary)
                return
            }
            try OutputFile.write(card, to: output)
            if json {
                Console.line(try JSONText.text(made.report))
            } else {
                Console.current.write(made.report.text + "\nWritten to \(output).\n")
            }
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what changes when one rate card takes the place of another.",
            discussion: """
                Prices are compared as they are charged, and offers key by key, defaults filled in.

                Example:
                  meterctl rates diff rates.yaml rates-new.yaml
                """
        )

        @Argument(help: "The card in use.", completion: .file())
        var old: String

        @Argument(help: "The card that would take its place.", completion: .file())
        var new: String

        @Flag(help: "Print JSON instead of text.")
        var json = false

        func run() async throws {
            let difference = RateCardDiff(
                old: try CardFile.load(old),
                new: try CardFile.load(new)
            )
            if json {
                Console.line(try JSONText.text(difference))
            } else {
                Console.current.write(difference.description)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the rate card that is in force, as YAML.",
            discussion: """
                Example:
                  meterctl rates show
                """
        )

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, "v1", "rates")
            let answer = try await Control.ask(request, of: control.client())
            guard control.json else { return Console.current.write(answer.text) }
            Console.line(try JSONText.text(["rates": answer.text]))
        }
    }

    struct Reload: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes meterd read its rate card again; a broken one is refused.",
            discussion: """
                Examples:
                  meterctl rates reload
                  meterctl rates check rates.yaml && meterctl rates reload
                """
        )

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.post, "v1", "rates", "reload")
            try await control.show(RateCardBody.self, request) { body in
                "In force: \(body.rateCard)\n"
            }
        }
    }
}

/// Reads rate cards; what is wrong with one ends the program with 78.
enum CardFile {
    static func load(_ path: String) throws -> RateCardFile {
        do throws(SettingsError) {
            return try RateCardFile.load(path: path)
        } catch {
            throw Failure(.config, error.description)
        }
    }
}

/// JSON for programs, of what is not an answer of the daemon.
enum JSONText {
    static func text(_ value: some Encodable) throws -> String {
        String(decoding: try ControlJSON.bytes(value), as: UTF8.self)
    }
}

/// Writes a file in one go: readers see the old one or the new one.
enum OutputFile {
    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw Failure(.output, "\(path) cannot be written: \(error.localizedDescription)")
        }
    }
}
