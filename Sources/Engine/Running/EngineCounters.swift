import Quantities
import Rings
import Synchronization

/// What the engine counts, for people and metrics.
///
/// `applied`, `journaled` and `stored` count usage lines: those in the journal but not yet in
/// PostgreSQL at start count as applied and journaled, so that all are equal whenever nothing
/// waits.
final class EngineCounters: Sendable {
    /// When each producer reported last, as far as PostgreSQL was given it.
    let sources = SourceActivity()
    /// Alerts that went off since start, of each shard.
    private let alerts = Mutex<[Int: UInt64]>([:])
    let applied = PaddedCounter()
    let journaled = PaddedCounter()
    let stored = PaddedCounter()
    let recovered = PaddedCounter()
    let granted = PaddedCounter()
    let refused = PaddedCounter()
    let rejected = PaddedCounter()
    let repeated = PaddedCounter()
    /// Signs of life of machines that count as rejected or repeated: they never counted as taken.
    let samples = PaddedCounter()
    let batches = PaddedCounter()
    let purchases = Mutex(PurchaseFigures())
    private let overshoots: Mutex<[Amount]>

    init(shards: Int) {
        overshoots = Mutex(Array(repeating: .zero, count: shards))
    }

    func setAlerts(_ count: UInt64, shard: Int) {
        alerts.withLock { $0[shard] = count }
    }

    var raisedAlerts: UInt64 {
        alerts.withLock { $0.values.reduce(0, +) }
    }

    func setOvershoot(_ amount: Amount, shard: Int) {
        overshoots.withLock { $0[shard] = amount }
    }

    var overshoot: Amount {
        overshoots.withLock { $0.reduce(.zero, +) }
    }
}

/// Calls that wait until their records are safe.
final class Completions: Sendable {
    private struct State: Sendable {
        var next: UInt64 = 1
        var waiting: [UInt64: @Sendable () -> Void] = [:]
    }

    private let state = Mutex<State>(State())

    func add(_ action: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            let id = state.next
            state.next += 1
            state.waiting[id] = action
            return id
        }
    }

    func finishAll() {
        let actions = state.withLock { state in
            defer { state.waiting.removeAll() }
            return state.waiting.sorted { $0.key < $1.key }.map(\.value)
        }
        for action in actions { action() }
    }

    func finish(_ id: UInt64) {
        let action = state.withLock { $0.waiting.removeValue(forKey: id) }
        action?()
    }
}
