import Quantities

extension SettingsKind {
    /// Takes a value over; says what is wrong with it when it cannot.
    func take(_ value: SettingsValue, into settings: inout Settings) -> String? {
        if case .names(let place) = self {
            return takeNames(value, at: place, into: &settings)
        }
        guard case .scalar(let text) = value else { return "is not a single value" }
        switch self {
        case .text(let place, let rule):
            if let complaint = rule.complaint(about: text) { return complaint }
            settings[keyPath: place] = text
        case .whole(let place, let range):
            guard let number = wholeNumber(text) else { return "is not a whole number" }
            if let complaint = outside(number, range) { return complaint }
            settings[keyPath: place] = number
        case .bytes(let place, let range, let powerOfTwo):
            guard let number = SettingsBytes.parse(text) else {
                return "is not a number of bytes (such as 65536, 64 KiB, 1 GiB)"
            }
            if let complaint = outside(number, range) { return complaint }
            if powerOfTwo, number & (number - 1) != 0 { return "is not a power of two" }
            settings[keyPath: place] = number
        case .flag(let place):
            guard let flag = SettingsKind.flag(text) else { return "is neither true nor false" }
            settings[keyPath: place] = flag
        case .mode(let place):
            guard let mode = SettingsKind.mode(text) else { return "is no such mode" }
            settings[keyPath: place] = mode
        case .logLevel(let place):
            guard let level = Settings.LogLevel(rawValue: text) else { return "is no level" }
            settings[keyPath: place] = level
        case .logFormat(let place):
            guard let format = Settings.LogFormat(rawValue: text) else { return "is no format" }
            settings[keyPath: place] = format
        case .names:
            invariantBroken("names are taken above")
        }
        return nil
    }

    private func takeNames(
        _ value: SettingsValue,
        at place: Place<[String]>,
        into settings: inout Settings
    ) -> String? {
        let names: [String]
        switch value {
        case .list(let items):
            names = items
        case .scalar(let text):
            // The environment has no lists: names stand with commas between them.
            names = text.split(separator: ",").map(SettingsText.trimmed)
        case .nothing, .structure:
            return "is not a list of names"
        }
        for name in names where SettingsTextRule.account.complaint(about: name) != nil {
            return "has an entry that is no name or number of an account: \"\(name)\""
        }
        settings[keyPath: place] = names
        return nil
    }

    private func wholeNumber(_ text: String) -> Int? {
        Int(String(text.filter { $0 != "_" }))
    }

    private func outside(_ number: Int, _ range: ClosedRange<Int>) -> String? {
        if number < range.lowerBound { return "is too small" }
        return number > range.upperBound ? "is too large" : nil
    }

    private static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }

    private static func mode(_ text: String) -> UInt32? {
        // Without the leading zero it may be a decimal that somebody meant otherwise.
        guard text.hasPrefix("0"), text.utf8.count <= 5, let mode = UInt32(text, radix: 8),
            mode <= 0o777, mode & 0o600 == 0o600
        else { return nil }
        return mode
    }
}
