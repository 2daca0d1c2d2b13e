/// Where a text lies in the frame or line that the decoder was given.
///
/// Layout:      8 bytes, so that messages are plain values and decoding allocates nothing.
/// Invariants:  a range that a decoder hands out lies inside the bytes it decoded, and holds valid
///              UTF-8 without control characters.
@frozen
public struct ByteRange: Sendable, Hashable {
    /// The first byte, counted from the start of the frame or line.
    public var offset: UInt32
    /// How many bytes.
    public var length: UInt32

    /// The text that is not there.
    public static let empty = ByteRange(offset: 0, length: 0)

    /// Names a part of a frame.
    ///
    /// - Parameters:
    ///   - offset: The first byte, counted from the start of the frame or line.
    ///   - length: How many bytes.
    @inlinable
    public init(offset: UInt32, length: UInt32) {
        self.offset = offset
        self.length = length
    }

    /// Whether there is no text.
    @inlinable public var isEmpty: Bool { length == 0 }

    /// The bytes' positions, as a range of offsets.
    @inlinable public var bounds: Range<Int> { Int(offset)..<(Int(offset) + Int(length)) }

    /// The text as a string; allocates when it is longer than 15 bytes.
    ///
    /// - Parameter bytes: The frame or line that the range belongs to.
    /// - Returns: The text, repaired where it is no UTF-8.
    public func text(in bytes: RawSpan) -> String {
        bytes.extracting(bounds).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

extension RawSpan {
    /// The byte at an offset.
    @inlinable
    func byte(_ offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The little-endian 16-bit number at an offset.
    @inlinable
    func u16(_ offset: Int) -> UInt16 {
        UInt16(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// The little-endian 32-bit number at an offset.
    @inlinable
    func u32(_ offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The little-endian 64-bit number at an offset.
    @inlinable
    func u64(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The little-endian signed 128-bit number at an offset.
    func i128(_ offset: Int) -> Int128 {
        Int128(truncatingIfNeeded: u64(offset)) | Int128(Int64(bitPattern: u64(offset + 8))) << 64
    }
}
