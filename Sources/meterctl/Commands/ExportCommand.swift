import ArgumentParser
import ControlPlane
import Foundation

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes the whole ledger or request log as CSV or JSON lines.",
        discussion: """
            The oldest line comes first; the last row is the total, which equals the ledger. An
            export that was cut off ends with an error, and without a total.

            Examples:
              meterctl export acme --output ledger.csv
              meterctl export acme --what usage --format jsonl --from 2026-03-01 --to 2026-04-01
            """
    )

    enum What: String, ExpressibleByArgument, CaseIterable, Sendable {
        case ledger
        case usage
    }

    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable {
        case csv
        case jsonl
    }

    @Argument(help: "The organisation.")
    var organisation: String

    @Option(help: "What to write: ledger or usage.")
    var what = What.ledger

    @Option(help: "How: csv or jsonl.")
    var format = Format.csv

    @Option(help: ArgumentHelp("Applied at or after.", valueName: "time"))
    var from: Moment?

    @Option(help: ArgumentHelp("Applied before.", valueName: "time"))
    var to: Moment?

    @Option(
        help: ArgumentHelp("Where it goes; otherwise standard output.", valueName: "file"),
        completion: .file()
    )
    var output: String?

    @Option(help: ArgumentHelp("How many seconds it may take.", valueName: "seconds"))
    var timeout = 3600

    @OptionGroup var control: ControlOptions

    func run() async throws {
        var request = ControlRequest(.get, of: organisation, "export")
        request.filter("what", what.rawValue)
        request.filter("format", format.rawValue)
        request.filter("from", from?.text)
        request.filter("to", to?.text)
        let client = control.client(timeoutSeconds: timeout)
        guard let output else {
            let console = Console.current
            // Pieces may end within a character: only whole lines are text.
            var rest: [UInt8] = []
            try await Control.stream(request, of: client) { bytes in
                rest += bytes
                guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return }
                console.write(String(decoding: rest[...end], as: UTF8.self))
                switch console.trouble() {
                case nil: break
                case .unread: throw ExitCode.success
                case .failed(let reason): throw Failure.unwritten(reason)
                }
                rest.removeSubrange(...end)
            }
            return
        }
        let part = output + ".part"
        guard FileManager.default.createFile(atPath: part, contents: nil),
            let file = FileHandle(forWritingAtPath: part)
        else {
            let reason = String(cString: strerror(errno))
            throw Failure(.output, "\(part) cannot be written: \(reason)")
        }
        do {
            try await Control.stream(request, of: client) { bytes in
                do {
                    try file.write(contentsOf: Data(bytes))
                } catch {
                    throw Failure(
                        .output,
                        "\(part) cannot be written: \(error.localizedDescription)"
                    )
                }
            }
            try file.close()
        } catch {
            unlink(part)
            throw error
        }
        guard rename(part, output) == 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure(.output, "\(output) cannot be written: \(reason)")
        }
        Console.hint("Written to \(output).")
    }
}

extension Control {
    /// Hands over the body of an answer piece by piece.
    static func stream(
        _ request: ControlRequest,
        of client: ControlClient,
        _ take: ([UInt8]) throws -> Void
    ) async throws {
        do {
            let refusal = try await client.stream(request, take)
            if let refusal { throw failure(refusal) }
        } catch let error as ControlClientError {
            throw Failure(error)
        }
    }
}
