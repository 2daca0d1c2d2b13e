/// A running 128-bit digest of a state, the same on every machine and in every run.
///
/// It compares states (live against replayed), and recognises repeated content; it is no
/// protection against somebody who builds collisions on purpose.
///
/// Cost: two multiplications for each 64-bit word.
public struct StateDigest: Sendable, Hashable {
    private var first: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var second: UInt64 = 0xC2B2_AE3D_27D4_EB4F

    /// Starts an empty digest.
    public init() {}

    /// Takes in one word.
    ///
    /// - Parameter word: The next 64 bits of the state.
    public mutating func combine(_ word: UInt64) {
        let low = (first ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        first = low.high ^ low.low &+ 0x9E37_79B9_7F4A_7C15
        let high = (second &+ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        second = high.high ^ high.low ^ first
    }

    /// Takes in a signed word.
    ///
    /// - Parameter value: The next 64 bits of the state.
    public mutating func combine(_ value: Int64) {
        combine(UInt64(bitPattern: value))
    }

    /// Takes in an amount.
    ///
    /// - Parameter amount: The next 128 bits of the state.
    public mutating func combine(_ amount: Amount) {
        let bits = UInt128(bitPattern: amount.units)
        combine(UInt64(truncatingIfNeeded: bits))
        combine(UInt64(truncatingIfNeeded: bits >> 64))
    }

    /// Takes in bytes, with their length.
    ///
    /// - Parameter bytes: The next part of the state.
    public mutating func combine(bytes: some Sequence<UInt8>) {
        var word: UInt64 = 0
        var count: UInt64 = 0
        for byte in bytes {
            word = word << 8 | UInt64(byte)
            count += 1
            if count % 8 == 0 {
                combine(word)
                word = 0
            }
        }
        combine(word)
        combine(count)
    }

    /// The digest so far.
    public var value: UInt128 { UInt128(first) << 64 | UInt128(second) }
}

extension StateDigest: CustomStringConvertible {
    /// 32 hexadecimal digits.
    public var description: String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 32 - text.utf8.count) + text
    }
}
