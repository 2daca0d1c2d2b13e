import Glibc

/// The monotonic clock, for deadlines only.
package enum HarnessClock {
    /// Seconds since some moment in the past.
    package static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// Asks again and again until something holds.
///
/// - Parameters:
///   - what: What is waited for, for the error.
///   - seconds: How long to go on asking.
///   - step: The pause between two questions, in microseconds.
///   - condition: Whether it holds by now.
/// - Throws: `HarnessError` when the time is up, and what the condition throws.
package func wait(
    until what: @autoclosure () -> String,
    within seconds: Double = 10,
    step: UInt32 = 10_000,
    _ condition: () throws -> Bool
) throws {
    let deadline = HarnessClock.seconds + seconds
    while try !condition() {
        if HarnessClock.seconds > deadline {
            throw HarnessError("waited \(seconds) s in vain until \(what())")
        }
        usleep(step)
    }
}
