import Glibc
import Wire

/// Rated, enforced, durable usage events a second: from the first byte sent to the last ack.
///
/// PostgreSQL is away meanwhile, as its work is another row's; the backlog is stored afterwards,
/// and how fast that goes is a row of its own.
struct SocketToJournal {
    static let name = "socket to journal, durable events"
    static let besideName = "the same, with syncs beside"
    static let backlogName = "backlog to PostgreSQL after an outage, rows"

    private let world: World
    private let producers: [Producer]
    private let events: Int

    init(_ world: World) throws {
        self.world = world
        producers = try (0..<world.options.producers).map {
            try world.producer("journal", $0, .journaled)
        }
        events = world.options.eventsEach(of: world.options.events)
    }

    /// The row, and how fast the backlog was stored, if there was one.
    struct Result {
        var rows: [ReportRow]
        var backlogRate: Double?
    }

    /// Warms up, measures, and lets the backlog drain.
    func run() throws -> Result {
        let before = try world.waitUntilStored(seconds: 60)
        let away = !world.options.isStoringThroughout && world.database.hasDoor
        if away { try world.database.shut() }
        if world.options.pauseSeconds > 0 {
            Progress.say("waiting; meterd is process \(world.daemon.pid)")
            sleep(UInt32(world.options.pauseSeconds))
        }
        var row = ReportRow(
            SocketToJournal.name,
            .perSecond,
            against: "one thread that reads the same bytes from the same kind of socket, appends "
                + "them to a file and syncs as often",
            target: Target(ratio: 0.5, figure: 3e6)
        )
        var strict = ReportRow(
            SocketToJournal.besideName,
            .perSecond,
            against: "the same loop, whose syncs run in a second thread as often as the disk can: "
                + "no waiting for the disk, only the work"
        )
        for round in 0...world.options.rounds {
            let measured = try measure()
            let loop = try baseline(syncs: measured.syncs)
            let busy = try baseline(syncs: nil)
            Progress.say(
                "\(SocketToJournal.name): \(Unit.perSecond.text(measured.rate)) with "
                    + "\(Int(measured.cpuNanoseconds)) ns of CPU each, the bare loop "
                    + "\(Unit.perSecond.text(loop.rate)), with syncs beside "
                    + Unit.perSecond.text(busy.rate) + (round == 0 ? " (warming up)" : "")
            )
            guard round > 0 else { continue }
            row.add(measured.rate, baseline: loop.rate)
            strict.add(measured.rate, baseline: busy.rate)
            row.details["daemon CPU ns/event"] = measured.cpuNanoseconds
            row.details["loop CPU ns/event"] = loop.cpuNanoseconds
            row.details["syncs"] = Double(measured.syncs)
            row.details["syncs/s"] = measured.syncsPerSecond
            row.details["wire bytes/event"] = producers.first?.bytesPerEvent ?? 0
        }
        row.details["daemon resident MiB"] = world.daemon.residentMiB
        row.details["events in a round"] = Double(total)
        guard away else { return Result(rows: [row, strict]) }
        return Result(
            rows: [row, strict],
            backlogRate: try backlog(since: before.positions.stored)
        )
    }

    private var total: Int { events * producers.count }

    private struct Measured {
        var rate: Double
        /// For each event.
        var cpuNanoseconds: Double
        var syncs = 0
        var syncsPerSecond = 0.0
    }

    private func measure() throws -> Measured {
        let synced = try DaemonStatus(of: world.control).journal.syncs
        let cpu = world.daemon.cpuNanoseconds
        let start = Clock.nanoseconds
        let runs = producers.map { $0.run(events) }
        let acknowledgements = try runs.map { try $0.acknowledgements.join() }
        let seconds = Clock.seconds(since: start)
        for run in runs { try run.sender.join() }
        let spent = Double(world.daemon.cpuNanoseconds - cpu)
        var measured = Measured(
            rate: Double(total) / seconds,
            cpuNanoseconds: spent / Double(total)
        )
        // An ack follows each sync on each connection that has something in it: where meterd does
        // not count its syncs, the busiest connection's acks do, and rather too few.
        measured.syncs = acknowledgements.max() ?? 1
        if let synced, let now = try DaemonStatus(of: world.control).journal.syncs {
            measured.syncs = Int(now - synced)
        }
        measured.syncsPerSecond = Double(measured.syncs) / seconds
        return measured
    }

    private func baseline(syncs: Int?) throws -> Measured {
        let pairs = try producers.map { _ in try Socket.pair() }
        let loop = AppendLoop(
            sockets: pairs.map { $0.1 },
            file: "\(world.folder)/append-loop",
            syncs: syncs,
            expectedBytes: Int((producers.first?.bytesPerEvent ?? 1) * Double(total))
        )
        let start = Clock.nanoseconds
        let running = Worker { try loop.run() }
        let senders = zip(producers, pairs).map { $0.replay(events, into: $1.0) }
        let outcome = try running.join()
        let seconds = Clock.seconds(since: start)
        for sender in senders { try sender.join() }
        return Measured(
            rate: Double(total) / seconds,
            cpuNanoseconds: Double(outcome.cpuNanoseconds) / Double(total)
        )
    }

    private func backlog(since stored: UInt64) throws -> Double {
        let start = Clock.nanoseconds
        try world.database.open()
        let limit = Double(world.options.timeLimitSeconds)
        let status = try world.waitUntilStored(seconds: limit)
        let rate = Double(status.positions.stored - stored) / Clock.seconds(since: start)
        Progress.say("\(SocketToJournal.backlogName): \(Unit.perSecond.text(rate))")
        return rate
    }
}
