import Ingest
import Journaling
import PostgresStore
import Quantities
import Rings
import Synchronization

/// How far PostgreSQL is, readable from any thread.
final class StorePosition: Sendable {
    private let cell: Atomic<UInt64>
    private let connected = Atomic<Bool>(true)
    private let stopping = Atomic<Bool>(false)

    init(_ position: UInt64) {
        cell = Atomic(position)
    }

    var value: UInt64 { cell.load(ordering: .acquiring) }
    var isConnected: Bool { connected.load(ordering: .acquiring) }
    var isStopping: Bool { stopping.load(ordering: .acquiring) }
    func set(_ position: UInt64) { cell.store(position, ordering: .releasing) }
    func setConnected(_ value: Bool) { connected.store(value, ordering: .releasing) }
    func stop() { stopping.store(true, ordering: .releasing) }
}

/// Takes blocks from the journal to PostgreSQL: one transaction a batch, the checkpoint in it.
///
/// It never waits in a run: what wants time sets the alarm and returns, and is gone on with when
/// the alarm has kicked the stage. A batch that PostgreSQL has not taken yet stays in `batch`.
///
/// Queue: its own stage's queue, as PostgreSQL blocks.
final class StoreStage: @unchecked Sendable {
    // SAFETY: the store, the reader and the batch are touched only inside `run()`, which the
    // store's `Stage` runs on at most one thread at a time. Attacked by the PostgreSQL outage
    // scenarios.

    struct Settings: Sendable {
        var batchRows: Int
        var lingerMilliseconds: Int
        var retryMilliseconds: Int
        var leaseSeconds: Int
    }

    private let store: any LedgerStore
    private let batch: BatchBuilder
    private let journal: Journal
    private var reader: JournalReader
    private let position: StorePosition
    private let counters: EngineCounters
    private let health: Health
    private let loops: [LoopSignal]
    private let settings: Settings
    private let time: any TimeSource
    private let alarm: any Alarm
    private let onFatal: @Sendable (String) -> Void
    /// What the stage has to go on with when its alarm has gone off.
    private enum Waiting {
        case nothing
        /// A fuller batch.
        case batch
        /// PostgreSQL, to ask it what became of the batch.
        case answer
    }

    private var waiting = Waiting.nothing
    private var renewAt: Timestamp
    private var isUnusable = false
    /// Whether the last batch took as much as a batch may have, so that there may be more.
    private var isFull = false
    /// Whether a segment that is stored may still be there: one could not be removed, or the last
    /// life ended between a commit and the removal.
    ///
    /// It is tried again also when nothing more is stored: that may be just because the journal has
    /// no room.
    private var owesRoom = true
    /// How many records the next batch may take: few after a start and twice as many after each
    /// commit, so that also a daemon that dies again and again gets on.
    private var nextRows = 4096
    /// What PostgreSQL's own checkpoint says, behind `position` where only seals lie between.
    private var checkpoint: UInt64
    /// Up to here partitions stood apart at the start: a batch of which a part is stored may have
    /// brought the lowest of them as far.
    private let furthest: UInt64

    /// Below this much there is time to wait for a fuller batch.
    private static let smallBacklog: UInt64 = 4 << 20
    /// Above this much, batches are four times as long.
    private static let largeBacklog: UInt64 = 64 << 20

    init(
        store: any LedgerStore,
        batch: BatchBuilder,
        journal: Journal,
        reader: sending JournalReader,
        position: StorePosition,
        furthest: UInt64,
        counters: EngineCounters,
        health: Health,
        loops: [LoopSignal],
        settings: Settings,
        time: any TimeSource,
        alarm: any Alarm,
        onFatal: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.batch = batch
        self.journal = journal
        self.reader = reader
        self.position = position
        self.counters = counters
        self.health = health
        self.loops = loops
        self.settings = settings
        self.time = time
        self.alarm = alarm
        self.onFatal = onFatal
        self.renewAt = time.now()
        self.checkpoint = position.value
        self.furthest = furthest
    }

    /// Stores everything that is durable, batch by batch, until something wants time.
    func run() {
        guard !isUnusable else { return }
        if alarm.isSet {
            // Everything that becomes durable kicks the stage; only its alarm ends its waiting, or
            // the daemon's stop.
            guard position.isStopping else { return }
            alarm.cancel()
        }
        let waited = waiting
        waiting = .nothing
        if case .answer = waited {
            guard settle() else { return }
        }
        renewLease()
        if owesRoom { giveRoom() }
        var hasLingered = if case .batch = waited { true } else { false }
        while journal.positions.synced > position.value, !isUnusable {
            let backlog = journal.positions.synced - position.value
            if backlog < StoreStage.smallBacklog, !position.isStopping, !hasLingered {
                return linger()
            }
            let limit = journal.positions.synced
            guard fill(upTo: limit) else { return }
            // Where partitions stand apart, those that are behind are brought as far as the others,
            // though there is no record for them: with the first one go the sequences of all.
            let isApart = checkpoint < furthest && checkpoint < reader.position
            if batch.isEmpty, !isApart { return skip(to: limit) }
            guard storeBatch() else { return }
            // What a full batch has left lying has waited long enough.
            hasLingered = isFull
        }
    }

    /// Lets go of the lease and the connection, at the end.
    func close() {
        do throws(StoreError) {
            try store.releaseLease()
        } catch {
            // The lease runs out by itself.
            store.disconnect()
            return
        }
        store.disconnect()
    }

    /// Waits for a fuller batch, but not past a stop, nor as long as the lease lasts.
    private func linger() {
        waiting = .batch
        alarm.set(milliseconds: min(settings.lingerMilliseconds, settings.leaseSeconds * 300))
    }

    /// Takes what PostgreSQL lacks into the batch, up to a position or until the batch is full.
    private func fill(upTo limit: UInt64) -> Bool {
        var fault: StoreError?
        // Wallets and rollups are written once a batch: a long way to catch up goes in longer
        // steps.
        let isFarBehind = limit - position.value > StoreStage.largeBacklog
        let most = isFarBehind ? settings.batchRows * 4 : settings.batchRows
        let rows = min(nextRows, most)
        defer { isFull = batch.recordCount >= rows }
        while batch.recordCount < rows {
            do throws(JournalError) {
                let result = try reader.withNextBlock(upTo: limit) { start, _, bytes in
                    take(bytes, at: start)
                }
                guard let result else { return true }
                fault = result
            } catch {
                rest(error)
                return false
            }
            if let fault {
                fail("The journal holds a record that cannot be stored: \(fault)")
                return false
            }
        }
        return true
    }

    /// Deals with a block that cannot be read: what may mend itself is tried again a while later,
    /// and the batch goes on where it was.
    private func rest(_ error: JournalError) {
        let trouble = "The journal cannot be read back: \(error)"
        guard error.isTransient else { return fail(trouble) }
        health.set(.store, trouble)
        waiting = .batch
        alarm.set(milliseconds: settings.retryMilliseconds)
    }

    /// Takes a block's records into the batch.
    private func take(_ block: UnsafeRawBufferPointer, at start: UInt64) -> StoreError? {
        do throws(StoreError) {
            try batch.add(block: block, at: start)
            return nil
        } catch {
            return error
        }
    }

    /// Notes that nothing up to a position is owed to PostgreSQL: no more than seals lay there, or
    /// the beginning of a segment.
    ///
    /// Why: a journal that was cut off behind the mark of a segment's end goes on in the next one,
    /// with no block between where PostgreSQL stands and where the journal ends.
    private func skip(to limit: UInt64) {
        position.set(limit)
        wakeLoops()
    }

    /// Commits the batch; false when PostgreSQL did not take it, or nobody knows whether it did.
    private func storeBatch() -> Bool {
        let end = reader.position
        let lines = UInt64(batch.usageCount)
        do throws(StoreError) {
            // Known before, forgotten with the commit; noted early is no harm.
            counters.sources.note(batch.touchedProducers, at: time.now())
            _ = try store.commit(batch, from: checkpoint, to: end)
        } catch {
            postpone(error)
            return false
        }
        finish(end, lines: lines)
        return true
    }

    /// Tells everybody that PostgreSQL has everything up to here.
    private func finish(_ end: UInt64, lines: UInt64) {
        batch.removeAll()
        checkpoint = end
        position.set(end)
        health.set(.store, nil)
        position.setConnected(true)
        counters.stored.add(lines)
        counters.batches.add()
        nextRows = min(nextRows * 2, settings.batchRows * 4)
        giveRoom()
        wakeLoops()
        renewLease()
    }

    private func wakeLoops() {
        for loop in loops { loop.wake() }
    }

    /// Gives the journal's segments back that PostgreSQL has.
    private func giveRoom() {
        let hadFailed = owesRoom
        do throws(JournalError) {
            try journal.retire(below: checkpoint)
            owesRoom = false
            if hadFailed, position.isConnected { health.set(.store, nil) }
        } catch {
            owesRoom = true
            health.set(.store, "Stored segments cannot be removed: \(error)")
        }
    }

    /// Deals with a batch that was not taken: asks PostgreSQL again later, however long it is away,
    /// and gives up only when the daemon stops.
    private func postpone(_ error: StoreError) {
        if case .fencedOut = error { return fail(error.description) }
        health.set(.store, error.description)
        if position.isStopping {
            isUnusable = true
            return
        }
        if error.isTransient { position.setConnected(false) }
        waiting = .answer
        alarm.set(milliseconds: settings.retryMilliseconds)
    }

    /// Asks PostgreSQL what became of a batch, and commits it again if nothing did; true when it is
    /// stored.
    private func settle() -> Bool {
        let end = reader.position
        do throws(StoreError) {
            try store.connect()
            try store.renewLease(seconds: settings.leaseSeconds)
            let found = try store.checkpoint()
            position.setConnected(true)
            if found == end {
                // The commit's answer was lost, the commit was not.
                let lines = UInt64(batch.usageCount)
                batch.markStored()
                finish(end, lines: lines)
                return true
            }
            // What some partitions have of the batch already, the store leaves out.
            guard found == checkpoint || (found > checkpoint && found <= furthest) else {
                fail(
                    "PostgreSQL's checkpoint \(found) is neither \(checkpoint) nor \(end): "
                        + "another daemon writes under this node's name."
                )
                return false
            }
        } catch {
            postpone(error)
            return false
        }
        return storeBatch()
    }

    private func renewLease() {
        let now = time.now()
        guard now >= renewAt else { return }
        renewAt = now.advanced(byMicroseconds: Int64(settings.leaseSeconds) * 1_000_000 / 3)
        do throws(StoreError) {
            try store.renewLease(seconds: settings.leaseSeconds)
            position.setConnected(true)
        } catch {
            if case .fencedOut = error { return fail(error.description) }
            position.setConnected(false)
            reconnect()
        }
    }

    private func reconnect() {
        do throws(StoreError) {
            try store.connect()
            try store.renewLease(seconds: settings.leaseSeconds)
            position.setConnected(true)
            health.set(.store, nil)
        } catch {
            if case .fencedOut = error { return fail(error.description) }
            health.set(.store, error.description)
            renewAt = time.now().advanced(byMicroseconds: Int64(settings.retryMilliseconds) * 1000)
        }
    }

    private func fail(_ reason: String) {
        isUnusable = true
        health.set(.fatal, reason)
        onFatal(reason)
    }
}
