import Accounting
import Quantities

/// Gathers the records of journal blocks into what one commit will write.
///
/// It lies in sections, each with some of the organisations' partitions, so that several
/// connections can write it side by side.
///
/// Invariants:  a record is either in with all its effects or refused; the order of records is kept
///              for each organisation; a partition's records up to its stored position are left
///              out, but for their sequences, which the first partition's transaction notes.
/// Queue:       one owner at a time: filled by the one that reads the journal, then handed to
///              `LedgerStore.commit`.
/// Cost:        a copy of each record and four look-ups for a usage record; no allocation for it
///              once the memory has grown to the largest batch.
public final class BatchBuilder {
    let sections: [BatchSection]
    var producers = ProducerTable()
    private var stored = StoredPositions()
    /// Beyond it nothing is stored, in no partition.
    private var furthest: UInt64 = 0

    /// How many records are in.
    public private(set) var recordCount = 0
    /// How many of them are usage.
    public private(set) var usageCount = 0

    /// Makes an empty batch.
    ///
    /// - Parameter sections: Into how many parts it is divided.
    public init(sections: Int = 2) {
        invariant(
            (1...Int(AccountBook.partitions)).contains(sections),
            "a section has at least one partition"
        )
        self.sections = (0..<sections).map { _ in BatchSection() }
    }

    /// Whether nothing is in.
    public var isEmpty: Bool { recordCount == 0 }

    /// How many sections there are.
    public var sectionCount: Int { sections.count }

    /// Which section a partition of the organisations is in.
    ///
    /// - Parameter partition: The partition.
    /// - Returns: The section, from 0.
    public func section(ofPartition partition: UInt32) -> Int {
        Int(partition) % sections.count
    }

    /// All records of a section, as `RecordWalker` reads them.
    ///
    /// - Parameter section: The section, from 0.
    /// - Returns: The records, in their order.
    public func records(inSection section: Int) -> UnsafeRawBufferPointer {
        sections[section].arena.bytes
    }

    /// Takes in one record.
    ///
    /// - Parameters:
    ///   - kind: The record's kind.
    ///   - record: The whole record.
    ///   - position: Where its block begins in the journal.
    /// - Throws: `badRecord` when it is not readable; the batch is as before then.
    public func add(
        _ kind: ChangeKind,
        _ record: UnsafeRawBufferPointer,
        at position: UInt64 = .max
    ) throws(StoreError) {
        if kind == .usage {
            guard let (usage, _, session) = UsageChange.decode(record), usage.org != 0 else {
                throw .badRecord(offset: 0, kind: kind.rawValue)
            }
            note(usage.sequence, of: usage.producer)
            if isStored(usage.org, at: position) { return }
            let section = section(of: usage.org)
            let offset = section.arena.count
            section.arena.append(record)
            section.addUsage(usage, session: session, offset: offset)
            usageCount += 1
        } else {
            guard let change = Change.decode(record) else {
                throw .badRecord(offset: 0, kind: kind.rawValue)
            }
            if case .sequenceSkipped(let body) = change.body {
                note(body.sequence, of: body.producer)
            }
            if isStored(change.org, at: position) { return }
            let section = section(of: change.org)
            section.arena.append(record)
            section.add(change)
        }
        recordCount += 1
    }

    /// Takes in all records of a journal block.
    ///
    /// - Parameters:
    ///   - block: The block's body: whole records, one after the other.
    ///   - position: Where the block begins in the journal.
    /// - Throws: `badRecord` at the first that is not readable; those before it are in.
    public func add(
        block: UnsafeRawBufferPointer,
        at position: UInt64 = .max
    ) throws(StoreError) {
        var walker = RecordWalker(block)
        var offset = 0
        while let (kind, record) = walker.next() {
            do {
                try add(kind, record, at: position)
            } catch {
                throw .badRecord(offset: offset, kind: kind.rawValue)
            }
            offset = walker.position
        }
        guard offset == block.count else {
            throw .badRecord(offset: offset, kind: offset + 4 < block.count ? block[offset + 4] : 0)
        }
    }

    @inline(__always)
    private func section(of org: UInt32) -> BatchSection {
        sections[section(ofPartition: AccountBook.partition(of: org))]
    }

    @inline(__always)
    private func isStored(_ org: UInt32, at position: UInt64) -> Bool {
        position < furthest && stored.has(org, at: position)
    }

    @inline(__always)
    private func note(_ sequence: UInt64, of producer: UInt32) {
        if producer != 0, sequence != 0 { producers.insert(sequence, of: producer) }
    }

    /// Takes in how far each partition is stored, as the database has it.
    ///
    /// - Parameter positions: What lies before them is left out from now on.
    public func restore(positions: StoredPositions) {
        invariant(isEmpty, "positions are restored before the first record")
        stored = positions
        furthest = positions.highest
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

    /// The producers that the batch brings further, by number.
    public var touchedProducers: [UInt32] {
        producers.touched.map(\.producer)
    }

    /// The days in UTC of all usage.
    var days: Set<CivilDay> {
        sections.reduce(into: []) { $0.formUnion($1.days) }
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
        for section in sections { section.removeAll() }
        producers.removePending()
        recordCount = 0
        usageCount = 0
    }
}
