import Glibc
import Wire

/// Rated, enforced, durable usage events a second: from the first byte sent to the last ack.
///
/// PostgreSQL is away meanwhile, as its work is another row's; the backlog is stored afterwards,
/// and how fast that goes is a row of its own.
struct SocketToJournal {
    static let name = "socket to journal, durable events"
    static let besideName = "socket to journal, with syncs beside"
    static let linesName = "socket to journal, JSON lines"
    static let backlogName = "backlog to PostgreSQL after an outage, rows"
    static let names = [name, besideName, linesName, backlogName]

    private let world: World
    private let producers: [Producer]
    private let lineProducers: [Producer]

    init(_ world: World) throws {
        self.world = world
        producers = try (0..<world.options.producers).map {
            try world.producer("journal", $0, world.usualProducer())
        }
        lineProducers = try (0..<world.options.producers).map {
            try world.producer("lines", $0, world.usualProducer(.jsonLines))
        }
    }

    /// Warms up and measures; PostgreSQL is away by now, if it is to be.
    func run() throws -> [ReportRow] {
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
        let options = world.options
        let each = options.eventsEach(
            of: options.events,
            rounds: options.rounds,
            producers: producers.count
        )
        let total = each * producers.count
        for round in 0...options.rounds {
            let measured = try world.measure(producers, events: each)
            let loop = try baseline(each, syncs: measured.syncs)
            let busy = try baseline(each, syncs: nil)
            Progress.say(
                "\(SocketToJournal.name): \(measured.text), the bare loop "
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
        row.details["events in all rounds"] = Double(total * options.rounds)
        return [row, strict, try jsonLines(row.figure)]
    }

    private func jsonLines(_ binary: Rounds) throws -> ReportRow {
        var row = ReportRow(
            SocketToJournal.linesName,
            .perSecond,
            against: "the binary row, round by round",
            target: Target(ratio: 0.15)
        )
        let options = world.options
        let each = options.eventsEach(
            of: options.lines,
            rounds: options.rounds,
            producers: lineProducers.count
        )
        for round in 0...options.rounds {
            let measured = try world.measure(lineProducers, events: each)
            Progress.say(
                "\(SocketToJournal.linesName): \(measured.text)"
                    + (round == 0 ? " (warming up)" : "")
            )
            guard round > 0 else { continue }
            row.add(measured.rate, baseline: binary.values[round - 1])
            row.details["daemon CPU ns/event"] = measured.cpuNanoseconds
        }
        row.details["wire bytes/event"] = lineProducers.first?.bytesPerEvent ?? 0
        row.details["events in a round"] = Double(each * lineProducers.count)
        return row
    }

    private func baseline(_ events: Int, syncs: Int?) throws -> Throughput {
        let total = events * producers.count
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
        return Throughput(
            rate: Double(total) / seconds,
            cpuNanoseconds: Double(outcome.cpuNanoseconds) / Double(total)
        )
    }

    /// Lets PostgreSQL in again, and tells how fast the backlog is stored.
    func drain(from before: DaemonStatus, copyRate: Rounds) throws -> ReportRow {
        let start = Clock.nanoseconds
        try world.database.open()
        let limit = Double(world.options.timeLimitSeconds)
        let status = try world.waitUntilStored(seconds: limit)
        let stored = Double(status.positions.stored - before.positions.stored)
        var row = ReportRow(
            SocketToJournal.backlogName,
            .perSecond,
            against: "the median COPY of the row to PostgreSQL, if that was measured"
        )
        row.add(stored / Clock.seconds(since: start), baseline: copyRate.median)
        row.details["rows"] = stored
        Progress.say(
            "\(SocketToJournal.backlogName): \(Unit.perSecond.text(row.figure.median))"
        )
        return row
    }
}
