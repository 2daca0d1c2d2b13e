import Accounting
import Quantities

/// Gathers the records of journal blocks into what one transaction will write.
///
/// Invariants:  a record is either in with all its effects or refused; the order of records is kept
///              for each organisation; nothing here depends on the order of hashing.
/// Queue:       one owner at a time: filled by the one that reads the journal, then handed to
///              `LedgerStore.commit`.
/// Cost:        a copy of each record and four look-ups for a usage record; no allocation for it
///              once the memory has grown to the largest batch.
public final class BatchBuilder {
    let arena = OutputBuffer(capacity: 1 << 20)
    var lines: [PendingLine] = []
    var ledgerLines: [PendingLedgerLine] = []
    var wallets: [WalletDelta] = []
    var walletIndex = IndexTable(minimumCapacity: 4096)
    var grants: [GrantDelta] = []
    var grantIndex = IndexTable(minimumCapacity: 4096)
    var rollups: [RollupDelta] = []
    var rollupIndex = IndexTable(minimumCapacity: 4096)
    var holds: [HoldDelta] = []
    var holdIndex = IndexTable(minimumCapacity: 1024)
    var producers = ProducerTable()
    var cold = ColdChanges()
    var days: [CivilDay] = []

    /// How many records are in.
    public private(set) var recordCount = 0
    /// How many of them are usage.
    public internal(set) var usageCount = 0

    /// Makes an empty batch.
    public init() {}

    /// Whether nothing is in.
    public var isEmpty: Bool { recordCount == 0 }

    /// All records that are in, as `RecordWalker` reads them.
    public var records: UnsafeRawBufferPointer { arena.bytes }

    /// Takes in one record.
    ///
    /// - Parameters:
    ///   - kind: The record's kind.
    ///   - record: The whole record.
    /// - Throws: `badRecord` when it is not readable; the batch is as before then.
    public func add(
        _ kind: ChangeKind,
        _ record: UnsafeRawBufferPointer
    ) throws(StoreError) {
        if kind == .usage {
            guard let (usage, _, _) = UsageChange.decode(record), usage.org != 0 else {
                throw .badRecord(offset: 0, kind: kind.rawValue)
            }
            let offset = arena.count
            arena.append(record)
            addUsage(usage, offset: offset)
        } else {
            guard let change = Change.decode(record) else {
                throw .badRecord(offset: 0, kind: kind.rawValue)
            }
            arena.append(record)
            add(change)
        }
        recordCount += 1
    }

    /// Takes in all records of a journal block.
    ///
    /// - Parameter block: The block's body: whole records, one after the other.
    /// - Throws: `badRecord` at the first that is not readable; those before it are in.
    public func add(block: UnsafeRawBufferPointer) throws(StoreError) {
        var walker = RecordWalker(block)
        var offset = 0
        while let (kind, record) = walker.next() {
            do {
                try add(kind, record)
            } catch {
                throw .badRecord(offset: offset, kind: kind.rawValue)
            }
            offset = walker.position
        }
        guard offset == block.count else {
            throw .badRecord(offset: offset, kind: offset + 4 < block.count ? block[offset + 4] : 0)
        }
    }

    /// Takes in how far a producer has come, as the database has it.
    ///
    /// - Parameters:
    ///   - producer: The producer's number.
    ///   - progress: Its sequences that are safe.
    public func restore(producer: UInt32, progress: SequenceSet) {
        invariant(isEmpty, "producers are restored before the first record")
        producers.restore(producer, progress)
    }

    /// How far a producer has come, the batch included.
    ///
    /// - Parameter producer: The producer's number.
    /// - Returns: Its sequences that are safe; nil when it was never seen.
    public func progress(of producer: UInt32) -> SequenceSet? {
        producers.progress(producer)
    }

    /// Notes that the batch is in the database, and forgets its records.
    ///
    /// A commit that succeeds has called it. Call it by hand only after a commit whose answer was
    /// lost and whose position `checkpoint()` gave back.
    public func markStored() {
        producers.markStored()
        removeAll()
    }

    /// Forgets the batch and keeps the memory; producers stand where the last stored batch left
    /// them.
    public func removeAll() {
        arena.removeAll()
        lines.removeAll(keepingCapacity: true)
        ledgerLines.removeAll(keepingCapacity: true)
        wallets.removeAll(keepingCapacity: true)
        walletIndex.removeAll()
        grants.removeAll(keepingCapacity: true)
        grantIndex.removeAll()
        rollups.removeAll(keepingCapacity: true)
        rollupIndex.removeAll()
        holds.removeAll(keepingCapacity: true)
        holdIndex.removeAll()
        producers.removePending()
        cold = ColdChanges()
        days.removeAll(keepingCapacity: true)
        recordCount = 0
        usageCount = 0
    }
}
