import Glibc
import Synchronization

/// How a child process came to its end.
package enum ChildEnd: Sendable, Equatable {
    /// It ended by itself, with this code.
    case exited(Int32)
    /// This signal killed it.
    case killed(Int32)
}

/// A process that this one has started; it never outlives its owner, nor this process.
package final class ChildProcess: Sendable {
    /// Its number.
    package let id: pid_t
    private let end = Mutex<ChildEnd?>(nil)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: The program's path and its arguments.
    ///   - environment: Its whole environment.
    ///   - log: The file that its output is appended to.
    /// - Throws: `HarnessError` when it cannot be started.
    package init(_ arguments: [String], environment: [String: String], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        // What the test process ignores or blocks must not be inherited.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, flags)

        var words = Self.copies(arguments)
        var variables = Self.copies(environment.map { "\($0.key)=\($0.value)" })
        defer { for text in words + variables { free(text) } }
        var child = pid_t(0)
        let code = posix_spawn(&child, arguments[0], &actions, &attributes, &words, &variables)
        guard code == 0 else {
            throw HarnessError("\(arguments[0]) does not start (errno \(code))")
        }
        id = child
        Undertaker.shared.watch(child)
    }

    deinit {
        if isRunning { kill() }
    }

    /// Whether it still runs.
    package var isRunning: Bool { poll() == nil }

    /// How it ended; nil while it runs.
    @discardableResult
    package func poll() -> ChildEnd? {
        end.withLock { end in
            if let end { return end }
            var status: Int32 = 0
            guard waitpid(id, &status, WNOHANG) == id else { return nil }
            end = Self.read(status)
            Undertaker.shared.forget(id)
            return end
        }
    }

    /// Sends a signal, unless it has ended.
    ///
    /// - Parameter number: The signal.
    package func signal(_ number: Int32) {
        end.withLock { end in
            // Unreaped, its number cannot belong to another process.
            if end == nil { _ = Glibc.kill(id, number) }
        }
    }

    /// Kills it with SIGKILL and waits for its end.
    package func kill() {
        signal(SIGKILL)
        end.withLock { end in
            guard end == nil else { return }
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            end = Self.read(status)
            Undertaker.shared.forget(id)
        }
    }

    /// Waits for its end.
    ///
    /// - Parameter seconds: How long to wait.
    /// - Returns: How it ended.
    /// - Throws: `HarnessError` when it still runs then.
    package func waitForEnd(within seconds: Double) throws -> ChildEnd {
        try wait(until: "process \(id) ends", within: seconds) { poll() != nil }
        guard let end = poll() else { throw HarnessError("process \(id) has no end") }
        return end
    }

    /// Texts as C wants them, with a null at the end; the caller frees them.
    fileprivate static func copies(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        var copies: [UnsafeMutablePointer<CChar>?] = []
        for text in texts { copies.append(strdup(text)) }
        copies.append(nil)
        return copies
    }

    private static func read(_ status: Int32) -> ChildEnd {
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal)
    }
}

/// Kills the children when this process dies without a chance to do so itself.
///
/// Why:         a test run that is interrupted must leave no daemon behind. A shell reads the
///              children's numbers from a pipe, whose end tells that this process is gone.
private final class Undertaker: Sendable {
    static let shared = Undertaker()

    private static let script = """
        trap '' INT TERM HUP; ids=' '
        while read -r verb id; do
            case $verb in
            watch) ids="$ids$id " ;;
            forget) ids="${ids%% $id *} ${ids#* $id }" ;;
            esac
        done
        for id in $ids; do kill -9 "$id" 2>/dev/null; done
        """

    private let pipeEnd: Int32

    private init() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            pipeEnd = -1
            return
        }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        pipeEnd = ends[1]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var words = ChildProcess.copies(["/bin/sh", "-c", Self.script])
        defer { for text in words { free(text) } }
        var child = pid_t(0)
        posix_spawn(&child, "/bin/sh", &actions, nil, &words, environ)
        close(ends[0])
    }

    func watch(_ id: pid_t) { tell("watch \(id)\n") }
    func forget(_ id: pid_t) { tell("forget \(id)\n") }

    private func tell(_ line: String) {
        // Lines shorter than PIPE_BUF are never mixed.
        _ = line.withCString { write(pipeEnd, $0, strlen($0)) }
    }
}
