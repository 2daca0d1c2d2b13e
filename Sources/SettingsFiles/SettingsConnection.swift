/// libpq's connection text: enough of its grammar to keep secrets out and off the screen.
///
/// Why: whether the words are right is for libpq to say when it connects; that no password stands
/// in a file that many may read, or is printed, is for us.
enum SettingsConnection {
    /// Words of libpq whose values are secret.
    static let secretWords: Set<String> = ["password", "sslpassword"]

    static func complaint(about text: String) -> String? {
        if isURI(text) {
            return uriHasSecret(text) ? secretComplaint : nil
        }
        guard let pairs = parse(text) else {
            return "is not a connection text (word=value pairs, or postgresql://...)"
        }
        return pairs.contains { secretWords.contains($0.word) } ? secretComplaint : nil
    }

    static func redacted(_ text: String) -> String {
        if isURI(text) {
            return uriHasSecret(text) ? "(not shown: it holds a password)" : text
        }
        guard let pairs = parse(text) else { return "(not shown: it may hold a password)" }
        guard pairs.contains(where: { secretWords.contains($0.word) }) else { return text }
        return pairs.map { pair in
            pair.word + "=" + (secretWords.contains(pair.word) ? "***" : quoted(pair.value))
        }.joined(separator: " ")
    }

    private static let secretComplaint =
        "holds a password: put it into a password file (passfile=..., PGPASSFILE or the credential "
        + "pgpass) or a service file (service=...)"

    private static func isURI(_ text: String) -> Bool {
        text.hasPrefix("postgresql://") || text.hasPrefix("postgres://")
    }

    private static func uriHasSecret(_ text: String) -> Bool {
        guard let start = text.firstRange(of: "://") else { return false }
        let rest = text[start.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") { return true }
        let query = rest.drop { $0 != "?" }.dropFirst()
        return query.split(separator: "&").contains { part in
            secretWords.contains(String(part.prefix { $0 != "=" }).lowercased())
        }
    }

    private static func quoted(_ value: String) -> String {
        let plain = !value.isEmpty && !value.contains { " '\\".contains($0) }
        if plain { return value }
        return "'" + value.map { "'\\".contains($0) ? "\\\($0)" : String($0) }.joined() + "'"
    }

    /// The pairs, or nil when the text is none of libpq's.
    static func parse(_ text: String) -> [(word: String, value: String)]? {
        var pairs: [(word: String, value: String)] = []
        var rest = text[...]
        while true {
            rest = rest.drop(while: \.isWhitespace)
            if rest.isEmpty { return pairs }
            let word = rest.prefix { $0 != "=" && !$0.isWhitespace }
            rest = rest[word.endIndex...].drop(while: \.isWhitespace)
            guard !word.isEmpty, rest.first == "=" else { return nil }
            rest = rest.dropFirst().drop(while: \.isWhitespace)
            guard let value = takeValue(&rest) else { return nil }
            pairs.append((word.lowercased(), value))
        }
    }

    private static func takeValue(_ rest: inout Substring) -> String? {
        let isQuoted = rest.first == "'"
        if isQuoted { rest = rest.dropFirst() }
        var value = ""
        while let character = rest.first {
            if isQuoted, character == "'" {
                rest = rest.dropFirst()
                return value
            }
            if !isQuoted, character.isWhitespace { return value }
            rest = rest.dropFirst()
            if character == "\\" {
                guard let escaped = rest.popFirst() else { return isQuoted ? nil : value }
                value.append(escaped)
            } else {
                value.append(character)
            }
        }
        return isQuoted ? nil : value
    }
}
