import Accounting
import Quantities
import Testing

@testable import PostgresStore

/// Goal: a batch is in the books exactly once, also when nobody heard the answer to its COMMIT.
///
/// Method: a proxy before the server's socket cuts before, right after, and after the answer.
@Suite struct LostCommitTests {
    private func proxy(_ database: TestDatabase) throws -> CuttingProxy {
        let words = try database.conninfo()
        let host = try #require(words["host"], "the test's server must listen on a Unix socket")
        try #require(host.hasPrefix("/"), "the test's server must listen on a Unix socket")
        return try CuttingProxy(target: "\(host)/.s.PGSQL.\(words["port"] ?? "5432")")
    }

    /// Does what an engine does: after a transient fault it connects and asks for the checkpoint.
    private func commitOnce(
        _ batch: BatchBuilder,
        from: UInt64,
        to: UInt64,
        store: PostgresStore,
        proxy: CuttingProxy
    ) throws -> StoreError? {
        do {
            _ = try store.commit(batch, from: from, to: to)
            return nil
        } catch {
            try #require(error.isTransient, "\(error)")
            proxy.set(.never)
            try store.connect()
            if try store.checkpoint() == to {
                batch.markStored()
            } else {
                _ = try store.commit(batch, from: from, to: to)
            }
            return error
        }
    }

    @Test(arguments: [CuttingProxy.Cut.before, .after, .afterAnswer])
    func `a batch whose COMMIT was cut is stored exactly once`(cut: CuttingProxy.Cut) throws {
        let database = try TestDatabase()
        let proxy = try proxy(database)
        defer { proxy.stop() }
        _ = try database.store()
        let settings = try database.settings(replacing: [
            "host": proxy.directory, "port": "5432", "sslmode": "disable",
            "gssencmode": "disable",
        ])
        let store = PostgresStore(settings: settings, node: "node-a")
        try store.connect()
        _ = try store.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
        let batch = BatchBuilder()
        let journal = Journal()
        journal.create(1)
        journal.grant(1, 1, Amount(credits: 1_000_000))
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)

        for round in 1...UInt64(8) {
            for number in 0..<50 {
                var usage = Journal.usage(1, Amount(credits: 1 + number))
                usage.producer = 1
                usage.sequence = (round - 1) * 50 + UInt64(number) + 1
                journal.write(usage)
            }
            try journal.move(to: batch)
            proxy.set(cut)
            let error = try commitOnce(
                batch,
                from: round,
                to: round + 1,
                store: store,
                proxy: proxy
            )
            guard case .connectionLost = error else {
                Issue.record("the connection was not cut: \(String(describing: error))")
                return
            }
            #expect(batch.isEmpty)
            #expect(try database.count("SELECT count(*) FROM usage_lines") == Int(round) * 50)
        }
        #expect(try store.loadEverything().producers == [1: SequenceSet(contiguous: 400)])
        #expect(try database.reader().audit(org: nil, violationLimit: 9) { _ in }.isClean)
    }

    @Test func `a batch that was stored is refused the second time and changes nothing`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let batch = BatchBuilder()
        let journal = Journal()
        for _ in 0..<2 {
            journal.create(1)
            journal.grant(1, 1, Amount(credits: 5))
            try journal.move(to: batch)
            if try store.checkpoint() == 0 {
                _ = try store.commit(batch, from: 0, to: 10)
            } else {
                #expect(throws: StoreError.positionMismatch(expected: 0, found: 10)) {
                    try store.commit(batch, from: 0, to: 10)
                }
            }
        }
        #expect(try database.count("SELECT count(*) FROM ledger_lines") == 1)
    }

    @Test func `a server that ends the session is a transient fault, and the store comes back`()
        throws
    {
        let database = try TestDatabase()
        let store = try database.store()
        try database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                + "WHERE datname = '\(database.name)' AND pid <> pg_backend_pid() "
                + "AND backend_type = 'client backend'"
        )
        let batch = BatchBuilder()
        let journal = Journal()
        journal.create(1)
        try journal.move(to: batch)
        let error = #expect(throws: StoreError.self) { try store.commit(batch, from: 0, to: 1) }
        #expect(error?.isTransient == true)
        try store.connect()
        #expect(try store.checkpoint() == 0)
        _ = try store.commit(batch, from: 0, to: 1)
        #expect(try store.checkpoint() == 1)
    }
}
