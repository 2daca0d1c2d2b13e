/// Texts as PostgreSQL takes them: valid UTF-8 without the character U+0000.
///
/// Why: one request whose id holds such bytes must not stop the books of all others for ever; what
/// the database cannot hold is shown as U+FFFD.
enum StoredText {
    /// A byte that is no UTF-8 becomes three at most.
    static let maximumGrowth = 3

    /// Whether the bytes are plain ASCII without zero bytes, and so need no closer look.
    @inline(__always)
    static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset + 8 <= text.count {
            let word = text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            // The high bit of a byte is set by itself, or by the borrow when the byte is zero.
            let suspicious = word | (word &- 0x0101_0101_0101_0101)
            if suspicious & 0x8080_8080_8080_8080 != 0 { return false }
            offset += 8
        }
        while offset < text.count {
            let byte = text[offset]
            if byte == 0 || byte >= 128 { return false }
            offset += 1
        }
        return true
    }

    /// The text with U+FFFD in the place of U+0000.
    static func repaired(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            scalars.append(scalar.value == 0 ? "\u{FFFD}" : scalar)
        }
        return String(scalars)
    }
}
