/// One key of the settings: where it stands, what it takes, and how it is written.
///
/// Why: loading, overriding by the environment, explaining and documenting all go by one table of
/// these (`Settings.keys`), so that they cannot tell different stories.
public struct SettingsKey: Sendable {
    /// Group and name, as in "journal.segment_bytes".
    public let path: String
    /// The unit of a number, empty for everything else.
    public let unit: String
    /// Whether a changed value is taken over by a reload (SIGHUP); all others need a restart.
    public let takenAtReload: Bool
    let kind: SettingsKind

    init(_ path: String, _ kind: SettingsKind, unit: String = "", takenAtReload: Bool = false) {
        self.path = path
        self.kind = kind
        self.unit = unit
        self.takenAtReload = takenAtReload
    }

    /// The part before the point.
    public var group: String { String(path.prefix { $0 != "." }) }
    /// The part after the point.
    public var name: String { String(path.drop { $0 != "." }.dropFirst()) }
    /// The environment variable that overrides it: "METERD_JOURNAL_SEGMENT_BYTES".
    public var environmentName: String {
        "METERD_" + path.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }
    /// What may be set, as in "a whole number from 1 to 16".
    public var allowed: String { kind.allowed }

    /// The value as it would be written in the file, secrets left out.
    ///
    /// - Parameter settings: Where to look it up.
    /// - Returns: Text that the file could hold: "64 MiB", "[a, b]".
    public func text(in settings: Settings) -> String {
        kind.text(in: settings)
    }

    /// Takes a value over; says what is wrong with it when it cannot.
    func take(_ value: SettingsValue, into settings: inout Settings) -> String? {
        kind.take(value, into: &settings)
    }
}

/// A value as it was written, before it is known what it should be.
enum SettingsValue {
    case scalar(String)
    case list([String])
    /// A key with nothing after the colon.
    case nothing
    /// A mapping, or a list of more than plain values.
    case structure

    /// How a message shows it.
    var shown: String {
        switch self {
        case .scalar(let text): text.isEmpty ? "\"\"" : text
        case .list(let items): "[" + items.joined(separator: ", ") + "]"
        case .nothing: "nothing"
        case .structure: "a mapping"
        }
    }
}

/// What a key takes, and the place in `Settings` that it fills.
enum SettingsKind: Sendable {
    typealias Place<Value> = any WritableKeyPath<Settings, Value> & Sendable

    case text(Place<String>, SettingsTextRule)
    case whole(Place<Int>, ClosedRange<Int>)
    case bytes(Place<Int>, ClosedRange<Int>, powerOfTwo: Bool)
    case flag(Place<Bool>)
    case names(Place<[String]>)
    case mode(Place<UInt32>)
    case logLevel(Place<Settings.LogLevel>)
    case logFormat(Place<Settings.LogFormat>)

    var allowed: String {
        switch self {
        case .text(_, let rule):
            rule.allowed
        case .whole(_, let range):
            "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .bytes(_, let range, let powerOfTwo):
            (powerOfTwo ? "a power of two from " : "")
                + SettingsBytes.text(range.lowerBound) + " to "
                + SettingsBytes.text(range.upperBound)
        case .flag:
            "true or false"
        case .names:
            "a list of names or numbers"
        case .mode:
            "an octal mode in quotes, from \"0600\" to \"0777\", that lets the owner read and write"
        case .logLevel:
            Settings.LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
        case .logFormat:
            Settings.LogFormat.allCases.map(\.rawValue).joined(separator: ", ")
        }
    }

    func text(in settings: Settings) -> String {
        switch self {
        case .text(let place, let rule):
            rule.shown(settings[keyPath: place])
        case .whole(let place, _):
            String(settings[keyPath: place])
        case .bytes(let place, _, _):
            SettingsBytes.text(settings[keyPath: place])
        case .flag(let place):
            settings[keyPath: place] ? "true" : "false"
        case .names(let place):
            "[" + settings[keyPath: place].joined(separator: ", ") + "]"
        case .mode(let place):
            "\"0" + String(settings[keyPath: place], radix: 8) + "\""
        case .logLevel(let place):
            settings[keyPath: place].rawValue
        case .logFormat(let place):
            settings[keyPath: place].rawValue
        }
    }
}
