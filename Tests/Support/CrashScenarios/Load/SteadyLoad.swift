import DaemonHarness
import Dispatch
import Glibc
import MeterClient
import Quantities
import Synchronization
import Wire

/// Lets gateways send so many events a second, and asks for holds beside them, until it is stopped.
final class SteadyLoad: Sendable {
    /// How the questions were answered.
    struct Answers: Sendable {
        var granted = 0
        var refused = 0
        var failed = 0
        var slowest = 0.0
    }

    private let producers: [LoadProducer]
    private let asker: MeterStream
    private let isStopping = Atomic<Bool>(false)
    private let isHeld = Atomic<Bool>(false)
    private let finished = DispatchGroup()
    private let state = Mutex(Answers())

    /// Starts.
    ///
    /// - Parameters:
    ///   - rig: Whose gateways send.
    ///   - rate: How many events a second, all together.
    init(_ rig: Rig, rate: UInt64) {
        producers = rig.producers
        asker = rig.asker
        let first = rig.sent
        let last = rig.workload.events
        DispatchQueue(label: "crash.pace").async(group: finished) {
            self.pace(from: first, to: last, rate: rate)
        }
        DispatchQueue(label: "crash.ask").async(group: finished) { self.ask() }
    }

    /// The answers so far.
    var answers: Answers { state.withLock { $0 } }

    /// Forgets the slowest answer, to measure the next part alone.
    func resetSlowest() {
        state.withLock { $0.slowest = 0 }
    }

    /// Lets nobody send or ask anything new, or lets them go on.
    ///
    /// - Parameter held: Whether they wait from now on; what they have begun is still finished.
    func hold(_ held: Bool) {
        isHeld.store(held, ordering: .releasing)
    }

    /// Ends the load; what is allowed by then is still sent.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        finished.wait()
    }

    private func pace(from first: UInt64, to last: UInt64, rate: UInt64) {
        var (then, wanted) = (HarnessClock.seconds, Double(first))
        while !isStopping.load(ordering: .acquiring) {
            let now = HarnessClock.seconds
            if !isHeld.load(ordering: .acquiring) { wanted += Double(rate) * (now - then) }
            then = now
            // When nobody could send for a while there is a second's worth to catch up with, and
            // not all of it: the load would be another one afterwards.
            let furthest = producers.map(\.sent).max() ?? 0
            wanted = min(wanted, Double(furthest * UInt64(producers.count) + rate))
            let allowed = min(last, UInt64(wanted))
            for producer in producers { producer.allow(allowed / UInt64(producers.count)) }
            usleep(2000)
        }
    }

    private func ask() {
        var call = AuthorizeCall(account: .org("org-1"), model: "plain")
        call.maxInputTokens = 100
        call.maxOutputTokens = 100
        call.ttlMilliseconds = 3_600_000
        while !isStopping.load(ordering: .acquiring) {
            guard !isHeld.load(ordering: .acquiring) else {
                usleep(1000)
                continue
            }
            let start = HarnessClock.seconds
            do throws(MeterClientError) {
                let outcome = try asker.authorize(call, timeout: .seconds(10))
                note(outcome, after: HarnessClock.seconds - start)
                if case .granted(let granted) = outcome {
                    try asker.release(granted.hold, timeout: .seconds(10))
                }
            } catch {
                state.withLock { $0.failed += 1 }
            }
            usleep(1000)
        }
    }

    private func note(_ outcome: AuthorizeOutcome, after seconds: Double) {
        state.withLock { answers in
            answers.slowest = max(answers.slowest, seconds)
            switch outcome {
            case .granted: answers.granted += 1
            case .refused: answers.refused += 1
            }
        }
    }
}
