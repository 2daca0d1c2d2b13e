import Accounting
import PostgresStore
import Quantities

/// A PostgreSQL server in memory, with the daemon's schema and all ways in which a server fails.
///
/// It outlives the daemon: each life of the daemon talks to it through a `SimulatedStore`.
///
/// Invariants:  a transaction happens as a whole or not at all; what was acknowledged stays.
/// Why:         commit-unknown is the fault that books are ruined by. A COMMIT whose answer is lost
///              stays in flight here; whether it is done shows when somebody takes the checkpoint's
///              row lock, and not before, as on a real server.
package final class SimulatedDatabase {
    struct Lease {
        var fence: UInt64
        var holder: String
        var expiresAt: Timestamp
    }

    /// A transaction whose COMMIT was sent by a connection that is gone.
    struct InFlight {
        var books: StoredBooks
        var result: TransactionResult
    }

    /// What is committed.
    package private(set) var books = StoredBooks()
    /// How it fails from now on.
    package var faults = DatabaseFaults()
    /// Called inside a call that takes its time, with the microseconds that it takes.
    package var wait: (Int64) -> Void = { _ in }
    /// Called after each transaction that is done, with the node's new position.
    package var committed: (UInt64) -> Void = { _ in }
    /// What was broken first.
    package private(set) var violation: String?
    /// How many transactions were done.
    package private(set) var transactions = 0
    /// How many of them were done after their connection was lost.
    package private(set) var lateTransactions = 0
    /// How many transactions left the partitions at different positions.
    package private(set) var unevenTransactions = 0
    /// How many failures were made.
    package private(set) var failures = 0

    var dice: DatabaseDice
    private var history = CommitHistory()
    private var leases: [String: Lease] = [:]
    private var inFlight: [String: InFlight] = [:]
    private let clock: () -> Timestamp
    private var isUp = true
    /// Connections are cut by being of an older generation.
    private(set) var generation = 0

    /// Makes an empty database.
    ///
    /// - Parameters:
    ///   - seed: Decides which calls fail.
    ///   - now: The database's own clock.
    package init(seed: UInt64, now: @escaping () -> Timestamp) {
        dice = DatabaseDice(seed: seed)
        clock = now
    }

    /// A store for one life of a daemon.
    ///
    /// - Parameter node: Under which node's name it writes.
    /// - Returns: A store that is not connected yet.
    package func store(node: String) -> SimulatedStore {
        SimulatedStore(self, node: node)
    }

    /// How long identities must be recognised, for the check that none is booked twice.
    package func setIdentityHours(_ hours: Int64) {
        history.identityMicroseconds = hours * 3_600_000_000
    }

    // MARK: - What the world does to it

    /// The server goes away: all connections break, none comes about.
    package func stop() {
        isUp = false
        cutConnections()
    }

    /// The server is back.
    package func start() {
        isUp = true
    }

    /// All connections break, as by `pg_terminate_backend`.
    package func cutConnections() {
        generation += 1
    }

    /// Another daemon takes over a node's lease.
    package func takeOver(node: String, holder: String, seconds: Int) {
        _ = grantLease(node: node, holder: holder, seconds: seconds)
    }

    /// Up to where everything of a node is committed.
    package func position(of node: String) -> UInt64 {
        books.positions[node]?.lowest ?? 0
    }

    /// Up to where some partition of a node is committed.
    package func furthest(of node: String) -> UInt64 {
        books.positions[node]?.highest ?? 0
    }

    /// Looks at everything that is committed, the slow way.
    package func check() {
        if let fault = books.firstInconsistency() { complain("books: \(fault)") }
        checkProducers(Set(books.producers.keys))
    }

    /// The first partition's transaction notes the sequences of all: while others are behind it, or
    /// it is behind them, nothing can be told.
    private func checkProducers(_ producers: Set<UInt32>) {
        guard books.positions.values.allSatisfy(\.isLevel) else { return }
        for producer in producers.sorted() {
            guard let progress = books.producers[producer] else { continue }
            if let fault = history.fault(in: progress, of: producer) {
                complain("producers: \(fault)")
            }
        }
    }

    // MARK: - What connections do to it

    func connect() throws(StoreError) -> Int {
        guard isUp, !fails(\.refused) else {
            throw .cannotConnect(server: "simulated", reason: "connection refused")
        }
        return generation
    }

    func fails(_ kind: KeyPath<DatabaseFaults, UInt64>) -> Bool {
        let fails = dice.oneIn(faults[keyPath: kind])
        if fails { failures += 1 }
        return fails
    }

    /// Lets time pass when the answer is to be slow.
    func pass() {
        guard fails(\.slow), faults.slowMicroseconds > 0 else { return }
        wait(Int64(dice.next() % UInt64(faults.slowMicroseconds)) + 1)
    }

    func lease(of node: String) -> Lease? { leases[node] }

    func isHeld(by others: String, node: String) -> (holder: String, seconds: Int)? {
        guard let lease = leases[node], lease.holder != others else { return nil }
        let left = lease.expiresAt.microseconds - clock().microseconds
        guard left > 0 else { return nil }
        return (lease.holder, Int((left + 999_999) / 1_000_000))
    }

    func grantLease(node: String, holder: String, seconds: Int) -> UInt64 {
        settle(node)
        let fence = (leases[node]?.fence ?? 0) + 1
        leases[node] = Lease(fence: fence, holder: holder, expiresAt: end(of: seconds))
        if books.positions[node] == nil { books.positions[node] = StoredPositions() }
        return fence
    }

    func renewLease(node: String, fence: UInt64, seconds: Int) -> Bool {
        guard leases[node]?.fence == fence else { return false }
        leases[node]?.expiresAt = end(of: seconds)
        return true
    }

    func endLease(node: String, fence: UInt64) {
        if leases[node]?.fence == fence { leases[node]?.expiresAt = clock() }
    }

    private func end(of seconds: Int) -> Timestamp {
        clock().advanced(byMicroseconds: Int64(seconds) * 1_000_000)
    }

    /// Waits for the row lock of a node's checkpoint: a COMMIT in flight is done by then, or never.
    func settle(_ node: String) {
        guard let late = inFlight.removeValue(forKey: node) else { return }
        guard dice.next() % 2 == 0 else { return }
        lateTransactions += 1
        install(late.books, late.result, node: node)
    }

    /// A connection is gone whose COMMIT is on its way.
    func leave(_ books: StoredBooks, _ result: TransactionResult, node: String) {
        inFlight[node] = InFlight(books: books, result: result)
        // Often the server was faster than the news of the end.
        if dice.next() % 2 == 0 { settle(node) }
    }

    /// A transaction is done.
    func install(_ new: StoredBooks, _ result: TransactionResult, node: String) {
        let before = books.positions[node] ?? StoredPositions()
        let after = new.positions[node] ?? StoredPositions()
        for partition in 0..<AccountBook.partitions where after[partition] < before[partition] {
            complain(
                "checkpoint: partition \(partition) goes back from \(before[partition]) "
                    + "to \(after[partition])"
            )
        }
        books = new
        transactions += 1
        if let fault = history.add(result) { complain("twice: \(fault)") }
        for org in result.wallets.sorted() {
            if let fault = books.organisations[org]?.firstWalletFault() {
                complain("books: organisation \(org): \(fault)")
            }
        }
        unevenTransactions += after.isLevel ? 0 : 1
        checkProducers(result.producers)
        committed(after.lowest)
    }

    func complain(_ fault: String) {
        if violation == nil { violation = fault }
    }
}
