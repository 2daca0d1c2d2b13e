/// Strings, which are decoded where they stand.
extension JSONScanner {
    /// Scans a string that is kept, decodes its escapes in place, and returns its text.
    mutating func string(in line: inout MutableRawSpan) throws(JSONSyntaxError) -> ByteRange {
        guard take(UInt8(ascii: "\""), in: line) else { throw expected("a string") }
        let start = position
        skipPlain(in: line)
        guard position < end else { throw expected("'\"'") }
        switch line.byte(position) {
        case UInt8(ascii: "\""):
            position += 1
            return ByteRange(offset: UInt32(start), length: UInt32(position - 1 - start))
        case UInt8(ascii: "\\"):
            return try escapedString(from: start, in: &line)
        default:
            throw expected("no control character in a string")
        }
    }

    /// Steps to the next quote, backslash or control character, eight bytes at a time.
    private mutating func skipPlain(in line: borrowing MutableRawSpan) {
        while position + 8 <= end {
            let word = line.bytes.u64(position)
            let quote = word ^ 0x2222_2222_2222_2222
            let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
            let ones: UInt64 = 0x0101_0101_0101_0101
            // Each term has a high bit where its byte is zero, or below 0x20; the lowest is exact.
            let hits =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash
                    | (word &- 0x2020_2020_2020_2020) & ~word) & 0x8080_8080_8080_8080
            if hits != 0 {
                position += hits.trailingZeroBitCount / 8
                return
            }
            position += 8
        }
        while position < end {
            let byte = line.byte(position)
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
            position += 1
        }
    }

    /// Steps over a string that is not kept.
    mutating func skipString(in line: borrowing MutableRawSpan) throws(JSONSyntaxError) {
        guard take(UInt8(ascii: "\""), in: line) else { throw expected("a string") }
        skipPlain(in: line)
        while position < end {
            let byte = line.byte(position)
            guard byte >= 0x20 else { throw expected("no control character in a string") }
            position += 1
            if byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\") { try skipEscape(in: line) }
            skipPlain(in: line)
        }
        throw expected("'\"'")
    }

    /// Steps over an escape that is not kept; halves of surrogate pairs may stand alone there.
    private mutating func skipEscape(in line: borrowing MutableRawSpan) throws(JSONSyntaxError) {
        if take(UInt8(ascii: "u"), in: line) {
            _ = try fourHexDigits(in: line)
        } else {
            _ = try escape(in: line)
        }
    }

    /// Goes on from the first escape: the text behind it moves towards the front.
    private mutating func escapedString(
        from start: Int,
        in line: inout MutableRawSpan
    ) throws(JSONSyntaxError) -> ByteRange {
        var write = position
        while position < end {
            let byte = line.byte(position)
            if byte == UInt8(ascii: "\"") {
                position += 1
                return ByteRange(offset: UInt32(start), length: UInt32(write - start))
            }
            guard byte >= 0x20 else { throw expected("no control character in a string") }
            position += 1
            if byte == UInt8(ascii: "\\") {
                let scalar = try escape(in: line)
                write = put(scalar, at: write, in: &line)
            } else {
                line.storeBytes(of: byte, toByteOffset: write, as: UInt8.self)
                write += 1
            }
        }
        throw expected("'\"'")
    }

    /// The scalar of an escape whose backslash has been taken.
    private mutating func escape(
        in line: borrowing MutableRawSpan
    ) throws(JSONSyntaxError) -> UInt32 {
        guard position < end else { throw expected("an escape") }
        let byte = line.byte(position)
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt32(byte)
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): return try unicodeEscape(in: line)
        default:
            position -= 1
            throw expected("an escape")
        }
    }

    private mutating func unicodeEscape(
        in line: borrowing MutableRawSpan
    ) throws(JSONSyntaxError) -> UInt32 {
        let first = try fourHexDigits(in: line)
        guard first & 0xF800 == 0xD800 else { return first }
        guard first < 0xDC00, take(UInt8(ascii: "\\"), in: line), take(UInt8(ascii: "u"), in: line)
        else { throw expected("a surrogate pair") }
        let second = try fourHexDigits(in: line)
        guard second & 0xFC00 == 0xDC00 else { throw expected("a surrogate pair") }
        return 0x1_0000 + (first & 0x3FF) << 10 + (second & 0x3FF)
    }

    private mutating func fourHexDigits(
        in line: borrowing MutableRawSpan
    ) throws(JSONSyntaxError) -> UInt32 {
        guard position + 4 <= end else { throw expected("four hexadecimal digits") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = line.byte(position)
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - 48
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - 87
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - 55
            default: throw expected("four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// Writes a scalar as UTF-8; its escape was longer, so nothing unread is overwritten.
    private func put(_ scalar: UInt32, at offset: Int, in line: inout MutableRawSpan) -> Int {
        var offset = offset
        func put(_ byte: UInt32, in line: inout MutableRawSpan) {
            line.storeBytes(
                of: UInt8(truncatingIfNeeded: byte),
                toByteOffset: offset,
                as: UInt8.self
            )
            offset += 1
        }
        switch scalar {
        case 0..<0x80:
            put(scalar, in: &line)
        case 0x80..<0x800:
            put(0xC0 | scalar >> 6, in: &line)
            put(0x80 | scalar & 0x3F, in: &line)
        case 0x800..<0x1_0000:
            put(0xE0 | scalar >> 12, in: &line)
            put(0x80 | scalar >> 6 & 0x3F, in: &line)
            put(0x80 | scalar & 0x3F, in: &line)
        default:
            put(0xF0 | scalar >> 18, in: &line)
            put(0x80 | scalar >> 12 & 0x3F, in: &line)
            put(0x80 | scalar >> 6 & 0x3F, in: &line)
            put(0x80 | scalar & 0x3F, in: &line)
        }
        return offset
    }
}
