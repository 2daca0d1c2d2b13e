import DaemonHarness
import Engine
import Quantities
import Synchronization

/// A clock that stands still until the test moves it.
package final class ScenarioClock: TimeSource {
    private let moment: Atomic<Int64>

    /// Makes a clock.
    ///
    /// - Parameter text: Where it stands, as RFC 3339.
    /// - Throws: `HarnessError` when that is no time.
    package init(_ text: String) throws {
        moment = Atomic(try ScenarioClock.time(text).microseconds)
    }

    package func now() -> Timestamp {
        Timestamp(microseconds: moment.load(ordering: .acquiring))
    }

    func set(_ time: Timestamp) {
        moment.store(time.microseconds, ordering: .releasing)
    }

    static func time(_ text: String) throws -> Timestamp {
        guard let time = Timestamp(rfc3339: text.utf8) else {
            throw HarnessError("\(text) is no time")
        }
        return time
    }
}
