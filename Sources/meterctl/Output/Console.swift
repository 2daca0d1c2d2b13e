import Foundation
import Synchronization

/// Where text goes: the terminal, or what a test put in its place.
struct Console: Sendable {
    /// Takes what was asked for.
    var write: @Sendable (String) -> Void
    /// Takes what went wrong, and hints.
    var writeError: @Sendable (String) -> Void
    /// Whether a person watches: then lines are redrawn and columns fit.
    var isTerminal: Bool
    /// Why what was asked for could not be written, once it could not.
    var trouble: @Sendable () -> Trouble? = { nil }

    /// What keeps a text from being written.
    enum Trouble: Sendable, Equatable {
        /// Nobody reads any more, as behind `| head`: that is no error.
        case unread
        /// The disk is full or broken, in the system's words.
        case failed(String)
    }

    /// The console of the task that asks.
    @TaskLocal static var current = Console.standard

    /// Standard output and standard error.
    static let standard = Console(
        write: { Console.output.put($0) },
        writeError: { Console.errors.put($0) },
        isTerminal: isatty(STDOUT_FILENO) == 1,
        trouble: { Console.output.trouble }
    )

    private static let output = Descriptor(STDOUT_FILENO)
    private static let errors = Descriptor(STDERR_FILENO)

    /// Closes standard output: some disks tell only then that they did not take it all.
    static func close() -> Trouble? { output.close() }

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
}

extension Console {
    /// Writes to a file descriptor until it cannot, and remembers why.
    final class Descriptor: Sendable {
        private let number: Int32
        private let state = Mutex<Trouble?>(nil)

        /// Why writing has ended; nil while it goes on.
        var trouble: Trouble? { state.withLock { $0 } }

        /// Writes to a descriptor that somebody else closes.
        ///
        /// - Parameter number: The descriptor.
        init(_ number: Int32) {
            self.number = number
        }

        /// Writes a text whole, or remembers why not; nothing after the first failure.
        ///
        /// - Parameter text: What to write.
        func put(_ text: String) {
            state.withLock { trouble in
                var bytes = Array(text.utf8)[...]
                while trouble == nil, !bytes.isEmpty {
                    let count = bytes.withUnsafeBytes {
                        Foundation.write(number, $0.baseAddress, $0.count)
                    }
                    if count >= 0 {
                        bytes = bytes.dropFirst(count)
                    } else if errno != EINTR {
                        trouble = Descriptor.reason(errno)
                    }
                }
            }
        }

        /// Closes the descriptor.
        ///
        /// - Returns: Why not all of it was written, if it was not.
        func close() -> Trouble? {
            state.withLock { trouble in
                if Foundation.close(number) != 0, errno != EBADF, errno != EINTR {
                    trouble = trouble ?? Descriptor.reason(errno)
                }
                return trouble
            }
        }

        private static func reason(_ number: Int32) -> Trouble {
            number == EPIPE ? .unread : .failed(String(cString: strerror(number)))
        }
    }
}
