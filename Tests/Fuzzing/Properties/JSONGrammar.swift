/// The grammar of RFC 8259, and nothing else: an opinion on what is JSON beside the decoder's own.
///
/// It does not look at whether strings are UTF-8.
struct JSONGrammar {
    private let bytes: [UInt8]
    private var offset = 0

    /// Whether the bytes are one JSON text.
    static func accepts(_ bytes: [UInt8]) -> Bool {
        var grammar = JSONGrammar(bytes: bytes)
        return grammar.value(depth: 0) && grammar.isAtEnd
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var isAtEnd: Bool { offset == bytes.count }
    private var next: UInt8? { isAtEnd ? nil : bytes[offset] }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[offset...].starts(with: text.utf8) else { return false }
        offset += text.utf8.count
        return true
    }

    private mutating func blanks() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { offset += 1 }
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth < 200 else { return false }
        blanks()
        defer { blanks() }
        switch next {
        case UInt8(ascii: "{"): return list(depth, until: "}", isObject: true)
        case UInt8(ascii: "["): return list(depth, until: "]", isObject: false)
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return take("true")
        case UInt8(ascii: "f"): return take("false")
        case UInt8(ascii: "n"): return take("null")
        default: return number()
        }
    }

    private mutating func list(_ depth: Int, until end: String, isObject: Bool) -> Bool {
        offset += 1
        blanks()
        if take(end) { return true }
        repeat {
            if isObject {
                blanks()
                guard string() else { return false }
                blanks()
                guard take(":") else { return false }
            }
            guard value(depth: depth + 1) else { return false }
        } while take(",")
        return take(end)
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let byte = next {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case 0..<0x20: return false
            case UInt8(ascii: "\\"): guard escape() else { return false }
            default: continue
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard let byte = next else { return false }
        offset += 1
        if "\"\\/bfnrt".utf8.contains(byte) { return true }
        guard byte == UInt8(ascii: "u"), offset + 4 <= bytes.count else { return false }
        offset += 4
        return bytes[(offset - 4)..<offset].allSatisfy { byte in
            switch byte | 0x20 {
            case UInt8(ascii: "a")...UInt8(ascii: "f"): true
            default: JSONGrammar.isDigit(byte)
            }
        }
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0") { guard digits() else { return false } }
        if take(".") { guard digits() else { return false } }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() else { return false }
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = offset
        while let byte = next, JSONGrammar.isDigit(byte) { offset += 1 }
        return offset > start
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0") <= byte && byte <= UInt8(ascii: "9")
    }
}
