/// Where a value comes from.
public enum SettingsOrigin: Sendable, Hashable {
    /// Nobody set it.
    case standard
    /// A line of the settings file.
    case file(name: String, line: Int)
    /// An environment variable.
    case environment(variable: String)
}

extension SettingsOrigin: CustomStringConvertible {
    /// "default", "meterd.yaml:12" or the variable's name.
    public var description: String {
        switch self {
        case .standard: "default"
        case .file(let name, let line): "\(name):\(line)"
        case .environment(let variable): variable
        }
    }
}
