import Glibc
import Wire

/// Rows a second from the socket until PostgreSQL has all of it: usage lines, wallets, rollups.
///
/// The producers ask for `stored`, so that the last ack says when the last row is committed.
struct SocketToPostgres {
    static let name = "socket to PostgreSQL, rows"

    private let world: World
    private let database: Database
    private let producers: [Producer]
    private let events: Int

    init(_ world: World) throws {
        self.world = world
        database = try Database(world.database.direct)
        producers = try (0..<world.options.producers).map {
            try world.producer("store", $0, world.usualProducer(.binary, .stored))
        }
        events = world.options.eventsEach(
            of: world.options.stored,
            rounds: world.options.rounds,
            producers: world.options.producers
        )
    }

    func run() throws -> ReportRow {
        // It grows as the daemon's does, so that both indexes are as deep.
        try database.run("CREATE SCHEMA bench")
        try database.run("CREATE TABLE bench.copied (LIKE meterd.usage_lines INCLUDING ALL)")
        var row = ReportRow(
            SocketToPostgres.name,
            .perSecond,
            against: "binary COPY of the same usage rows into a table of the same definition, one "
                + "client, no ledger and no rollups",
            target: Target(ratio: 0.7)
        )
        for round in 0...world.options.rounds {
            let start = Clock.nanoseconds
            let cpu = world.daemon.cpuNanoseconds
            let before = producers.map(\.lastSequence).min() ?? 0
            let runs = producers.map { $0.run(events) }
            for run in runs { _ = try run.acknowledgements.join() }
            let rate = Double(total) / Clock.seconds(since: start)
            for run in runs { try run.sender.join() }
            let spent = Double(world.daemon.cpuNanoseconds - cpu) / Double(total)
            let copied = try baseline(after: before)
            Progress.say(
                "\(SocketToPostgres.name): \(Unit.perSecond.text(rate)), COPY "
                    + Unit.perSecond.text(copied) + (round == 0 ? " (warming up)" : "")
            )
            guard round > 0 else { continue }
            row.add(rate, baseline: copied)
            row.details["daemon CPU ns/row"] = spent
        }
        row.details["rows in a round"] = Double(total)
        row.details["rows in all rounds"] = Double(total * world.options.rounds)
        try database.run("DROP TABLE bench.copied")
        return row
    }

    private var total: Int { events * producers.count }

    /// Copies the round's rows, as meterd has written them, into a table that grows alike.
    private func baseline(after sequence: UInt64) throws -> Double {
        let spool = "\(world.folder)/rows"
        defer { unlink(spool) }
        _ = try database.copyOut(
            """
            SELECT * FROM meterd.usage_lines WHERE sequence > \(sequence) AND producer IN
                (SELECT number FROM meterd.names WHERE kind = 'producer' AND name LIKE 'store-%')
            """,
            to: spool
        )
        let before = try database.run("SELECT count(*) FROM bench.copied")
        let start = Clock.nanoseconds
        try database.copyIn(spool, to: "bench.copied")
        let seconds = Clock.seconds(since: start)
        let after = try database.run("SELECT count(*) FROM bench.copied")
        guard Int(after) == (Int(before) ?? 0) + total else {
            throw BenchError(
                "\(total) rows were acknowledged as stored, but \(after) less \(before) are"
            )
        }
        return Double(total) / seconds
    }
}
