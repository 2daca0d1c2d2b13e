import CLinux
import Glibc
import Quantities

/// The only clock: replaced by a simulated one where time has to obey.
public protocol TimeSource: Sendable {
    /// The present moment.
    func now() -> Timestamp
}

/// The system's clock.
public struct SystemTime: TimeSource {
    /// Makes it.
    public init() {}

    /// The present moment by the system's clock.
    public func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
