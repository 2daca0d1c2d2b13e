import Accounting
import Ingest
import Journaling
import PostgresStore
import Quantities
import SettingsFiles

/// Why the daemon cannot start or go on.
public enum EngineError: Error, Sendable {
    /// The data socket.
    case ingest(IngestError)
    /// The journal.
    case journal(JournalError)
    /// PostgreSQL, with an error that waiting does not mend.
    case store(StoreError)
    /// A file that people write.
    case settings(SettingsError)
    /// The rate card contradicts itself.
    case rates(String)
    /// The journal holds what this program does not understand.
    case unreadableRecord(position: UInt64)
    /// The start was given up because a stop was asked for.
    case stopped
}

extension EngineError: CustomStringConvertible {
    /// What is wrong, with the next step.
    public var description: String {
        switch self {
        case .ingest(let error): error.description
        case .journal(let error): error.description
        case .store(let error): error.description
        case .settings(let error): "\(error)"
        case .rates(let text): text
        case .unreadableRecord(let position):
            "The journal's block at position \(position) holds a record that this program does not "
                + "know. Use the program that wrote it, or a newer one."
        case .stopped: "Stopped before the start was complete."
        }
    }

    /// Whether starting again later may succeed: exit code 75 rather than 78.
    public var isTemporary: Bool {
        switch self {
        case .journal(let error):
            if case .locked = error { true } else { error.isTransient }
        case .store, .stopped: true
        case .ingest(let error):
            if case .inUse = error { true } else { false }
        case .settings, .rates, .unreadableRecord: false
        }
    }
}

/// The state that PostgreSQL and the journal agree on, ready to go on from.
struct Recovered {
    var books: [AccountBook]
    let directory: Directory
    let names: NameRegistry
    let prices: PriceRegistry
    let producers: Producers
    let store: any LedgerStore
    let batch: BatchBuilder
    let journal: Journal
    /// Where PostgreSQL stands, in each partition of the organisations.
    var stored: StoredPositions
    /// Where everything is in PostgreSQL, and from where on the journal is needed.
    var checkpoint: UInt64 { stored.lowest }
    /// How many usage lines the journal had beyond it.
    var backlog: UInt64 = 0
    /// How many records were replayed.
    var replayed: UInt64 = 0
    /// How many organisations were loaded.
    var loaded = 0
    /// How long loading took, in microseconds.
    var loadMicroseconds: Int64 = 0
    /// How long replaying took, in microseconds.
    var replayMicroseconds: Int64 = 0

    /// What was found, for the start-up log.
    var summary: String {
        let torn = journal.recovered.tornBytes
        return "Loaded \(loaded) organisations from PostgreSQL at position \(checkpoint) "
            + "in \(Recovered.seconds(loadMicroseconds)), replayed "
            + "\(replayed) journal records (\(backlog) usage lines) up to position "
            + "\(journal.recovered.endPosition) in \(Recovered.seconds(replayMicroseconds))"
            + rate
            + (torn > 0 ? ", cut off \(torn) bytes of a torn tail." : ".")
    }

    /// How fast the journal was replayed; nothing where there was too little to tell.
    private var rate: String {
        guard replayed >= 1000, replayMicroseconds > 0 else { return "" }
        // Records a microsecond are millions a second.
        return " (\(Recovered.hundredths(Int64(replayed) * 100 / replayMicroseconds)) million/s)"
    }

    private static func seconds(_ microseconds: Int64) -> String {
        hundredths(microseconds / 10_000) + " s"
    }

    private static func hundredths(_ value: Int64) -> String {
        let rest = value % 100
        return "\(value / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}

/// Loads what PostgreSQL has and replays the journal behind it.
///
/// It is the same whether the last run ended in order or was killed: there is no other start.
struct RecoveryRun {
    let settings: Settings
    let calendar: any ZoneCalendar
    let time: any TimeSource
    let storage: any JournalStorage
    let blockBytes: Int
    /// Lets so many milliseconds pass.
    let pause: @Sendable (Int) -> Void
    let log: @Sendable (String) -> Void
    let isStopping: @Sendable () -> Bool

    func run(store: any LedgerStore, holder: String) throws(EngineError) -> Recovered {
        try connectAlone(store, holder: holder)
        let directory = Directory()
        let names = NameRegistry()
        let prices = PriceRegistry()
        let producers = Producers { names.number(.producer, $0) }
        let books = (0..<AccountBook.partitions).map { partition in
            AccountBook(
                partition: partition,
                calendar: calendar,
                windowEntries: max(1, settings.usage.idWindowEntries / Int(AccountBook.partitions)),
                windowMicroseconds: Int64(settings.usage.idWindowHours) * 3_600_000_000
            )
        }
        let batch = BatchBuilder(sections: settings.postgres.writerConnections)
        let since = time.now().advanced(byMicroseconds: -35 * 86_400_000_000)
        let stored: StoredPositions
        let began = time.now()
        var state = LoadedState(books, directory, names, prices, batch)
        do throws(StoreError) {
            stored = try store.loadAll(identitiesSince: since) { state.take($0) }
        } catch {
            throw .store(error)
        }
        let loadEnd = time.now()
        batch.restore(positions: stored)
        let journal = try openJournal(from: stored)
        var recovered = Recovered(
            books: books,
            directory: directory,
            names: names,
            prices: prices,
            producers: producers,
            store: store,
            batch: batch,
            journal: journal,
            stored: stored
        )
        recovered.loaded = state.organisations
        recovered.loadMicroseconds = max(0, loadEnd.microseconds - began.microseconds)
        let replayBegin = time.now()
        try replay(&recovered, &state.progress)
        let replayEnd = time.now()
        recovered.replayMicroseconds = max(0, replayEnd.microseconds - replayBegin.microseconds)
        for (number, set) in state.progress {
            guard let name = names.name(.producer, number) else { continue }
            producers.restore(name, number: number, progress: set)
        }
        for book in books { _ = book.takeNotices() }
        directory.bumpVersion()
        return recovered
    }

    /// Waits for PostgreSQL and for the lease, as long as it takes: without the books there is
    /// nothing to decide on.
    private func connect(_ store: any LedgerStore, holder: String) throws(EngineError) {
        var told: String?
        while true {
            do throws(StoreError) {
                try store.connect()
                if settings.postgres.migrateAtStart {
                    let report = try store.migrate()
                    if !report.applied.isEmpty { log("Applied migrations \(report.applied).") }
                }
                _ = try store.acquireLease(
                    holder: holder,
                    seconds: settings.lease.ttlSeconds,
                    takeOver: false
                )
                return
            } catch {
                var waits = error.isTransient
                if case .leaseHeld = error { waits = true }
                guard waits else { throw .store(error) }
                if told != error.description {
                    log("Waiting: \(error.description)")
                    told = error.description
                }
            }
            if isStopping() { throw .stopped }
            pause(settings.postgres.retryMilliseconds)
        }
    }

    /// Connects while nobody else has the journal.
    ///
    /// A second daemon started by mistake must end before it asks for the lease: under the same
    /// name it would be given it, and the first one would have to stop.
    private func connectAlone(
        _ store: any LedgerStore,
        holder: String
    ) throws(EngineError) {
        let lock = try lockJournal()
        try withExtendedLifetime(lock) { () throws(EngineError) in
            try connect(store, holder: holder)
        }
    }

    private func lockJournal() throws(EngineError) -> any JournalLock {
        do throws(JournalError) {
            return try storage.lock()
        } catch {
            throw .journal(error)
        }
    }

    private func openJournal(from stored: StoredPositions) throws(EngineError) -> Journal {
        do throws(JournalError) {
            return try Journal(
                storage: storage,
                settings: JournalSettings(
                    segmentBytes: settings.journal.segmentBytes,
                    maximumBodyBytes: blockBytes,
                    maximumUnsyncedBytes: settings.journal.maxUnsyncedBytes,
                    maximumBytes: UInt64(settings.journal.maxBytes)
                ),
                startingAt: stored.lowest,
                knownSynced: stored.highest
            )
        } catch {
            throw .journal(error)
        }
    }

    private func replay(
        _ recovered: inout Recovered,
        _ progress: inout [UInt32: SequenceSet]
    ) throws(EngineError) {
        let end = recovered.journal.recovered.endPosition
        guard end > recovered.checkpoint else { return }
        let reader: JournalReader
        do throws(JournalError) {
            reader = try recovered.journal.reader(from: recovered.checkpoint)
        } catch {
            throw .journal(error)
        }
        var state = ReplayState(
            books: recovered.books,
            directory: recovered.directory,
            names: recovered.names,
            prices: recovered.prices,
            progress: progress,
            stored: recovered.stored
        )
        while true {
            let isReadable: Bool?
            do throws(JournalError) {
                isReadable = try reader.withNextBlock(upTo: end) { position, _, bytes in
                    state.apply(block: bytes, at: position)
                }
            } catch {
                throw .journal(error)
            }
            guard let isReadable else { break }
            guard isReadable else { throw .unreadableRecord(position: reader.position) }
        }
        recovered.backlog = state.usage
        recovered.replayed = state.records
        progress = state.progress
    }
}

/// What loading from PostgreSQL fills.
private struct LoadedState {
    let books: [AccountBook]
    let directory: Directory
    let names: NameRegistry
    let prices: PriceRegistry
    let batch: BatchBuilder
    var progress: [UInt32: SequenceSet] = [:]
    var organisations = 0

    init(
        _ books: [AccountBook],
        _ directory: Directory,
        _ names: NameRegistry,
        _ prices: PriceRegistry,
        _ batch: BatchBuilder
    ) {
        self.books = books
        self.directory = directory
        self.names = names
        self.prices = prices
        self.batch = batch
    }

    mutating func take(_ item: LoadedItem) {
        switch item {
        case .name(let name): names.restore(name)
        case .price(let price): prices.restore(price)
        case .producer(let number, let set):
            progress[number] = set
            batch.restore(producer: number, progress: set)
        case .organisation(let snapshot):
            directory.load(snapshot)
            books[Int(AccountBook.partition(of: snapshot.org))].load(snapshot)
            organisations += 1
        case .usageIdentity(let found):
            let book = books[Int(AccountBook.partition(of: found.org))]
            book.loadUsageIdentity(found.identity, content: found.content, at: found.appliedAt)
        case .grantIdentity(let found):
            let book = books[Int(AccountBook.partition(of: found.org))]
            book.loadGrantIdentity(
                found.identity,
                content: found.content,
                grant: found.grant,
                at: found.issuedAt
            )
        }
    }
}

/// What replaying a block changes.
struct ReplayState {
    let books: [AccountBook]
    let directory: Directory
    let names: NameRegistry
    let prices: PriceRegistry
    var progress: [UInt32: SequenceSet]
    /// What lies before is in what was loaded, but for what goes with the first partition.
    let stored: StoredPositions
    var usage: UInt64 = 0
    var records: UInt64 = 0

    /// How many records ahead an organisation's memory is asked for, and then that of its parts.
    private static let farAhead = 16
    private static let nearAhead = 8

    /// Applies all records of a block; false when one cannot be read.
    ///
    /// Where partitions stand apart, a block may be in the books of some organisations already.
    mutating func apply(block: UnsafeRawBufferPointer, at position: UInt64) -> Bool {
        let isPartlyStored = position < stored.highest
        var walker = RecordWalker(block)
        var far = RecordWalker(block)
        var near = RecordWalker(block)
        for _ in 0..<ReplayState.farAhead { prefetch(&far) }
        for _ in 0..<ReplayState.nearAhead { prefetchParts(&near) }
        while let (kind, record) = walker.next() {
            prefetch(&far)
            prefetchParts(&near)
            if isPartlyStored, stored.has(ReplayState.organisation(of: record), at: position) {
                guard skip(kind, record) else { return false }
                continue
            }
            records += 1
            guard apply(kind, record) else { return false }
        }
        return walker.position == block.count
    }

    @inline(__always)
    private func prefetch(_ walker: inout RecordWalker) {
        guard let org = walker.nextOrganisation() else { return }
        books[Int(AccountBook.partition(of: org))].prefetch(org)
    }

    @inline(__always)
    private func prefetchParts(_ walker: inout RecordWalker) {
        guard let org = walker.nextOrganisation() else { return }
        books[Int(AccountBook.partition(of: org))].prefetchParts(org)
    }

    @inline(__always)
    private static func organisation(of record: UnsafeRawBufferPointer) -> UInt32 {
        record.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
    }

    /// Takes from a record that is stored what its partition's transaction has not noted: the time,
    /// and the producer's sequence.
    private mutating func skip(_ kind: ChangeKind, _ record: UnsafeRawBufferPointer) -> Bool {
        let appliedAt = record.loadUnaligned(fromByteOffset: 8, as: Int64.self)
        books[Int(AccountBook.partition(of: ReplayState.organisation(of: record)))]
            .loadTime(Timestamp(microseconds: appliedAt))
        if kind == .usage {
            noteSequence(ofUsage: record)
            return true
        }
        guard let change = Change.decode(record) else { return false }
        if case .sequenceSkipped(let skip) = change.body {
            noteSkip(skip)
        }
        return true
    }

    @inline(__always)
    private mutating func noteSequence(ofUsage record: UnsafeRawBufferPointer) {
        let producer = record.loadUnaligned(fromByteOffset: 36, as: UInt32.self)
        let sequence = record.loadUnaligned(fromByteOffset: 40, as: UInt64.self)
        if producer != 0, sequence != 0 {
            _ = progress[producer, default: SequenceSet()].insert(sequence)
        }
    }

    private mutating func noteSkip(_ skip: SequenceSkipped) {
        _ = progress[skip.producer, default: SequenceSet()].insert(skip.sequence)
    }

    private mutating func apply(_ kind: ChangeKind, _ record: UnsafeRawBufferPointer) -> Bool {
        let book = books[Int(AccountBook.partition(of: ReplayState.organisation(of: record)))]
        if kind == .usage {
            usage += 1
            noteSequence(ofUsage: record)
            return book.replay(kind: kind, record: record)
        }
        guard let change = Change.decode(record) else { return false }
        switch change.body {
        case .nameDeclared(let name): names.restore(name)
        case .priceDeclared(let price): prices.restore(price)
        case .sequenceSkipped(let skip):
            noteSkip(skip)
        default:
            directory.apply(change)
            return book.replay(kind: kind, record: record)
        }
        return true
    }
}
