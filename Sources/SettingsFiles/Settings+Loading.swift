extension Settings {
    /// Where the settings file is when nobody says.
    public static let standardPath = "/etc/meterd/meterd.yaml"
    /// The environment variable that names another, for `meterd` and `meterctl` alike.
    public static let pathVariable = "METERD_CONFIG"

    /// Loads a settings file; the environment overrides it, key by key.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - environment: The process's environment; `METERD_<GROUP>_<KEY>` sets a key.
    /// - Returns: Settings that have passed every check.
    /// - Throws: `SettingsError` with everything that is wrong, not only the first.
    public static func load(
        path: String,
        environment: [String: String] = [:]
    ) throws(SettingsError) -> Settings {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return try load(
            document: YamlDocument(path: path),
            baseDirectory: folder.isEmpty ? "/" : folder,
            environment: environment
        )
    }

    /// Loads settings from a text, as `load(path:environment:)` does from a file.
    ///
    /// - Parameters:
    ///   - text: The file's text.
    ///   - file: What messages call it.
    ///   - environment: The process's environment.
    /// - Returns: Settings that have passed every check.
    /// - Throws: `SettingsError` with everything that is wrong.
    public static func load(
        text: String,
        file: String = "settings",
        environment: [String: String] = [:]
    ) throws(SettingsError) -> Settings {
        try load(
            document: YamlDocument(text: text, file: file),
            baseDirectory: "",
            environment: environment
        )
    }

    private static func load(
        document: YamlDocument,
        baseDirectory: String,
        environment: [String: String]
    ) throws(SettingsError) -> Settings {
        var reader = SettingsReader(report: document.report)
        reader.settings.baseDirectory = baseDirectory
        reader.read(document.root)
        reader.read(environment: environment)
        reader.refuseContradictions()
        try document.report.check()
        reader.settings.warnings = document.report.warnings
        return reader.settings
    }
}

/// Fills settings from a document and the environment, and notes all that is wrong on the way.
private struct SettingsReader {
    var settings = Settings()
    let report: YamlReport

    mutating func read(_ root: YamlValue) {
        guard var file = root.mapping() else { return }
        for group in Settings.groups {
            // A group whose keys are all commented out is empty, and fine.
            guard let value = file.optional(group), var members = value.mapping() else { continue }
            let written = Dictionary(members.all.map { ($0.key, $0.value) }) { first, _ in first }
            for key in Settings.keys where key.group == group {
                _ = members.optional(key.name)
                guard let value = written[key.name] else { continue }
                take(value.settingsValue, for: key, line: value.line, column: value.column)
            }
            members.refuseRest()
        }
        file.refuseRest()
    }

    mutating func read(environment: [String: String]) {
        for key in Settings.keys {
            guard let text = environment[key.environmentName] else { continue }
            take(.scalar(text), for: key, variable: key.environmentName)
        }
        let known = Set(Settings.keys.map(\.environmentName) + [Settings.pathVariable])
        for name in environment.keys.sorted()
        where name.hasPrefix("METERD_") && !known.contains(name) {
            refuseUnknown(name)
        }
    }

    func refuseContradictions() {
        // A value that was refused stands at its default, which may contradict what was taken.
        if report.hasErrors { return }
        for (path, message) in settings.contradictions() {
            guard let key = Settings.key(path) else { continue }
            note(key, key.text(in: settings), message, settings.origins[path] ?? .standard)
        }
    }

    private mutating func take(
        _ value: SettingsValue,
        for key: SettingsKey,
        line: Int = 0,
        column: Int = 0,
        variable: String? = nil
    ) {
        let origin: SettingsOrigin =
            variable.map { .environment(variable: $0) } ?? .file(name: report.file, line: line)
        guard let complaint = key.take(value, into: &settings) else {
            settings.origins[key.path] = origin
            return
        }
        let message = "\(complaint); allowed: \(key.allowed)"
        note(key, key.shown(value), message, origin, column: column)
    }

    private func note(
        _ key: SettingsKey,
        _ value: String?,
        _ message: String,
        _ origin: SettingsOrigin,
        column: Int = 0
    ) {
        var place = 0
        var message = message
        switch origin {
        case .standard: message += " (a default)"
        case .file(_, let line): place = line
        case .environment(let variable): message += " (set by \(variable))"
        }
        report.add(
            YamlIssue(
                line: place,
                column: place == 0 ? 0 : max(column, 1),
                path: YamlPath([.key(key.group), .key(key.name)]),
                value: value,
                message: message
            )
        )
    }

    /// A name in one of our groups is misspelt; any other may belong to another program, and is
    /// only pointed out.
    private func refuseUnknown(_ name: String) {
        // They tell meterctl where the daemon is; who shares one environment means no harm.
        if name == "METERD_CONTROL_SOCKET" || name == "METERD_DATA_SOCKET" { return }
        let group = Settings.groups.first { name.hasPrefix("METERD_\($0.uppercased())_") }
        let known = Settings.keys.filter { $0.group == group }.map { "`\($0.environmentName)`" }
        report.add(
            YamlIssue(
                severity: group == nil ? .warning : .error,
                line: 0,
                column: 0,
                path: YamlPath([.key(name)]),
                value: nil,
                message: group == nil
                    ? "an environment variable that sets nothing"
                    : "unknown environment variable; known are " + known.joined(separator: ", ")
            )
        )
    }
}

extension SettingsKey {
    /// A refused value as a message may show it: a connection text may hold a password.
    fileprivate func shown(_ value: SettingsValue) -> String? {
        if case .nothing = value { return nil }
        if case .text(_, .connection) = kind {
            guard case .scalar(let text) = value else { return "(not shown)" }
            return SettingsConnection.redacted(text)
        }
        return value.shown
    }
}

extension YamlValue {
    fileprivate var settingsValue: SettingsValue {
        if isNull { return .nothing }
        if let text = rawText { return .scalar(text) }
        guard isList, let items = list() else { return .structure }
        let texts = items.compactMap(\.rawText)
        return texts.count == items.count ? .list(texts) : .structure
    }
}
