import Accounting
import Ingest
import Quantities
import Rating
import Rings
import Synchronization

/// What a shard is made of.
struct ShardParts {
    var index: Int
    var stage: Stage
    var commands: [ByteRing]
    var calls: [ByteRing]
    var replies: [ByteRing]
    var loops: [LoopSignal]
    var out: ByteRing
    var journal: Stage
    var completions: Completions
    var counters: EngineCounters
    var time: any TimeSource
    var holds: HoldSettings
    /// How far ahead of the present a machine's sample may lie.
    var aheadMicroseconds: Int64
    var names: NameRegistry
    var directory: Directory
    var books: [AccountBook?]
    var pricing: Pricing
    var declared: Declared
    var desk: PurchaseDesk
}

/// How holds are sized and how long they last.
struct HoldSettings: Sendable {
    var defaultMicroseconds: Int64
    var maximumMicroseconds: Int64
    var sliceOutputTokens: UInt32
    /// How many holds of one organisation are open at most.
    var mostOpen: Int
}

/// Which numbers the journal or PostgreSQL can already explain.
struct Declared {
    var models: [Bool]
    var providers: [Bool]
    var producers: [Bool]
    var prices: [Bool]
    var machines: [Bool]

    /// Everything up to the given numbers is known.
    init(
        models: UInt32,
        providers: UInt32,
        producers: UInt32,
        prices: UInt32,
        machines: UInt32
    ) {
        self.models = Array(repeating: true, count: Int(models) + 1)
        self.providers = Array(repeating: true, count: Int(providers) + 1)
        self.producers = Array(repeating: true, count: Int(producers) + 1)
        self.prices = Array(repeating: true, count: Int(prices) + 1)
        self.machines = Array(repeating: true, count: Int(machines) + 1)
    }

    /// Notes a number; true when it was not known before.
    static func note(_ number: UInt32, in known: inout [Bool]) -> Bool {
        let index = Int(number)
        if index < known.count {
            if known[index] { return false }
        } else {
            known.append(contentsOf: repeatElement(false, count: index + 1 - known.count))
        }
        known[index] = true
        return true
    }
}

/// Work for a shard from outside the data path.
final class ShardInbox: Sendable {
    private let jobs = Mutex<[@Sendable (Shard) -> Void]>([])
    private let waiting = Atomic<Bool>(false)

    func put(_ job: @escaping @Sendable (Shard) -> Void) {
        jobs.withLock { $0.append(job) }
        waiting.store(true, ordering: .releasing)
    }

    func take() -> [@Sendable (Shard) -> Void] {
        guard waiting.exchange(false, ordering: .acquiringAndReleasing) else { return [] }
        return jobs.withLock { jobs in
            let taken = jobs
            jobs.removeAll()
            return taken
        }
    }
}

/// What others see of a shard between its turns.
final class ShardSignal: Sendable {
    private let roomWanted = Atomic<Bool>(false)
    private let due = Atomic<Int64>(Int64.max)
    private let holds = Atomic<Int>(0)

    /// Whether the shard waits for room towards the journal.
    var wantsRoom: Bool { roomWanted.load(ordering: .acquiring) }
    /// When something in the shard is due by itself.
    var nextDue: Timestamp { Timestamp(microseconds: due.load(ordering: .acquiring)) }
    /// How many holds are open.
    var openHolds: Int { holds.load(ordering: .relaxed) }

    func setWantsRoom(_ wanted: Bool) { roomWanted.store(wanted, ordering: .releasing) }
    func setNextDue(_ moment: Timestamp) { due.store(moment.microseconds, ordering: .releasing) }
    func setOpenHolds(_ count: Int) { holds.store(count, ordering: .relaxed) }
}
