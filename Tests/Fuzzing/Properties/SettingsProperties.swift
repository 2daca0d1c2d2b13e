import SettingsFiles

/// Goal: no settings bring the loader down; it loads or it complains, the same each time.
///
/// Input: the file; behind a zero byte, environment variables as `NAME=value`, parted by zeros.
///
/// Properties: loading twice gives the same; what was loaded, written out by its explanation, loads
/// again and is the same.
enum SettingsProperties {
    static func check(_ input: UnsafeRawBufferPointer) throws(BrokenPromise) {
        // `Settings.load(path:)` refuses what is no UTF-8 before anything looks at it.
        guard let all = input.validText else { return }
        var parts = all.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
        let text = parts.removeFirst()
        var environment: [String: String] = [:]
        for part in parts {
            guard let equals = part.firstIndex(of: "=") else { continue }
            environment[String(part[..<equals])] = String(part[part.index(after: equals)...])
        }
        let first = load(text, environment)
        let second = load(text, environment)
        guard case .success(let settings) = first else {
            guard case .failure(let one) = first, case .failure(let two) = second else {
                throw BrokenPromise("refused once, and once not")
            }
            let isSame = one.comparable == two.comparable
            return try promise(isSame, "refused for \(one), and then for \(two)")
        }
        guard case .success(let other) = second else {
            throw BrokenPromise("taken once, and once not")
        }
        try promise(settings == other, "loads as something else the second time")
        try check(settings)
    }

    private static func check(_ settings: Settings) throws(BrokenPromise) {
        let explained = settings.explained
        _ = settings.explanation
        _ = settings.memory(cores: 4).description
        try promise(settings.changes(to: settings).isEmpty, "settings differ from themselves")
        switch load(SettingsProperties.file(explained), [:]) {
        case .failure(let complaint):
            throw BrokenPromise("what was loaded, written out, is refused: \(complaint)")
        case .success(let again):
            let changes = settings.changes(to: again).map { "\($0.key): \($0.old) -> \($0.new)" }
            try promise(changes.isEmpty, "written out and read: \(changes)")
        }
    }

    /// The settings as a file.
    private static func file(_ explained: [ExplainedSetting]) -> String {
        var text = ""
        var group = ""
        for line in explained {
            let parts = line.key.split(separator: ".").map(String.init)
            if parts[0] != group {
                group = parts[0]
                text += "\(group):\n"
            }
            text += "  \(parts[1]): \(written(line.value))\n"
        }
        return text
    }

    /// A value as YAML: quoted, but for a list or what is quoted.
    private static func written(_ value: String) -> String {
        if value == "\"\"" || value.hasPrefix("\"0") { return value }
        if value.hasPrefix("["), value.hasSuffix("]"), !value.contains(":") { return value }
        var quoted = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return quoted + "\""
    }

    private enum Outcome {
        case success(Settings)
        case failure(String)
    }

    private static func load(_ text: String, _ environment: [String: String]) -> Outcome {
        do throws(SettingsError) {
            return .success(try Settings.load(text: text, environment: environment))
        } catch {
            return .failure(error.description)
        }
    }
}
