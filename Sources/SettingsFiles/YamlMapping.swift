import Yams

/// A mapping whose keys are taken one by one; what is left at the end is refused.
public struct YamlMapping {
    /// The mapping itself as a value, with its place.
    public let value: YamlValue
    private let order: [String]
    private let entries: [String: YamlValue]
    private var known: [String] = []

    init(_ mapping: Node.Mapping, of value: YamlValue) {
        self.value = value
        var order: [String] = []
        var entries: [String: YamlValue] = [:]
        for (key, node) in mapping {
            guard case .scalar(let scalar) = key else {
                value.refuse("has a key that is not a single word")
                continue
            }
            let entry = YamlValue(
                node: node,
                path: value.path.appending(.key(scalar.string)),
                keyMark: key.mark,
                report: value.report
            )
            guard entries[scalar.string] == nil else {
                entry.refuse("the key appears more than once in the same mapping")
                continue
            }
            order.append(scalar.string)
            entries[scalar.string] = entry
        }
        self.order = order
        self.entries = entries
    }

    /// Every entry in the order of the file, for mappings whose keys are names.
    public var all: [(key: String, value: YamlValue)] {
        order.compactMap { key in entries[key].map { (key, $0) } }
    }

    /// Whether the key is there, even with an empty value.
    ///
    /// - Parameter key: The key.
    /// - Returns: Whether it is there.
    public func contains(_ key: String) -> Bool {
        entries[key] != nil
    }

    /// The value of a key that may be absent; an empty value counts as absent.
    ///
    /// - Parameter key: The key.
    /// - Returns: The value, or nil when there is none.
    public mutating func optional(_ key: String) -> YamlValue? {
        known.append(key)
        guard let entry = entries[key], !entry.isNull else { return nil }
        return entry
    }

    /// The value of a key that must be there; its absence is noted.
    ///
    /// - Parameter key: The key.
    /// - Returns: The value, or nil when it is missing, which is noted.
    public mutating func required(_ key: String) -> YamlValue? {
        if let value = optional(key) { return value }
        let place = entries[key] ?? value
        value.report.add(
            YamlIssue(
                line: place.line,
                column: place.column,
                path: value.path,
                value: nil,
                message: "the key `\(key)` is missing"
            )
        )
        return nil
    }

    /// Refuses every key that was not asked for, with the nearest known one as a suggestion.
    public func refuseRest() {
        for (key, entry) in all where !known.contains(key) {
            let near = known.min { left, right in
                YamlMapping.distance(key, left) < YamlMapping.distance(key, right)
            }
            let isNear = near.map { YamlMapping.distance(key, $0) <= 3 } ?? false
            let hint =
                isNear
                ? "; is `\(near ?? "")` meant?"
                : "; known are " + known.map { "`\($0)`" }.joined(separator: ", ")
            value.report.add(
                YamlIssue(
                    line: entry.keyLine,
                    column: entry.keyColumn,
                    path: entry.path,
                    value: nil,
                    message: "unknown key" + hint
                )
            )
        }
    }

    /// How many single-letter changes lie between two words (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (line, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, other) in right.enumerated() {
                let changed = diagonal + (byte == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(changed, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
