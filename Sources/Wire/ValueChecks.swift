import Quantities

/// Collects the first thing that is wrong with a message's values, with field and value.
struct ValueChecks {
    private var code = RejectionCode.malformed
    private var message: String?

    /// The rejection, or nil when everything was right.
    func rejection(subject: Rejection.Subject) -> Rejection? {
        message.map { Rejection(code, subject: subject, message: $0) }
    }

    mutating func fail(_ code: RejectionCode, _ message: String) {
        guard self.message == nil else { return }
        self.code = code
        self.message = message
    }

    /// Checks a text that must be there.
    mutating func require(
        _ range: ByteRange,
        _ field: String,
        limit: Int = WireLimits.idBytes,
        in bytes: RawSpan
    ) {
        if range.isEmpty {
            fail(.malformed, "field \"\(field)\": \"\" is empty, but must not be")
        }
        allow(range, field, limit: limit, in: bytes)
    }

    /// Checks a text that may be missing.
    mutating func allow(
        _ range: ByteRange,
        _ field: String,
        limit: Int = WireLimits.idBytes,
        in bytes: RawSpan
    ) {
        if Int(range.length) > limit {
            fail(
                .tooLarge,
                "field \"\(field)\": \(quote(range, in: bytes)) has \(range.length) bytes, "
                    + "but at most \(limit) are allowed"
            )
        } else if !TextRules.isClean(bytes, range.bounds) {
            fail(
                .malformed,
                "field \"\(field)\": \(quote(range, in: bytes)) is not UTF-8 without control "
                    + "characters"
            )
        }
    }

    /// Checks a hold's name.
    mutating func check(_ hold: HoldNumber) {
        if hold.org.raw == 0 || hold.serial == 0 {
            fail(.malformed, "field \"hold\": \"\(hold)\" names no hold")
        }
    }

    /// Checks that the parts of the counts are within the totals.
    mutating func check(_ tokens: TokenCounts) {
        if UInt64(tokens.cacheRead) + UInt64(tokens.cacheWrite) > UInt64(tokens.input) {
            fail(
                .badTokenCounts,
                "field \"input_tokens\": \(tokens.input) is less than cache_read_input_tokens "
                    + "\(tokens.cacheRead) + cache_write_input_tokens \(tokens.cacheWrite)"
            )
        } else if tokens.reasoning > tokens.output {
            fail(
                .badTokenCounts,
                "field \"output_tokens\": \(tokens.output) is less than reasoning_output_tokens "
                    + "\(tokens.reasoning)"
            )
        }
    }

    /// Checks that a time is one that can be written.
    mutating func check(_ at: Timestamp) {
        if at < TimeText.earliest || at > TimeText.latest {
            fail(
                .badTime,
                "field \"at\": \(at.microseconds) microseconds is outside years 1 to 9999"
            )
        }
    }

    private func quote(_ range: ByteRange, in bytes: RawSpan) -> String {
        Quoting.quote(range.bounds, in: bytes)
    }
}

/// Quotes wrong values in messages: short, on one line, valid UTF-8.
enum Quoting {
    /// The text as a JSON string, cut after 64 bytes.
    static func quote(_ range: Range<Int>, in bytes: RawSpan) -> String {
        var buffer = WireBuffer(capacity: 256)
        buffer.append(quoted: cut(range, in: bytes))
        return buffer.text
    }

    /// The text without quotes, cut after 64 bytes; for numbers and other bare words.
    static func plain(_ range: Range<Int>, in bytes: RawSpan) -> String {
        var buffer = WireBuffer(capacity: 256)
        buffer.append(utf8: cut(range, in: bytes))
        return buffer.text
    }

    private static func cut(_ range: Range<Int>, in bytes: RawSpan) -> String {
        let end = min(range.upperBound, range.lowerBound + WireLimits.quotedBytes)
        let part = bytes.extracting(range.lowerBound..<end)
        let text = part.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        return end < range.upperBound ? text + "..." : text
    }
}
