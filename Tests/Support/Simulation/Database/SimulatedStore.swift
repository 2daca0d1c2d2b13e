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
    /// Where the partitions stand, as far as this daemon knows.
    private var positions = StoredPositions()
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
        positions = database.books.positions[node] ?? StoredPositions()
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
        positions = found
        return found.lowest
    }

    // MARK: - The books

    package func loadAll(
        identitiesSince: Timestamp,
        receive: (LoadedItem) -> Void
    ) throws(StoreError) -> StoredPositions {
        let during = "loading the state"
        try begin(during)
        let fence = try heldFence()
        // One moment for all that is read, whatever is committed meanwhile.
        let books = database.books
        guard database.lease(of: node)?.fence == fence else {
            throw .fencedOut(node: node, fence: fence)
        }
        guard let found = books.positions[node] else {
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
        positions = found
        return found
    }

    /// Writes the sections one after the other, beginning with any: in between the connection may
    /// break, and then some of them are stored and others not.
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
        guard database.lease(of: node)?.fence == fence else {
            throw .fencedOut(node: node, fence: fence)
        }
        var report = CommitReport(usageLines: 0, ledgerLines: 0, wallets: 0)
        var isDone = false
        let count = batch.sectionCount
        let first = count > 1 ? Int(database.dice.next() % UInt64(count)) : 0
        for turn in 0..<count {
            let section = (first + turn) % count
            let moves = moves(of: batch, section, from: from, to: to)
            if moves.isEmpty { continue }
            let result = try store(batch, section, moves, to: to, during)
            for move in moves { positions[move.partition] = to }
            report.usageLines += result.report.usageLines
            report.ledgerLines += result.report.ledgerLines
            report.wallets += result.report.wallets
            isDone = true
        }
        guard isDone else {
            let found = database.books.positions[node]?.lowest ?? 0
            throw .positionMismatch(expected: from, found: found)
        }
        batch.markStored()
        return report
    }

    /// Which partitions of a section are behind, and where they are believed to stand.
    private func moves(
        of batch: BatchBuilder,
        _ section: Int,
        from: UInt64,
        to: UInt64
    ) -> [(partition: UInt32, from: UInt64)] {
        (0..<AccountBook.partitions).compactMap { partition in
            guard batch.section(ofPartition: partition) == section else { return nil }
            let stands = max(positions[partition], from)
            return stands < to || from == to ? (partition, stands) : nil
        }
    }

    /// One section's transaction.
    private func store(
        _ batch: BatchBuilder,
        _ section: Int,
        _ moves: [(partition: UInt32, from: UInt64)],
        to: UInt64,
        _ during: String
    ) throws(StoreError) -> TransactionResult {
        var books = database.books
        var found = books.positions[node] ?? StoredPositions()
        for move in moves where found[move.partition] != move.from {
            let expected = moves.map(\.from).min() ?? 0
            throw .positionMismatch(expected: expected, found: found.lowest)
        }
        for move in moves { found[move.partition] = to }
        books.positions[node] = found
        var result = try books.apply(batch.records(inSection: section))
        if moves.contains(where: { $0.partition == 0 }) {
            for producer in batch.touchedProducers {
                // What the daemon counted, as in the real transaction; the checkers count for
                // themselves.
                books.producers[producer] = batch.progress(of: producer)
                result.producers.insert(producer)
            }
        }
        if database.fails(\.droppedDuring) { throw drop(during) }
        if database.fails(\.droppedAfter) {
            database.leave(books, result, node: node)
            throw drop(during)
        }
        try finish(books, result, during)
        return result
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
