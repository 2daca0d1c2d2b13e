import Foundation
import Quantities
import Wire

/// Who is there, in the world of a group of rows.
struct WorldPlan: Sendable {
    /// The name of its folder.
    var name: String
    /// Organisations by Zipf, each with grants, a cap that applies and a key.
    var organisations: Int
    /// Further ones with next to nothing in their wallets.
    var poor = 0
    /// Grants of each organisation.
    var grants = 1
    /// Whether the daemon runs with the library that counts allocations.
    var isCounting = false
    /// Whether PostgreSQL gets the lines of the grants too: a start does not read them.
    var hasLedger = true
}

/// The daemon, its database and the accounts that a group of rows uses.
final class World {
    let options: Options
    let plan: WorldPlan
    let folder: String
    let workload: Workload
    let database: PrivateDatabase
    let control: ControlCalls
    /// The daemon that runs now.
    private(set) var daemon: DaemonProcess
    private let settings: DaemonSettings

    /// Starts everything: a daemon makes the tables, they are filled, a daemon is started on them.
    ///
    /// Organisations are not made through the daemon, as a million of them would take an hour.
    init(_ options: Options, plan: WorldPlan, folder: String) throws {
        self.options = options
        self.plan = plan
        self.folder = folder
        workload = Workload(trace: options.trace)
        guard mkdir(folder, 0o755) == 0 else {
            throw BenchError("cannot make \(folder): \(BenchError.reason())")
        }
        database = try PrivateDatabase(options.postgres, folder: folder)
        settings = DaemonSettings(
            program: options.daemon,
            folder: folder,
            connection: database.throughDoor,
            shim: plan.isCounting ? options.shim : nil
        )
        try settings.write()
        let first = try DaemonProcess(settings)
        first.stop()
        try Population(plan).fill(database.direct)
        daemon = try DaemonProcess(settings)
        control = ControlCalls(path: settings.controlSocket)
    }

    /// Stops meterd in order, and deletes what it kept.
    func end() {
        daemon.stop()
        clear()
    }

    /// Kills meterd, and deletes what it kept; what was not stored is not waited for.
    func endAtOnce() {
        daemon.kill()
        clear()
    }

    private func clear() {
        Leftovers.dropDatabase()
        Leftovers.removeFolder(folder)
    }

    /// Kills the daemon and starts another on what it left, with PostgreSQL there.
    func restartAfterKill() throws {
        daemon.kill()
        try database.open()
        daemon = try DaemonProcess(settings, readySeconds: 600)
    }

    /// A figure for events that were not all booked would be worth nothing.
    func checkNothingIsLost() throws {
        let status = try waitUntilStored(seconds: Double(options.timeLimitSeconds))
        try checkNothingIsRejected(status)
        let database = try Database(database.direct)
        let lines = try database.run("SELECT count(*) FROM meterd.usage_lines")
        let sums = try database.run("SELECT coalesce(sum(requests), 0) FROM meterd.rollups")
        guard lines == sums, UInt64(lines) == status.positions.stored else {
            throw BenchError(
                "PostgreSQL has \(lines) usage lines and rollups of \(sums), meterd has stored "
                    + "\(status.positions.stored)"
            )
        }
        let charged = try database.run("SELECT coalesce(-sum(amount), 0) FROM meterd.usage_lines")
        Progress.say("checked: \(lines) usage lines, \(charged) credits charged, none rejected")
    }

    /// The same for a world that ends before all of it is stored: all that was sent is journaled.
    func checkAllIsJournaled(_ sent: UInt64) throws {
        let status = try DaemonStatus(of: control)
        try checkNothingIsRejected(status)
        guard status.positions.journaled == sent else {
            throw BenchError("\(sent) events were sent, \(status.positions.journaled) journaled")
        }
    }

    private func checkNothingIsRejected(_ status: DaemonStatus) throws {
        guard status.rejected == 0 else {
            throw BenchError("meterd rejected \(status.rejected) events")
        }
    }

    /// A producer with a pool of its own.
    func producer(_ name: String, _ index: Int, _ usual: ProducerKind) throws -> Producer {
        var kind = usual
        if kind.share.parts == 1 { kind.share = share(index) }
        let seed = options.seed &* 1000 &+ UInt64(index)
        let pool = try FramePool(
            workload,
            kind: kind,
            organisations: plan.organisations,
            seed: seed
        )
        return try Producer(
            path: daemon.dataSocket,
            name: "\(name)-\(index)",
            kind: kind,
            keys: kind.share.keys(of: plan.organisations),
            pool: pool
        )
    }

    /// How producers of most rows send: whole frames.
    func usualProducer(
        _ encoding: WireEncoding = .binary,
        _ durability: Durability = .journaled
    ) -> ProducerKind {
        ProducerKind(encoding: encoding, durability: durability, perFrame: options.batch)
    }

    /// The organisations that a connection speaks for: all of them, if it can know as many keys.
    func share(_ connection: Int) -> Share {
        let parts = (plan.organisations + options.names - 1) / options.names
        return Share(part: connection % parts, parts: parts)
    }

    /// Keeps PostgreSQL away while the data plane is measured; false when that is not possible, or
    /// not wanted.
    func keepPostgresAway() throws -> Bool {
        guard !options.isStoringThroughout, database.hasDoor else { return false }
        try database.shut()
        return true
    }

    /// Waits until PostgreSQL has everything that the journal has.
    @discardableResult
    func waitUntilStored(seconds: Double) throws -> DaemonStatus {
        let start = Clock.nanoseconds
        while true {
            let status = try DaemonStatus(of: control)
            let isDone = status.journal.stored >= status.journal.synced
            if isDone, status.positions.stored >= status.positions.journaled { return status }
            guard Clock.seconds(since: start) < seconds else {
                throw BenchError("not everything is stored after \(seconds) s: \(status.troubles)")
            }
            usleep(50_000)
        }
    }
}

/// What the user sees while it runs, on standard error.
enum Progress {
    static func say(_ text: String) {
        FileHandle.standardError.write(Data("meterd-bench: \(text)\n".utf8))
    }
}
