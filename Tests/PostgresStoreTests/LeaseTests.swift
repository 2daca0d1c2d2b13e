import Quantities
import Testing

@testable import PostgresStore

/// Goal: of two daemons under one node's name only one writes, whatever they believe.
///
/// Method: two stores on one database.
@Suite struct LeaseTests {
    private func second(_ database: TestDatabase) throws -> PostgresStore {
        let store = PostgresStore(settings: try database.settings(), node: "node-a")
        try store.connect()
        return store
    }

    @Test func `a running lease is refused to others, with its holder's name`() throws {
        let database = try TestDatabase()
        let first = try database.store()
        #expect(first.fence == 1)
        let other = try second(database)
        let refusal = #expect(throws: StoreError.self) {
            try other.acquireLease(holder: "daemon-2", seconds: 60, takeOver: false)
        }
        guard case .leaseHeld(let node, let holder, let seconds) = refusal else {
            Issue.record("the lease was not refused as held: \(String(describing: refusal))")
            return
        }
        #expect(node == "node-a")
        #expect(holder == "daemon-1")
        #expect((1...60).contains(seconds))
        #expect(other.fence == nil)
    }

    @Test func `the same holder takes its lease again at once, with a higher fence`() throws {
        let database = try TestDatabase()
        _ = try database.store()
        let again = try second(database)
        #expect(try again.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false) == 2)
    }

    @Test func `a lease that ran out or was given back is free`() throws {
        let database = try TestDatabase()
        let first = try database.store()
        try database.execute("UPDATE writer_lease SET expires_at = now() - interval '1 second'")
        let other = try second(database)
        #expect(try other.acquireLease(holder: "daemon-2", seconds: 60, takeOver: false) == 2)
        #expect(throws: StoreError.fencedOut(node: "node-a", fence: 1)) {
            try first.renewLease(seconds: 60)
        }
        try other.releaseLease()
        #expect(try first.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false) == 3)
    }

    @Test func `a renewed lease runs on`() throws {
        let database = try TestDatabase()
        let first = try database.store()
        try database.execute("UPDATE writer_lease SET expires_at = now() + interval '1 second'")
        try first.renewLease(seconds: 600)
        let left = "SELECT extract(epoch FROM expires_at - now())::bigint FROM writer_lease"
        #expect(try database.count(left) > 500)
    }

    @Test func `an old writer's batch fails and changes nothing`() throws {
        let database = try TestDatabase()
        let old = try database.store()
        let journal = Journal()
        journal.create(1)
        journal.grant(1, 1, Amount(credits: 10))
        let batch = BatchBuilder()
        try journal.move(to: batch)
        _ = try old.commit(batch, from: 0, to: 100)

        let new = try second(database)
        _ = try new.acquireLease(holder: "daemon-2", seconds: 60, takeOver: true)
        journal.write(Journal.usage(1, Amount(credits: 3)))
        try journal.move(to: batch)
        #expect(throws: StoreError.fencedOut(node: "node-a", fence: 1)) {
            try old.commit(batch, from: 100, to: 200)
        }
        #expect(throws: StoreError.fencedOut(node: "node-a", fence: 1)) { try old.checkpoint() }
        #expect(try new.checkpoint() == 100)
        #expect(try database.count("SELECT count(*) FROM usage_lines") == 0)
        #expect(try database.count("SELECT lines FROM wallets") == 1)
        #expect(batch.usageCount == 1)
    }

    @Test func `a writer without a lease is refused`() throws {
        let database = try TestDatabase()
        _ = try database.store()
        let other = try second(database)
        #expect(throws: StoreError.fencedOut(node: "node-a", fence: 0)) {
            try other.commit(BatchBuilder(), from: 0, to: 1)
        }
    }

    @Test func `nodes of other names do not meet`() throws {
        let database = try TestDatabase()
        let one = try database.store(node: "node-a")
        let two = try database.store(node: "node-b")
        _ = try one.commit(BatchBuilder(), from: 0, to: 5)
        #expect(try two.checkpoint() == 0)
        #expect(try one.checkpoint() == 5)
    }
}
