/// Reads an input piece by piece; behind its end there are zeros.
struct ByteSource {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { offset >= bytes.count }

    /// What was not read yet.
    var rest: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[min(offset, bytes.count)...])
    }

    mutating func byte() -> UInt8 {
        guard offset < bytes.count else { return 0 }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func word() -> UInt16 {
        UInt16(byte()) | UInt16(byte()) << 8
    }
}

extension UnsafeRawBufferPointer {
    /// The part from an offset on.
    func from(_ offset: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[Swift.min(offset, count)...])
    }

    /// The text, if it is UTF-8.
    var validText: String? { String(validating: self, as: UTF8.self) }
}

extension String {
    /// A complaint that can be compared with that of a second attempt.
    ///
    /// Why: where keys of different kinds appear twice, the YAML library names the line of one of
    /// them, and not always of the same.
    var comparable: String {
        contains("appears more than once in the same mapping") ? "duplicate keys" : self
    }
}
