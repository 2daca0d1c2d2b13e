import Glibc
import Quantities

extension Timestamp {
    /// The time of day by this machine's clock, which is the daemon's, too.
    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
