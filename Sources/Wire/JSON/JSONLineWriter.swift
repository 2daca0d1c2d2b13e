import Quantities

/// The pieces of a JSON line: `{"type":"..."`, then fields, then `}` and the line end.
extension WireBuffer {
    mutating func beginLine(_ type: StaticString) {
        append("{\"type\":\"")
        append(type)
        append("\"")
    }

    mutating func endLine() {
        append("}\n")
    }

    mutating func key(_ field: JSONField) {
        append(",\"")
        append(field.name)
        append("\":")
    }

    mutating func field(_ field: JSONField, number: some UnsignedInteger) {
        key(field)
        append(decimal: UInt64(number))
    }

    mutating func field(_ field: JSONField, word: StaticString) {
        key(field)
        append("\"")
        append(word)
        append("\"")
    }

    mutating func field(_ field: JSONField, bool: Bool) {
        key(field)
        append(bool ? "true" : "false")
    }

    mutating func field(_ field: JSONField, text: String) {
        key(field)
        append(quoted: text)
    }

    mutating func field(_ field: JSONField, text: ByteRange, in texts: RawSpan) {
        key(field)
        append(quoted: texts.extracting(text.bounds))
    }

    mutating func field(_ field: JSONField, short: ShortText) {
        key(field)
        append(byte: UInt8(ascii: "\""))
        for index in 0..<Int(short.length) { append(jsonByte: short[index]) }
        append(byte: UInt8(ascii: "\""))
    }

    mutating func field(_ field: JSONField, amount: Amount) {
        key(field)
        append("\"")
        append(amount)
        append("\"")
    }

    mutating func field(_ field: JSONField, time: Timestamp) {
        key(field)
        append("\"")
        append(utf8: time.description)
        append("\"")
    }

    mutating func field(_ field: JSONField, hold: HoldNumber) {
        key(field)
        append("\"")
        append(hold)
        append("\"")
    }

    mutating func field(_ field: JSONField, thousandths: UInt32) {
        key(field)
        append(thousandths: thousandths)
    }

    mutating func field(_ field: JSONField, name: WireName, in texts: RawSpan) {
        switch name {
        case .absent: return
        case .text(let range): self.field(field, text: range, in: texts)
        case .index: invariantBroken("JSON lines carry names as texts")
        }
    }

    mutating func request(_ token: RequestToken) {
        switch token {
        case .absent: return
        case .number(let number): field(.request, number: number)
        case .text(let text): field(.request, short: text)
        }
    }

    mutating func tokens(_ tokens: TokenCounts) {
        field(.inputTokens, number: tokens.input)
        if tokens.cacheRead > 0 { field(.cacheReadInputTokens, number: tokens.cacheRead) }
        if tokens.cacheWrite > 0 { field(.cacheWriteInputTokens, number: tokens.cacheWrite) }
        field(.outputTokens, number: tokens.output)
        if tokens.reasoning > 0 { field(.reasoningOutputTokens, number: tokens.reasoning) }
    }

    mutating func topics(_ topics: Topics) {
        key(.topics)
        append("[")
        if topics.contains(.cutoffs) { append("\"cutoffs\"") }
        if topics == .all { append(",") }
        if topics.contains(.orders) { append("\"orders\"") }
        append("]")
    }
}
