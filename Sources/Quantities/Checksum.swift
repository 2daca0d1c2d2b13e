import CLinux

/// CRC-32C (Castagnoli), which guards journal blocks; by hardware where there is some.
public enum Checksum {
    /// The checksum of the bytes, continuing from an earlier one.
    ///
    /// - Parameters:
    ///   - bytes: What to guard.
    ///   - start: The checksum so far, 0 at the beginning.
    /// - Returns: The checksum of all bytes so far.
    @inlinable
    public static func crc32c(_ bytes: UnsafeRawBufferPointer, from start: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return start }
        return meterd_crc32c(start, base, bytes.count)
    }
}
