import Foundation

/// Where text goes: the terminal, or what a test put in its place.
struct Console: Sendable {
    /// Takes what was asked for.
    var write: @Sendable (String) -> Void
    /// Takes what went wrong, and hints.
    var writeError: @Sendable (String) -> Void
    /// Whether a person watches: then lines are redrawn and columns fit.
    var isTerminal: Bool

    /// The console of the task that asks.
    @TaskLocal static var current = Console.standard

    /// Standard output and standard error.
    static let standard = Console(
        write: { Console.put($0, on: STDOUT_FILENO) },
        writeError: { Console.put($0, on: STDERR_FILENO) },
        isTerminal: isatty(STDOUT_FILENO) == 1
    )

    /// Writes a line that was asked for.
    static func line(_ text: String = "") {
        current.write(text + "\n")
    }

    /// Writes a line about what went wrong, or a hint.
    static func hint(_ text: String) {
        current.writeError(text + "\n")
    }

    /// Writes a line in place of the last one, where a person watches.
    static func redraw(_ text: String) {
        guard current.isTerminal else { return }
        current.write("\r\u{1B}[2K" + text)
    }

    /// Ends a line that was redrawn.
    static func endRedraw() {
        guard current.isTerminal else { return }
        current.write("\r\u{1B}[2K")
    }

    private static func put(_ text: String, on descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}
