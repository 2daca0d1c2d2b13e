/// What a text in a message may contain: valid UTF-8 without control characters.
///
/// Why:         ids and names end up in PostgreSQL, which takes neither wrong UTF-8 nor NUL, and in
///              logs, where a line end would forge a line. One bad id must not stop a whole batch.
enum TextRules {
    private static let highBits: UInt64 = 0x8080_8080_8080_8080
    private static let spaces: UInt64 = 0x2020_2020_2020_2020

    /// Whether the bytes keep the rules; eight at a time while they are plain ASCII.
    @inline(__always)
    static func isClean(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        let part = bytes.extracting(range)
        guard part.byteCount >= 8 else { return isShortClean(part) }
        var index = 0
        let last = part.byteCount - 8
        var seen = suspects(part, at: last)
        while index < last {
            seen |= suspects(part, at: index)
            index += 8
        }
        return seen & highBits == 0 || isCleanSlowly(part)
    }

    /// High bits where a byte of the word is not ASCII, or is a control character.
    ///
    /// Below 0x20 the subtraction borrows into the high bit; what it borrows from the next byte
    /// can only make one more suspect in a word that has one already.
    @inline(__always)
    private static func suspects(_ bytes: RawSpan, at offset: Int) -> UInt64 {
        // The caller's loop keeps 8 bytes from the offset inside the part.
        let word = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
        return (word &- spaces) | word
    }

    private static func isShortClean(_ bytes: RawSpan) -> Bool {
        for index in 0..<bytes.byteCount {
            let byte = bytes.byte(index)
            if byte < 0x20 || byte >= 0x80 { return isCleanSlowly(bytes) }
        }
        return true
    }

    @inline(never)
    private static func isCleanSlowly(_ bytes: RawSpan) -> Bool {
        for index in 0..<bytes.byteCount where bytes.byte(index) < 0x20 { return false }
        return isUTF8(bytes)
    }

    /// Whether the bytes are valid UTF-8: nothing overlong, no surrogates, at most U+10FFFF.
    static func isUTF8(_ bytes: RawSpan) -> Bool {
        var index = 0
        while index < bytes.byteCount {
            let lead = bytes.byte(index)
            index += 1
            if lead < 0x80 { continue }
            let (extra, low, high) = followers(of: lead)
            guard extra > 0, index + extra <= bytes.byteCount else { return false }
            let second = bytes.byte(index)
            guard second >= low, second <= high else { return false }
            for offset in 1..<max(extra, 1) where bytes.byte(index + offset) & 0xC0 != 0x80 {
                return false
            }
            index += extra
        }
        return true
    }

    /// How many bytes follow a lead byte, and what the first of them may be (Unicode, table 3-7).
    private static func followers(of lead: UInt8) -> (count: Int, low: UInt8, high: UInt8) {
        switch lead {
        case 0xC2...0xDF: (1, 0x80, 0xBF)
        case 0xE0: (2, 0xA0, 0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (2, 0x80, 0xBF)
        case 0xED: (2, 0x80, 0x9F)
        case 0xF0: (3, 0x90, 0xBF)
        case 0xF1...0xF3: (3, 0x80, 0xBF)
        case 0xF4: (3, 0x80, 0x8F)
        default: (0, 0, 0)
        }
    }
}
