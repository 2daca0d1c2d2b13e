import Accounting
import Quantities

/// The door to the database: all that the engine needs of it.
///
/// `PostgresStore` is the real one; a simulated database can stand in, which reads what a batch
/// holds from `BatchBuilder.records(inSection:)`.
///
/// Queue:       one queue owns a store; every call blocks until it is answered.
public protocol LedgerStore: AnyObject {
    /// Connects, or connects anew; a lease that was acquired stays in force.
    ///
    /// - Throws: `badConnectionSettings`, `cannotConnect`, or what the server says.
    func connect() throws(StoreError)

    /// Ends the connection.
    func disconnect()

    /// Brings the schema up to what this program needs.
    ///
    /// - Returns: What was done.
    /// - Throws: `newerSchema`, or what the server says.
    func migrate() throws(StoreError) -> MigrationReport

    /// Becomes the one writer under the store's node name.
    ///
    /// - Parameters:
    ///   - holder: Who asks, for messages; the same holder may ask again at once.
    ///   - seconds: How long the lease runs, by the database's clock, unless it is renewed.
    ///   - takeOver: Whether a lease that still runs is broken.
    /// - Returns: The fence: one more than the last; it is checked in every batch.
    /// - Throws: `leaseHeld`, `olderSchema`, `newerSchema`, or what the server says.
    func acquireLease(
        holder: String,
        seconds: Int,
        takeOver: Bool
    ) throws(StoreError) -> UInt64

    /// Lets the lease run on from now.
    ///
    /// - Parameter seconds: How long.
    /// - Throws: `fencedOut` when another took it over, or what the server says.
    func renewLease(seconds: Int) throws(StoreError)

    /// Gives the lease back, so that the next daemon need not wait.
    ///
    /// - Throws: What the server says; a lease that another took over is no error.
    func releaseLease() throws(StoreError)

    /// The journal position up to which everything is in the database, in all partitions.
    ///
    /// It waits for a transaction of this node that may still be under way, so that after a lost
    /// connection its answer is final.
    ///
    /// - Throws: `fencedOut`, or what the server says.
    func checkpoint() throws(StoreError) -> UInt64

    /// Hands over the whole state at the checkpoint, organisation by organisation: each one as it
    /// is at its partition's position, all else as at the first partition's.
    ///
    /// - Parameters:
    ///   - identitiesSince: From when on identities of usage and grants are wanted.
    ///   - receive: Takes names, prices, producers, organisations in ascending order, identities.
    /// - Returns: The positions that the state belongs to.
    /// - Throws: What the server says; what was received before is then to be thrown away.
    func loadAll(
        identitiesSince: Timestamp,
        receive: (LoadedItem) -> Void
    ) throws(StoreError) -> StoredPositions

    /// Writes a batch and moves the checkpoint, both or neither in each partition.
    ///
    /// When it throws, some partitions may be stored and others not: committing the same batch
    /// again, after `checkpoint()`, writes what is missing.
    ///
    /// - Parameters:
    ///   - batch: The records between the two positions; emptied when they are stored.
    ///   - from: The checkpoint as it must be.
    ///   - to: The checkpoint as it will be.
    /// - Returns: What was written.
    /// - Throws: `connectionLost` when the outcome is not known: connect, read `checkpoint()`, and
    ///   either call `markStored()` on the batch or commit it again. `fencedOut` and
    ///   `positionMismatch` have changed nothing.
    func commit(
        _ batch: BatchBuilder,
        from: UInt64,
        to: UInt64
    ) throws(StoreError) -> CommitReport
}

/// What a batch wrote.
public struct CommitReport: Sendable, Hashable {
    /// How many usage lines.
    public var usageLines: Int
    /// How many other ledger lines.
    public var ledgerLines: Int
    /// How many wallets were touched.
    public var wallets: Int

    /// Reports on a batch.
    ///
    /// - Parameters:
    ///   - usageLines: How many usage lines.
    ///   - ledgerLines: How many other ledger lines.
    ///   - wallets: How many wallets were touched.
    public init(usageLines: Int, ledgerLines: Int, wallets: Int) {
        self.usageLines = usageLines
        self.ledgerLines = ledgerLines
        self.wallets = wallets
    }
}

/// A part of the state at the checkpoint.
public enum LoadedItem: Sendable, Hashable {
    /// What a number stands for.
    case name(NameDeclared)
    /// What a price version's number stands for.
    case price(PriceDeclared)
    /// How far a producer has come.
    case producer(UInt32, SequenceSet)
    /// One organisation with everything it has.
    case organisation(OrganisationSnapshot)
    /// A usage report that came without a sequence.
    case usageIdentity(UsageIdentity)
    /// A grant with the caller's idempotency key.
    case grantIdentity(GrantIdentity)
    /// Alerts that concern all, such as silent producers.
    case commonAlerts(AlertSnapshot)
    /// A purchase with the caller's idempotency key and its payment.
    case purchaseIdentity(PurchaseIdentity)
}

/// The identity of a usage report that came without a sequence.
public struct UsageIdentity: Sendable, Hashable {
    /// The organisation.
    public var org: UInt32
    /// The digest of producer and id.
    public var identity: UInt128
    /// The digest of its content.
    public var content: UInt64
    /// When it was applied.
    public var appliedAt: Timestamp
    /// Its line in the organisation's ledger.
    public var line: UInt64

    /// Names what was booked.
    ///
    /// - Parameters:
    ///   - org: The organisation.
    ///   - identity: The digest of producer and id.
    ///   - content: The digest of its content.
    ///   - appliedAt: When it was applied.
    ///   - line: Its line in the organisation's ledger.
    public init(
        org: UInt32,
        identity: UInt128,
        content: UInt64,
        appliedAt: Timestamp,
        line: UInt64
    ) {
        self.org = org
        self.identity = identity
        self.content = content
        self.appliedAt = appliedAt
        self.line = line
    }
}

/// The identity of a grant.
public struct GrantIdentity: Sendable, Hashable {
    /// The organisation.
    public var org: UInt32
    /// The digest of the caller's idempotency key.
    public var identity: UInt128
    /// The digest of the call's content.
    public var content: UInt64
    /// When it was issued.
    public var issuedAt: Timestamp
    /// The grant's number.
    public var grant: UInt32

    /// Names what was given.
    ///
    /// - Parameters:
    ///   - org: The organisation.
    ///   - identity: The digest of the caller's idempotency key.
    ///   - content: The digest of the call's content.
    ///   - issuedAt: When it was issued.
    ///   - grant: The grant's number.
    public init(
        org: UInt32,
        identity: UInt128,
        content: UInt64,
        issuedAt: Timestamp,
        grant: UInt32
    ) {
        self.org = org
        self.identity = identity
        self.content = content
        self.issuedAt = issuedAt
        self.grant = grant
    }
}
