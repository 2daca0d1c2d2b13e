import Accounting
import Dispatch
import Journaling
import PostgresStore
import Quantities
import Synchronization

/// Applies the journal behind the checkpoint to the books.
///
/// One reader goes through the journal in order: it checks each block, takes what is said of names,
/// prices and sequences, and sorts the records by partition into a batch. Meanwhile the batch
/// before it is applied, each partition by whoever is free.
///
/// Invariants:  a book gets its records in the journal's order, from one thread at a time; so the
///              state is that of a replay one record after the other. Books share nothing.
/// Queue:       the caller's; what it starts has ended when `run` returns.
/// Cost:        two batches of some eight megabytes; a book's organisations are asked for before
///              their records come, and of a batch only one partition's are in use at a time.
final class JournalReplay: @unchecked Sendable {
    // SAFETY: within a turn of `applySharing` one thread reads, and touches `next` and everything
    // else that is mutable; of the others each touches its own partition's book and reads
    // `present`. Between turns there is one thread. Attacked by `JournalReplayTests`.

    private let reader: JournalReader
    private let end: UInt64
    private let books: [AccountBook]
    private let directory: Directory
    private let names: NameRegistry
    private let prices: PriceRegistry
    /// What lies before is in what was loaded, but for what goes with the first partition.
    private let stored: StoredPositions
    /// The time of the last record of each partition that was stored already.
    @exclusivity(unchecked) private var storedTimes: [Timestamp]
    /// Which sequences of each producer are through.
    @exclusivity(unchecked) private(set) var progress: ProducerProgress
    /// How many usage lines there were.
    @exclusivity(unchecked) private(set) var usage: UInt64 = 0
    /// How many records there were.
    @exclusivity(unchecked) private(set) var records: UInt64 = 0
    /// The batch that is applied, and the one that is filled meanwhile.
    @exclusivity(unchecked) private var present: ReplayBatch
    @exclusivity(unchecked) private var next: ReplayBatch
    /// Why the reader could not go on.
    private var fault: EngineError?
    /// Where a book could not read a record, as the end of its block.
    private let unreadable = Mutex<UInt64?>(nil)

    private let sizes: Sizes

    /// How much is done at a time.
    struct Sizes {
        /// From how many bytes on a batch is handed on.
        var batchBytes = 8 << 20
        /// From how many records on a batch is worth waking other threads for.
        var sharedRecords = 4096
    }

    /// Prepares to replay all that a reader gives up to a position.
    init(
        _ reader: JournalReader,
        upTo end: UInt64,
        books: [AccountBook],
        directory: Directory,
        names: NameRegistry,
        prices: PriceRegistry,
        progress: [UInt32: SequenceSet],
        stored: StoredPositions = StoredPositions(),
        sizes: Sizes = Sizes()
    ) {
        invariant(books.count == Int(AccountBook.partitions), "there is a book for each partition")
        self.reader = reader
        self.end = end
        present = ReplayBatch(capacity: sizes.batchBytes)
        next = ReplayBatch(capacity: sizes.batchBytes)
        self.books = books
        self.directory = directory
        self.names = names
        self.prices = prices
        self.progress = ProducerProgress(progress)
        self.stored = stored
        storedTimes = Array(repeating: .epoch, count: books.count)
        self.sizes = sizes
    }

    /// Replays it.
    func run() throws(EngineError) {
        fill()
        while true {
            if let fault { throw fault }
            swap(&present, &next)
            // By its bytes: a batch may hold nothing for any book.
            guard present.count > 0 else { return takeStoredTimes() }
            if present.records < sizes.sharedRecords {
                for partition in books.indices { apply(partition) }
                fill()
            } else {
                applySharing()
            }
            if let position = unreadable.withLock({ $0 }) {
                throw .unreadableRecord(position: position)
            }
        }
    }

    /// Applies a batch and fills the next one at the same time, on all cores.
    private func applySharing() {
        DispatchQueue.concurrentPerform(iterations: books.count + 1) { index in
            // The reader first: it is the longest piece.
            if index == 0 { fill() } else { apply(index - 1) }
        }
    }

    // MARK: - Reading

    private func fill() {
        do throws(EngineError) {
            try read(into: next)
        } catch {
            fault = error
        }
    }

    private func read(into batch: ReplayBatch) throws(EngineError) {
        batch.removeAll()
        while batch.count < sizes.batchBytes {
            let isReadable: Bool?
            do throws(JournalError) {
                isReadable = try reader.withNextBlock(upTo: end) { position, end, bytes in
                    take(bytes, at: position, endingAt: end, into: batch)
                }
            } catch {
                throw .journal(error)
            }
            guard let isReadable else { return }
            guard isReadable else { throw .unreadableRecord(position: reader.position) }
        }
    }

    /// Sorts the records of a block; false when one cannot be read.
    ///
    /// Where partitions stand apart, a block may be in the books of some organisations already.
    private func take(
        _ block: UnsafeRawBufferPointer,
        at position: UInt64,
        endingAt end: UInt64,
        into batch: ReplayBatch
    ) -> Bool {
        var offset = batch.append(block, endingAt: end)
        let isPartlyStored = position < stored.highest
        var walker = RecordWalker(block)
        while let (kind, record) = walker.next() {
            let org = record.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
            if isPartlyStored, stored.has(org, at: position) {
                guard skip(kind, record, org: org) else { return false }
                offset += record.count
                continue
            }
            records += 1
            switch kind {
            case .usage:
                guard record.count >= UsageChange.fixedLength else { return false }
                usage += 1
                noteSequence(ofUsage: record)
                batch.note(offset, org: org)
            case .nameDeclared, .priceDeclared, .sequenceSkipped:
                guard takeDeclaration(record) else { return false }
            case .organisationCreated, .projectCreated, .keyCreated, .keyRotated, .keyRevoked:
                guard let change = Change.decode(record) else { return false }
                directory.apply(change)
                batch.note(offset, org: org)
            default:
                batch.note(offset, org: org)
            }
            offset += record.count
        }
        return walker.position == block.count
    }

    @inline(__always)
    private func noteSequence(ofUsage record: UnsafeRawBufferPointer) {
        progress.note(
            record.loadUnaligned(fromByteOffset: 40, as: UInt64.self),
            of: record.loadUnaligned(fromByteOffset: 36, as: UInt32.self)
        )
    }

    /// Takes from a record that is stored what its partition's transaction has not noted: the time,
    /// and the producer's sequence; false when it cannot be read.
    private func skip(_ kind: ChangeKind, _ record: UnsafeRawBufferPointer, org: UInt32) -> Bool {
        let appliedAt = record.loadUnaligned(fromByteOffset: 8, as: Int64.self)
        let partition = Int(AccountBook.partition(of: org))
        storedTimes[partition] = max(storedTimes[partition], Timestamp(microseconds: appliedAt))
        switch kind {
        case .usage:
            guard record.count >= UsageChange.fixedLength else { return false }
            noteSequence(ofUsage: record)
        case .sequenceSkipped:
            return takeDeclaration(record)
        default: break
        }
        return true
    }

    /// Moves the books' time on: while batches are applied, each is another thread's.
    private func takeStoredTimes() {
        for (partition, moment) in storedTimes.enumerated() { books[partition].loadTime(moment) }
    }

    /// Takes what is no book's.
    private func takeDeclaration(_ record: UnsafeRawBufferPointer) -> Bool {
        guard let change = Change.decode(record) else { return false }
        switch change.body {
        case .nameDeclared(let name): names.restore(name)
        case .priceDeclared(let price): prices.restore(price)
        case .sequenceSkipped(let skip): progress.note(skip.sequence, of: skip.producer)
        default: return false
        }
        return true
    }

    // MARK: - Applying

    /// Applies the present batch's records of one partition.
    private func apply(_ partition: Int) {
        let book = books[partition]
        let bad = present.forEach(
            of: partition,
            ahead: { org in book.prefetch(org) },
            apply: { kind, record in book.replay(kind: kind, record: record) }
        )
        guard let bad else { return }
        unreadable.withLock { $0 = min($0 ?? .max, bad) }
    }
}
