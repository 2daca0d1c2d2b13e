/// A function, initialiser or computed property, and how many lines it takes.
struct MeasuredFunction: Hashable {
    let path: String
    let line: Int
    /// The first line of the declaration, up to its parameters.
    let name: String
    let length: Int
}

/// Measures functions in formatted sources.
///
/// The formatter puts the closing brace of a declaration into the declaration's own column; so its
/// end is the first line behind it that has a brace there. No parser is needed.
enum FunctionLengths {
    static func measure(_ file: SourceFile) -> [MeasuredFunction] {
        var found: [MeasuredFunction] = []
        for index in file.lines.indices {
            let line = file.lines[index]
            guard let name = declaration(line), let body = bodyStart(file.lines, from: index) else {
                continue
            }
            let closing = String(line.prefix { $0 == " " }) + "}"
            let rest = file.lines[(body + 1)...]
            guard let end = rest.firstIndex(where: { $0.hasPrefix(closing) }) else { continue }
            found.append(
                MeasuredFunction(
                    path: file.path,
                    line: index + 1,
                    name: name,
                    length: end - index + 1
                )
            )
        }
        return found
    }

    private static let modifiers: Set<String> = [
        "public", "private", "fileprivate", "internal", "package", "static", "final", "override",
        "mutating", "nonmutating", "consuming", "borrowing", "convenience", "required",
        "nonisolated", "private(set)", "@discardableResult", "@inlinable", "@inline(__always)",
        "@inline(never)", "@Sendable", "@Test",
    ]

    /// What a line declares, or nil when it declares nothing that has a body.
    private static func declaration(_ line: String) -> String? {
        let start = line.utf8.first { $0 != UInt8(ascii: " ") }
        guard let start, start != UInt8(ascii: "/"), start != UInt8(ascii: "}") else { return nil }
        var words = line.split(separator: " ", maxSplits: 8)
        while let first = words.first, modifiers.contains(String(first)) { words.removeFirst() }
        guard let keyword = words.first else { return nil }
        if keyword == "func" || keyword == "var", words.count > 1 {
            return String(words[1].prefix { $0 != "(" && $0 != "<" && $0 != ":" })
        }
        for special in ["init", "deinit", "subscript"] where keyword.hasPrefix(special) {
            let after = keyword.dropFirst(special.count).first
            if after == nil || after == "(" || after == "<" || after == "?" { return special }
        }
        return nil
    }

    /// The line that opens the body; nil for a requirement, a stored property or a body on one
    /// line.
    private static func bodyStart(_ lines: [String], from start: Int) -> Int? {
        var depth = 0
        var index = start
        while index < lines.count {
            for byte in lines[index].utf8 {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") { depth -= 1 }
            }
            if depth <= 0 {
                if lines[index].hasSuffix("{") { return index }
                guard index + 1 < lines.count, continues(lines[index + 1]) else { return nil }
            }
            index += 1
        }
        return nil
    }

    private static func continues(_ line: String) -> Bool {
        let text = line.drop { $0 == " " }
        return text == "{" || ["where ", "-> ", "throws", "async"].contains { text.hasPrefix($0) }
    }
}
