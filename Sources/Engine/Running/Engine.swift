import Accounting
import Dispatch
import Ingest
import Journaling
import PostgresStore
import Quantities
import Rating
import Rings
import SettingsFiles
import Synchronization
import Wire

/// The running daemon: all stages, wired together.
///
/// Queue: `init` blocks until PostgreSQL and the journal have been read; everything else is
/// callable from any thread.
public final class Engine: Sendable {
    let settings: Settings
    let directory: Directory
    let names: NameRegistry
    let prices: PriceRegistry
    let pricing: PricingInForce
    let shards: [Shard]
    package let journal: Journal
    let health: Health
    let counters: EngineCounters
    let ingest: IngestCounters
    let storePosition: StorePosition
    let time: any TimeSource
    let startedAt: Timestamp
    let reader: ReaderDoor
    let version: String
    let calendar: any ZoneCalendar
    let findPurchase: PurchaseFinder
    /// What recovery found, a sentence for the start-up log.
    public let recovery: String

    let secret: @Sendable () -> String
    let rerateDesk = RerateDesk()

    private let drive: Stage.Drive
    private let pause: @Sendable (Int) -> Void
    private let ticks = TickCounter()
    private let seal: SealRequest
    package let journalStage: Stage
    package let syncStage: Stage
    package let storeStage: Stage
    package let segmentStage: Stage
    private let storeWork: StoreStage
    let completions: Completions
    /// What the loops share with the rest, for those who drive loops by hand.
    package let wirings: [LoopWiring]
    private let ticker: Mutex<Ticker?>
    private let listener: Mutex<Listener?>
    let ratesPath: Mutex<String>

    /// Recovers, and starts all stages but the sockets.
    ///
    /// - Parameters:
    ///   - settings: The daemon's settings.
    ///   - calendar: Tells the days of time zones.
    ///   - version: The program's version.
    ///   - time: The clock.
    ///   - log: Takes a sentence for the log.
    ///   - warn: Takes a sentence that somebody should act on.
    ///   - isStopping: Whether the start is to be given up.
    ///   - onFatal: Called when the daemon must not go on; the process should end.
    /// - Throws: `EngineError`.
    public convenience init(
        settings: Settings,
        calendar: any ZoneCalendar,
        version: String,
        time: any TimeSource = SystemTime(),
        log: @escaping @Sendable (String) -> Void,
        warn: (@Sendable (String) -> Void)? = nil,
        isStopping: @escaping @Sendable () -> Bool = { false },
        onFatal: @escaping @Sendable (String) -> Void
    ) throws(EngineError) {
        try self.init(
            settings: settings,
            card: RateCardSource.load(settings.ratesCard),
            calendar: calendar,
            version: version,
            doors: EngineDoors(settings, time: time),
            log: log,
            warn: warn,
            isStopping: isStopping,
            onFatal: onFatal
        )
    }

    /// Recovers and starts behind the given doors.
    ///
    /// - Throws: `EngineError`.
    package init(
        settings: Settings,
        card: RateCardSource,
        calendar: any ZoneCalendar,
        version: String,
        doors: EngineDoors,
        log: @escaping @Sendable (String) -> Void,
        warn: (@Sendable (String) -> Void)? = nil,
        isStopping: @escaping @Sendable () -> Bool,
        onFatal: @escaping @Sendable (String) -> Void
    ) throws(EngineError) {
        let run = RecoveryRun(
            settings: settings,
            calendar: calendar,
            time: doors.time,
            storage: doors.storage,
            blockBytes: doors.blockBytes,
            pause: doors.pause,
            log: log,
            isStopping: isStopping
        )
        let recovered = try run.run(store: doors.store, holder: StoreFactory.holder(settings))
        let parts = try EngineParts(
            plan: EnginePlan(settings, cores: StoreFactory.cores),
            settings: settings,
            recovered: recovered,
            card: card,
            doors: doors,
            onFatal: onFatal
        )
        self.settings = settings
        self.version = version
        self.calendar = calendar
        self.drive = doors.drive
        self.pause = doors.pause
        self.secret = doors.secret
        self.time = doors.time
        startedAt = doors.time.now()
        directory = recovered.directory
        names = recovered.names
        prices = recovered.prices
        journal = recovered.journal
        pricing = parts.pricing
        shards = parts.shards
        health = parts.health
        counters = parts.counters
        ingest = parts.ingest
        storePosition = parts.storePosition
        seal = parts.seal
        journalStage = parts.journalStage
        syncStage = parts.syncStage
        storeStage = parts.storeStage
        segmentStage = parts.segmentStage
        storeWork = parts.storeWork
        completions = parts.completions
        wirings = parts.wirings
        reader = ReaderDoor(
            StoreFactory.storeSettings(settings),
            connections: settings.postgres.readerConnections
        )
        findPurchase = doors.findPurchase ?? Engine.finder(reader)
        ticker = Mutex(nil)
        listener = Mutex(nil)
        ratesPath = Mutex(settings.ratesCard)
        recovery = recovered.summary
        parts.activate()
        desk.begin(self, warn: warn ?? log)
        startTicker()
        useCard(pricing.current)
    }

    /// Opens the data socket for clients.
    ///
    /// - Parameter inherited: A listening socket that a service manager opened, or nil.
    /// - Throws: `EngineError.ingest`.
    public func listen(inherited: Int32?) throws(EngineError) {
        let path = settings.dataSocket.path
        let socket: Int32
        do throws(IngestError) {
            if let inherited {
                socket = inherited
            } else {
                socket = try Listener.listen(
                    path: path,
                    mode: settings.dataSocket.mode,
                    owner: Accounts.user(settings.dataSocket.owner),
                    group: Accounts.group(settings.dataSocket.group)
                )
            }
        } catch {
            throw .ingest(error)
        }
        let wirings = self.wirings
        listener.withLock { listener in
            listener = Listener(
                socket: socket,
                path: inherited == nil ? path : nil,
                wirings: wirings
            )
        }
    }

    /// Stops in order: no new messages, everything taken is answered and durable, and as much as
    /// the drain time allows is in PostgreSQL.
    public func stop() {
        listener.withLock { listener in
            listener?.stop()
            listener = nil
        }
        ticker.withLock { ticker in
            ticker?.stop()
            ticker = nil
        }
        desk.stop()
        for shard in shards { shard.stage.kick() }
        journalStage.kick()
        syncStage.kick()
        wait(seconds: settings.engine.drainTimeoutSeconds) {
            self.shards.allSatisfy(\.stage.isIdle) && self.journalStage.isIdle
                && self.syncStage.isIdle
                && self.journal.positions.written == self.journal.positions.synced
        }
        seal.ask()
        journalStage.kick()
        wait(seconds: 5) { !self.seal.isWanted && self.journalStage.isIdle }
        syncStage.kick()
        wait(seconds: 5) { self.journal.positions.written == self.journal.positions.synced }
        storePosition.stop()
        storeStage.kick()
        wait(seconds: settings.engine.drainTimeoutSeconds) {
            self.storeStage.isIdle
                || self.storePosition.value == self.journal.positions.synced
        }
        wait(seconds: 5) { self.storeStage.isIdle }
        if storeStage.isIdle { storeWork.close() }
    }

    private func wait(seconds: Int, until isDone: () -> Bool) {
        let deadline = time.now().advanced(byMicroseconds: Int64(seconds) * 1_000_000)
        while !isDone(), time.now() < deadline { pause(5) }
    }

    private func startTicker() {
        // Stages that are driven by hand are ticked by hand.
        guard drive == .queue else { return }
        ticker.withLock { $0 = Ticker { [weak self] in self?.tick() } }
    }

    /// Kicks what is due by itself; every `Ticker.interval`.
    package func tick() {
        let now = time.now()
        for shard in shards where shard.signal.nextDue <= now { shard.stage.kick() }
        let isRetryDue = ticks.isRetryDue(
            now,
            every: Int64(settings.journal.retryMilliseconds) * 1000
        )
        if isRetryDue, health.has(.journalWrite) { journalStage.kick() }
        // Nobody waits for holds to be durable; this is when they get there.
        if journal.positions.written > journal.positions.synced,
            isRetryDue || !health.has(.journalSync)
        {
            syncStage.kick()
        }
        tellExhaustion()
        judgeSources(now)
        desk.startDue(now)
        // PostgreSQL's lease wants renewing, whether there is traffic or not.
        if ticks.next() % 10 == 0 { storeStage.kick() }
    }

    /// Tells people when nobody can be let in, and for a second after.
    private func tellExhaustion() {
        switch ticks.exhaustion(of: ingest.exhausted.value) {
        case .same: break
        case .began:
            health.set(
                .descriptors,
                "New connections wait: the process has no file descriptor or memory left for one. "
                    + "Raise its limit of open files, or close some."
            )
        case .ended: health.set(.descriptors, nil)
        }
    }

    /// Changes all shards over to a rate card.
    func useCard(_ card: Pricing) {
        pricing.set(card)
        for shard in shards {
            shard.inbox.put { $0.use(card) }
            shard.stage.kick()
        }
        directory.bumpVersion()
        handOverOpenPurchases()
    }

    /// Whether the daemon takes and answers requests.
    public var isReady: Bool {
        listener.withLock { $0 != nil } && health.overload == nil
    }

    /// The shard that owns an organisation's partition.
    func shard(of org: UInt32) -> Shard {
        shards[Int(AccountBook.partition(of: org)) % shards.count]
    }
}

/// Counts ticks on the ticker's own queue.
private final class TickCounter: Sendable {
    private let count = Atomic<Int>(0)
    private let lastRetry = Atomic<Int64>(0)
    private let exhausted = Atomic<UInt64>(0)
    private let quietTicks = Atomic<Int>(.max)

    /// What has become of the lack of descriptors.
    enum Exhaustion {
        case same
        case began
        case ended
    }

    /// Notes how often nobody could be let in so far.
    func exhaustion(of count: UInt64) -> Exhaustion {
        let quiet = quietTicks.load(ordering: .relaxed)
        if exhausted.exchange(count, ordering: .relaxed) != count {
            quietTicks.store(0, ordering: .relaxed)
            return quiet == .max ? .began : .same
        }
        guard quiet != .max else { return .same }
        let isOver = quiet >= 10
        quietTicks.store(isOver ? .max : quiet + 1, ordering: .relaxed)
        return isOver ? .ended : .same
    }

    func next() -> Int {
        count.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Whether so many microseconds have passed since this last said yes.
    func isRetryDue(_ now: Timestamp, every microseconds: Int64) -> Bool {
        let last = lastRetry.load(ordering: .relaxed)
        let passed = now.microseconds - last
        guard passed >= microseconds || passed < 0 else { return false }
        lastRetry.store(now.microseconds, ordering: .relaxed)
        return true
    }
}
