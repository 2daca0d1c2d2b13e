import Accounting
import Quantities
import Testing

@testable import PostgresStore

/// Goal: connections that write side by side give the books that one gives, also when only some of
/// them succeed and the daemon dies in between.
///
/// Method: a bystander locks a wallet of one partition, so that its transaction times out and the
/// other's does not.
@Suite struct LaneTests {
    private static let orgs: ClosedRange<UInt32> = 1...6

    private func store(_ database: TestDatabase) throws -> PostgresStore {
        var settings = try database.settings()
        settings.statementTimeoutMilliseconds = 400
        let store = PostgresStore(settings: settings, node: "node-a")
        try store.connect()
        _ = try store.migrate()
        _ = try store.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
        store.recordsForLanes = 1
        return store
    }

    /// Usage of all organisations, with sequences from a number on.
    private func usage(_ journal: Journal, from sequence: UInt64) {
        for (index, org) in LaneTests.orgs.enumerated() {
            var usage = Journal.usage(org, Amount(credits: 1))
            usage.producer = 1
            usage.sequence = sequence + UInt64(index)
            journal.write(usage)
        }
    }

    private func begin(_ store: PostgresStore, _ batch: BatchBuilder) throws {
        let journal = Journal()
        for org in LaneTests.orgs {
            journal.create(org)
            journal.grant(org, 1, Amount(credits: 100))
        }
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 100)
    }

    /// A bystander who holds the wallet of an organisation, until his connection is closed.
    private func lock(_ org: UInt32, _ database: TestDatabase) throws -> PostgresConnection {
        let bystander = try PostgresConnection(try database.settings())
        try bystander.execute("BEGIN", during: "a test")
        try bystander.execute(
            "SELECT 1 FROM wallets WHERE org = \(org) FOR UPDATE",
            during: "a test"
        )
        return bystander
    }

    private func expectBooks(_ database: TestDatabase, lines: Int) throws {
        #expect(try database.count("SELECT count(*) FROM usage_lines") == lines)
        #expect(
            try database.count("SELECT count(DISTINCT (producer, sequence)) FROM usage_lines")
                == lines
        )
        let report = try database.reader().audit(org: nil, violationLimit: 9) { _ in }
        #expect(report.isClean, "\(report.violations)")
    }

    @Test(arguments: [1, 2] as [UInt32])
    func `what one connection stored is not stored again with the rest`(locked: UInt32) throws {
        let database = try TestDatabase()
        let store = try store(database)
        let batch = BatchBuilder()
        try begin(store, batch)
        let journal = Journal()
        usage(journal, from: 1)
        try journal.move(to: batch)
        let bystander = try lock(locked, database)
        let error = #expect(throws: StoreError.self) {
            try store.commit(batch, from: 100, to: 200)
        }
        #expect(error?.isTransient == true)
        let stored = "SELECT count(*) FROM usage_lines"
        #expect(try database.count(stored) == 3)
        #expect(try database.count("\(stored) WHERE org % 2 = \(locked % 2)") == 0)
        bystander.close()
        try store.connect()
        #expect(try store.checkpoint() == 100)
        #expect(!store.positions.isLevel)
        _ = try store.commit(batch, from: 100, to: 200)
        #expect(try store.checkpoint() == 200)
        #expect(store.positions.isLevel)
        try expectBooks(database, lines: 6)
        #expect(try store.loadEverything().producers == [1: SequenceSet(contiguous: 6)])
    }

    @Test(arguments: [1, 2] as [UInt32], [1, 2, 3])
    func `a daemon that starts levels what its forerunner left`(
        locked: UInt32,
        sections: Int
    ) throws {
        let database = try TestDatabase()
        let old = try store(database)
        let batch = BatchBuilder()
        try begin(old, batch)
        // Two blocks, at 100 and at 150; the batch ends at 200.
        let blocks = [Journal(), Journal(), Journal()]
        usage(blocks[0], from: 1)
        usage(blocks[1], from: 7)
        usage(blocks[2], from: 13)
        for block in blocks[0...1] { try batch.add(block: block.buffer.bytes) }
        let bystander = try lock(locked, database)
        #expect(throws: StoreError.self) { try old.commit(batch, from: 100, to: 200) }
        bystander.close()
        old.disconnect()

        let new = try store(database)
        let state = try new.loadEverything()
        #expect(state.positions.lowest == 100)
        #expect(state.positions.highest == 200)
        for organisation in state.organisations {
            let isStored = organisation.org % 2 != locked % 2
            #expect(organisation.lines == (isStored ? 3 : 1))
        }
        let next = BatchBuilder(sections: sections)
        next.restore(positions: state.positions)
        for (producer, progress) in state.producers {
            next.restore(producer: producer, progress: progress)
        }
        // It goes on in other steps than its forerunner: up to 150, and then beyond 200.
        try next.add(block: blocks[0].buffer.bytes, at: 100)
        #expect(next.usageCount == 3)
        _ = try new.commit(next, from: 100, to: 150)
        #expect(try new.checkpoint() == 150)
        try next.add(block: blocks[1].buffer.bytes, at: 150)
        try next.add(block: blocks[2].buffer.bytes, at: 200)
        #expect(next.usageCount == 9)
        _ = try new.commit(next, from: 150, to: 300)
        #expect(try new.checkpoint() == 300)
        #expect(new.positions.isLevel)
        try expectBooks(database, lines: 18)
        #expect(try new.loadEverything().producers == [1: SequenceSet(contiguous: 18)])
    }

    @Test func `an old writer's connections are all refused`() throws {
        let database = try TestDatabase()
        let old = try store(database)
        let batch = BatchBuilder()
        try begin(old, batch)
        let new = try store(database)
        let journal = Journal()
        usage(journal, from: 1)
        try journal.move(to: batch)
        let fence = try #require(old.fence)
        #expect(throws: StoreError.fencedOut(node: "node-a", fence: fence)) {
            try old.commit(batch, from: 100, to: 200)
        }
        #expect(try new.checkpoint() == 100)
        #expect(new.positions.isLevel)
        try expectBooks(database, lines: 0)
    }

    @Test func `organisations are loaded in order over two connections`() throws {
        let database = try TestDatabase()
        let store = try store(database)
        // Some numbers are left out, and a whole chunk of them.
        let numbers = "generate_series(1, 60000) AS n WHERE n % 7 <> 0 AND n / 16384 <> 2"
        try database.execute(
            """
            INSERT INTO organisations (org, name, zone, created_at, day, day_start, day_end)
            SELECT n, 'org-' || n, 'UTC', now(), '2026-03-01', now(), now() FROM \(numbers)
            """
        )
        try database.execute(
            "INSERT INTO wallets SELECT n, 0, 0, 0, 0, 0, now() FROM \(numbers)"
        )
        try database.execute(
            """
            INSERT INTO keys SELECT n, k, 0, 'key-' || k, 'mk', sha256((n || '-' || k)::bytea), 1,
                now() FROM generate_series(1, 2) AS k, \(numbers)
            """
        )
        let wanted = (1...60000 as ClosedRange<UInt32>).filter { $0 % 7 != 0 && $0 / 16384 != 2 }
        for connections in [1, 2, 3] {
            var settings = store.settings
            settings.writerConnections = connections
            let loader = PostgresStore(settings: settings, node: "node-a")
            try loader.connect()
            _ = try loader.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
            let found = try loader.loadEverything().organisations
            #expect(found.map(\.org) == wanted)
            #expect(found.allSatisfy { $0.keys.map(\.created.key) == [1, 2] })
        }
    }
}
