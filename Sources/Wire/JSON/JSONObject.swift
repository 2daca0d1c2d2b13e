/// One scanned value: what it is and where it lies.
///
/// Layout:      8 bytes: the offset, and the length with the kind above it.
struct JSONValue {
    enum Kind: UInt8 {
        case absent, string, number, `true`, `false`, null, object, array
    }

    /// Longer lines do not fit the 28 bits of a length.
    static let longestLine = 1 << 28

    private var offset: UInt32 = 0
    private var lengthAndKind: UInt32 = 0

    /// The value that is not there.
    init() {}

    init(kind: Kind, range: ByteRange) {
        offset = range.offset
        lengthAndKind = range.length | UInt32(kind.rawValue) << 28
    }

    var kind: Kind { Kind(rawValue: UInt8(lengthAndKind >> 28)) ?? .absent }

    var range: ByteRange { ByteRange(offset: offset, length: lengthAndKind & 0x0FFF_FFFF) }
}

/// The known fields of one scanned object; unknown ones are left out.
///
/// Why:         the keys may come in any order, and `type` may come last: the values are noted
///              first and understood afterwards.
struct JSONObject: ~Copyable {
    private var values = InlineArray<64, JSONValue>(repeating: JSONValue())
    private(set) var duplicate: JSONField?

    /// Scans a line, or a nested object in one.
    mutating func scan(
        _ range: Range<Int>,
        in line: inout MutableRawSpan,
        nesting: Int
    ) throws(JSONSyntaxError) {
        var scanner = JSONScanner(
            position: range.lowerBound,
            end: range.upperBound,
            nesting: nesting
        )
        guard range.upperBound < JSONValue.longestLine else {
            throw scanner.expected("a shorter line")
        }
        try scanner.document(&self, in: &line)
    }

    /// The value of a field.
    ///
    /// It is `mutating` only so that the compiler reads it in place: it copies all 64 otherwise.
    subscript(field: JSONField) -> JSONValue {
        mutating get { values[Int(field.rawValue)] }
    }

    /// Notes a value; `null` is the same as leaving the field out.
    mutating func set(_ field: JSONField, _ value: JSONValue) {
        let index = Int(field.rawValue)
        if values[index].kind != .absent { duplicate = duplicate ?? field }
        if value.kind != .null { values[index] = value }
    }

    /// The whole number that the field holds, or nil when it holds none up to `limit`.
    mutating func wholeNumber(_ field: JSONField, upTo limit: UInt64, in bytes: RawSpan) -> UInt64?
    {
        let value = self[field]
        guard value.kind == .number else { return nil }
        return WholeNumber.read(value.range.bounds, upTo: limit, in: bytes)
    }
}

/// Whole numbers in decimal digits.
enum WholeNumber {
    /// The number, or nil when the bytes are not only digits or are above the limit.
    static func read(_ range: Range<Int>, upTo limit: UInt64, in bytes: RawSpan) -> UInt64? {
        guard !range.isEmpty, range.count <= 20 else { return nil }
        var result: UInt64 = 0
        // Nineteen digits fit whatever they are.
        let safe = min(range.lowerBound + 19, range.upperBound)
        for index in range.lowerBound..<safe {
            let digit = bytes.byte(index) &- 48
            guard digit <= 9 else { return nil }
            result = result &* 10 &+ UInt64(digit)
        }
        for index in safe..<range.upperBound {
            let digit = bytes.byte(index) &- 48
            guard digit <= 9 else { return nil }
            let (tenfold, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            result = sum
        }
        return result <= limit ? result : nil
    }
}
