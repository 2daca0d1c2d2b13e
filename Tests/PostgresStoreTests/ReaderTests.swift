import Accounting
import Quantities
import Testing

@testable import PostgresStore

/// Goal: people get what the books say, with names instead of numbers, page by page.
///
/// Method: small books written by hand.
@Suite struct ReaderTests {
    private func books() throws -> TestDatabase {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        journal.create(1, name: "acme")
        journal.create(2, name: "beta")
        for (number, name) in [(UInt32(1), "small"), (2, "large")] {
            journal.write(.nameDeclared(NameDeclared(kind: .model, number: number, name: name)))
        }
        journal.write(.nameDeclared(NameDeclared(kind: .provider, number: 1, name: "cloud")))
        journal.write(.nameDeclared(NameDeclared(kind: .producer, number: 1, name: "gate")))
        journal.write(.projectCreated(ProjectCreated(project: 1, name: "search")), org: 1)
        let hash = SecretHash(low: 1, high: 2)
        let key = KeyCreated(key: 1, project: 1, name: "prod", prefix: "mk_12", hash: hash)
        journal.write(.keyCreated(key), org: 1)
        journal.grant(1, 1, Amount(credits: 1000))
        for number in 0..<30 {
            let at = Journal.noon.advanced(byMicroseconds: Int64(number) * 3_600_000_000)
            var usage = Journal.usage(1, Amount(credits: 1 + number), at: at)
            usage.model = UInt32(1 + number % 2)
            usage.failed = number % 5 == 0
            if number % 3 == 0 {
                usage.key = 1
                usage.project = 1
            }
            usage.provider = number % 2 == 0 ? 1 : 0
            usage.producer = 1
            usage.sequence = UInt64(number + 1)
            journal.write(usage, id: "request-\(number)", session: number == 3 ? "chat" : "")
        }
        journal.write(.grantExpired(GrantExpired(grant: 1, amount: Amount(credits: 1))), org: 1)
        let batch = BatchBuilder()
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)
        return database
    }

    @Test func `organisations are listed by name and found by it`() throws {
        let database = try books()
        let reader = try database.reader()
        #expect(try reader.organisations(after: nil, limit: 10).map(\.name) == ["acme", "beta"])
        #expect(try reader.organisations(after: "acme", limit: 10).map(\.name) == ["beta"])
        let acme = try #require(try reader.organisation(named: "acme"))
        #expect(acme.org == OrgNumber(1))
        #expect(acme.lines == 32)
        #expect(acme.balance == Amount(credits: 1000 - 465 - 1))
        #expect(acme.createdAt == Journal.noon)
        #expect(acme.closedAt == nil)
        #expect(try reader.organisation(named: "nobody") == nil)
    }

    @Test func `projects, keys and grants are listed by number`() throws {
        let database = try books()
        let reader = try database.reader()
        let org = OrgNumber(1)
        #expect(try reader.projects(of: org).map(\.name) == ["search"])
        let key = try #require(try reader.keys(of: org).first)
        #expect(key.name == "prod" && key.project == 1 && key.generation == 1)
        #expect(key.prefix == "mk_12" && key.rotatedAt == nil && key.revokedAt == nil)
        let grant = try #require(try reader.grants(of: org).first)
        #expect(grant.grantClass == .purchased && grant.expired && grant.active)
        #expect(grant.expiresAt == .never)
        #expect(grant.remaining == Amount(credits: 534))
    }

    @Test func `transactions come newest first, with filters and pages`() throws {
        let database = try books()
        let reader = try database.reader()
        var query = TransactionQuery(org: OrgNumber(1))
        let all = try reader.transactions(query)
        #expect(all.map(\.line) == (1...32).reversed().map { UInt64($0) })
        #expect(all.first?.kind == .expiry)
        #expect(all.last?.kind == .purchase)
        #expect(all.last?.reference == "ref-1")
        for (newer, older) in zip(all, all.dropFirst()) {
            #expect(newer.balance == older.balance + newer.amount)
        }
        let fourth = try #require(all.first { $0.requestID == "request-3" })
        #expect(fourth.key == "prod" && fourth.project == "search" && fourth.model == "large")
        #expect(fourth.session == "chat" && fourth.grant == 1)
        query.limit = 5
        query.beforeLine = 10
        #expect(try reader.transactions(query).map(\.line) == [9, 8, 7, 6, 5])
        query = TransactionQuery(org: OrgNumber(1))
        query.kind = .expiry
        #expect(try reader.transactions(query).map(\.line) == [32])
        query.kind = .usage
        query.from = Journal.noon.advanced(byMicroseconds: 3_600_000_000)
        query.to = Journal.noon.advanced(byMicroseconds: 3 * 3_600_000_000)
        #expect(try reader.transactions(query).map(\.line) == [4, 3])
    }

    @Test func `the usage log filters by key, model, status and time`() throws {
        let database = try books()
        let reader = try database.reader()
        var query = UsageLogQuery(org: OrgNumber(1))
        #expect(try reader.usageLog(query).count == 30)
        query.key = 1
        #expect(try reader.usageLog(query).count == 10)
        query.model = "small"
        #expect(try reader.usageLog(query).count == 5)
        query.failed = true
        let line = try #require(try reader.usageLog(query).first)
        #expect(try reader.usageLog(query).count == 1)
        #expect(line.requestID == "request-0" && line.provider == "cloud" && line.failed)
        #expect(line.charge == Amount(credits: 1) && line.producer == "gate")
        #expect(line.sequence == 1 && line.tokens.input == 100 && line.session == nil)
        query = UsageLogQuery(org: OrgNumber(1))
        query.from = Journal.noon.advanced(byMicroseconds: 28 * 3_600_000_000)
        #expect(try reader.usageLog(query).map(\.requestID) == ["request-29", "request-28"])
        query = UsageLogQuery(org: OrgNumber(1))
        query.beforeLine = 4
        query.limit = 1
        #expect(try reader.usageLog(query).map(\.line) == [3])
        query.model = "unknown"
        #expect(try reader.usageLog(query).isEmpty)
    }

    @Test func `summaries add up whatever they are grouped by`() throws {
        let database = try books()
        let reader = try database.reader()
        let org = OrgNumber(1)
        let first = Journal.noon.utcDay
        func sums(_ grouping: SummaryGrouping) throws -> [UsageSummary] {
            try reader.usageSummary(
                org: org,
                from: first,
                through: first.advanced(by: 5),
                by: grouping
            )
        }
        for grouping in SummaryGrouping.allCases {
            let rows = try sums(grouping)
            #expect(rows.reduce(0) { $0 + $1.requests } == 30)
            #expect(rows.reduce(0) { $0 + $1.failed } == 6)
            #expect(rows.reduce(0) { $0 + $1.inputTokens } == 3000)
            #expect(rows.reduce(.zero) { $0 + $1.charge } == Amount(credits: 465))
        }
        #expect(try sums(.model).map(\.label) == ["large", "small"])
        #expect(try sums(.key).map(\.label) == ["", "prod"])
        #expect(try sums(.project).map(\.label) == ["", "search"])
        #expect(try sums(.day).map(\.label) == ["2026-03-01", "2026-03-02"])
        let second = first.advanced(by: 1)
        let rows = try reader.usageSummary(org: org, from: second, through: second, by: .day)
        #expect(rows.map(\.requests) == [18])
    }

    @Test func `a reader cannot write`() throws {
        let database = try books()
        let reader = try database.reader()
        let error = #expect(throws: StoreError.self) {
            try reader.open().execute("DELETE FROM rollups", during: "a test")
        }
        #expect(error?.sqlState == "25006")
    }

    @Test func `the view of the ledger has both kinds of lines`() throws {
        let database = try books()
        #expect(try database.count("SELECT count(*) FROM ledger WHERE org = 1") == 32)
        #expect(try database.count("SELECT count(DISTINCT kind) FROM ledger") == 3)
    }
}
