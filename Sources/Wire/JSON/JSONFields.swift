import Quantities

/// Reads the fields of a client's object, and notes the first one that is wrong.
///
/// Each getter gives a harmless value when its field is missing or wrong; a message is only used
/// when nothing was noted.
struct JSONFields: ~Copyable {
    var object = JSONObject()
    var checks = ValueChecks()

    /// Scans a line, or a nested object in one.
    mutating func scan(
        _ range: Range<Int>,
        in line: inout MutableRawSpan,
        nesting: Int
    ) throws(ConnectionFault) {
        do {
            try object.scan(range, in: &line, nesting: nesting)
        } catch {
            throw error.fault
        }
        if let duplicate = object.duplicate {
            checks.fail(.malformed, "field \"\(duplicate.name)\" is given twice")
        }
    }

    mutating func has(_ field: JSONField) -> Bool { object[field].kind != .absent }

    /// Whether the field is a string and says exactly this word.
    mutating func says(_ word: StaticString, _ field: JSONField, in bytes: RawSpan) -> Bool {
        let value = object[field]
        return value.kind == .string && bytes.says(word, value.range)
    }

    /// Notes that a field is not what it must be.
    mutating func wrong(
        _ field: JSONField,
        _ what: String,
        _ code: RejectionCode = .malformed,
        in bytes: RawSpan
    ) {
        let value = object[field]
        if value.kind == .absent {
            checks.fail(code, "field \"\(field.name)\" is missing")
        } else {
            let quoted =
                value.kind == .string
                ? Quoting.quote(value.range.bounds, in: bytes)
                : Quoting.plain(value.range.bounds, in: bytes)
            checks.fail(code, "field \"\(field.name)\": \(quoted) is not \(what)")
        }
    }

    /// A text that may be missing, but not empty.
    mutating func text(
        _ field: JSONField,
        limit: Int = WireLimits.idBytes,
        in bytes: RawSpan
    ) -> ByteRange? {
        let value = object[field]
        if value.kind == .absent { return nil }
        guard value.kind == .string else {
            wrong(field, "a string", in: bytes)
            return nil
        }
        if value.range.isEmpty || Int(value.range.length) > limit
            || !TextRules.isClean(bytes, value.range.bounds)
        {
            checks.require(value.range, "\(field.name)", limit: limit, in: bytes)
        }
        return value.range
    }

    /// A text that must be there.
    mutating func requiredText(
        _ field: JSONField,
        limit: Int = WireLimits.idBytes,
        in bytes: RawSpan
    ) -> ByteRange {
        if let text = text(field, limit: limit, in: bytes) { return text }
        wrong(field, "a string", in: bytes)
        return .empty
    }

    /// A name that may be missing.
    mutating func name(_ field: JSONField, in bytes: RawSpan) -> WireName {
        text(field, limit: WireLimits.nameBytes, in: bytes).map { .text($0) } ?? .absent
    }

    /// A name that must be there.
    mutating func requiredName(_ field: JSONField, in bytes: RawSpan) -> WireName {
        .text(requiredText(field, limit: WireLimits.nameBytes, in: bytes))
    }

    /// Who pays: exactly one of `key` and `org`.
    mutating func account(in bytes: RawSpan) -> (AccountKind, WireName) {
        switch (has(.key), has(.org)) {
        case (true, false): return (.key, requiredName(.key, in: bytes))
        case (false, true): return (.org, requiredName(.org, in: bytes))
        case (true, true):
            checks.fail(.malformed, "fields \"key\" and \"org\" are both given; give one of them")
        case (false, false):
            checks.fail(.malformed, "field \"key\" is missing, and so is \"org\"; give one of them")
        }
        return (.key, .absent)
    }

    /// A whole number that may be missing.
    mutating func number(
        _ field: JSONField,
        upTo limit: UInt64,
        _ code: RejectionCode = .malformed,
        in bytes: RawSpan
    ) -> UInt64? {
        guard has(field) else { return nil }
        if let number = object.wholeNumber(field, upTo: limit, in: bytes) { return number }
        wrong(field, "a whole number from 0 to \(limit)", code, in: bytes)
        return nil
    }

    /// A whole number of 32 bits that may be missing.
    mutating func number32(
        _ field: JSONField,
        _ code: RejectionCode = .malformed,
        in bytes: RawSpan
    ) -> UInt32? {
        number(field, upTo: UInt64(UInt32.max), code, in: bytes).map { UInt32($0) }
    }

    /// A sequence number from 1; 0 when there is none.
    mutating func sequence(in bytes: RawSpan) -> UInt64 {
        guard let sequence = number(.sequence, upTo: .max, in: bytes) else { return 0 }
        if sequence == 0 { wrong(.sequence, "a sequence; they start at 1", in: bytes) }
        return sequence
    }

    /// The token counts; each one is 0 when it is missing.
    mutating func tokens(in bytes: RawSpan) -> TokenCounts {
        TokenCounts(
            input: number32(.inputTokens, .badTokenCounts, in: bytes) ?? 0,
            cacheRead: number32(.cacheReadInputTokens, .badTokenCounts, in: bytes) ?? 0,
            cacheWrite: number32(.cacheWriteInputTokens, .badTokenCounts, in: bytes) ?? 0,
            output: number32(.outputTokens, .badTokenCounts, in: bytes) ?? 0,
            reasoning: number32(.reasoningOutputTokens, .badTokenCounts, in: bytes) ?? 0
        )
    }

    /// True or false; nil when it is missing.
    mutating func bool(_ field: JSONField, in bytes: RawSpan) -> Bool? {
        switch object[field].kind {
        case .true: return true
        case .false: return false
        case .absent: return nil
        case .string, .number, .null, .object, .array:
            wrong(field, "true or false", in: bytes)
            return nil
        }
    }

    /// A time that may be missing.
    mutating func time(_ field: JSONField, in bytes: RawSpan) -> Timestamp? {
        let value = object[field]
        if value.kind == .absent { return nil }
        if value.kind == .string, let time = TimeText.read(value.range.bounds, in: bytes) {
            return time
        }
        wrong(field, "an RFC 3339 time such as \"2026-03-01T10:00:00Z\"", .badTime, in: bytes)
        return nil
    }

    /// A hold that may be missing.
    mutating func hold(in bytes: RawSpan) -> HoldNumber? {
        let value = object[.hold]
        if value.kind == .absent { return nil }
        if value.kind == .string, let hold = HoldText.read(value.range.bounds, in: bytes) {
            return hold
        }
        wrong(.hold, "a hold such as \"7-31\"", in: bytes)
        return nil
    }

    /// The request's token: a number, or a text of 1 to 64 bytes.
    mutating func request(in bytes: RawSpan) -> RequestToken {
        if object[.request].kind == .number {
            return number(.request, upTo: .max, in: bytes).map { .number($0) } ?? .absent
        }
        guard let range = text(.request, in: bytes), let text = ShortText(range, in: bytes) else {
            return .absent
        }
        return .text(text)
    }

    /// A decimal number or text with at most three decimals, in thousandths.
    mutating func thousandths(_ field: JSONField, in bytes: RawSpan) -> UInt32? {
        let value = object[field]
        if value.kind == .absent { return nil }
        if value.kind == .number || value.kind == .string,
            let number = HoldText.thousandths(value.range.bounds, in: bytes)
        {
            return number
        }
        wrong(field, "a number from 0 to 4294967.295 with at most 3 decimals", in: bytes)
        return nil
    }
}

/// Holds and decimals, read from bytes without allocating.
enum HoldText {
    /// Reads `<org>-<serial>`, or nil when it is none.
    static func read(_ range: Range<Int>, in bytes: RawSpan) -> HoldNumber? {
        guard let dash = range.first(where: { bytes.byte($0) == UInt8(ascii: "-") }),
            let org = WholeNumber.read(
                range.lowerBound..<dash,
                upTo: UInt64(UInt32.max),
                in: bytes
            ),
            let serial = WholeNumber.read(dash + 1..<range.upperBound, upTo: .max, in: bytes),
            org > 0, serial > 0
        else { return nil }
        return HoldNumber(org: OrgNumber(UInt32(org)), serial: serial)
    }

    /// Reads `digits[.d[d[d]]]` as thousandths, or nil when it is none or does not fit.
    static func thousandths(_ range: Range<Int>, in bytes: RawSpan) -> UInt32? {
        let point = range.first { bytes.byte($0) == UInt8(ascii: ".") } ?? range.upperBound
        let limit = UInt64(UInt32.max)
        guard let whole = WholeNumber.read(range.lowerBound..<point, upTo: limit, in: bytes) else {
            return nil
        }
        var fraction: UInt64 = 0
        if point < range.upperBound {
            let digits = point + 1..<range.upperBound
            guard digits.count <= 3, let read = WholeNumber.read(digits, upTo: 999, in: bytes)
            else {
                return nil
            }
            fraction = digits.count == 1 ? read * 100 : digits.count == 2 ? read * 10 : read
        }
        let (thousands, overflow) = whole.multipliedReportingOverflow(by: 1000)
        guard !overflow, thousands + fraction <= limit else { return nil }
        return UInt32(thousands + fraction)
    }
}
