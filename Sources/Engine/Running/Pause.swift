import Glibc

/// Blocks the caller's own thread; only for queues that have nothing else to do.
func pauseMilliseconds(_ milliseconds: Int) {
    usleep(UInt32(clamping: milliseconds * 1000))
}
