import Dispatch
import Glibc
import MeterClient
import Quantities
import Synchronization
import Wire

/// One gateway of the campaign: streams its planned events, as far as it is allowed to.
///
/// Queue: its own; the main course reads counters and raises the allowance.
final class LoadProducer: Sendable {
    private struct Notes: Sendable {
        var connects = 0
        var floor: UInt64 = 0
        var violations: [String] = []
    }

    let index: Int
    let name: String
    /// Whether its acknowledgements must mean that PostgreSQL has the events.
    let wantsStored: Bool
    private let workload: Workload
    private let accounts: [MeterAccount]
    private let stream: MeterStream
    private let notes: Notebook
    private let allowance = Atomic<UInt64>(0)
    private let handedOver = Atomic<UInt64>(0)
    private let isStopping = Atomic<Bool>(false)
    private let finished = DispatchGroup()

    /// What the stream's notices change; apart from the producer, as the stream comes first.
    private final class Notebook: Sendable {
        let notes = Mutex(Notes())
    }

    init(_ index: Int, workload: Workload, accounts: [MeterAccount], socket: String) {
        self.index = index
        self.workload = workload
        self.accounts = accounts
        let wantsStored = index == 3
        self.wantsStored = wantsStored
        name = workload.producerName(index)
        let notes = Notebook()
        self.notes = notes
        var settings = MeterStreamSettings(path: socket, producer: name)
        settings.firstBackoff = .milliseconds(10)
        settings.longestBackoff = .milliseconds(200)
        settings.encoding = index == 2 ? .jsonLines : .binary
        settings.durability = wantsStored ? .stored : .journaled
        stream = MeterStream(settings) { notice in
            notes.notes.withLock { LoadProducer.note(notice, in: &$0) }
        }
    }

    private static func note(_ notice: MeterNotice, in notes: inout Notes) {
        switch notice {
        case .connected(let last):
            notes.connects += 1
            if last < notes.floor {
                notes.violations.append("welcome says \(last), \(notes.floor) were acknowledged")
            }
        case .renumbered(let last):
            notes.violations.append("the welcome says \(last), more had been acknowledged")
        case .rejected(let rejection):
            notes.violations.append("rejected: \(rejection)")
        case .disconnected(let error, retryAfter: nil):
            if error != .closed { notes.violations.append("gave up: \(error)") }
        case .disconnected, .subscribed, .cutoff, .restored, .order: break
        }
    }

    /// Begins to send what is allowed.
    func start() {
        DispatchQueue(label: "crash.\(name)").async(group: finished) { self.run() }
    }

    private func run() {
        var next: UInt64 = 1
        while next <= workload.eventsEach, !isStopping.load(ordering: .acquiring) {
            let limit = min(allowance.load(ordering: .acquiring), workload.eventsEach)
            guard next <= limit else {
                usleep(500)
                continue
            }
            while next <= limit, !isStopping.load(ordering: .relaxed) {
                do {
                    try send(next)
                } catch {
                    violation("cannot send: \(error)")
                    return
                }
                handedOver.store(next, ordering: .releasing)
                next += 1
            }
        }
    }

    private func send(_ sequence: UInt64) throws(MeterClientError) {
        let planned = workload.event(index, sequence)
        var event = UsageEvent(
            id: workload.requestID(index, sequence),
            account: accounts[planned.org],
            model: planned.model.name,
            tokens: planned.tokens
        )
        event.latencyMilliseconds = UInt32(truncatingIfNeeded: sequence & 1023)
        try stream.send(event)
    }

    private func violation(_ text: String) {
        notes.notes.withLock { $0.violations.append(text) }
    }

    /// Lets it send up to this sequence.
    func allow(_ sequence: UInt64) {
        allowance.store(sequence, ordering: .releasing)
    }

    /// How many events were given to the stream.
    var sent: UInt64 { handedOver.load(ordering: .acquiring) }

    /// Whether it has sent all that it may.
    var hasCaughtUp: Bool {
        sent >= min(allowance.load(ordering: .acquiring), workload.eventsEach)
    }

    /// At least so many are acknowledged; sequences begin at 1, so it is a sequence, too.
    ///
    /// Why the highest of all looks: an event may be in the stream before it is counted as sent.
    var acknowledged: UInt64 { noteFloor() }

    /// Notes what is acknowledged now; every later welcome must cover it.
    @discardableResult
    func noteFloor() -> UInt64 {
        let sent = self.sent
        let acknowledged = sent - min(sent, UInt64(stream.unacknowledged))
        return notes.notes.withLock { notes in
            notes.floor = max(notes.floor, acknowledged)
            return notes.floor
        }
    }

    /// How often it was connected.
    var connects: Int { notes.notes.withLock { $0.connects } }

    /// What went against the promises.
    var violations: [String] { notes.notes.withLock { $0.violations } }

    /// Waits until everything that was sent is acknowledged.
    func drain(seconds: Int) -> Bool {
        stream.drain(timeout: .seconds(seconds))
    }

    /// Ends the stream and the thread.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        stream.close()
        finished.wait()
    }
}
