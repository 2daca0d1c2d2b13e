import Foundation
import Glibc
import Synchronization

/// A real daemon with a folder, sockets and a database of its own.
///
/// It is started as a child process, and killed at the latest when this object goes away.
/// Settings that tests need: short lingering, a short lease, and a small journal.
package final class TestDaemon: Sendable {
    /// Where its files and sockets are.
    package let folder: ScratchFolder
    /// Its database.
    package let database: ScratchDatabase
    /// Its rate card.
    package var ratesPath: String { "\(folder.path)/rates.yaml" }
    /// Its data socket.
    package var dataPath: String { "\(folder.path)/data.sock" }
    /// Its control socket.
    package var controlPath: String { "\(folder.path)/control.sock" }
    /// What it keeps on disk.
    package var statePath: String { "\(folder.path)/state" }
    /// Its log.
    package var logPath: String { "\(folder.path)/meterd.log" }
    /// The administrator's way to it.
    package var admin: Administrator { Administrator(path: controlPath) }

    private let settings: Mutex<[String: String]>
    private let variables = Mutex<[String: String]>([:])
    private let process = Mutex<ChildProcess?>(nil)

    /// Prepares a daemon without starting it.
    ///
    /// - Parameters:
    ///   - rates: The rate card's YAML.
    ///   - settings: Settings by their path, such as "journal.max_bytes", over the test's own.
    ///   - database: Its database; nil for a new one.
    /// - Throws: `HarnessError` when there is no PostgreSQL or no room.
    package init(
        rates: String,
        settings: [String: String] = [:],
        database: ScratchDatabase? = nil
    ) throws {
        folder = try ScratchFolder()
        self.database = try database ?? ScratchDatabase()
        self.settings = Mutex(settings)
        guard mkdir("\(folder.path)/state", 0o750) == 0 else {
            throw HarnessError("no folder in \(folder.path) (errno \(errno))")
        }
        try folder.write("rates.yaml", rates)
        try folder.write("meterd.yaml", "rates:\n  card: rates.yaml\n")
    }

    deinit {
        kill()
    }

    /// Changes a setting for the next start.
    ///
    /// - Parameters:
    ///   - path: The setting, such as "postgres.connection".
    ///   - value: Its value as the environment has it.
    package func set(_ path: String, _ value: String) {
        settings.withLock { $0[path] = value }
    }

    /// Sets a variable of its environment that is no setting, for the next start.
    ///
    /// - Parameters:
    ///   - name: The variable, such as "LD_PRELOAD".
    ///   - value: Its value.
    package func setVariable(_ name: String, _ value: String) {
        variables.withLock { $0[name] = value }
    }

    /// Starts it without waiting for it to be ready.
    ///
    /// - Throws: `HarnessError` when the program cannot be started.
    package func launch() throws {
        kill()
        let child = try ChildProcess(
            [try Programs.meterd(), "--config", "\(folder.path)/meterd.yaml"],
            environment: environment,
            log: logPath
        )
        process.withLock { $0 = child }
    }

    /// Starts it and waits until it takes requests.
    ///
    /// - Parameter seconds: How long to wait.
    /// - Throws: `HarnessError` with the end of its log when it does not come up.
    package func start(within seconds: Double = 20) throws {
        try launch()
        do {
            try wait(until: "the daemon is ready", within: seconds) {
                guard isRunning else { throw HarnessError("the daemon has ended") }
                // The data socket opens after the control socket.
                guard (try? LocalSocket(path: dataPath)) != nil else { return false }
                return (try? admin.call("GET", "/ready").status) == 200
            }
        } catch {
            throw HarnessError("\(error); its log ends:\n\(logTail())")
        }
    }

    /// Whether it runs.
    package var isRunning: Bool { child?.isRunning ?? false }

    /// Its process number; nil before the first start.
    package var processID: pid_t? { child?.id }

    /// Sends a signal.
    ///
    /// - Parameter number: The signal.
    package func signal(_ number: Int32) {
        child?.signal(number)
    }

    /// Asks it to stop, and waits for its end.
    ///
    /// - Parameter seconds: How long to wait.
    /// - Returns: How it ended.
    /// - Throws: `HarnessError` when it does not end.
    @discardableResult
    package func stop(within seconds: Double = 30) throws -> ChildEnd {
        guard let child else { throw HarnessError("the daemon was never started") }
        child.signal(SIGTERM)
        do {
            return try child.waitForEnd(within: seconds)
        } catch {
            throw HarnessError("\(error); its log ends:\n\(logTail())")
        }
    }

    /// Kills it with SIGKILL and waits for its end; nothing happens when it does not run.
    package func kill() {
        child?.kill()
    }

    /// Waits for an end that was not asked for here.
    ///
    /// - Parameter seconds: How long to wait.
    /// - Returns: How it ended.
    /// - Throws: `HarnessError` when it goes on.
    package func waitForEnd(within seconds: Double = 10) throws -> ChildEnd {
        guard let child else { throw HarnessError("the daemon was never started") }
        return try child.waitForEnd(within: seconds)
    }

    /// Its whole log.
    package var log: String {
        (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
    }

    /// The last lines of its log.
    ///
    /// - Parameter lines: How many.
    /// - Returns: The lines.
    package func logTail(_ lines: Int = 20) -> String {
        log.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }

    /// Waits until all that was taken is in PostgreSQL.
    ///
    /// - Parameter seconds: How long to wait.
    /// - Throws: `HarnessError` when something is still missing then.
    package func waitUntilStored(within seconds: Double = 15) throws {
        var last = JSONValue.null
        var missing: String {
            let positions = "\(last["positions"].fields) \(last["journal"].fields)"
            return "everything is stored: \(positions) \(last["troubles"].list.map(\.text))"
        }
        try wait(until: missing, within: seconds, step: 20_000) {
            last = try admin.status()
            let positions = last["positions"]
            let journal = last["journal"]
            return positions["accepted"] == positions["stored"]
                && journal["written"] == journal["stored"]
        }
    }

    private var child: ChildProcess? { process.withLock { $0 } }

    private var environment: [String: String] {
        var all = [
            "node.name": "test",
            "node.state_directory": statePath,
            "data_socket.path": dataPath,
            "control_socket.path": controlPath,
            // On a small machine there would be one of each, and no way between them to go wrong.
            "engine.ingest_loops": "2",
            "engine.shards": "3",
            "engine.ring_bytes": "1 MiB",
            "engine.drain_timeout_s": "20",
            "journal.segment_bytes": "4 MiB",
            "journal.max_bytes": "256 MiB",
            "postgres.connection": database.conninfo,
            "postgres.connect_timeout_s": "2",
            "postgres.linger_ms": "10",
            "postgres.retry_ms": "50",
            "lease.ttl_s": "3",
        ]
        all.merge(settings.withLock { $0 }) { _, new in new }
        var result = [
            "PATH": "/usr/bin:/bin",
            // Crashes must be told, and quickly.
            "SWIFT_BACKTRACE": "enable=yes,interactive=no,color=no,timeout=5s",
        ]
        for (path, value) in all {
            let name = path.uppercased().replacing(".", with: "_")
            result["METERD_\(name)"] = value
        }
        result.merge(variables.withLock { $0 }) { _, new in new }
        return result
    }
}
