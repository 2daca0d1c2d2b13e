import CLibpq
import Quantities

/// What database to connect to, and how patiently.
public struct StoreSettings: Sendable, Hashable {
    /// Key words or a URI, as libpq takes them; service, password file and TLS are libpq's own.
    public var conninfo: String
    /// The schema that all tables are in: letters, digits and underscores.
    public var schema = "meterd"
    /// How many connections write a batch, and load the state, side by side.
    public var writerConnections = 2
    /// How long the server works on one statement before it gives up.
    public var statementTimeoutMilliseconds = 60_000

    /// Settings with their defaults.
    ///
    /// - Parameter conninfo: Key words or a URI, as libpq takes them.
    public init(conninfo: String) {
        self.conninfo = conninfo
    }

    /// Which server is meant, without user-given secrets, for messages and logs.
    public var redacted: String {
        guard let options = PQconninfoParse(conninfo, nil) else { return "unreadable settings" }
        defer { PQconninfoFree(options) }
        var parts: [String] = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                let name = String(cString: keyword)
                if StoreSettings.harmless.contains(name) {
                    parts.append("\(name)=\(String(cString: value))")
                }
            }
            option += 1
        }
        return parts.isEmpty ? "libpq's defaults" : parts.joined(separator: " ")
    }

    private static let harmless = [
        "service", "user", "dbname", "host", "hostaddr", "port", "sslmode",
    ]

    /// Checked before anything is sent, because a schema name cannot be a parameter.
    func validate() throws(StoreError) {
        guard let options = PQconninfoParse(conninfo, nil) else {
            throw .badConnectionSettings("is neither key=value words nor a postgresql:// address")
        }
        PQconninfoFree(options)
        let letters = schema.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == 95
        }
        guard letters, !schema.isEmpty, schema.utf8.count <= 63,
            schema.utf8.first.map({ !(48...57).contains($0) }) == true
        else {
            throw .badConnectionSettings(
                "names a schema that is not made of small letters, digits and underscores"
            )
        }
        guard statementTimeoutMilliseconds >= 0 else {
            throw .badConnectionSettings("has a negative statement timeout")
        }
    }

    /// What libpq is given before the operator's text, which therefore wins.
    ///
    /// With keepalives and the user timeout a dead server is noticed within half a minute.
    static let connectionDefaults: [(keyword: String, value: String)] = [
        ("connect_timeout", "10"),
        ("keepalives", "1"),
        ("keepalives_idle", "10"),
        ("keepalives_interval", "5"),
        ("keepalives_count", "3"),
        ("tcp_user_timeout", "30000"),
        ("fallback_application_name", "meterd"),
    ]

    /// The session's own settings; `synchronous_commit` and the like stay the server's.
    var sessionStatement: String {
        """
        SET search_path TO "\(schema)";
        SET client_min_messages TO warning;
        SET TimeZone TO 'UTC';
        SET bytea_output TO 'hex';
        SET client_encoding TO 'UTF8';
        SET statement_timeout TO \(statementTimeoutMilliseconds);
        SET idle_in_transaction_session_timeout TO 60000;
        SET tcp_keepalives_idle TO 10;
        SET tcp_keepalives_interval TO 5;
        SET tcp_keepalives_count TO 3;
        """
    }
}
