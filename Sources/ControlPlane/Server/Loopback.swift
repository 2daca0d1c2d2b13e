/// What counts as this machine and no other.
enum Loopback {
    /// Refuses a host from which other machines could reach us.
    static func check(_ host: String) throws(ControlError) {
        guard host == "localhost" || host == "::1" || isIPv4Loopback(host) else {
            throw .notLoopback(host: host)
        }
    }

    /// The names that a browser or a tool on this machine uses for us.
    ///
    /// A request that names another host was led here by a foreign page (DNS rebinding).
    static func names(with host: String) -> Set<String> {
        ["localhost", "127.0.0.1", "::1", "[::1]", host]
    }

    /// The host of a `Host` header, without its port.
    static func hostName(of authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return String(authority[...end])
        }
        return String(authority.prefix { $0 != ":" })
    }

    private static func isIPv4Loopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) else { return false }
        return parts[0] == "127"
    }
}
