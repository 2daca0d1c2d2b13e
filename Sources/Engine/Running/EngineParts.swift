import Accounting
import Ingest
import Journaling
import PostgresStore
import Quantities
import Rating
import Rings
import SettingsFiles
import Wire

/// How many of each stage there are.
struct EnginePlan {
    var loops: Int
    var shards: Int
    var ringBytes: Int

    init(_ settings: Settings, cores: Int) {
        loops = settings.ingestLoops(cores: cores)
        shards = settings.shards(cores: cores)
        ringBytes = settings.engine.ringBytes
    }
}

/// All stages and the rings between them, before they run.
struct EngineParts {
    let pricing: PricingInForce
    let shards: [Shard]
    let health = Health()
    let seal = SealRequest()
    let counters: EngineCounters
    let ingest = IngestCounters()
    let storePosition: StorePosition
    let journalStage: Stage
    let syncStage: Stage
    let storeStage: Stage
    let segmentStage: Stage
    let storeWork: StoreStage
    let completions = Completions()
    let desk = PurchaseDesk()
    let wirings: [LoopWiring]

    init(
        plan: EnginePlan,
        settings: Settings,
        recovered: Recovered,
        card: RateCardSource,
        doors: EngineDoors,
        onFatal: @escaping @Sendable (String) -> Void
    ) throws(EngineError) {
        journalStage = Stage(label: "meterd.journal", drive: doors.drive)
        syncStage = Stage(label: "meterd.sync", drive: doors.drive)
        storeStage = Stage(label: "meterd.store", drive: doors.drive)
        segmentStage = Stage(label: "meterd.segments", drive: doors.drive)
        // Taken before the card numbers its own prices: those are not in any record yet.
        let declared = Declared(recovered)
        let first = try card.pricing(names: recovered.names, prices: recovered.prices)
        pricing = PricingInForce(first)
        counters = EngineCounters(shards: plan.shards)
        counters.recovered.add(recovered.backlog)
        counters.applied.add(recovered.backlog)
        counters.journaled.add(recovered.backlog)
        storePosition = StorePosition(recovered.checkpoint)
        let rings = RingMatrix(plan, doors.drive)
        let common = ShardCommons(
            plan: plan,
            settings: settings,
            recovered: recovered,
            doors: doors,
            rings: rings,
            journal: journalStage,
            completions: completions,
            counters: counters,
            pricing: first,
            declared: declared,
            desk: desk
        )
        shards = (0..<plan.shards).map { Shard(common.parts($0)) }
        storeWork = try StoreStage(
            recovered: recovered,
            position: storePosition,
            counters: counters,
            health: health,
            loops: rings.signals,
            settings: settings,
            time: doors.time,
            alarm: doors.alarm(storeStage),
            onFatal: onFatal
        )
        let intake = EngineIntake(
            directory: recovered.directory,
            names: recovered.names,
            pricing: pricing,
            health: health,
            journal: recovered.journal,
            store: storePosition,
            time: doors.time
        )
        wirings = rings.wirings(
            shards: shards.map(\.stage),
            sync: syncStage,
            counters: ingest,
            producers: recovered.producers,
            intake: intake,
            settings: IngestSettings(settings)
        )
        activateJournal(rings, recovered.journal)
    }

    /// Gives the journal and its disk their bodies; the two find nothing to do until shards run.
    private func activateJournal(_ rings: RingMatrix, _ journal: Journal) {
        let pending = PendingMarks()
        let journalWork = JournalStage(
            writer: journal.takeWriter(),
            rings: rings.out,
            shards: shards.map(\.stage),
            signals: shards.map(\.signal),
            progress: rings.progress,
            loops: rings.signals,
            pending: pending,
            syncStage: syncStage,
            health: health,
            seal: seal
        )
        let syncWork = SyncStage(
            journal: journal,
            pending: pending,
            progress: rings.progress,
            loops: rings.signals,
            completions: completions,
            counters: counters,
            health: health,
            journalStage: journalStage,
            storeStage: storeStage,
            segmentStage: segmentStage,
            seal: seal
        )
        let segmentWork = SegmentStage(journal: journal)
        segmentStage.activate { segmentWork.run() }
        journalStage.activate { journalWork.run() }
        syncStage.activate { syncWork.run() }
    }

    /// Gives the shards and the store their bodies.
    func activate() {
        let storeWork = self.storeWork
        storeStage.activate { storeWork.run() }
        for shard in shards {
            shard.stage.activate(brief: { shard.runBriefly($0) }, { shard.run() })
        }
    }
}

/// What all shards are made of.
private struct ShardCommons {
    var plan: EnginePlan
    var settings: Settings
    var recovered: Recovered
    var doors: EngineDoors
    var rings: RingMatrix
    var journal: Stage
    var completions: Completions
    var counters: EngineCounters
    var pricing: Pricing
    var declared: Declared
    var desk: PurchaseDesk

    /// What one of them is made of.
    func parts(_ index: Int) -> ShardParts {
        ShardParts(
            index: index,
            stage: Stage(label: "meterd.shard.\(index)", drive: doors.drive),
            commands: rings.commands.map { $0[index] },
            calls: rings.calls.map { $0[index] },
            replies: rings.replies.map { $0[index] },
            loops: rings.signals,
            out: rings.out[index],
            journal: journal,
            completions: completions,
            counters: counters,
            time: doors.time,
            holds: HoldSettings(settings.holds),
            aheadMicroseconds: Int64(settings.usage.aheadByMinutes) * 60_000_000,
            names: recovered.names,
            directory: recovered.directory,
            books: recovered.books.enumerated().map { partition, book in
                partition % plan.shards == index ? book : nil
            },
            pricing: pricing,
            declared: declared,
            desk: desk
        )
    }
}

/// The rings of every loop to and from every shard, and of every shard to the journal.
struct RingMatrix {
    let commands: [[ByteRing]]
    let calls: [[ByteRing]]
    let replies: [[ByteRing]]
    let progress: [[CommandProgress]]
    let out: [ByteRing]
    let signals: [LoopSignal]

    init(_ plan: EnginePlan, _ drive: Stage.Drive) {
        func ring() -> ByteRing { ByteRing(capacity: plan.ringBytes) }
        commands = (0..<plan.loops).map { _ in (0..<plan.shards).map { _ in ring() } }
        calls = (0..<plan.loops).map { _ in
            (0..<plan.shards).map { _ in ByteRing(capacity: Settings.callRingBytes) }
        }
        // Answers are few and small beside usage.
        let replyBytes = max(plan.ringBytes / 4, 65_536)
        replies = (0..<plan.loops).map { _ in
            (0..<plan.shards).map { _ in ByteRing(capacity: replyBytes) }
        }
        progress = (0..<plan.loops).map { _ in (0..<plan.shards).map { _ in CommandProgress() } }
        out = (0..<plan.shards).map { _ in ByteRing(capacity: max(plan.ringBytes, 1 << 20)) }
        signals = (0..<plan.loops).map { _ in LoopSignal(drive: drive) }
    }

    /// What each loop shares with the rest.
    func wirings(
        shards: [Stage],
        sync: Stage,
        counters: IngestCounters,
        producers: Producers,
        intake: any Intake,
        settings: IngestSettings
    ) -> [LoopWiring] {
        commands.indices.map { loop in
            LoopWiring(
                index: loop,
                loops: commands.count,
                commands: commands[loop],
                calls: calls[loop],
                replies: replies[loop],
                progress: progress[loop],
                shards: shards,
                sync: sync,
                signal: signals[loop],
                mailbox: Mailbox(),
                counters: counters,
                producers: producers,
                intake: intake,
                settings: settings
            )
        }
    }
}

extension HoldSettings {
    init(_ settings: Settings.Holds) {
        self.init(
            defaultMicroseconds: Int64(settings.defaultTTLMilliseconds) * 1000,
            maximumMicroseconds: Int64(settings.maxTTLMilliseconds) * 1000,
            sliceOutputTokens: UInt32(clamping: settings.sliceOutputTokens),
            mostOpen: settings.maxOpenPerOrganisation
        )
    }
}

extension IngestSettings {
    init(_ settings: Settings) {
        self.init()
        wire.frameBytes = settings.dataSocket.maxFrameBytes
        wire.lineBytes = settings.dataSocket.maxLineBytes
        maximumConnections = settings.dataSocket.maxConnections
        readBufferBytes = settings.dataSocket.readBufferBytes
        sendBufferBytes = settings.dataSocket.sendBufferBytes
        allNameBytes = Settings.nameBytes
        lateMicroseconds = Int64(settings.usage.lateByDays) * 86_400_000_000
        aheadMicroseconds = Int64(settings.usage.aheadByMinutes) * 60_000_000
        // Where there is one processor, who looks keeps it from who would ask.
        if StoreFactory.cores == 1 { looks = 0 }
        daemon = "meterd \(settings.node.name)"
        peers.users = Set(settings.dataSocket.allowUsers.compactMap(Accounts.user))
        peers.groups = Set(settings.dataSocket.allowGroups.compactMap(Accounts.group))
    }
}

extension StoreStage {
    convenience init(
        recovered: Recovered,
        position: StorePosition,
        counters: EngineCounters,
        health: Health,
        loops: [LoopSignal],
        settings: SettingsFiles.Settings,
        time: any TimeSource,
        alarm: any Alarm,
        onFatal: @escaping @Sendable (String) -> Void
    ) throws(EngineError) {
        let reader: JournalReader
        do throws(JournalError) {
            reader = try recovered.journal.reader(from: recovered.checkpoint)
        } catch {
            throw .journal(error)
        }
        self.init(
            store: recovered.store,
            batch: recovered.batch,
            journal: recovered.journal,
            reader: reader,
            position: position,
            furthest: recovered.stored.highest,
            counters: counters,
            health: health,
            loops: loops,
            settings: StoreStage.Settings(
                batchRows: settings.postgres.batchRows,
                lingerMilliseconds: settings.postgres.lingerMilliseconds,
                retryMilliseconds: settings.postgres.retryMilliseconds,
                leaseSeconds: settings.lease.ttlSeconds
            ),
            time: time,
            alarm: alarm,
            onFatal: onFatal
        )
    }
}

extension Declared {
    /// What the journal has said of names and prices so far.
    init(_ recovered: Recovered) {
        self.init(
            models: recovered.names.highest(.model),
            providers: recovered.names.highest(.provider),
            producers: recovered.names.highest(.producer),
            prices: recovered.prices.highest,
            machines: recovered.names.highest(.machine)
        )
    }
}
