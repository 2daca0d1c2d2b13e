/// One key as it stands, and why.
public struct ExplainedSetting: Sendable, Hashable {
    /// The key's path, such as "journal.segment_bytes".
    public let key: String
    /// The value as it would be written in the file, secrets left out.
    public let value: String
    /// The default, written likewise.
    public let standard: String
    /// The unit of a number, or empty.
    public let unit: String
    /// Where the value comes from.
    public let origin: SettingsOrigin
    /// The environment variable that overrides it.
    public let environmentName: String
    /// What may be set.
    public let allowed: String
}

/// A key whose value differs between two loads.
public struct SettingsChange: Sendable, Hashable {
    /// The key's path.
    public let key: String
    /// The value that is in force.
    public let old: String
    /// The value that was loaded.
    public let new: String
    /// Whether a reload takes it over; otherwise it waits for a restart.
    public let takenAtReload: Bool
}

extension Settings {
    /// Every key with its value and where that comes from, in the order of the documentation.
    public var explained: [ExplainedSetting] {
        let standard = Settings()
        return Settings.keys.map { key in
            ExplainedSetting(
                key: key.path,
                value: key.text(in: self),
                standard: key.text(in: standard),
                unit: key.unit,
                origin: origins[key.path] ?? .standard,
                environmentName: key.environmentName,
                allowed: key.allowed
            )
        }
    }

    /// The same as a table for people: key, value, origin.
    public var explanation: String {
        let lines = explained
        let keyWidth = lines.map(\.key.utf8.count).max() ?? 0
        let valueWidth = min(lines.map(\.value.utf8.count).max() ?? 0, 40)
        return lines.map { line in
            pad(line.key, keyWidth) + "  " + pad(line.value, valueWidth) + "  \(line.origin)"
        }.joined(separator: "\n")
    }

    /// What differs between these settings and newer ones.
    ///
    /// - Parameter newer: What was loaded later.
    /// - Returns: A change for each key that differs, in the order of the documentation.
    public func changes(to newer: Settings) -> [SettingsChange] {
        Settings.keys.compactMap { key in
            let old = key.text(in: self)
            let new = key.text(in: newer)
            guard old != new else { return nil }
            return SettingsChange(
                key: key.path,
                old: old,
                new: new,
                takenAtReload: key.takenAtReload
            )
        }
    }
}

private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
}
