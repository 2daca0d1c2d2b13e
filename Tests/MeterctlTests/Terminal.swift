@testable import meterctl
import Synchronization

/// Runs command lines in this process and keeps what they print.
final class Terminal: Sendable {
    struct Result: Sendable, Equatable {
        var code: Int32
        var out: String
        var error: String
    }

    private let text = Mutex((out: "", error: ""))

    static func run(_ arguments: [String], isTerminal: Bool = false) async -> Result {
        let terminal = Terminal()
        let console = Console(
            write: { added in terminal.text.withLock { $0.out += added } },
            writeError: { added in terminal.text.withLock { $0.error += added } },
            isTerminal: isTerminal
        )
        let code = await Console.$current.withValue(console) { await Meterctl.run(arguments) }
        let (out, error) = terminal.text.withLock { $0 }
        return Result(code: code, out: out, error: error)
    }

    /// A command line as a person writes it; quotes are not needed in tests.
    static func run(_ line: String, socket: String? = nil) async -> Result {
        var arguments = line.split(separator: " ").map(String.init)
        if let socket { arguments += ["--socket", socket] }
        return await run(arguments)
    }
}
