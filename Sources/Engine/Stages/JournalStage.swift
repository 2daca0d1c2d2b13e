import Ingest
import Journaling
import Quantities
import Rings
import Synchronization

/// What becomes true when the journal has passed a position.
struct JournalMark: Sendable {
    enum Meaning: Sendable {
        case loop(shard: Int, loop: Int, position: UInt64, calls: UInt64)
        case completion(UInt64)
        case usage(UInt32)
    }

    let position: UInt64
    let meaning: Meaning
}

/// Marks that wait for the disk: put in by the writer, taken out by the syncer, a block at a time.
///
/// Cost:        grows to the most marks that ever waited, then allocates nothing any more.
final class PendingMarks: Sendable {
    private struct Waiting: Sendable {
        var marks: [JournalMark] = []
        /// How many at the front were taken already.
        var taken = 0
    }

    private let waiting = Mutex<Waiting>(Waiting())

    /// Adds marks that are true from a position on, and empties the list of them.
    func add(_ meanings: inout [JournalMark.Meaning], at position: UInt64) {
        waiting.withLock { waiting in
            for meaning in meanings {
                waiting.marks.append(JournalMark(position: position, meaning: meaning))
            }
        }
        meanings.removeAll(keepingCapacity: true)
    }

    /// Moves what is true up to a position to the end of a list.
    func take(upTo position: UInt64, into taken: inout [JournalMark.Meaning]) {
        waiting.withLock { waiting in
            while waiting.taken < waiting.marks.count {
                let mark = waiting.marks[waiting.taken]
                guard mark.position <= position else { break }
                taken.append(mark.meaning)
                waiting.taken += 1
            }
            if waiting.taken == waiting.marks.count {
                waiting.marks.removeAll(keepingCapacity: true)
                waiting.taken = 0
            } else if waiting.taken > 4096, waiting.taken * 2 > waiting.marks.count {
                waiting.marks.removeFirst(waiting.taken)
                waiting.taken = 0
            }
        }
    }

    var isEmpty: Bool { waiting.withLock { $0.marks.isEmpty } }
}

/// What the writer and whoever stops the daemon want of the next sync.
///
/// Asks for the block that says that everything before it is durable, at an orderly stop.
///
/// Without it, later damage to the last block could not be told from a torn tail.
final class SealRequest: Sendable {
    private let wanted = Atomic<Bool>(false)
    private let behind = Atomic<Bool>(false)

    /// Notes that the writer waits for a sync.
    func noteBehind() { behind.store(true, ordering: .releasing) }
    /// Whether it waits; forgets it.
    func takeBehind() -> Bool {
        behind.load(ordering: .relaxed) && behind.exchange(false, ordering: .acquiringAndReleasing)
    }

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
    @exclusivity(unchecked) private var meanings: [JournalMark.Meaning] = []
    /// Whether somebody waits for what was collected to be durable, not only written.
    @exclusivity(unchecked) private var isAwaited = false

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
            if case .behind = error {
                // Noted before the kick: the sync that it causes lets this stage go on.
                seal.noteBehind()
                return syncStage.kick()
            }
            health.set(.journalWrite, error.description)
        }
    }

    private func collect(_ shard: Int) throws(JournalError) {
        let ring = rings[shard]
        guard ring.beginBatch() > 0 else {
            // It may have asked for room after the last turn had made it.
            if signals[shard].wantsRoom { shards[shard].kick() }
            return
        }
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
                if usage > 0 {
                    meanings.append(.usage(usage))
                    isAwaited = true
                }
            case .mark:
                let mark = payload.loadUnaligned(as: LoopMark.self)
                meanings.append(
                    .loop(
                        shard: shard,
                        loop: Int(mark.loop),
                        position: mark.position,
                        calls: mark.calls
                    )
                )
                isAwaited = isAwaited || tag >> 8 != 0
            case .completion:
                meanings.append(.completion(payload.loadUnaligned(as: UInt64.self)))
                isAwaited = true
            }
        }
    }

    /// Writes the open block; everything collected so far is in the kernel's hands then.
    private func write() throws(JournalError) {
        guard writer.pendingBytes > 0 || !meanings.isEmpty else { return }
        try writer.writeBlock()
        announce()
        // Last: a sync tells what waits for it, so that all that waits must be noted before. Holds
        // are answered when they are written; the next sync, a tick later at most, takes them
        // along, and a wake-up of the disk's queue for each would cost more than the hold.
        if isAwaited {
            isAwaited = false
            if !loops.contains(where: { $0.leaveSync() }) { syncStage.kick() }
        }
    }

    /// Notes what has become true, and wakes the loops that it concerns.
    private func announce() {
        guard !meanings.isEmpty else { return }
        for case .loop(let shard, let loop, let position, let calls) in meanings {
            progress[loop][shard].written = position
            progress[loop][shard].callsWritten = calls
        }
        for case .loop(_, let loop, _, _) in meanings { loops[loop].wake() }
        pending.add(&meanings, at: writer.writtenPosition)
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
    private let seal: SealRequest
    private let segmentStage: Stage
    private var announced: [JournalMark.Meaning] = []

    init(
        journal: Journal,
        pending: PendingMarks,
        progress: [[CommandProgress]],
        loops: [LoopSignal],
        completions: Completions,
        counters: EngineCounters,
        health: Health,
        journalStage: Stage,
        storeStage: Stage,
        segmentStage: Stage,
        seal: SealRequest
    ) {
        self.segmentStage = segmentStage
        self.seal = seal
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
        // Only when it waits for this: its thread would be woken at each sync for nothing.
        if seal.takeBehind() || seal.isWanted || health.has(.journalWrite) { journalStage.kick() }
        storeStage.kick()
        if journal.wantsSegment { segmentStage.kick() }
    }

    private func announce() {
        pending.take(upTo: journal.positions.synced, into: &announced)
        for meaning in announced {
            switch meaning {
            case .loop(let shard, let loop, let position, _):
                progress[loop][shard].journaled = position
            case .completion(let id): completions.finish(id)
            case .usage(let count): counters.journaled.add(UInt64(count))
            }
        }
        for case .loop(_, let loop, _, _) in announced { loops[loop].wake() }
        announced.removeAll(keepingCapacity: true)
    }
}

/// Creates the journal's next segment while the present one fills.
///
/// Why: a file that is created, reserved and synced takes as long as several syncs, and memory for
/// its names; neither belongs between a report and its acknowledgement.
/// Queue: its own stage's.
struct SegmentStage {
    let journal: Journal

    /// Creates it if it is time.
    func run() {
        do throws(JournalError) {
            try journal.prepareSegment()
        } catch {
            // The writer makes the segment itself when it needs it, and reports what is wrong then.
            return
        }
    }
}
