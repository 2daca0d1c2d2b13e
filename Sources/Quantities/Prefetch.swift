import CLinux

/// Asks the processor for memory ahead of its use.
///
/// Why: with a million wallets nearly each of them has to come from main memory; asked for early
/// enough, many are under way at the same time.
public enum Prefetch {
    /// The size of a cache line.
    @inlinable static var lineBytes: Int { 64 }

    /// Asks for one cache line; nothing is read, so that it may be any.
    ///
    /// - Parameter address: An address in it.
    @inlinable
    @inline(__always)
    public static func line(_ address: UnsafeRawPointer) {
        meterd_prefetch(address)
    }

    /// Asks for the cache lines of a stretch of memory; nothing is read, so that it may be any.
    ///
    /// - Parameters:
    ///   - start: The first byte.
    ///   - count: How many bytes.
    @inlinable
    @inline(__always)
    public static func bytes(_ start: UnsafeRawPointer, count: Int) {
        var offset = 0
        while offset < count {
            meterd_prefetch(start + offset)
            offset += lineBytes
        }
        meterd_prefetch(start + count)
    }
}
