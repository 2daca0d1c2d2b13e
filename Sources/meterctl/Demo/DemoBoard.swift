import Quantities
import Synchronization
import Wire

/// What the demonstration's threads know of each other.
final class DemoBoard: Sendable {
    /// What is on the board.
    struct State: Sendable {
        /// Whether the organisation is cut off, by the last push.
        var isCutOff = false
        /// The push that cut it off.
        var cutoff: Cutoff?
        /// The push that restored it.
        var restored: Cutoff?
        /// The last refusal's body, and its HTTP status.
        var refusal: (status: UInt16, body: String)?
        /// Usage events sent, with and without a hold.
        var sent: UInt64 = 0
        /// Those that the daemon acknowledged.
        var acked: UInt64 = 0
        /// Requests granted before they ran.
        var granted: UInt64 = 0
        /// Requests refused before they ran.
        var refused: UInt64 = 0
        /// Events that were not taken.
        var rejected: UInt64 = 0
        /// Whether the subscription stands.
        var isSubscribed = false
        /// Whether the gateways are to end.
        var isOver = false
        /// What ended a thread before its time.
        var failure: Failure?
    }

    private let state = Mutex(State())

    /// Reads the board.
    var now: State { state.withLock { $0 } }

    /// Changes the board.
    func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
    }

    /// Whether a gateway may run another request: it obeys cutoffs, and knows when to end.
    var mayRun: Bool { state.withLock { !$0.isCutOff && !$0.isOver } }

    /// Whether everything is over.
    var isOver: Bool { state.withLock { $0.isOver || $0.failure != nil } }
}
