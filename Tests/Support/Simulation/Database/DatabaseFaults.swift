import Quantities

/// How often the simulated database fails, and how: one in so many calls, 0 for never.
package struct DatabaseFaults: Sendable {
    /// A connection is refused.
    package var refused: UInt64 = 0
    /// The connection breaks before the call reaches the server.
    package var droppedBefore: UInt64 = 0
    /// The connection breaks in the middle of a transaction: nothing is done.
    package var droppedDuring: UInt64 = 0
    /// The connection breaks after COMMIT was sent: it is done, now or later, or not at all.
    package var droppedAfter: UInt64 = 0
    /// The server gives up a statement with an error that passes: deadlock, time-out, shutdown.
    package var serverError: UInt64 = 0
    /// The answer takes its time.
    package var slow: UInt64 = 0
    /// How long it takes at most.
    package var slowMicroseconds: Int64 = 3_000_000

    /// A database that never fails.
    package init() {}

    /// A database that fails in every way.
    ///
    /// - Parameter often: One in so many calls, for each way.
    package init(often: UInt64) {
        refused = often
        droppedBefore = often
        droppedDuring = often
        droppedAfter = often
        serverError = often
        slow = often
    }
}

/// A small generator, so that a seed gives the same run everywhere.
struct DatabaseDice {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func oneIn(_ count: UInt64) -> Bool {
        count > 0 && next() % count == 0
    }
}
