extension Settings {
    /// Every key there is, in the order of the documentation.
    public static let keys: [SettingsKey] =
        nodeKeys + dataSocketKeys + controlKeys + engineKeys + journalKeys + postgresKeys
        + policyKeys + loggingKeys

    /// Looks up a key by its path.
    ///
    /// - Parameter path: For example "journal.segment_bytes".
    /// - Returns: The key, or nil when there is none of that path.
    public static func key(_ path: String) -> SettingsKey? {
        keys.first { $0.path == path }
    }

    /// The groups, in the order of the documentation.
    public static let groups: [String] = keys.reduce(into: []) { groups, key in
        if groups.last != key.group { groups.append(key.group) }
    }

    private static let nodeKeys: [SettingsKey] = [
        SettingsKey("node.name", .text(\.node.name, .nodeName)),
        SettingsKey("node.state_directory", .text(\.node.stateDirectory, .folder)),
    ]

    private static let dataSocketKeys: [SettingsKey] = [
        SettingsKey("data_socket.path", .text(\.dataSocket.path, .socket)),
        SettingsKey("data_socket.mode", .mode(\.dataSocket.mode)),
        SettingsKey("data_socket.owner", .text(\.dataSocket.owner, .accountOrNone)),
        SettingsKey("data_socket.group", .text(\.dataSocket.group, .accountOrNone)),
        SettingsKey("data_socket.allow_users", .names(\.dataSocket.allowUsers)),
        SettingsKey("data_socket.allow_groups", .names(\.dataSocket.allowGroups)),
        SettingsKey(
            "data_socket.max_connections",
            .whole(\.dataSocket.maxConnections, 1...65_536),
            unit: "connections"
        ),
        // A frame must at least hold a hello with its longest producer name.
        SettingsKey(
            "data_socket.max_frame_bytes",
            .bytes(\.dataSocket.maxFrameBytes, 4096...(16 << 20), powerOfTwo: false),
            unit: "bytes"
        ),
        SettingsKey(
            "data_socket.max_line_bytes",
            .bytes(\.dataSocket.maxLineBytes, 1024...(1 << 20), powerOfTwo: false),
            unit: "bytes"
        ),
        SettingsKey(
            "data_socket.read_buffer_bytes",
            .bytes(\.dataSocket.readBufferBytes, 4096...(16 << 20), powerOfTwo: false),
            unit: "bytes"
        ),
        SettingsKey(
            "data_socket.send_buffer_bytes",
            .bytes(\.dataSocket.sendBufferBytes, 65_536...(64 << 20), powerOfTwo: false),
            unit: "bytes"
        ),
    ]

    private static let controlKeys: [SettingsKey] = [
        SettingsKey("control_socket.path", .text(\.controlSocket.path, .socket)),
        SettingsKey("control_socket.mode", .mode(\.controlSocket.mode)),
        SettingsKey("control_socket.group", .text(\.controlSocket.group, .accountOrNone)),
        SettingsKey("control_tcp.listen", .text(\.controlTCP.listen, .loopback)),
    ]

    private static let engineKeys: [SettingsKey] = [
        SettingsKey(
            "engine.ingest_loops",
            .whole(\.engine.ingestLoops, 0...16),
            unit: "loops"
        ),
        // There are 16 fixed partitions; a shard without one would have nothing to do.
        SettingsKey("engine.shards", .whole(\.engine.shards, 0...16), unit: "shards"),
        SettingsKey(
            "engine.ring_bytes",
            .bytes(\.engine.ringBytes, 65_536...(1 << 30), powerOfTwo: true),
            unit: "bytes"
        ),
        SettingsKey(
            "engine.drain_timeout_s",
            .whole(\.engine.drainTimeoutSeconds, 0...3600),
            unit: "seconds"
        ),
    ]

    private static let journalKeys: [SettingsKey] = [
        SettingsKey("journal.directory", .text(\.journal.directory, .folderOrDerived)),
        SettingsKey(
            "journal.segment_bytes",
            .bytes(\.journal.segmentBytes, (2 << 20)...(1 << 30), powerOfTwo: false),
            unit: "bytes"
        ),
        SettingsKey(
            "journal.max_bytes",
            .bytes(\.journal.maxBytes, (8 << 20)...(16 << 40), powerOfTwo: false),
            unit: "bytes"
        ),
        SettingsKey(
            "journal.max_unsynced_bytes",
            .bytes(\.journal.maxUnsyncedBytes, (8 << 20)...(1 << 30), powerOfTwo: false),
            unit: "bytes"
        ),
        SettingsKey(
            "journal.retry_ms",
            .whole(\.journal.retryMilliseconds, 10...60_000),
            unit: "milliseconds"
        ),
    ]
}
