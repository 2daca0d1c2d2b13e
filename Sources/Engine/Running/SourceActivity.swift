import Quantities
import Synchronization

/// When each producer reported last, as far as PostgreSQL was given it.
///
/// Why: what the data path would have to note for each report, the store notes for each batch.
/// Queue: any; a lock, taken once for each batch and once a second.
final class SourceActivity: Sendable {
    private struct State: Sendable {
        /// By the producer's number.
        var last: [UInt32: Timestamp] = [:]
        var silent: Set<UInt32> = []
        /// Those known from before the start: their last report is only taken to be the start.
        var unheard: Set<UInt32> = []
        var isKnown = false
        var judgedAt = Timestamp.epoch
    }

    private let state = Mutex(State())

    /// Notes who has reported.
    func note(_ producers: [UInt32], at moment: Timestamp) {
        if producers.isEmpty { return }
        state.withLock { state in
            for producer in producers {
                state.last[producer] = moment
                state.unheard.remove(producer)
            }
        }
    }

    /// Whether it is known who was there before the start.
    var hasBegun: Bool { state.withLock { $0.isKnown } }

    /// Takes in whom the daemon knows from before, as if those without a report since had reported
    /// when it started, and who of them was told to be silent; only the first time.
    func begin(_ producers: [UInt32], silent: [UInt32], at moment: Timestamp) {
        state.withLock { state in
            guard !state.isKnown else { return }
            state.isKnown = true
            state.silent = Set(silent)
            for producer in producers where state.last[producer] == nil {
                state.last[producer] = moment
                state.unheard.insert(producer)
            }
        }
    }

    /// Who has fallen silent, and who is heard again.
    ///
    /// - Parameters:
    ///   - after: How long somebody has to be silent, in microseconds.
    ///   - moment: The present moment.
    /// - Returns: nil when it was asked less than a second ago, or nothing has changed.
    func changes(
        after: Int64,
        at moment: Timestamp
    ) -> (silent: [UInt32: Timestamp], heard: [UInt32])? {
        state.withLock { state in
            guard state.isKnown, moment >= state.judgedAt.advanced(byMicroseconds: 1_000_000)
            else { return nil }
            state.judgedAt = moment
            var silent: [UInt32: Timestamp] = [:]
            var heard: [UInt32] = []
            for (producer, last) in state.last {
                let isSilent = last.advanced(byMicroseconds: after) <= moment
                if isSilent, state.silent.insert(producer).inserted { silent[producer] = last }
                // Who was silent before a restart stays it until there is a report.
                if !isSilent, state.silent.contains(producer), !state.unheard.contains(producer) {
                    state.silent.remove(producer)
                    heard.append(producer)
                }
            }
            return silent.isEmpty && heard.isEmpty ? nil : (silent, heard.sorted())
        }
    }
}
