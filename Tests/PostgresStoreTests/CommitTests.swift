import Accounting
import Quantities
import Testing

@testable import PostgresStore

/// Goal: every kind of record arrives in its tables as it should, in one transaction.
///
/// Method: small batches written by hand, and the rows that they must give.
@Suite struct CommitTests {
    private func commit(
        _ journal: Journal,
        to store: PostgresStore,
        _ position: UInt64
    ) throws {
        let batch = BatchBuilder()
        try journal.move(to: batch)
        _ = try store.commit(batch, from: position, to: position + 1)
    }

    @Test func `a usage record is one row with everything that it said`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        journal.create(7)
        journal.grant(7, 1, Amount(credits: 2))
        journal.grant(7, 2, Amount(credits: 1))
        journal.write(.nameDeclared(NameDeclared(kind: .model, number: 1, name: "gpt")))
        var usage = Journal.usage(7, .zero)
        usage.charge = Amount(units: 3_500_000_000_001)
        usage.draws.append(Draw(grant: 1, amount: Amount(credits: 2)))
        usage.draws.append(Draw(grant: 2, amount: Amount(credits: 1)))
        usage.draws.append(Draw(grant: 0, amount: Amount(units: 500_000_000_001)))
        usage.identity = 0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF
        usage.content = .max
        usage.provider = 65_535
        usage.tokens.output = .max
        usage.tier = 2
        journal.write(usage, id: "id-1", session: "session-1")
        try commit(journal, to: store, 0)
        let row = try database.execute(
            """
            SELECT line, amount, balance, first_grant, draws::text, identity::text, content,
                provider, output_tokens, tier, request_id, session, hold IS NULL,
                latency_ms IS NULL, tableoid::regclass::text, (SELECT debt FROM wallets),
                (SELECT sum((d ->> 'amount')::numeric) FROM jsonb_array_elements(draws) d)
            FROM usage_lines
            """
        )
        #expect(try row.integer(0, 0) == 3)
        #expect(try row.amount(0, 1) == Amount(units: -3_500_000_000_001))
        #expect(try row.amount(0, 2) == Amount(units: -500_000_000_001))
        #expect(try row.integer(0, 3) == 1)
        #expect(row.text(0, 4).contains("0.500000000001"))
        #expect(row.text(0, 5) == "00112233-4455-6677-8899-aabbccddeeff")
        #expect(try row.unsigned(0, 6) == .max)
        #expect(try row.integer(0, 7) == 65_535)
        #expect(try row.integer(0, 8) == Int(UInt32.max))
        #expect(try row.integer(0, 9) == 2)
        #expect(row.text(0, 10) == "id-1")
        #expect(row.text(0, 11) == "session-1")
        #expect(row.bool(0, 12))
        #expect(row.bool(0, 13))
        #expect(row.text(0, 14) == "usage_lines_2026_03_01")
        #expect(try row.amount(0, 15) == Amount(units: 500_000_000_001))
        #expect(try row.amount(0, 16) == usage.charge)
        let identities = try store.loadEverything().usageIdentities
        #expect(identities.map(\.identity) == [usage.identity])
        #expect(identities.map(\.content) == [.max])
        #expect(try store.loadEverything(since: .never).usageIdentities.isEmpty)
    }

    @Test func `a text that PostgreSQL cannot hold does not stop the batch`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        journal.create(1, name: "nul \0 in a name")
        journal.grant(1, 1, Amount(credits: 5))
        let usage = Journal.usage(1, Amount(credits: 1))
        let broken: [UInt8] = [0x61, 0x00, 0xFF, 0xC3]
        broken.withUnsafeBytes { id in
            usage.encode(into: journal.buffer, id: id, session: id)
        }
        journal.write(usage, id: String(repeating: "é", count: 127), session: "日本語")
        try commit(journal, to: store, 0)
        let rows = try database.execute("SELECT request_id, session FROM usage_lines ORDER BY line")
        #expect(rows.text(0, 0) == "a\u{FFFD}\u{FFFD}\u{FFFD}")
        #expect(rows.text(1, 0) == String(repeating: "é", count: 127))
        #expect(rows.text(1, 1) == "日本語")
        let name = try store.loadEverything().organisations.first?.name
        #expect(name == "nul \u{FFFD} in a name")
    }

    @Test func `a hold that comes and goes in one batch never reaches the database`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        journal.create(1)
        journal.grant(1, 1, Amount(credits: 5))
        var draws = Draws()
        draws.append(Draw(grant: 1, amount: Amount(credits: 1)))
        for hold in 1...UInt64(4) {
            let placed = HoldPlaced(
                hold: hold,
                project: 0,
                key: 0,
                model: 1,
                expiresAt: .never,
                draws: draws
            )
            journal.write(.holdPlaced(placed), org: 1)
        }
        var usage = Journal.usage(1, Amount(credits: 1))
        usage.hold = 2
        journal.write(usage)
        journal.write(.holdReleased(HoldReleased(hold: 3, lapsed: false)), org: 1)
        let more = HoldExtended(hold: 4, expiresAt: Journal.noon, draws: draws)
        journal.write(.holdExtended(more), org: 1)
        try commit(journal, to: store, 0)
        var loaded = try #require(try store.loadEverything().organisations.first)
        #expect(loaded.holds.map(\.placed.hold) == [1, 4])
        #expect(loaded.holds.map(\.placed.expiresAt) == [.never, Journal.noon])
        #expect(loaded.holds.map { $0.placed.draws.count } == [1, 2])
        #expect(loaded.lastHold == 4)

        usage.hold = 1
        journal.write(usage)
        journal.write(.holdExtended(more), org: 1)
        try commit(journal, to: store, 1)
        loaded = try #require(try store.loadEverything().organisations.first)
        #expect(loaded.holds.map(\.placed.hold) == [4])
        #expect(loaded.holds.map { $0.placed.draws.total } == [Amount(credits: 3)])
    }

    @Test func `names, prices, cards and producers load back`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        let names = [
            NameDeclared(kind: .model, number: 1, name: "model-1"),
            NameDeclared(kind: .producer, number: 1, name: "gateway"),
            NameDeclared(kind: .provider, number: 1, name: "provider-1"),
        ]
        let price = PriceDeclared(
            price: 1,
            model: "model-1",
            effectiveFrom: Journal.noon,
            text: "in 3 out 15"
        )
        for name in names { journal.write(.nameDeclared(name)) }
        journal.write(.priceDeclared(price))
        let card = RateCardLoaded(name: "card", digest: "abc")
        journal.write(.rateCardLoaded(card))
        journal.write(.rateCardLoaded(card))
        for sequence in [1, 2, 5] as [UInt64] {
            let body = SequenceSkipped(producer: 1, sequence: sequence)
            journal.write(.sequenceSkipped(body))
        }
        try commit(journal, to: store, 0)
        let state = try store.loadEverything()
        var progress = SequenceSet(contiguous: 2)
        progress.insert(5)
        #expect(state.items == names.map { .name($0) } + [.price(price), .producer(1, progress)])
        #expect(try database.count("SELECT count(*) FROM rate_cards") == 1)
    }

    @Test func `a grant that begins later has its line then, with its own kind`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        journal.create(1)
        let amount = Amount(credits: 8)
        let issued = Journal.grant(1, amount, grantClass: .coupon, active: false)
        journal.write(.grantIssued(issued), org: 1)
        try commit(journal, to: store, 0)
        #expect(try database.count("SELECT count(*) FROM ledger_lines") == 0)
        #expect(try database.count("SELECT lines FROM wallets") == 0)
        var usage = Journal.usage(1, .zero)
        usage.charge = Amount(credits: 3)
        usage.draws.append(Draw(grant: 0, amount: usage.charge))
        journal.write(usage)
        let begins = GrantActivated(grant: 1, amount: amount, debtPaid: Amount(credits: 3))
        journal.write(.grantActivated(begins), org: 1)
        try commit(journal, to: store, 1)
        let lines = try database.reader().transactions(TransactionQuery(org: OrgNumber(1)))
        #expect(lines.map(\.kind) == [.coupon, .usage])
        #expect(lines.map(\.balance) == [Amount(credits: 5), Amount(credits: -3)])
        #expect(lines.first?.reference == "ref-1")
        #expect(try database.count("SELECT remaining::bigint FROM grants") == 5)
        #expect(try database.count("SELECT debt::bigint FROM wallets") == 0)
    }

    @Test func `a record that is not readable is refused with its place`() throws {
        let batch = BatchBuilder()
        let journal = Journal()
        journal.create(1)
        let good = journal.buffer.count
        journal.create(2)
        var bytes = Array(journal.buffer.bytes)
        bytes[good + 4] = 200
        #expect(throws: StoreError.badRecord(offset: good, kind: 200)) {
            try bytes.withUnsafeBytes { try batch.add(block: $0) }
        }
        #expect(batch.recordCount == 1)
    }

    @Test func `usage for an organisation that is not there is refused and changes nothing`() throws
    {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        journal.write(Journal.usage(9, .zero))
        let error = #expect(throws: StoreError.self) { try commit(journal, to: store, 0) }
        guard case .inconsistent = error else {
            Issue.record("not refused as inconsistent: \(String(describing: error))")
            return
        }
        #expect(try store.checkpoint() == 0)
    }

    @Test func `many organisations load in chunks`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        for org in 1...UInt32(40_000) {
            journal.create(org)
            journal.grant(org, 1, Amount(credits: Int(org)))
        }
        try commit(journal, to: store, 0)
        let loaded = try store.loadEverything().organisations
        #expect(loaded.map(\.org) == Array(1...40_000))
        #expect(loaded.allSatisfy { $0.grants.map(\.remaining) == [Amount(credits: Int($0.org))] })
    }
}
