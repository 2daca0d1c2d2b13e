import Wire

/// A 64-bit digest of what a report says, to tell a repeat from a conflict.
///
/// It needs no defence against collisions made on purpose: who sends them deceives himself only.
struct ContentDigest {
    private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Takes in one word.
    @inline(__always)
    mutating func combine(_ word: UInt64) {
        let product = (value ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        value = product.high ^ product.low &+ 0x9E37_79B9_7F4A_7C15
    }

    /// Takes in a text, with its length.
    mutating func combine(_ range: ByteRange, in frame: RawSpan) {
        let bounds = range.bounds
        combine(UInt64(bounds.count))
        var offset = bounds.lowerBound
        while offset + 8 <= bounds.upperBound {
            combine(frame.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < bounds.upperBound {
            tail = tail << 8 | UInt64(frame.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
            offset += 1
        }
        combine(tail)
    }

    /// The digest of one text.
    static func of(_ text: RawSpan) -> UInt64 {
        of(ByteRange(offset: 0, length: UInt32(text.byteCount)), in: text)
    }

    /// The digest of a text in a frame.
    static func of(_ range: ByteRange, in frame: RawSpan) -> UInt64 {
        var digest = ContentDigest()
        digest.combine(range, in: frame)
        return digest.value
    }
}
