import CLibpq
import Glibc
import Quantities

/// What a platform would write without meterd: a transaction in PostgreSQL for each request, that
/// debits the wallet and inserts a line.
struct DebitPerRequest {
    static let name = "a debit per request straight into PostgreSQL"
    private static let clients = 16

    private let world: World

    init(_ world: World) throws {
        self.world = world
        let database = try Database(world.database.direct)
        try database.run("DROP TABLE IF EXISTS bench_wallets, bench_lines")
        try database.run(
            """
            CREATE TABLE bench_wallets (org bigint PRIMARY KEY, lines bigint NOT NULL,
                balance numeric(38,12) NOT NULL) WITH (fillfactor = 50)
            """
        )
        try database.run(
            """
            CREATE TABLE bench_lines (org bigint NOT NULL, line bigint NOT NULL,
                applied_at timestamptz NOT NULL, amount numeric(38,12) NOT NULL,
                balance numeric(38,12) NOT NULL, model text NOT NULL,
                input_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
                request_id text NOT NULL, PRIMARY KEY (org, line))
            """
        )
        try database.run(
            """
            INSERT INTO bench_wallets SELECT n, 0, 1000000000000
            FROM generate_series(1, \(world.plan.organisations)) AS n
            """
        )
        try database.run("ANALYZE bench_wallets")
    }

    /// Measures, beside what the row to PostgreSQL has found.
    func run(_ ours: Rounds) throws -> ReportRow {
        var row = ReportRow(
            DebitPerRequest.name,
            .perSecond,
            against: "the row to PostgreSQL, round by round; the ratio says how much faster it is. "
                + "\(DebitPerRequest.clients) clients, prepared BEGIN, UPDATE of the wallet, "
                + "INSERT of a line, COMMIT; same server, same flushes, same organisations",
            target: Target(ratio: 30)
        )
        row.isRatioOfBaseline = true
        for round in 0...world.options.rounds {
            let rate = try measure(round)
            Progress.say(
                "\(DebitPerRequest.name): \(Unit.perSecond.text(rate))"
                    + (round == 0 ? " (warming up)" : "")
            )
            guard round > 0 else { continue }
            row.add(rate, baseline: ours.values[round - 1])
        }
        row.details["seconds in a round"] = Double(world.options.seconds)
        return row
    }

    private func measure(_ round: Int) throws -> Double {
        let (connection, workload) = (world.database.direct, world.workload)
        let sampler = ZipfSampler(organisations: world.plan.organisations)
        // By then all of them are connected.
        let start = Clock.nanoseconds + 500_000_000
        let end = start + UInt64(world.options.seconds) * 1_000_000_000
        let seed = world.options.seed &* 100
        let clients = (0..<DebitPerRequest.clients).map { client in
            Worker {
                let debits = try Debits(connection)
                var random = SeededGenerator(seed: seed &+ UInt64(round * 64 + client))
                var count = 0
                Clock.sleep(until: start)
                while Clock.nanoseconds < end {
                    let org = sampler.next(&random) + 1
                    let tokens = workload.tokens(&random)
                    // Its price is not worked out: that costs nothing beside the rest.
                    try debits.debit(
                        org: org,
                        amount: "0.00\(1000 + random.next() % 9000)",
                        input: tokens.input,
                        output: tokens.output,
                        request: "req-\(round)-\(client)-\(count)"
                    )
                    count += 1
                }
                return count
            }
        }
        let done = try clients.map { try $0.join() }.reduce(0, +)
        let rate = Double(done) / Clock.seconds(since: start)
        let database = try Database(connection)
        let sums = try database.run(
            "SELECT sum(lines) = (SELECT count(*) FROM bench_lines) FROM bench_wallets"
        )
        guard sums == "t" else { throw BenchError("wallets and lines do not agree") }
        return rate
    }
}

/// One client's prepared statements.
private final class Debits {
    private let database: Database

    init(_ text: String) throws {
        database = try Database(text)
        try database.prepare("b", "BEGIN")
        try database.prepare(
            "u",
            """
            UPDATE bench_wallets SET balance = balance - $2::numeric, lines = lines + 1
            WHERE org = $1::bigint RETURNING lines, balance
            """
        )
        try database.prepare(
            "i",
            """
            INSERT INTO bench_lines VALUES ($1::bigint, $2::bigint, now(), -($3::numeric),
                $4::numeric, $5, $6::bigint, $7::bigint, $8)
            """
        )
        try database.prepare("c", "COMMIT")
    }

    func debit(
        org: Int,
        amount: String,
        input: UInt32,
        output: UInt32,
        request: String
    ) throws {
        _ = try database.execute("b", [])
        let wallet = try database.execute("u", ["\(org)", amount])
        guard wallet.count == 2 else { throw BenchError("there is no wallet \(org)") }
        _ = try database.execute(
            "i",
            ["\(org)", wallet[0], amount, wallet[1], "large", "\(input)", "\(output)", request]
        )
        _ = try database.execute("c", [])
    }
}
