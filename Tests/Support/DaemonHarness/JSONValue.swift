import Foundation
import Quantities

/// A JSON value, read without knowing the daemon's own types.
package enum JSONValue: Sendable, Equatable, Decodable {
    case null
    case bool(Bool)
    case whole(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Reads JSON.
    ///
    /// - Parameter text: The JSON.
    /// - Throws: `HarnessError` when it is none.
    package init(parsing text: String) throws {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        } catch {
            throw HarnessError("no JSON: \(text)")
        }
    }

    /// Reads one value.
    ///
    /// - Parameter decoder: Where from.
    /// - Throws: `DecodingError` when it is no JSON value.
    package init(from decoder: any Decoder) throws {
        let box = try decoder.singleValueContainer()
        if box.decodeNil() {
            self = .null
        } else if let value = try? box.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? box.decode(Int64.self) {
            self = .whole(value)
        } else if let value = try? box.decode(Double.self) {
            self = .number(value)
        } else if let value = try? box.decode(String.self) {
            self = .text(value)
        } else if let value = try? box.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try box.decode([String: JSONValue].self))
        }
    }

    /// A field of an object; `null` when there is none.
    package subscript(name: String) -> JSONValue {
        guard case .object(let fields) = self else { return .null }
        return fields[name] ?? .null
    }

    /// An element of a list; `null` when there is none.
    package subscript(index: Int) -> JSONValue {
        guard case .list(let values) = self, values.indices.contains(index) else { return .null }
        return values[index]
    }

    /// The text; nil when it is none.
    package var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    /// The whole number; nil when it is none.
    package var int: Int? {
        if case .whole(let number) = self { Int(number) } else { nil }
    }

    /// The boolean; nil when it is none.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The list's elements; empty when it is none.
    package var list: [JSONValue] {
        if case .list(let values) = self { values } else { [] }
    }

    /// An object's fields that hold whole numbers, for messages: "accepted=3 stored=2".
    package var fields: String {
        guard case .object(let fields) = self else { return "" }
        return fields.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value.int.map(String.init) ?? "?")" }
            .joined(separator: " ")
    }

    /// The amount that a text holds; nil when it is none.
    package var amount: Amount? {
        guard let text else { return nil }
        return try? Amount(decimal: text)
    }
}
