/// Where a value stands in a YAML file, from the root on: `models.claude-sonnet.prices[0].input`.
public struct YamlPath: Sendable, Hashable {
    /// One step down.
    public enum Step: Sendable, Hashable {
        /// Into the value of a key.
        case key(String)
        /// Into the list's element with this index, counted from 0.
        case index(Int)
    }

    /// The steps from the root.
    public let steps: [Step]

    /// The root of the file.
    public static let root = YamlPath([])

    /// Makes a path.
    ///
    /// - Parameter steps: The steps from the root.
    public init(_ steps: [Step]) {
        self.steps = steps
    }

    /// The path one step further down.
    ///
    /// - Parameter step: The step.
    /// - Returns: The longer path.
    public func appending(_ step: Step) -> YamlPath {
        YamlPath(steps + [step])
    }
}

extension YamlPath: CustomStringConvertible {
    /// Keys joined by points; a key that holds a point or a blank itself stands in quotes.
    public var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .index(let index):
                text += "[\(index)]"
            case .key(let key):
                if !text.isEmpty { text += "." }
                let isPlain = key.utf8.allSatisfy { byte in
                    byte > UInt8(ascii: " ") && byte != UInt8(ascii: ".")
                        && byte != UInt8(ascii: "\"")
                }
                text += isPlain && !key.isEmpty ? key : "\"\(key)\""
            }
        }
        return text.isEmpty ? "(the file)" : text
    }
}

/// One thing that is wrong, or looks wrong, in a file.
public struct YamlIssue: Sendable, Hashable {
    /// How bad it is.
    public enum Severity: String, Sendable, Hashable {
        /// The file is not taken.
        case error
        /// The file is taken, and somebody should look.
        case warning
    }

    /// How bad it is.
    public let severity: Severity
    /// The line, from 1; 0 when the issue belongs to no line.
    public let line: Int
    /// The column, from 1, in Unicode scalars.
    public let column: Int
    /// The key path to the value.
    public let path: YamlPath
    /// The offending value as it stands in the file, if there is one.
    public let value: String?
    /// What is wrong; it continues the sentence that the value begins.
    public let message: String

    /// Makes an issue.
    ///
    /// - Parameters:
    ///   - severity: How bad it is.
    ///   - line: The line, from 1; 0 when it belongs to no line.
    ///   - column: The column, from 1.
    ///   - path: The key path to the value.
    ///   - value: The offending value.
    ///   - message: What is wrong.
    public init(
        severity: Severity = .error,
        line: Int,
        column: Int,
        path: YamlPath,
        value: String?,
        message: String
    ) {
        self.severity = severity
        self.line = line
        self.column = column
        self.path = path
        self.value = value
        self.message = message
    }

    /// The issue as compilers print theirs, so that editors can jump to it.
    ///
    /// - Parameter file: The file's name.
    /// - Returns: "file:line:column: severity: ...".
    public func text(file: String) -> String {
        "\(file):\(line):\(column): \(severity.rawValue): \(sentence)"
    }

    /// Path, value and what is wrong, without the position.
    public var sentence: String {
        guard let value else { return "\(path): \(message)" }
        return "\(path): \"\(YamlIssue.shortened(value))\" \(message)"
    }

    /// A value as it is shown in a message: one line, at most 60 characters.
    private static func shortened(_ value: String) -> String {
        let line = value.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
        let isWhole = line.utf8.count == value.utf8.count && line.count <= 60
        return isWhole ? line : line.prefix(60) + "..."
    }
}

extension YamlIssue: CustomStringConvertible {
    /// "line 12: models.x.input: "-3" is negative", with "warning: " where it is one.
    public var description: String {
        let mark = severity == .warning ? "warning: " : ""
        return line == 0 ? mark + sentence : "line \(line): \(mark)\(sentence)"
    }
}
