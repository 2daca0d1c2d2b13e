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
        let producers = Producers(most: NameRegistry.maximumPerKind) { names.number(.producer, $0) }
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
        let replay = JournalReplay(
            reader,
            upTo: end,
            books: recovered.books,
            directory: recovered.directory,
            names: recovered.names,
            prices: recovered.prices,
            progress: progress,
            stored: recovered.stored
        )
        try replay.run()
        recovered.backlog = replay.usage
        recovered.replayed = replay.records
        progress = replay.progress.all
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
        case .commonAlerts(let found): books[0].loadAlerts(found, org: 0)
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
        case .purchaseIdentity(let found):
            books[Int(AccountBook.partition(of: found.org))].load(found)
        }
    }
}
