import DaemonHarness
import Engine
import Foundation
import Glibc
import Journaling
import Quantities
import SettingsFiles

/// A system on meterd: its file, a daemon with a database of its own, and a clock.
package final class ScenarioWorld {
    /// The daemon's database.
    package let database: ScratchDatabase
    private let folder: ScratchFolder
    private let clock: ScenarioClock
    private let system: String
    private var daemon: ScenarioDaemon?
    private var opened: Gateway?

    /// Prepares a world without starting it.
    ///
    /// - Parameters:
    ///   - system: The name of a file in `config/systems`, without its ending.
    ///   - time: Where the clock stands, as RFC 3339.
    /// - Throws: `HarnessError`.
    package init(system: String, from time: String) throws {
        self.system = system
        clock = try ScenarioClock(time)
        folder = try ScratchFolder()
        database = try ScratchDatabase()
        try folder.write("meterd.yaml", "rates:\n  card: \(ScenarioWorld.file(of: system))\n")
    }

    deinit {
        stop()
    }

    /// The one file that makes meterd the given system.
    static func file(of system: String) -> String {
        "\(root)/config/systems/\(system).yaml"
    }

    /// The folder of the package.
    package static let root: String = {
        var path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<4 { path.deleteLastPathComponent() }
        return path.path
    }()

    // MARK: - Life and death

    private var state: String { "\(folder.path)/state" }

    func start() throws {
        mkdir(state, 0o750)
        let settings = try Settings.load(
            path: "\(folder.path)/meterd.yaml",
            environment: [
                "METERD_NODE_NAME": "scenario",
                "METERD_NODE_STATE_DIRECTORY": state,
                "METERD_DATA_SOCKET_PATH": "\(folder.path)/data.sock",
                "METERD_CONTROL_SOCKET_PATH": "\(folder.path)/control.sock",
                // On a small machine there would be one of each, and no way between them.
                "METERD_ENGINE_INGEST_LOOPS": "2",
                "METERD_ENGINE_SHARDS": "2",
                "METERD_ENGINE_RING_BYTES": "1 MiB",
                "METERD_JOURNAL_SEGMENT_BYTES": "4 MiB",
                "METERD_JOURNAL_MAX_BYTES": "256 MiB",
                "METERD_POSTGRES_CONNECTION": database.conninfo,
                "METERD_POSTGRES_LINGER_MS": "5",
                "METERD_POSTGRES_RETRY_MS": "20",
                // Counted by PostgreSQL's clock, and renewed by ours, which stands still.
                "METERD_LEASE_TTL_S": "600",
            ]
        )
        let deadline = HarnessClock.seconds + 20
        while daemon == nil {
            do {
                daemon = try ScenarioDaemon(settings: settings, clock: clock)
            } catch EngineError.journal(.locked(_)) where HarnessClock.seconds < deadline {
                // The last answers of the life before still hold on to its journal.
                usleep(2000)
            }
        }
    }

    func stop() {
        opened = nil
        daemon?.stop()
        daemon = nil
    }

    /// An orderly end, and a new beginning from PostgreSQL and the journal.
    func restart() throws {
        stop()
        try start()
    }

    /// PostgreSQL goes away from the daemon.
    func cutDatabase() throws {
        try database.cutOff()
    }

    /// PostgreSQL comes back.
    package func restoreDatabase() throws {
        try database.restore()
    }

    /// An end without a last flush: what goes on is the journal as it lies on the disk at this
    /// moment, and PostgreSQL as it was when it was cut off.
    func crash() throws {
        guard let daemon else { throw HarnessError("nothing runs") }
        // It may have come back within the step. What the old life stores from here on is not in
        // the journal that goes on.
        try cutDatabase()
        try wait(until: "the journal is at rest", within: 20, step: 1000) { daemon.engine.isAtRest }
        let remains = "\(folder.path)/remains"
        try FileManager.default.copyItem(atPath: state, toPath: remains)
        // What the old life still writes goes with its folder.
        stop()
        try FileManager.default.removeItem(atPath: state)
        try FileManager.default.moveItem(atPath: remains, toPath: state)
        try restoreDatabase()
        try start()
    }

    private func engine() throws -> ScenarioDaemon {
        guard let daemon else { throw HarnessError("nothing runs") }
        return daemon
    }

    // MARK: - Time

    /// The moment at which the clock stands.
    package var now: Timestamp { clock.now() }

    /// Moves the clock; everything that is due by then has happened when this returns.
    ///
    /// - Parameter time: Where to, as RFC 3339.
    /// - Throws: `HarnessError` when it would go back.
    package func move(to time: String) throws {
        let target = try ScenarioClock.time(time)
        guard target >= now else { throw HarnessError("\(time) is before \(now)") }
        clock.set(target)
        try engine().engine.catchUp()
    }

    /// Moves the clock in steps, so that what is due happens at about its own time.
    ///
    /// - Parameters:
    ///   - time: Where to, as RFC 3339.
    ///   - seconds: The length of a step.
    /// - Throws: `HarnessError` when it would go back.
    package func walk(to time: String, every seconds: Int64) throws {
        let target = try ScenarioClock.time(time)
        while true {
            let next = now.advanced(byMicroseconds: seconds * 1_000_000)
            guard next < target else { break }
            clock.set(next)
            try engine().engine.catchUp()
        }
        try move(to: time)
    }

    /// Waits until PostgreSQL has everything that was decided.
    ///
    /// - Throws: `HarnessError` when that does not come to pass.
    package func waitUntilStored() throws {
        let daemon = try engine()
        daemon.engine.catchUp()
        try wait(until: "all is stored: \(daemon.engine.status())", within: 20, step: 1000) {
            guard daemon.engine.isAtRest else { return false }
            let status = daemon.engine.status()
            return status.accepted == status.stored
                && status.journalWritten == status.journalStored
        }
    }

    // MARK: - Sockets

    /// A folder for files of the test.
    var scratch: String { folder.path }

    /// The data socket's path.
    package var dataPath: String { "\(folder.path)/data.sock" }
    /// The control socket's path.
    package var controlPath: String { "\(folder.path)/control.sock" }
    /// The administrator's way to the daemon.
    package var admin: Administrator { Administrator(path: controlPath) }

    /// The gateway's connection of this life of the daemon.
    ///
    /// - Throws: `HarnessError` when nobody listens.
    package func gateway() throws -> Gateway {
        if let opened { return opened }
        let gateway = try Gateway(path: dataPath)
        opened = gateway
        return gateway
    }

    /// A further connection.
    ///
    /// - Throws: `HarnessError` when nobody listens.
    package func newGateway() throws -> Gateway {
        try Gateway(path: dataPath)
    }
}
