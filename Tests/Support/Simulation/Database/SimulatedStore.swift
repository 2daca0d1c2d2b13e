import Accounting
import PostgresStore
import Quantities

/// The simulated database as one life of a daemon sees it: a connection, and a fence in memory.
package final class SimulatedStore: LedgerStore {
    private let database: SimulatedDatabase
    private let node: String
    /// The generation of the connection, while there is one.
    private var connection: Int?
    private var fence: UInt64?
    private var isDead = false

    init(_ database: SimulatedDatabase, node: String) {
        self.database = database
        self.node = node
    }

    /// The daemon has died: nothing that is called from now on reaches the database.
    package func die() {
        isDead = true
        connection = nil
    }

    /// Another daemon's store for the same node.
    package func neighbour() -> SimulatedStore {
        SimulatedStore(database, node: node)
    }

    // MARK: - The connection

    package func connect() throws(StoreError) {
        disconnect()
        if isDead { throw .cannotConnect(server: "simulated", reason: "the daemon is dead") }
        database.pass()
        connection = try database.connect()
    }

    package func disconnect() {
        connection = nil
    }

    /// Whether the connection is up, after whatever may have happened to it.
    private var isOpen: Bool { !isDead && connection == database.generation }

    /// A call begins: it may be slow, may not reach the server, or be refused by it.
    private func begin(_ during: String) throws(StoreError) {
        guard isOpen else {
            throw .connectionLost(during: "a call", reason: "the connection is closed")
        }
        database.pass()
        try checkConnection(during)
        if database.fails(\.droppedBefore) { throw drop(during) }
        if database.fails(\.serverError) {
            throw .server(sqlState: "57P01", message: "terminating", during: during)
        }
    }

    private func checkConnection(_ during: String) throws(StoreError) {
        if !isOpen { throw drop(during) }
    }

    private func drop(_ during: String) -> StoreError {
        connection = nil
        return .connectionLost(during: during, reason: "server closed the connection")
    }

    private func heldFence() throws(StoreError) -> UInt64 {
        guard let fence else { throw .fencedOut(node: node, fence: 0) }
        return fence
    }

    // MARK: - The schema and the lease

    package func migrate() throws(StoreError) -> MigrationReport {
        try begin("the migration")
        return MigrationReport(from: 1, to: 1, applied: [])
    }

    package func acquireLease(
        holder: String,
        seconds: Int,
        takeOver: Bool
    ) throws(StoreError) -> UInt64 {
        invariant(seconds > 0, "a lease runs for some time")
        let during = "the writer lease"
        try begin(during)
        if !takeOver, let other = database.isHeld(by: holder, node: node) {
            throw .leaseHeld(node: node, holder: other.holder, seconds: other.seconds)
        }
        if database.fails(\.droppedDuring) { throw drop(during) }
        let granted = database.grantLease(node: node, holder: holder, seconds: seconds)
        // The lease is taken, whether we hear of it or not.
        if database.fails(\.droppedAfter) { throw drop(during) }
        fence = granted
        return granted
    }

    package func renewLease(seconds: Int) throws(StoreError) {
        invariant(seconds > 0, "a lease runs for some time")
        try begin("the writer lease")
        let fence = try heldFence()
        guard database.renewLease(node: node, fence: fence, seconds: seconds) else {
            throw .fencedOut(node: node, fence: fence)
        }
        if database.fails(\.droppedAfter) { throw drop("the writer lease") }
    }

    package func releaseLease() throws(StoreError) {
        guard let fence else { return }
        try begin("the writer lease")
        database.endLease(node: node, fence: fence)
        self.fence = nil
    }

    package func checkpoint() throws(StoreError) -> UInt64 {
        try begin("reading the checkpoint")
        let fence = try heldFence()
        database.settle(node)
        guard let found = database.books.positions[node] else {
            throw .inconsistent("node \(node) has no checkpoint")
        }
        guard database.lease(of: node)?.fence == fence else {
            throw .fencedOut(node: node, fence: fence)
        }
        if database.fails(\.droppedAfter) { throw drop("reading the checkpoint") }
        return found
    }

    // MARK: - The books

    package func loadAll(
        identitiesSince: Timestamp,
        receive: (LoadedItem) -> Void
    ) throws(StoreError) -> UInt64 {
        let during = "loading the state"
        try begin(during)
        let fence = try heldFence()
        // One moment for all that is read, whatever is committed meanwhile.
        let books = database.books
        guard database.lease(of: node)?.fence == fence else {
            throw .fencedOut(node: node, fence: fence)
        }
        guard let position = books.positions[node] else {
            throw .inconsistent("node \(node) has no checkpoint")
        }
        let isCut = database.fails(\.droppedDuring)
        var rows = 0
        let last = isCut ? Int(database.dice.next() % 64) : .max
        books.load(identitiesSince: identitiesSince) { item in
            rows += 1
            if rows <= last { receive(item) }
        }
        if isCut { throw drop(during) }
        database.pass()
        try checkConnection(during)
        return position
    }

    package func commit(
        _ batch: BatchBuilder,
        from: UInt64,
        to: UInt64
    ) throws(StoreError) -> CommitReport {
        invariant(from <= to, "the checkpoint only grows")
        let during = "a batch"
        try begin(during)
        let fence = try heldFence()
        database.settle(node)
        var books = database.books
        let found = books.positions[node] ?? 0
        guard database.lease(of: node)?.fence == fence else {
            throw .fencedOut(node: node, fence: fence)
        }
        guard found == from else { throw .positionMismatch(expected: from, found: found) }
        books.positions[node] = to
        let result = try books.apply(batch.records)
        for producer in result.producers {
            // What the daemon counted, as in the real transaction; the checkers count for
            // themselves.
            books.producers[producer] = batch.progress(of: producer)
        }
        if database.fails(\.droppedDuring) { throw drop(during) }
        if database.fails(\.droppedAfter) {
            database.leave(books, result, node: node)
            throw drop(during)
        }
        try finish(books, result, during)
        batch.markStored()
        return result.report
    }

    /// COMMIT is sent; the server does it at some time while we wait for the answer.
    private func finish(
        _ books: StoredBooks,
        _ result: TransactionResult,
        _ during: String
    ) throws(StoreError) {
        let isDoneAtOnce = database.dice.next() % 2 == 0
        if isDoneAtOnce { database.install(books, result, node: node) }
        database.pass()
        if isOpen {
            if !isDoneAtOnce { database.install(books, result, node: node) }
            return
        }
        if !isDoneAtOnce { database.leave(books, result, node: node) }
        throw drop(during)
    }
}
