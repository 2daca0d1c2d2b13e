import Quantities
import Yams

/// A value in a YAML document, with its place; what it cannot be read as goes to the report.
///
/// Every reading verb returns nil after it has noted an issue, so that reading goes on and all
/// issues of a file are found in one go.
public struct YamlValue {
    let node: Node
    /// The key path from the root.
    public let path: YamlPath
    private let keyMark: Mark?
    /// Where issues go.
    public let report: YamlReport

    init(node: Node, path: YamlPath, keyMark: Mark?, report: YamlReport) {
        self.node = node
        self.path = path
        self.keyMark = keyMark
        self.report = report
    }

    /// The line, from 1; for an empty value that of its key.
    public var line: Int { mark?.line ?? 0 }
    /// The column, from 1.
    public var column: Int { mark?.column ?? 0 }

    /// The line of its key, or its own where it has none.
    public var keyLine: Int { (keyMark ?? mark)?.line ?? 0 }
    /// The column of its key, or its own where it has none.
    public var keyColumn: Int { (keyMark ?? mark)?.column ?? 0 }

    /// libYAML gives an empty value the place of what follows it, so its key is the better place.
    private var mark: Mark? { isEmpty ? keyMark ?? node.mark : node.mark ?? keyMark }

    private var isEmpty: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.string.isEmpty && scalar.style == .plain
    }

    /// Whether nothing stands here: an empty value, `~` or `null`.
    public var isNull: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// The scalar's text exactly as in the file (quotes and escapes undone), or nil for a mapping
    /// or a list.
    public var rawText: String? {
        guard case .scalar(let scalar) = node else { return nil }
        return scalar.string
    }

    /// Whether it is a mapping.
    public var isMapping: Bool { node.mapping != nil }
    /// Whether it is a list.
    public var isList: Bool { node.sequence != nil }

    /// Whether it is a scalar in quotes, and so meant as text.
    public var isQuoted: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.style == .singleQuoted || scalar.style == .doubleQuoted
    }

    /// Notes an error at this value.
    ///
    /// - Parameters:
    ///   - message: What is wrong; it continues the sentence that the value begins.
    ///   - severity: An error, unless said otherwise.
    public func refuse(_ message: String, severity: YamlIssue.Severity = .error) {
        report.add(
            YamlIssue(
                severity: severity,
                line: line,
                column: column,
                path: path,
                value: isNull || rawText?.isEmpty == true ? nil : rawText,
                message: message
            )
        )
    }

    /// Notes a warning at this value.
    ///
    /// - Parameter message: What looks wrong.
    public func warn(_ message: String) {
        refuse(message, severity: .warning)
    }

    // MARK: - Shapes

    /// The value as a mapping.
    public func mapping() -> YamlMapping? {
        guard case .mapping(let mapping) = node else {
            refuse(isNull ? "a mapping of keys is expected here" : "is not a mapping of keys")
            return nil
        }
        return YamlMapping(mapping, of: self)
    }

    /// The value as a list.
    public func list() -> [YamlValue]? {
        guard case .sequence(let sequence) = node else {
            refuse(isNull ? "a list is expected here" : "is not a list")
            return nil
        }
        return sequence.enumerated().map { index, node in
            YamlValue(
                node: node,
                path: path.appending(.index(index)),
                keyMark: nil,
                report: report
            )
        }
    }

    // MARK: - Scalars

    /// The value as text that is not empty.
    public func text() -> String? {
        guard let text = rawText else {
            refuse("a single value is expected here")
            return nil
        }
        guard !isNull, !text.isEmpty else {
            refuse("a value is expected here")
            return nil
        }
        return text
    }

    /// The value as whatever the caller makes of its text.
    ///
    /// - Parameters:
    ///   - expected: What was expected, for the message: "a duration such as 30s".
    ///   - convert: Makes the result of the text, or nil when it is none.
    /// - Returns: The result, or nil when there is none, which is noted.
    public func read<Result>(
        _ expected: String,
        _ convert: (String) -> Result?
    ) -> Result? {
        guard let text = text() else { return nil }
        guard let result = convert(text) else {
            refuse("is not \(expected)")
            return nil
        }
        return result
    }

    /// The value as one of several words.
    ///
    /// - Parameter choices: Each word and what it means, in the order they are listed in messages.
    /// - Returns: The meaning, or nil when it is another word, which is noted.
    public func choice<Result>(_ choices: [(word: String, meaning: Result)]) -> Result? {
        let words = choices.map { "`\($0.word)`" }.joined(separator: ", ")
        return read("one of \(words)") { text in
            choices.first { $0.word == text }?.meaning
        }
    }

    /// The value as `true` or `false`.
    public func boolean() -> Bool? {
        choice([("true", true), ("false", false)])
    }

    /// The value as a whole number within a range; `_` may group digits, as in 200_000.
    ///
    /// - Parameter range: What is allowed.
    /// - Returns: The number, or nil when it is none or outside, which is noted.
    public func whole(in range: ClosedRange<Int>) -> Int? {
        let number = read("a whole number") { text in
            let isGrouped = text.contains("_") && !text.hasPrefix("_") && !text.hasSuffix("_")
            return Int(isGrouped ? text.filter { $0 != "_" } : text)
        }
        guard let number else { return nil }
        guard range.contains(number) else {
            let bounds =
                range.upperBound == .max
                ? "must be at least \(range.lowerBound)"
                : "must be between \(range.lowerBound) and \(range.upperBound)"
            refuse(bounds)
            return nil
        }
        return number
    }

    /// The value as an amount of credits: an exact decimal with at most 12 decimals.
    public func amount() -> Amount? {
        guard let text = text() else { return nil }
        do throws(DecimalError) {
            return try Amount(decimal: text)
        } catch {
            refuse("\(error)")
            return nil
        }
    }

    /// The value as a moment: RFC 3339, or a date, which means midnight in UTC.
    public func timestamp() -> Timestamp? {
        read("a time such as 2026-03-01 or 2026-03-01T10:00:00Z") { text in
            let isDate = text.utf8.count == 10
            return Timestamp(rfc3339: (isDate ? text + "T00:00:00Z" : text).utf8)
        }
    }
}
