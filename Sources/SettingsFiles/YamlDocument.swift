import Yams

/// What went wrong with a settings file.
public enum SettingsError: Error, Sendable, Hashable {
    /// The file cannot be read; `errno` says why.
    case unreadable(file: String, errno: Int32)
    /// The file is not valid UTF-8.
    case notText(file: String)
    /// The file was read and is wrong; every error and warning that was found, in the order of
    /// lines.
    case invalid(file: String, issues: [YamlIssue])
}

/// Collects what is wrong in one file, so that an operator sees all of it at once.
public final class YamlReport {
    /// The file's name, as messages give it.
    public let file: String
    /// Everything found so far, in the order of finding.
    public private(set) var issues: [YamlIssue] = []
    private var known: Set<YamlIssue> = []

    /// Starts an empty report.
    ///
    /// - Parameter file: The file's name, as messages give it.
    public init(file: String) {
        self.file = file
    }

    /// Notes an issue; the same issue twice is noted once.
    ///
    /// - Parameter issue: What was found.
    public func add(_ issue: YamlIssue) {
        guard known.insert(issue).inserted else { return }
        issues.append(issue)
    }

    /// Whether there is an error, not only warnings.
    public var hasErrors: Bool { issues.contains { $0.severity == .error } }

    /// Everything found, in the order of lines.
    public var sorted: [YamlIssue] {
        // The order of finding breaks ties, so that the result is the same in every run.
        issues.enumerated().sorted { left, right in
            (left.element.line, left.element.column, left.offset)
                < (right.element.line, right.element.column, right.offset)
        }.map(\.element)
    }

    /// The warnings, in the order of lines.
    public var warnings: [YamlIssue] { sorted.filter { $0.severity == .warning } }

    /// Refuses the file when an error was found.
    ///
    /// - Throws: `SettingsError.invalid` with everything found, warnings too.
    public func check() throws(SettingsError) {
        if hasErrors { throw .invalid(file: file, issues: sorted) }
    }
}

/// One YAML document: its root value and the report that all reading of it writes to.
///
/// Invariants:  scalars keep the text that stands in the file; numbers never pass through floating
///              point. Anchors and aliases are refused: an alias has no line of its own.
public struct YamlDocument {
    /// The root value.
    public let root: YamlValue
    /// Where everything that reads from the document notes what is wrong.
    public let report: YamlReport

    /// Parses a text.
    ///
    /// - Parameters:
    ///   - text: The file's text.
    ///   - file: The file's name, for messages.
    /// - Throws: `SettingsError.invalid` when it is not one well-formed YAML document.
    public init(text: String, file: String) throws(SettingsError) {
        let report = YamlReport(file: file)
        let node: Node?
        do {
            let parser = try Parser(yaml: text)
            node = try parser.singleRoot()
            // Nodes hold their anchors weakly: they are there as long as the parser is.
            try withExtendedLifetime(parser) { try YamlDocument.refuseAnchors(node) }
        } catch {
            throw .invalid(file: file, issues: [YamlDocument.issue(of: error)])
        }
        guard let node else {
            let message = "the file holds nothing; a mapping of keys is expected"
            let issue = YamlIssue(line: 1, column: 1, path: .root, value: nil, message: message)
            throw .invalid(file: file, issues: [issue])
        }
        self.report = report
        root = YamlValue(node: node, path: .root, keyMark: nil, report: report)
    }

    /// Reads and parses a file.
    ///
    /// - Parameter path: The file's path.
    /// - Throws: `SettingsError` when it cannot be read or is not one YAML document.
    public init(path: String) throws(SettingsError) {
        try self.init(text: TextFile.read(path), file: path)
    }

    /// Without an anchor there is no alias, so that the walk stops before it meets a node twice.
    private static func refuseAnchors(_ node: Node?) throws {
        guard let node else { return }
        if let anchor = node.anchor {
            throw AnchorFound(name: anchor.rawValue, mark: node.mark)
        }
        switch node {
        case .scalar, .alias:
            break
        case .sequence(let sequence):
            for element in sequence { try refuseAnchors(element) }
        case .mapping(let mapping):
            for (key, value) in mapping {
                try refuseAnchors(key)
                try refuseAnchors(value)
            }
        }
    }

    private struct AnchorFound: Error {
        let name: String
        let mark: Mark?
    }

    /// Yams throws one error at a time, and stops at the first.
    private static func issue(of error: any Error) -> YamlIssue {
        func issue(_ mark: Mark?, _ value: String?, _ message: String) -> YamlIssue {
            YamlIssue(
                line: mark?.line ?? 0,
                column: mark?.column ?? 0,
                path: .root,
                value: value,
                message: message
            )
        }
        if let found = error as? AnchorFound {
            return issue(found.mark, found.name, "is an anchor; anchors are not supported")
        }
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return issue(mark, nil, "not well-formed YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            // Yams gives keys of different kinds in the order of a hash.
            let keys = duplicates.sorted().joined(separator: "\", \"")
            // Of several it gives one's place, whichever a hash puts first: none is told then.
            let mark = duplicates.count == 1 ? context.mark : nil
            return issue(mark, keys, "appears more than once in the same mapping")
        case .reader(let problem, _, _, _):
            return issue(nil, nil, "not readable as YAML: \(problem)")
        case .some(let other):
            return issue(nil, nil, "not readable as YAML: \(other)")
        case .none:
            return issue(nil, nil, "not readable as YAML: \(error)")
        }
    }
}

extension SettingsError: CustomStringConvertible {
    /// What is wrong and what to do next, one line for each issue.
    public var description: String {
        switch self {
        case .unreadable(let file, let errno):
            "\(file): cannot be read: \(TextFile.reason(errno)); check the path and its permissions"
        case .notText(let file):
            "\(file): is not UTF-8 text; save it as UTF-8"
        case .invalid(let file, let issues):
            issues.map { $0.text(file: file) }.joined(separator: "\n")
                + "\n\(file): not taken; correct the lines above and check it again"
        }
    }

    /// Whether trying again without changing the file can help.
    public var isTransient: Bool { false }
}
