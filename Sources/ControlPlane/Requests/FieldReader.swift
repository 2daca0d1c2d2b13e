import Accounting
import FoundationEssentials
import Quantities

/// Reads a request's fields, from a JSON body or from a query, and refuses what nobody asked for.
///
/// Every verb names the field and the value in what it throws; `refuseRest` comes last.
struct FieldReader {
    private var fields: [String: JSONTree]
    private var known: [String] = []
    private let what: String

    /// Reads a body that must be a JSON object; an empty one stands for `{}`.
    init(body: [UInt8]) throws {
        self.what = "field"
        guard !body.isEmpty else {
            self.fields = [:]
            return
        }
        let tree: JSONTree
        do {
            tree = try JSONDecoder().decode(JSONTree.self, from: Data(body))
        } catch {
            throw Problem.malformed("The body is not valid JSON.")
        }
        guard case .object(let fields) = tree else {
            throw Problem.malformed("The body is \(tree.shown), not a JSON object.")
        }
        if let name = RepeatedField.find(in: body) {
            throw Problem.invalid(name, "stands there twice")
        }
        self.fields = fields
    }

    /// Reads a query's parameters.
    init(query: [(name: String, value: String)]) throws {
        self.what = "query parameter"
        self.fields = [:]
        for (name, value) in query {
            guard fields.updateValue(.text(value), forKey: name) == nil else {
                throw Problem.invalid(name, "stands there twice")
            }
            // PostgreSQL takes it in no text, so that nothing can have it.
            guard !value.utf8.contains(0) else {
                throw Problem.invalid(name, "\(JSONTree.quoted(value)) holds U+0000")
            }
        }
    }

    /// Whether a field is there and not null.
    func contains(_ name: String) -> Bool {
        fields[name].map { $0 != .null } ?? false
    }

    // MARK: - Text

    /// A text that must be there.
    mutating func text(_ name: String) throws -> String {
        guard let text = try optionalText(name) else { throw missing(name) }
        return text
    }

    /// A text that may be there; null is the same as absent.
    mutating func optionalText(_ name: String) throws -> String? {
        switch take(name) {
        case nil: return nil
        case .text(let text): return text
        case .some(let other): throw wrong(name, other, "must be a text in quotes")
        }
    }

    // MARK: - Quantities

    /// A decimal string that must be there.
    ///
    /// JSON numbers are refused: they go through binary floating point in most programs, and money
    /// must not.
    mutating func amount(_ name: String) throws -> Amount {
        guard let value = take(name) else { throw missing(name) }
        guard case .text(let text) = value else {
            throw wrong(name, value, "must be a decimal string such as \"14.9835\"")
        }
        do throws(DecimalError) {
            return try Amount(decimal: text)
        } catch {
            throw Problem.invalid(name, "\(JSONTree.quoted(text)) \(error)")
        }
    }

    /// A time that may be there.
    mutating func optionalTime(_ name: String) throws -> Timestamp? {
        guard let text = try optionalText(name) else { return nil }
        guard let time = Timestamp(rfc3339: text.utf8) else {
            throw Problem.invalid(
                name,
                "\(JSONTree.quoted(text)) is not an RFC 3339 time such as 2026-03-01T10:00:00Z"
            )
        }
        // An offset may lead out of the years that can be written.
        guard (1...9999).contains(time.utcDay.date.year) else {
            throw Problem.invalid(
                name,
                "\(JSONTree.quoted(text)) is not in the years 1 to 9999 of UTC"
            )
        }
        return time
    }

    /// A whole number that may be there, within bounds.
    mutating func optionalWhole(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        let number: Int64?
        let value = take(name)
        switch value {
        case nil: return nil
        case .whole(let whole): number = whole
        case .text(let text) where what == "query parameter": number = Int64(text)
        default: number = nil
        }
        guard let number, range.contains(number) else {
            let bounds = "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw wrong(name, value ?? .null, bounds)
        }
        return number
    }

    // MARK: - Lists

    /// A list of at most so many entries that may be there, each read as a field of its name.
    mutating func optionalList<Value>(
        _ name: String,
        most: Int,
        _ read: (inout FieldReader) throws -> Value
    ) throws -> [Value] {
        let value = take(name)
        guard let value else { return [] }
        guard case .list(let entries) = value else { throw wrong(name, value, "must be a list") }
        guard entries.count <= most else {
            throw Problem.invalid(name, "has \(entries.count) entries; at most \(most) are taken")
        }
        return try entries.map { entry in
            var reader = self
            reader.fields = [name: entry]
            return try read(&reader)
        }
    }

    /// An object that may be there; its fields are named with the object's name and a dot before.
    mutating func optionalGroup<Value>(
        _ name: String,
        _ read: (inout FieldReader) throws -> Value
    ) throws -> Value? {
        guard let value = take(name) else { return nil }
        guard case .object(let entries) = value else {
            throw wrong(name, value, "must be an object")
        }
        var reader = self
        reader.known = []
        reader.fields = [:]
        for (key, entry) in entries { reader.fields["\(name).\(key)"] = entry }
        let group = try read(&reader)
        try reader.refuseRest()
        return group
    }

    /// A yes or no that may be there.
    mutating func optionalFlag(_ name: String) throws -> Bool? {
        switch take(name) {
        case nil: return nil
        case .bool(let flag): return flag
        case .text("true") where what == "query parameter": return true
        case .text("false") where what == "query parameter": return false
        case .some(let other): throw wrong(name, other, "must be true or false")
        }
    }

    // MARK: - Choices

    /// One of some words, that may be there.
    mutating func optionalChoice<Value>(
        _ name: String,
        _ choices: [(word: String, value: Value)]
    ) throws -> Value? {
        guard let text = try optionalText(name) else { return nil }
        guard let choice = choices.first(where: { $0.word == text }) else {
            let words = choices.map(\.word).joined(separator: ", ")
            throw Problem.invalid(name, "\(JSONTree.quoted(text)) is none of \(words)")
        }
        return choice.value
    }

    /// One of some words, that must be there.
    mutating func choice<Value>(
        _ name: String,
        _ choices: [(word: String, value: Value)]
    ) throws -> Value {
        guard let value = try optionalChoice(name, choices) else { throw missing(name) }
        return value
    }

    // MARK: - The end

    /// Refuses what was not asked for: a field that is misspelt must not be passed over.
    func refuseRest() throws {
        guard let name = fields.keys.min() else { return }
        let list =
            known.isEmpty ? "There are none here." : "Known: \(known.joined(separator: ", "))."
        throw Problem.invalid(name, "is not a known \(what). \(list)")
    }

    private mutating func take(_ name: String) -> JSONTree? {
        known.append(name)
        guard let value = fields.removeValue(forKey: name), value != .null else { return nil }
        return value
    }

    private func missing(_ name: String) -> Problem {
        Problem.invalid(name, "is missing")
    }

    private func wrong(_ name: String, _ value: JSONTree, _ rule: String) -> Problem {
        Problem.invalid(name, "\(value.shown) \(rule)")
    }
}
