import Quantities

/// The 64 bytes at the beginning of each segment file.
///
/// Layout:      little-endian
///
///     offset  size  field     meaning
///          0     4  magic     "MTJS"
///          4     4  checksum  CRC-32C over bytes 8 to 63
///          8     4  version   of the format, 1
///         12     4  -         0
///         16     8  start     the position of the segment's first byte, as in its name
///         24     8  size      the bytes of the segment; the next one starts at start + size
///         32    32  -         0
struct SegmentHeader: Hashable {
    var version: UInt32 = SegmentHeader.version
    var start: UInt64
    var size: UInt64

    static let bytes = 64
    static let magic: UInt32 = 0x534A_544D
    static let version: UInt32 = 1

    init(start: UInt64, size: UInt64) {
        self.start = start
        self.size = size
    }

    /// The header's bytes.
    var encoded: [UInt8] {
        var image = [UInt8](repeating: 0, count: SegmentHeader.bytes)
        image.withUnsafeMutableBytes { header in
            header.storeBytes(of: SegmentHeader.magic.littleEndian, as: UInt32.self)
            header.storeBytes(of: version.littleEndian, toByteOffset: 8, as: UInt32.self)
            header.storeBytes(of: start.littleEndian, toByteOffset: 16, as: UInt64.self)
            header.storeBytes(of: size.littleEndian, toByteOffset: 24, as: UInt64.self)
            let checksum = Checksum.crc32c(UnsafeRawBufferPointer(rebasing: header[8...]))
            header.storeBytes(of: checksum.littleEndian, toByteOffset: 4, as: UInt32.self)
        }
        return image
    }

    /// Reads a header that may be anything; nil when it is none.
    ///
    /// - Parameter image: The file's first 64 bytes.
    init?(_ image: [UInt8]) {
        guard image.count == SegmentHeader.bytes else { return nil }
        let words = image.withUnsafeBytes { bytes in
            (
                UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)),
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)),
                Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[8...])),
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
            )
        }
        guard words.0 == SegmentHeader.magic, words.1 == words.2 else { return nil }
        version = words.3
        (start, size) = image.withUnsafeBytes { bytes in
            (
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
            )
        }
    }
}
