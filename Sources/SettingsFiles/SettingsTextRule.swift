import Glibc

/// What a text must look like to be taken.
enum SettingsTextRule: Sendable {
    /// The name of a node: it is part of metrics and of database keys.
    case nodeName
    /// A folder, by its absolute path.
    case folder
    /// A folder, or empty for the one in the state directory.
    case folderOrDerived
    /// A Unix socket: absolute, and short enough for the kernel.
    case socket
    /// A file, absolute or relative to the settings file.
    case file
    /// A user or group, by name or number.
    case account
    /// The same, or empty to leave it.
    case accountOrNone
    /// `off` or a loopback address and port.
    case loopback
    /// libpq's connection text.
    case connection
    /// An IANA time zone.
    case timeZone

    /// `sun_path` has 108 bytes, the last of which is the closing zero.
    static let socketPathLimit = 107

    var allowed: String {
        switch self {
        case .nodeName: "1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"
        case .folder: "an absolute path"
        case .folderOrDerived: "an absolute path, or empty for the one in node.state_directory"
        case .socket: "an absolute path of at most \(Self.socketPathLimit) bytes"
        case .file: "a path, absolute or relative to the settings file"
        case .account: "the name or number of an account"
        case .accountOrNone: "the name or number of an account, or empty to leave it"
        case .loopback: "off, 127.0.0.1:PORT or [::1]:PORT"
        case .connection: "libpq's connection text or URI, without a password"
        case .timeZone: "an IANA time zone such as UTC or Europe/Berlin"
        }
    }

    /// The value as it may be printed.
    func shown(_ text: String) -> String {
        if text.isEmpty { return "\"\"" }
        if case .connection = self { return SettingsConnection.redacted(text) }
        return text
    }

    /// What is wrong with the text, or nil.
    func complaint(about text: String) -> String? {
        switch self {
        case .nodeName:
            isNodeName(text) ? nil : "is no name for a node"
        case .folder:
            pathComplaint(text)
        case .folderOrDerived:
            text.isEmpty ? nil : pathComplaint(text)
        case .socket:
            pathComplaint(text)
                ?? (text.utf8.count > Self.socketPathLimit ? "is too long for a socket" : nil)
        case .file:
            text.isEmpty ? "is empty" : controlCharacters(text)
        case .account:
            isAccount(text) ? nil : "is no name or number of an account"
        case .accountOrNone:
            text.isEmpty || isAccount(text) ? nil : "is no name or number of an account"
        case .loopback:
            loopbackComplaint(text)
        case .connection:
            SettingsConnection.complaint(about: text)
        case .timeZone:
            timeZoneComplaint(text)
        }
    }

    private func isNodeName(_ text: String) -> Bool {
        guard (1...63).contains(text.utf8.count), let first = text.utf8.first else { return false }
        return isLetterOrDigit(first)
            && text.utf8.allSatisfy { isLetterOrDigit($0) || [45, 46, 95].contains($0) }
    }

    private func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte)
    }

    private func isAccount(_ text: String) -> Bool {
        guard (1...32).contains(text.utf8.count) else { return false }
        if text.utf8.allSatisfy({ (48...57).contains($0) }) { return UInt32(text) != nil }
        return !text.hasPrefix("-")
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || "0123456789._-$".unicodeScalars.contains($0))
            }
    }

    private func pathComplaint(_ text: String) -> String? {
        text.hasPrefix("/") ? controlCharacters(text) : "is not an absolute path"
    }

    private func controlCharacters(_ text: String) -> String? {
        text.utf8.contains { $0 < 32 || $0 == 127 } ? "has control characters" : nil
    }

    private func loopbackComplaint(_ text: String) -> String? {
        if text == "off" { return nil }
        guard let (host, _) = SettingsEndpoint.parse(text) else {
            return "is neither off nor an address and port"
        }
        return SettingsEndpoint.isLoopback(host) ? nil : "is not a loopback address"
    }

    private func timeZoneComplaint(_ text: String) -> String? {
        let shape =
            !text.isEmpty && text.utf8.count <= 64 && !text.hasPrefix("/")
            && !text.contains("..")
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || "0123456789/_+-".unicodeScalars.contains($0))
            }
        guard shape else { return "is no time zone" }
        // A machine without the zone files can still check a file for another one.
        let folder = "/usr/share/zoneinfo"
        if text == "UTC" || access(folder, R_OK) != 0 { return nil }
        return access(folder + "/" + text, R_OK) == 0
            ? nil : "is not a time zone that this host knows"
    }
}

/// An address and port as in "127.0.0.1:9464" or "[::1]:9464".
enum SettingsEndpoint {
    static func parse(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            return host.contains(":") ? (String(host), port) : nil
        }
        return host.isEmpty || host.contains(":") ? nil : (String(host), port)
    }

    static func isLoopback(_ host: String) -> Bool {
        if host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
