import Accounting
import Quantities
import Testing

@testable import PostgresStore

/// Goal: short lists, pages and running balances tell what all lines would tell.
///
/// Method: random books over several days in many batches; every answer against a plain list.
@Suite struct QuestionReaderTests {
    private struct Books {
        let database: TestDatabase
        var lines: [(line: UInt64, at: Timestamp, units: Int128, isUsage: Bool)] = []

        init(seed: UInt64, batches: Int) throws {
            database = try TestDatabase()
            let store = try database.store()
            var random = SplitMix(seed: seed)
            let journal = Journal()
            journal.create(1, name: "acme")
            journal.write(.nameDeclared(NameDeclared(kind: .model, number: 1, name: "small")))
            journal.grant(1, 1, Amount(credits: 1_000_000))
            lines.append((1, Journal.noon, Int128(1_000_000) * Amount.unitsPerCredit, false))
            var now = Journal.noon
            var grant: UInt32 = 1
            let batch = BatchBuilder()
            for number in 0..<batches {
                for _ in 0..<random.below(40) {
                    // Often none: several lines of one moment, and gaps of most of a day.
                    let step = random.below(3) == 0 ? 0 : random.below(9_000_000_000)
                    now = now.advanced(byMicroseconds: Int64(step))
                    let line = UInt64(lines.count + 1)
                    if random.below(10) == 0 {
                        grant += 1
                        journal.grant(1, grant, Amount(credits: 1), at: now)
                        lines.append((line, now, Amount.unitsPerCredit, false))
                        continue
                    }
                    // Few different amounts, so that many cost the same; some cost nothing.
                    let units = Int128(random.below(30)) * 1_000_000
                    journal.write(Journal.usage(1, Amount(units: units), at: now))
                    lines.append((line, now, -units, true))
                }
                try journal.move(to: batch)
                _ = try store.commit(batch, from: UInt64(number), to: UInt64(number + 1))
            }
        }
    }

    @Test(arguments: [1, 2, 3])
    func `what was charged since any moment follows from the balances`(seed: UInt64) throws {
        let books = try Books(seed: seed, batches: 12)
        let reader = try books.database.reader()
        let last = try #require(books.lines.last?.at)
        var random = SplitMix(seed: seed)
        var moments = (0..<30).map { _ in books.lines[random.below(books.lines.count)].at }
        moments += moments.prefix(10).map { $0.advanced(byMicroseconds: -1) }
        moments += [.epoch.advanced(byMicroseconds: Journal.noon.microseconds - 1), last]
        let found = try reader.recentCharges(org: OrgNumber(1), since: moments, now: last)
        #expect(found.createdAt == Journal.noon)
        for (moment, charged) in zip(moments, found.charged) {
            let expected = books.lines.filter { $0.isUsage && $0.at > moment }
                .reduce(Int128(0)) { $0 - $1.units }
            #expect(charged.units == expected, "since \(moment)")
        }
    }

    @Test func `what was charged of late does not read the lines of machines`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        journal.create(1)
        journal.grant(1, 1, Amount(credits: 100))
        let batch = BatchBuilder()
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)
        // 20,000 lines of a machine, a credit each thousand, and a grant in their midst.
        try database.execute(
            """
            INSERT INTO ledger_lines (org, line, kind, amount, balance, applied_at, reference, note)
            SELECT 1, n, CASE n WHEN 9000 THEN 'purchase' ELSE 'machine' END,
                CASE n WHEN 9000 THEN 7 ELSE -0.001 END,
                100 - 0.001 * (n - 1) + CASE WHEN n >= 9000 THEN 7.001 ELSE 0 END,
                (SELECT applied_at FROM ledger_lines WHERE org = 1 AND line = 1)
                    + n * interval '1 second', 'web', ''
            FROM generate_series(2, 20001) n
            """
        )
        try database.execute(
            "UPDATE wallets SET lines = 20001, balance = 100 - 0.001 * 20000 + 7.001 WHERE org = 1"
        )
        try database.execute("ANALYZE ledger_lines")
        func read() throws -> Int {
            try database.count(
                "SELECT coalesce(idx_tup_fetch, 0) + seq_tup_read FROM pg_stat_user_tables "
                    + "WHERE relname = 'ledger_lines'"
            )
        }
        func asked() throws -> Int {
            try database.count(
                "SELECT coalesce(idx_scan, 0) + seq_scan FROM pg_stat_user_tables "
                    + "WHERE relname = 'wallets'"
            )
        }
        let (before, scans) = try (read(), asked())
        let reader = try database.reader()
        let found = try reader.recentCharges(
            org: OrgNumber(1),
            since: [Journal.noon],
            now: Journal.noon.advanced(byMicroseconds: 30_000_000_000)
        )
        #expect(found.charged == [Amount(units: 19_999 * Amount.unitsPerCredit / 1000)])
        // A session tells what it has read when it ends.
        reader.disconnect()
        for _ in 0..<400 where try asked() == scans {
            try database.execute("SELECT pg_sleep(0.05)")
        }
        #expect(try read() - before < 200)
    }

    @Test(arguments: [4, 5])
    func `each day's dearest requests are kept, whatever the batches`(seed: UInt64) throws {
        let books = try Books(seed: seed, batches: 15)
        let reader = try books.database.reader()
        let days = Set(books.lines.map(\.at.utcDay)).sorted()
        let capacity = PostgresReader.dearestLimit
        for first in days.indices {
            let span = days[first]...days[min(first + 2, days.count - 1)]
            let expected = books.lines
                .filter { $0.isUsage && $0.units < 0 && span.contains($0.at.utcDay) }
                .sorted { ($0.units, $0.line) < ($1.units, $1.line) }
                .prefix(capacity).map(\.line)
            let found = try reader.dearestRequests(
                org: OrgNumber(1),
                from: span.lowerBound,
                through: span.upperBound,
                limit: capacity
            )
            #expect(found.map(\.usage.line) == Array(expected))
        }
        let report = try reader.audit(org: nil, violationLimit: 10) { _ in }
        #expect(report.isClean, "\(report.violations)")
    }

    @Test func `pages put together are the whole ledger`() throws {
        let books = try Books(seed: 6, batches: 10)
        let reader = try books.database.reader()
        let through = try reader.lineCount(org: OrgNumber(1))
        #expect(through == UInt64(books.lines.count))
        for limit in [1, 7, 1000] {
            var query = LinePageQuery(org: OrgNumber(1), after: 0, through: through, limit: limit)
            var found: [LedgerLine] = []
            while true {
                let page = try reader.ledgerPage(query)
                found += page
                guard let end = page.last?.line, page.count == limit else { break }
                query.after = end
            }
            #expect(found.map(\.line) == books.lines.map(\.line))
            #expect(found.map(\.amount.units) == books.lines.map(\.units))
        }
        let from = books.lines[books.lines.count / 3].at
        let to = books.lines[books.lines.count / 2].at
        var query = LinePageQuery(org: OrgNumber(1), after: 0, through: through, limit: 10_000)
        query.from = from
        query.to = to
        let wanted = books.lines.filter { $0.at >= from && $0.at < to }
        #expect(try reader.ledgerPage(query).map(\.line) == wanted.map(\.line))
        let usage = wanted.filter(\.isUsage).map(\.line)
        #expect(try reader.usagePage(query).map(\.line) == usage)
    }

    @Test func `machines are summed, and those without requests are found`() throws {
        let books = try Books(seed: 8, batches: 3)
        let reader = try books.database.reader()
        let first = Journal.noon.utcDay
        let last = first.advanced(by: 40)
        func sums(_ grouping: MachineGrouping) throws -> [MachineSpend] {
            try reader.machineSpend(org: OrgNumber(1), from: first, through: last, by: grouping)
        }
        _ = try books.database.execute(
            """
            CREATE TABLE IF NOT EXISTS machine_rollups (
                org bigint NOT NULL, day date NOT NULL, project integer NOT NULL,
                deployment text NOT NULL, machine integer NOT NULL, lines bigint NOT NULL,
                hours bigint NOT NULL, sent_bytes numeric(38,0) NOT NULL,
                amount numeric(38,12) NOT NULL,
                PRIMARY KEY (org, day, project, deployment, machine)
            )
            """
        )
        let later = first.advanced(by: 30)
        _ = try books.database.execute(
            """
            INSERT INTO machine_rollups VALUES (1, '\(first)', 0, 'gpu', 1, 1, 1, 0, 60),
                (1, '\(later)', 0, 'gpu', 1, 2, 2, 0, 120), (1, '\(later)', 0, 'cpu', 2, 1, 1, 0, 7)
            """
        )
        #expect(try sums(.deployment).map(\.label) == ["gpu", "cpu"])
        #expect(try sums(.deployment).map(\.charge) == [180, 7].map { Amount(credits: $0) })
        #expect(try sums(.day).map(\.label) == [first.description, later.description])
        #expect(try sums(.project).map(\.charge) == [Amount(credits: 187)])
        let idle = try reader.idleMachines(org: OrgNumber(1), from: first, through: last)
        #expect(idle.map(\.deployment) == ["gpu", "cpu"])
        #expect(idle.map(\.idleDays) == [1, 1])
        #expect(idle.map(\.days) == [2, 1])
        #expect(idle.map(\.idleCharge) == [120, 7].map { Amount(credits: $0) })
    }

    @Test func `books from before the lists get them`() throws {
        let books = try Books(seed: 7, batches: 8)
        let sql = "SELECT string_agg(d::text, ';' ORDER BY org, day) FROM dearest d"
        let before = try books.database.execute(sql).text(0, 0)
        // As the step found them: no table, and then what the lines say.
        _ = try books.database.execute("DROP TABLE dearest")
        for statement in Migration.dearest.split(separator: ";\n") {
            _ = try books.database.execute(String(statement))
        }
        #expect(try books.database.execute(sql).text(0, 0) == before)
    }
}
