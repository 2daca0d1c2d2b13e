import FoundationEssentials

/// Any JSON value, so that what is wrong with one can be said with its name and value.
enum JSONTree: Decodable, Sendable, Equatable {
    case null
    case bool(Bool)
    case whole(Int64)
    case fraction(Double)
    case text(String)
    case list([JSONTree])
    case object([String: JSONTree])

    init(from decoder: any Decoder) throws {
        if let fields = orNil({ try decoder.container(keyedBy: AnyKey.self) }) {
            var object: [String: JSONTree] = [:]
            for key in fields.allKeys {
                object[key.stringValue] = try fields.decode(JSONTree.self, forKey: key)
            }
            self = .object(object)
            return
        }
        if var items = orNil({ try decoder.unkeyedContainer() }) {
            var list: [JSONTree] = []
            while !items.isAtEnd { list.append(try items.decode(JSONTree.self)) }
            self = .list(list)
            return
        }
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = orNil({ try value.decode(Bool.self) }) {
            self = .bool(bool)
        } else if let whole = orNil({ try value.decode(Int64.self) }) {
            self = .whole(whole)
        } else if let text = orNil({ try value.decode(String.self) }) {
            self = .text(text)
        } else {
            self = .fraction(try value.decode(Double.self))
        }
    }

    /// The value as an error message shows it, cut to a readable length.
    var shown: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .whole(let value): String(value)
        case .fraction(let value): String(value)
        case .text(let value): JSONTree.quoted(value)
        case .list: "a list"
        case .object: "an object"
        }
    }

    static func quoted(_ text: String) -> String {
        text.count <= 80 ? "\"\(text)\"" : "\"\(text.prefix(80))...\""
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// Asks a decoder whether a value is of some kind: that it is not is an answer, not an error.
private func orNil<Value>(_ read: () throws -> Value) -> Value? {
    do {
        return try read()
    } catch {
        return nil
    }
}

/// Finds a field that an object names twice, which JSON decoders pass over in silence.
enum RepeatedField {
    /// The first field that the outermost object names twice, or nil.
    ///
    /// The text must be valid JSON. Names are compared as they are written.
    static func find(in json: some Collection<UInt8>) -> String? {
        var seen: Set<[UInt8]> = []
        var depth = 0
        var text: [UInt8]?
        var last: [UInt8] = []
        var escaped = false
        for byte in json {
            if let open = text {
                if !escaped, byte == UInt8(ascii: "\"") {
                    last = open
                    text = nil
                } else {
                    text?.append(byte)
                    escaped = !escaped && byte == UInt8(ascii: "\\")
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): text = []
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ":"):
                if depth == 1, !seen.insert(last).inserted {
                    return String(decoding: last, as: UTF8.self)
                }
            default: break
            }
        }
        return nil
    }
}
