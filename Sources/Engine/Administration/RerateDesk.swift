import Synchronization

/// Lets one re-rating work at a time, and no refund beside one that books; tells how far it is.
///
/// Why: each of the two is decided on what PostgreSQL has of the other.
///
/// Threads: any.
final class RerateDesk: Sendable {
    private struct State {
        var progress: RerateProgress?
        var isBooking = false
        var refunds = 0
        /// Whether PostgreSQL was seen to have all corrections; at a start it is not known.
        var isStored = false
    }

    private let state = Mutex(State())

    /// Begins, unless another one is under way.
    func begin(booking: Bool) -> Bool {
        state.withLock { state in
            guard state.progress == nil else { return false }
            state.progress = RerateProgress()
            state.isBooking = booking
            return true
        }
    }

    func end() {
        state.withLock { state in
            if state.isBooking { state.isStored = false }
            state.progress = nil
            state.isBooking = false
        }
    }

    /// Begins a refund, unless a re-rating books.
    func beginRefund() -> Bool {
        state.withLock { state in
            if state.isBooking { return false }
            state.refunds += 1
            return true
        }
    }

    func endRefund() {
        state.withLock { $0.refunds -= 1 }
    }

    /// How many refunds are at work.
    var refunds: Int { state.withLock { $0.refunds } }

    /// Whether PostgreSQL was seen to have all corrections.
    var isStored: Bool { state.withLock { $0.isStored } }

    /// PostgreSQL has all corrections; said by a refund that is at work.
    func noteStored() {
        state.withLock { $0.isStored = true }
    }

    func update(_ change: (inout RerateProgress) -> Void) {
        state.withLock { state in
            guard var known = state.progress else { return }
            change(&known)
            state.progress = known
        }
    }

    var current: RerateProgress? { state.withLock { $0.progress } }
}
