/// Where a line stops being JSON, and what was expected there.
struct JSONSyntaxError: Error {
    let expected: StaticString
    let position: Int

    /// The fault of the connection: after a broken line nothing can be trusted.
    var fault: ConnectionFault {
        ConnectionFault(
            .malformed,
            "a line is no JSON object: expected \(expected) at byte \(position)"
        )
    }
}

/// Scans one JSON object in a single pass, without allocating.
///
/// Escapes of the texts that are kept are decoded in place: a decoded text is never longer than
/// its escaped form, so it fits where it stood. A line can therefore be scanned only once.
///
/// Invariants:  `position <= end`; only bytes inside kept strings are changed.
struct JSONScanner {
    var position: Int
    let end: Int
    let nesting: Int

    /// Scans an object, its braces included, and nothing behind it but blanks.
    mutating func document(
        _ object: inout JSONObject,
        in line: inout MutableRawSpan
    ) throws(JSONSyntaxError) {
        try self.object(&object, in: &line)
        skipBlanks(in: line)
        guard position == end else { throw expected("the end of the line") }
    }

    private mutating func object(
        _ object: inout JSONObject,
        in line: inout MutableRawSpan
    ) throws(JSONSyntaxError) {
        skipBlanks(in: line)
        guard take(UInt8(ascii: "{"), in: line) else { throw expected("'{'") }
        skipBlanks(in: line)
        if take(UInt8(ascii: "}"), in: line) { return }
        let table = JSONFieldTable.shared
        repeat {
            skipBlanks(in: line)
            let key = try string(in: &line)
            let field = table.field(key, in: line.bytes)
            skipBlanks(in: line)
            guard take(UInt8(ascii: ":"), in: line) else { throw expected("':'") }
            skipBlanks(in: line)
            if let field {
                object.set(field, try value(in: &line))
            } else {
                try skipValue(depth: 1, in: line)
            }
            skipBlanks(in: line)
        } while take(UInt8(ascii: ","), in: line)
        guard take(UInt8(ascii: "}"), in: line) else { throw expected("',' or '}'") }
    }

    /// Scans a value that is kept.
    mutating func value(in line: inout MutableRawSpan) throws(JSONSyntaxError) -> JSONValue {
        guard position < end else { throw expected("a value") }
        let start = position
        switch line.byte(position) {
        case UInt8(ascii: "\""):
            return JSONValue(kind: .string, range: try string(in: &line))
        case UInt8(ascii: "{"):
            try skipValue(depth: 1, in: line)
            return JSONValue(kind: .object, range: range(from: start))
        case UInt8(ascii: "["):
            try skipValue(depth: 1, in: line)
            return JSONValue(kind: .array, range: range(from: start))
        case UInt8(ascii: "t"):
            try literal("true", in: line)
            return JSONValue(kind: .true, range: range(from: start))
        case UInt8(ascii: "f"):
            try literal("false", in: line)
            return JSONValue(kind: .false, range: range(from: start))
        case UInt8(ascii: "n"):
            try literal("null", in: line)
            return JSONValue(kind: .null, range: range(from: start))
        default:
            try number(in: line)
            return JSONValue(kind: .number, range: range(from: start))
        }
    }

    /// Steps over a value that is not kept.
    mutating func skipValue(depth: Int, in line: borrowing MutableRawSpan) throws(JSONSyntaxError) {
        guard position < end else { throw expected("a value") }
        switch line.byte(position) {
        case UInt8(ascii: "\""): try skipString(in: line)
        case UInt8(ascii: "{"): try skipObject(depth: depth, in: line)
        case UInt8(ascii: "["): try skipArray(depth: depth, in: line)
        case UInt8(ascii: "t"): try literal("true", in: line)
        case UInt8(ascii: "f"): try literal("false", in: line)
        case UInt8(ascii: "n"): try literal("null", in: line)
        default: try number(in: line)
        }
    }

    private mutating func skipObject(
        depth: Int,
        in line: borrowing MutableRawSpan
    ) throws(JSONSyntaxError) {
        guard depth < nesting else { throw expected("less deep nesting") }
        position += 1
        skipBlanks(in: line)
        if take(UInt8(ascii: "}"), in: line) { return }
        repeat {
            skipBlanks(in: line)
            try skipString(in: line)
            skipBlanks(in: line)
            guard take(UInt8(ascii: ":"), in: line) else { throw expected("':'") }
            skipBlanks(in: line)
            try skipValue(depth: depth + 1, in: line)
            skipBlanks(in: line)
        } while take(UInt8(ascii: ","), in: line)
        guard take(UInt8(ascii: "}"), in: line) else { throw expected("',' or '}'") }
    }

    private mutating func skipArray(
        depth: Int,
        in line: borrowing MutableRawSpan
    ) throws(JSONSyntaxError) {
        guard depth < nesting else { throw expected("less deep nesting") }
        position += 1
        skipBlanks(in: line)
        if take(UInt8(ascii: "]"), in: line) { return }
        repeat {
            skipBlanks(in: line)
            try skipValue(depth: depth + 1, in: line)
            skipBlanks(in: line)
        } while take(UInt8(ascii: ","), in: line)
        guard take(UInt8(ascii: "]"), in: line) else { throw expected("',' or ']'") }
    }

    private mutating func literal(
        _ word: StaticString,
        in line: borrowing MutableRawSpan
    ) throws(JSONSyntaxError) {
        let count = word.utf8CodeUnitCount
        guard position + count <= end, line.bytes.holds(word, at: position) else {
            throw expected("true, false or null")
        }
        position += count
    }

    /// Steps over a number.
    ///
    /// It is written as `-?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?`.
    private mutating func number(in line: borrowing MutableRawSpan) throws(JSONSyntaxError) {
        _ = take(UInt8(ascii: "-"), in: line)
        if !take(UInt8(ascii: "0"), in: line) {
            try digits(in: line)
        }
        if take(UInt8(ascii: "."), in: line) { try digits(in: line) }
        if take(UInt8(ascii: "e"), in: line) || take(UInt8(ascii: "E"), in: line) {
            if !take(UInt8(ascii: "+"), in: line) { _ = take(UInt8(ascii: "-"), in: line) }
            try digits(in: line)
        }
    }

    private mutating func digits(in line: borrowing MutableRawSpan) throws(JSONSyntaxError) {
        let start = position
        while position < end, line.byte(position) &- 48 <= 9 { position += 1 }
        guard position > start else { throw expected("a value") }
    }

    mutating func skipBlanks(in line: borrowing MutableRawSpan) {
        while position < end {
            let byte = line.byte(position)
            guard byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A else { return }
            position += 1
        }
    }

    mutating func take(_ byte: UInt8, in line: borrowing MutableRawSpan) -> Bool {
        guard position < end, line.byte(position) == byte else { return false }
        position += 1
        return true
    }

    func expected(_ what: StaticString) -> JSONSyntaxError {
        JSONSyntaxError(expected: what, position: position)
    }

    private func range(from start: Int) -> ByteRange {
        ByteRange(offset: UInt32(start), length: UInt32(position - start))
    }
}

extension MutableRawSpan {
    func byte(_ offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}

extension RawSpan {
    /// Whether the bytes at an offset are this word; they must reach that far.
    func holds(_ word: StaticString, at offset: Int) -> Bool {
        word.withUTF8Buffer { expected in
            for index in 0..<expected.count where byte(offset + index) != expected[index] {
                return false
            }
            return true
        }
    }
}
