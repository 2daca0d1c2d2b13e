import Accounting
import Quantities
import SimulatedBooks
import Testing

@testable import PostgresStore

/// Goal: what organisations buy comes back from PostgreSQL as it was, to the digest.
///
/// Method: a real book's records, in random batches, loaded into a fresh book.
@Suite struct PurchaseStoreTests {
    private final class Shop {
        let book = AccountBook(partition: 1, calendar: UTCCalendar())
        let journal = Journal()
        var random: SplitMix
        var now = Journal.noon
        var payments = 0

        init(seed: UInt64) {
            random = SplitMix(seed: seed)
            for org in [UInt32(1), 17, 33] {
                _ = book.createOrganisation(
                    org,
                    name: "org-\(org)",
                    zone: "UTC",
                    at: now,
                    into: journal.buffer
                )
            }
        }

        func step() {
            let org = [UInt32(1), 17, 33][random.below(3)]
            let days = random.below(20) == 0 ? random.below(40) : 0
            let seconds = Int64(random.below(400)) + Int64(days) * 86_400
            now = now.advanced(byMicroseconds: seconds * 1_000_000)
            let purchasing = book.purchasing(of: org) ?? Purchasing()
            let open = purchasing.open.isEmpty ? 0 : random.below(purchasing.open.count)
            let number = purchasing.open.isEmpty ? 1 : purchasing.open[open].number
            switch random.below(9) {
            case 0, 1: set(org)
            case 2: ask(org)
            case 3, 4, 5: confirm(org, number)
            case 6:
                _ = book.failPurchase(
                    number,
                    reason: "no \(number)",
                    backOff: TopUpBackOff(
                        firstMicroseconds: 1_000_000,
                        mostMicroseconds: 9_000_000
                    ),
                    org: org,
                    at: now,
                    into: journal.buffer
                )
            case 7: _ = book.tick(at: now, into: journal.buffer)
            default: debit(org)
            }
        }

        private func set(_ org: UInt32) {
            let setting = TopUpSet(
                on: random.below(5) > 0,
                threshold: Amount(credits: random.below(20)),
                credits: Amount(credits: 1 + random.below(20)),
                price: Amount(credits: 1 + random.below(3)),
                currency: "EUR",
                pack: random.below(2) == 0 ? "" : "standard",
                connector: "manual",
                monthlyLimit: random.below(3) == 0 ? nil : Amount(credits: 3 + random.below(9))
            )
            _ = book.setTopUp(setting, org: org, at: now, into: journal.buffer)
        }

        private func ask(_ org: UInt32) {
            let draft = PurchaseDraft(
                pack: "p",
                credits: Amount(units: 1 + Int128(random.next() >> 20)),
                price: Amount(credits: 2),
                currency: "EUR",
                connector: "card",
                identity: UInt128(random.next()),
                content: random.next()
            )
            _ = book.askPurchase(draft, org: org, at: now, into: journal.buffer)
        }

        private func confirm(_ org: UInt32, _ number: UInt32) {
            payments += random.below(4) == 0 ? 0 : 1
            let payment = PurchasePayment(
                purchase: number,
                payment: "pi_\(payments)",
                expiresAt: random.below(2) == 0
                    ? .never : now.advanced(byMicroseconds: 86_400_000_000),
                priority: 20
            )
            _ = book.confirmPurchase(payment, org: org, at: now, into: journal.buffer)
        }

        private func debit(_ org: UInt32) {
            var usage = UsageChange()
            usage.org = org
            usage.model = 1
            usage.price = 1
            usage.tokens = TokenCounts(input: 1)
            usage.charge = Amount(credits: random.below(15))
            usage.at = now
            let draft = RecordBuffer()
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            usage.encode(into: draft, id: nothing, session: nothing)
            guard let record = UsageRecord(draft.bytes) else { return }
            withExtendedLifetime(draft) {
                _ = book.debit(record, at: now, into: journal.buffer)
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `purchases and top-ups load back to the same digest`(seed: UInt64) throws {
        let database = try TestDatabase()
        let store = try database.store()
        let simulated = SimulatedDatabase(seed: 1) { Journal.noon }
        let other = simulated.store(node: "node-a")
        try other.connect()
        _ = try other.migrate()
        _ = try other.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
        let shop = Shop(seed: seed)
        var position: UInt64 = 0
        for _ in 0..<25 {
            for _ in 0..<(1 + shop.random.below(30)) { shop.step() }
            let records = Array(shop.journal.buffer.bytes)
            shop.journal.buffer.removeAll()
            for store in [store, other] as [any LedgerStore] {
                let batch = BatchBuilder()
                try records.withUnsafeBytes { try batch.add(block: $0) }
                _ = try store.commit(batch, from: position, to: position + 1)
            }
            position += 1
            let state = try store.loadEverything()
            let loaded = AccountBook(partition: 1, calendar: UTCCalendar())
            for organisation in state.organisations { loaded.load(organisation) }
            #expect(loaded.digest == shop.book.digest, "seed \(seed), batch \(position)")
            for org in [UInt32(1), 17, 33] {
                #expect(loaded.purchasing(of: org)?.open == shop.book.purchasing(of: org)?.open)
            }
            var simulatedItems: [LoadedItem] = []
            _ = try other.loadAll(identitiesSince: .epoch) { simulatedItems.append($0) }
            #expect(simulatedItems == state.items, "seed \(seed), batch \(position)")
        }
        let audit = try database.reader().audit(org: nil, violationLimit: 9) { _ in }
        #expect(audit.isClean, "\(audit.violations)")
        #expect(try database.count("SELECT count(*) FROM purchases WHERE state = 'confirmed'") > 9)
        #expect(try database.count("SELECT count(*) FROM purchases WHERE state = 'failed'") > 3)
    }

    @Test func `a purchase is found by number, receipt and payment`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let shop = Shop(seed: 5)
        for _ in 0..<400 { shop.step() }
        let batch = BatchBuilder()
        try shop.journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)
        let reader = try database.reader()
        let org = OrgNumber(17)
        var query = PurchaseQuery(org: org)
        query.limit = 1000
        let all = try reader.purchases(query)
        #expect(all.map(\.number) == all.map(\.number).sorted(by: >))
        for purchase in all {
            #expect(try reader.purchase(purchase.number, of: org) == purchase)
            guard purchase.state == .confirmed else { continue }
            #expect(try reader.purchase(paidBy: purchase.payment, of: org) == purchase)
            #expect(try reader.purchase(withReceipt: purchase.receipt, of: org) == purchase)
        }
        #expect(try reader.purchase(paidBy: "never", of: org) == nil)
        query.state = .open
        query.before = 5
        #expect(try reader.purchases(query) == all.filter { $0.state == .open && $0.number < 5 })
    }

    @Test func `PostgreSQL itself takes no payment twice`() throws {
        let database = try TestDatabase()
        _ = try database.store()
        let row = "'confirmed', false, '', 7, 1, 'EUR', 'manual', '2026-03-01', now(), now(), 'p'"
        try database.execute("INSERT INTO purchases VALUES (1, 1, \(row), 1, 1)")
        #expect(throws: StoreError.self) {
            try database.execute("INSERT INTO purchases VALUES (1, 2, \(row), 2, 2)")
        }
        try database.execute("INSERT INTO purchases VALUES (2, 1, \(row), 1, 1)")
    }
}
