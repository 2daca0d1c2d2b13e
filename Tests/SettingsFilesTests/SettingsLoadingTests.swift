import Testing

@testable import SettingsFiles

// Goal: what is loaded is what was written, and everything that is wrong is said at once.
// Method: small texts, and environments as dictionaries.
@Suite struct SettingsLoadingTests {
    @Test func `a file sets what it names and leaves the rest at its default`() throws {
        let settings = try Settings.load(
            text: """
                node:
                  name: edge-1
                journal:
                  segment_bytes: 16 MiB
                data_socket:
                  mode: "0600"
                  allow_users: [gateway, 1001]
                postgres:
                  migrate_at_start: false
                logging:
                  level: debug
                """
        )
        #expect(settings.node.name == "edge-1")
        #expect(settings.journal.segmentBytes == 16 << 20)
        #expect(settings.dataSocket.mode == 0o600)
        #expect(settings.dataSocket.allowUsers == ["gateway", "1001"])
        #expect(!settings.postgres.migrateAtStart)
        #expect(settings.logging.level == .debug)
        #expect(settings.journal.maxBytes == Settings().journal.maxBytes)
    }

    @Test func `a group without keys stands at its defaults`() throws {
        let settings = try Settings.load(text: "node:\njournal:\n")
        #expect(settings == Settings())
    }

    @Test func `the environment wins over the file, and lists have commas`() throws {
        let settings = try Settings.load(
            text: "engine:\n  shards: 2\n",
            environment: [
                "METERD_ENGINE_SHARDS": "4",
                "METERD_DATA_SOCKET_ALLOW_USERS": "gateway, 1001",
                "METERD_DATA_SOCKET_GROUP": "",
                "PATH": "/usr/bin",
            ]
        )
        #expect(settings.engine.shards == 4)
        #expect(settings.dataSocket.allowUsers == ["gateway", "1001"])
        #expect(settings.origins["engine.shards"] == .environment(variable: "METERD_ENGINE_SHARDS"))
    }

    @Test func `everything that is wrong is told at once, with its line`() throws {
        let issues = try issues(
            of: """
                node:
                  name: Edge One
                engine:
                  shards: 17
                  ring_bytes: 100000
                journal:
                  segment_byte: 1
                  max_bytes:
                jurnal: {}
                """
        )
        #expect(issues.map(\.line) == [2, 4, 5, 7, 8, 9])
        #expect(
            issues.map(\.path.description) == [
                "node.name", "engine.shards", "engine.ring_bytes", "journal.segment_byte",
                "journal.max_bytes", "jurnal",
            ]
        )
        #expect(
            issues[1].description
                == "line 4: engine.shards: \"17\" is too large; "
                + "allowed: a whole number from 0 to 16"
        )
        #expect(issues[2].message.hasPrefix("is not a power of two; allowed: a power of two from"))
        #expect(issues[3].message == "unknown key; is `segment_bytes` meant?")
        #expect(issues[5].message == "unknown key; is `journal` meant?")
    }

    @Test(arguments: [
        ("node:\n  name: \"\"", "is no name"),
        ("node:\n  state_directory: var/lib", "is not an absolute path"),
        ("data_socket:\n  mode: 660", "is no such mode"),
        ("data_socket:\n  mode: \"0060\"", "is no such mode"),
        ("data_socket:\n  mode: \"0999\"", "is no such mode"),
        ("data_socket:\n  allow_users: [\"no body\"]", "has an entry that is no name"),
        ("data_socket:\n  allow_users: {a: b}", "is not a list of names"),
        ("data_socket:\n  max_connections: many", "is not a whole number"),
        ("data_socket:\n  max_connections: 1.5", "is not a whole number"),
        ("data_socket:\n  max_connections: 0", "is too small"),
        ("data_socket:\n  max_connections: [1]", "is not a single value"),
        ("data_socket:\n  max_frame_bytes: 1 MB", "is not a number of bytes"),
        ("data_socket:\n  max_frame_bytes: 99999999999 GiB", "is not a number of bytes"),
        ("control_tcp:\n  listen: 0.0.0.0:9464", "is not a loopback address"),
        ("control_tcp:\n  listen: 127.0.0.1", "is neither off nor"),
        ("control_tcp:\n  listen: 127.0.0.1:0", "is neither off nor"),
        ("postgres:\n  connection: meterd", "is not a connection text"),
        ("postgres:\n  migrate_at_start: maybe", "is neither true nor false"),
        ("accounts:\n  default_time_zone: ../etc", "is no time zone"),
        ("accounts:\n  default_time_zone: Mars/Base", "is not a time zone that"),
        ("logging:\n  level: loud", "is no level"),
        ("logging:\n  format: xml", "is no format"),
        ("rates:\n  card: \"\"", "is empty"),
        ("control_socket:\n  path: /run/meterd/meterd.sock", "is the same as data_socket.path"),
        ("holds:\n  max_ttl_ms: 1000", "is more than holds.max_ttl_ms"),
        ("journal:\n  max_bytes: 64 MiB", "must hold at least two segments"),
        ("journal:\n  segment_bytes: 2 MiB\n  max_bytes: 8 MiB", "is more than journal.max_bytes"),
        ("lease:\n  ttl_s: 5", "must be less than lease.ttl_s"),
        ("engine: 5", "is not a mapping"),
    ])
    func `a wrong value is refused with its reason`(text: String, reason: String) throws {
        let issues = try issues(of: text)
        #expect(issues.count == 1)
        #expect(issues.first?.message.hasPrefix(reason) == true, "\(issues)")
    }

    @Test(arguments: [
        ("control_tcp.listen", "[::1]:9464"), ("control_tcp.listen", "127.0.0.1:1"),
        ("control_tcp.listen", "off"), ("data_socket.max_frame_bytes", "8192"),
        ("data_socket.max_frame_bytes", "8_192"), ("data_socket.max_frame_bytes", "8KiB"),
        ("data_socket.max_frame_bytes", "8 kib"), ("postgres.migrate_at_start", "off"),
        ("accounts.default_time_zone", "Europe/Berlin"), ("rates.card", "cards/rates.yaml"),
        ("postgres.connection", "postgresql://db.example/meterd?sslmode=verify-full"),
        ("postgres.connection", "service=meterd"), ("journal.directory", "/srv/journal"),
    ])
    func `a right value is taken, from the file and from the environment alike`(
        path: String,
        value: String
    ) throws {
        let key = try #require(Settings.key(path))
        let file = try Settings.load(text: "\(key.group):\n  \(key.name): \"\(value)\"\n")
        let environment = try Settings.load(
            text: "node:\n",
            environment: [key.environmentName: value]
        )
        #expect(file == environment)
        #expect(file.origins[path] == .file(name: "settings", line: 2))
    }

    @Test func `a socket's path is at most as long as the kernel takes`() throws {
        let longest = "/" + String(repeating: "x", count: 106)
        let settings = try Settings.load(text: "data_socket:\n  path: \(longest)\n")
        #expect(settings.dataSocket.path == longest)
        let issues = try issues(of: "data_socket:\n  path: \(longest)x\n")
        #expect(issues.first?.message.hasPrefix("is too long for a socket") == true)
    }

    @Test func `a misspelt variable of ours is refused, one of another program is pointed out`()
        throws
    {
        let issues = try issues(of: "node:\n", environment: ["METERD_ENGINE_SHARD": "1"])
        #expect(issues.map(\.line) == [0])
        #expect(issues.first?.message.contains("`METERD_ENGINE_SHARDS`") == true)
        let settings = try Settings.load(
            text: "node:\n",
            environment: ["METERD_TEST_POSTGRES": "x", "METERD_CONFIG": "/a.yaml"]
        )
        #expect(settings.warnings.map(\.path.description) == ["METERD_TEST_POSTGRES"])
    }

    @Test func `a variable that is refused is named`() throws {
        let issues = try issues(of: "node:\n", environment: ["METERD_ENGINE_SHARDS": "99"])
        #expect(issues.first?.message.hasSuffix("(set by METERD_ENGINE_SHARDS)") == true)
    }

    @Test func `a missing file is an error of its own`() {
        #expect(throws: SettingsError.unreadable(file: "/nonexistent/meterd.yaml", errno: 2)) {
            try Settings.load(path: "/nonexistent/meterd.yaml")
        }
    }
}

/// What a load that must fail complains about.
func issues(of text: String, environment: [String: String] = [:]) throws -> [YamlIssue] {
    do throws(SettingsError) {
        _ = try Settings.load(text: text, environment: environment)
    } catch {
        if case .invalid(_, let issues) = error { return issues }
        throw error
    }
    return []
}
