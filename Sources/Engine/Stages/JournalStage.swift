import Ingest
import Journaling
import Quantities
import Rings
import Synchronization

/// What becomes true when the journal has passed a position.
struct JournalMark: Sendable {
    enum Meaning: Sendable {
        case loop(shard: Int, loop: Int, position: UInt64)
        case completion(UInt64)
        case usage(UInt32)
    }

    let position: UInt64
    let meaning: Meaning
}

/// Marks that wait for the disk: put in by the writer, taken out by the syncer, a block at a time.
final class PendingMarks: Sendable {
    private let marks = Mutex<[JournalMark]>([])

    func add(_ new: [JournalMark]) {
        marks.withLock { $0.append(contentsOf: new) }
    }

    func take(upTo position: UInt64) -> [JournalMark] {
        marks.withLock { marks in
            let count = marks.firstIndex { $0.position > position } ?? marks.count
            let taken = Array(marks[..<count])
            marks.removeFirst(count)
            return taken
        }
    }

    var isEmpty: Bool { marks.withLock { $0.isEmpty } }
}

/// Asks for the block that says that everything before it is durable, at an orderly stop.
///
/// Without it, later damage to the last block could not be told from a torn tail.
final class SealRequest: Sendable {
    private let wanted = Atomic<Bool>(false)

    var isWanted: Bool { wanted.load(ordering: .acquiring) }
    func ask() { wanted.store(true, ordering: .releasing) }
    func finish() { wanted.store(false, ordering: .releasing) }
}

/// Collects the shards' records into blocks and writes them; tells loops what is written.
///
/// Queue: its stage's, or that of the loop that ran it inline; one at a time.
final class JournalStage {
    private let writer: JournalWriter
    private let rings: [ByteRing]
    private let shards: [Stage]
    private let signals: [ShardSignal]
    private let progress: [[CommandProgress]]
    private let loops: [LoopSignal]
    private let pending: PendingMarks
    private let syncStage: Stage
    private let health: Health
    private let seal: SealRequest
    private var meanings: [JournalMark.Meaning] = []

    init(
        writer: sending JournalWriter,
        rings: [ByteRing],
        shards: [Stage],
        signals: [ShardSignal],
        progress: [[CommandProgress]],
        loops: [LoopSignal],
        pending: PendingMarks,
        syncStage: Stage,
        health: Health,
        seal: SealRequest
    ) {
        self.seal = seal
        self.writer = writer
        self.rings = rings
        self.shards = shards
        self.signals = signals
        self.progress = progress
        self.loops = loops
        self.pending = pending
        self.syncStage = syncStage
        self.health = health
    }

    /// One turn: everything that the shards have handed over, in as few blocks as it fits.
    func run() {
        do throws(JournalError) {
            for shard in rings.indices { try collect(shard) }
            try write()
            if seal.isWanted, pending.isEmpty {
                try writer.seal()
                seal.finish()
                syncStage.kick()
            }
            if health.has(.journalWrite) { health.set(.journalWrite, nil) }
        } catch {
            // What was collected stays in the block; the next turn goes on where this one was.
            if case .behind = error { return syncStage.kick() }
            health.set(.journalWrite, error.description)
        }
    }

    private func collect(_ shard: Int) throws(JournalError) {
        let ring = rings[shard]
        guard ring.beginBatch() > 0 else { return }
        defer {
            ring.release()
            if signals[shard].wantsRoom { shards[shard].kick() }
        }
        while let record = ring.next() {
            let tag = record.loadUnaligned(as: UInt64.self)
            guard let kind = OutRing.Kind(rawValue: UInt8(truncatingIfNeeded: tag)) else {
                invariantBroken("a message from a shard has a known kind")
            }
            let payload = UnsafeRawBufferPointer(rebasing: record[8...])
            switch kind {
            case .records:
                do throws(JournalError) {
                    if !writer.append(payload) {
                        try write()
                        let taken = writer.append(payload)
                        invariant(taken, "a chunk fits into an empty block")
                    }
                } catch {
                    ring.putBack()
                    throw error
                }
                let usage = UInt32(truncatingIfNeeded: tag >> 8)
                if usage > 0 { meanings.append(.usage(usage)) }
            case .mark:
                let mark = payload.loadUnaligned(as: LoopMark.self)
                meanings.append(
                    .loop(shard: shard, loop: Int(mark.loop), position: mark.position)
                )
            case .completion:
                meanings.append(.completion(payload.loadUnaligned(as: UInt64.self)))
            }
        }
    }

    /// Writes the open block; everything collected so far is in the kernel's hands then.
    private func write() throws(JournalError) {
        guard writer.pendingBytes > 0 || !meanings.isEmpty else { return }
        try writer.writeBlock()
        announce()
        // Last: a sync tells what waits for it, so that all that waits must be noted before.
        syncStage.kick()
    }

    /// Notes what has become true, and wakes the loops that it concerns.
    private func announce() {
        guard !meanings.isEmpty else { return }
        let position = writer.writtenPosition
        pending.add(meanings.map { JournalMark(position: position, meaning: $0) })
        var woken = [Bool](repeating: false, count: loops.count)
        for case .loop(let shard, let loop, let position) in meanings {
            progress[loop][shard].written = position
            woken[loop] = true
        }
        for loop in loops.indices where woken[loop] { loops[loop].wake() }
        meanings.removeAll(keepingCapacity: true)
    }
}

/// Makes written blocks durable, and tells everybody who waits for that.
///
/// Queue: its own stage's queue, as a sync blocks.
final class SyncStage {
    private let journal: Journal
    private let syncer: JournalSyncer
    private let pending: PendingMarks
    private let progress: [[CommandProgress]]
    private let loops: [LoopSignal]
    private let completions: Completions
    private let counters: EngineCounters
    private let health: Health
    private let journalStage: Stage
    private let storeStage: Stage

    init(
        journal: Journal,
        pending: PendingMarks,
        progress: [[CommandProgress]],
        loops: [LoopSignal],
        completions: Completions,
        counters: EngineCounters,
        health: Health,
        journalStage: Stage,
        storeStage: Stage
    ) {
        self.journal = journal
        self.syncer = journal.takeSyncer()
        self.pending = pending
        self.progress = progress
        self.loops = loops
        self.completions = completions
        self.counters = counters
        self.health = health
        self.journalStage = journalStage
        self.storeStage = storeStage
    }

    /// One sync of everything that is written.
    func run() {
        do throws(JournalError) {
            try syncer.sync()
        } catch {
            // Nothing is acknowledged until a later sync succeeds; the ticker tries again.
            health.set(.journalSync, error.description)
            return
        }
        if health.has(.journalSync) { health.set(.journalSync, nil) }
        announce()
        journalStage.kick()
        storeStage.kick()
        do throws(JournalError) {
            try syncer.prepareSegment()
        } catch {
            // The writer makes the segment itself when it needs it, and reports what is wrong then.
            return
        }
    }

    private func announce() {
        let marks = pending.take(upTo: journal.positions.synced)
        var woken = [Bool](repeating: false, count: loops.count)
        for mark in marks {
            switch mark.meaning {
            case .loop(let shard, let loop, let position):
                progress[loop][shard].journaled = position
                woken[loop] = true
            case .completion(let id): completions.finish(id)
            case .usage(let count): counters.journaled.add(UInt64(count))
            }
        }
        for loop in loops.indices where woken[loop] { loops[loop].wake() }
    }
}
