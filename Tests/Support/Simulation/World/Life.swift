import Accounting
import DiskSimulation
import Engine
import Ingest
import Journaling
import Quantities
import Rings
import SettingsFiles
import SimulatedBooks
import Synchronization

/// One life of the daemon, from recovery to its death.
final class Life {
    let engine: Engine
    let loops: [IngestLoop]
    let transports: [SimulatedTransport]
    let signals: [LoopSignal]
    let store: SimulatedStore
    let alarms: AlarmRegister
    /// Until when each loop waits, in steady microseconds.
    var waits: [Int64]
    var nextTick: Int64
    var reader: JournalReader
    /// The highest position that the journal has called synced in this life.
    var lastSynced: UInt64 = 0
    var lastWritten: UInt64 = 0
    var lastStored: UInt64 = 0
    var lastCounts: [UInt64] = [0, 0, 0, 0]

    init(
        engine: Engine,
        store: SimulatedStore,
        alarms: AlarmRegister,
        network: SimulatedNetwork,
        reader: JournalReader,
        now: Int64
    ) {
        self.engine = engine
        self.store = store
        self.alarms = alarms
        self.reader = reader
        nextTick = now + 100_000
        let wirings = engine.wirings
        signals = wirings.map(\.signal)
        let transports = wirings.indices.map { index in
            SimulatedTransport(network, isListener: index == 0)
        }
        self.transports = transports
        let others = wirings.dropFirst().map { ($0.mailbox, $0.signal) }
        loops = wirings.map { wiring in
            IngestLoop(
                wiring: wiring,
                transport: transports[wiring.index],
                others: wiring.index == 0 ? others : []
            )
        }
        waits = loops.map { _ in 0 }
        network.listen()
    }

    /// All stages: shards, journal, segments, sync, store.
    lazy var stages: [Stage] =
        engine.shardStages
        + [engine.journalStage, engine.segmentStage, engine.syncStage, engine.storeStage]

    /// Whether a loop's wait would end now.
    func isDue(_ loop: Int, _ now: Int64) -> Bool {
        signals[loop].isWoken || waits[loop] <= now || transports[loop].isReady
    }

    /// One turn of a loop.
    func turn(_ loop: Int, _ now: Int64) {
        loops[loop].turn(waiting: 0)
        guard !loops[loop].isFinished else {
            waits[loop] = .max
            return
        }
        let milliseconds = loops[loop].prepare()
        waits[loop] = milliseconds < 0 ? .max : now + Int64(milliseconds) * 1000
    }
}

/// What the world tells a daemon that is about to start, from whatever thread it asks.
final class StartSwitches: Sendable {
    private let tries = Atomic<Int>(0)
    private let fatal = Mutex<String?>(nil)
    private let secrets: Mutex<SplitMix>

    init(seed: UInt64) {
        secrets = Mutex(SplitMix(seed: seed))
    }

    /// Whether the start is to be given up for now: after some fruitless tries.
    var isGivingUp: Bool { tries.wrappingAdd(1, ordering: .relaxed).newValue > 3 }
    func beginStart() { tries.store(0, ordering: .relaxed) }

    func fail(_ reason: String) { fatal.withLock { $0 = $0 ?? reason } }
    func takeFatal() -> String? { fatal.withLock { $0.take() } }

    /// A secret that nobody has had before.
    func secret() -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        return secrets.withLock { random in
            "mk_" + String((0..<43).map { _ in letters[random.below(letters.count)] })
        }
    }
}
