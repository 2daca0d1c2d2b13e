import Accounting
import Quantities
import Testing

@testable import PostgresStore

/// Goal: whatever happens, in whatever batches, the books are one chain and load back as they were.
///
/// Method: random histories with printed seeds against a naive ledger.
@Suite struct RandomBatchTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `random batches give the naive ledger and load back equal`(seed: UInt64) throws {
        let database = try TestDatabase()
        var store = try database.store()
        var history = RandomHistory(seed: seed)
        // Odd seeds write every batch over two connections, even ones over one.
        store.recordsForLanes = seed % 2 == 1 ? 1 : .max
        var batch = BatchBuilder()
        var position: UInt64 = 0
        for round in 0..<15 {
            for _ in 0..<(1 + history.generator.below(200)) { history.step() }
            try history.journal.move(to: batch)
            let next = position + UInt64(1 + history.generator.below(1000))
            let lines = batch.sections.reduce(0) { $0 + $1.lines.count }
            let report = try store.commit(batch, from: position, to: next)
            #expect(report.usageLines + report.ledgerLines == lines)
            #expect(batch.isEmpty)
            position = next
            if round % 5 == 4 {
                try check(history, store, database, position, seed)
                // A daemon that starts anew goes on with what it loads.
                store.disconnect()
                store = try database.store()
                store.recordsForLanes = seed % 2 == 1 ? 1 : .max
                batch = BatchBuilder()
                for (producer, progress) in try store.loadEverything().producers {
                    batch.restore(producer: producer, progress: progress)
                }
            }
        }
    }

    private func check(
        _ history: RandomHistory,
        _ store: PostgresStore,
        _ database: TestDatabase,
        _ position: UInt64,
        _ seed: UInt64
    ) throws {
        let state = try store.loadEverything()
        #expect(state.position == position, "seed \(seed)")
        #expect(state.producers == history.sequences, "seed \(seed)")
        let expected = history.ledger.accounts.values.map(\.expected).sorted { $0.org < $1.org }
        #expect(state.organisations.count == expected.count, "seed \(seed)")
        for (found, wanted) in zip(state.organisations, expected) {
            #expect(found == wanted, "seed \(seed)")
        }
        let reader = try database.reader()
        for (org, account) in history.ledger.accounts {
            var query = TransactionQuery(org: OrgNumber(org))
            query.limit = 100_000
            let lines = try reader.transactions(query).reversed().map { line in
                NaiveLedger.Line(kind: line.kind, amount: line.amount, balance: line.balance)
            }
            #expect(lines == account.lines, "seed \(seed), organisation \(org)")
        }
        var wallets: [UInt32: AuditedWallet] = [:]
        let report = try reader.audit(org: nil, violationLimit: 10) { wallets[$0.org.raw] = $0 }
        #expect(report.isClean, "seed \(seed): \(report.violations)")
        #expect(report.organisations == history.ledger.accounts.count)
        for (org, account) in history.ledger.accounts {
            #expect(wallets[org]?.lines == UInt64(account.lines.count), "seed \(seed)")
            #expect(wallets[org]?.balance == account.balance, "seed \(seed)")
            #expect(wallets[org]?.debt == account.snapshot.debt, "seed \(seed)")
        }
        let charges = history.ledger.accounts.values.flatMap(\.charges)
        #expect(report.charges == charges.reduce(.zero) { $0 + $1.charge }, "seed \(seed)")
        #expect(report.usageLines == UInt64(charges.count))
    }
}
