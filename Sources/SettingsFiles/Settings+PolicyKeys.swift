extension Settings {
    static let postgresKeys: [SettingsKey] = [
        SettingsKey("postgres.connection", .text(\.postgres.connection, .connection)),
        SettingsKey(
            "postgres.connect_timeout_s",
            .whole(\.postgres.connectTimeoutSeconds, 1...300),
            unit: "seconds"
        ),
        SettingsKey(
            "postgres.batch_rows",
            .whole(\.postgres.batchRows, 1...1_000_000),
            unit: "rows"
        ),
        SettingsKey(
            "postgres.linger_ms",
            .whole(\.postgres.lingerMilliseconds, 0...60_000),
            unit: "milliseconds"
        ),
        SettingsKey(
            "postgres.retry_ms",
            .whole(\.postgres.retryMilliseconds, 10...60_000),
            unit: "milliseconds"
        ),
        SettingsKey("postgres.migrate_at_start", .flag(\.postgres.migrateAtStart)),
        SettingsKey(
            "postgres.writer_connections",
            .whole(\.postgres.writerConnections, 1...8),
            unit: "connections"
        ),
        SettingsKey(
            "postgres.reader_connections",
            .whole(\.postgres.readerConnections, 1...64),
            unit: "connections"
        ),
    ]

    static let policyKeys: [SettingsKey] = [
        SettingsKey("rates.card", .text(\.rates.card, .file), takenAtReload: true),
        SettingsKey(
            "accounts.default_time_zone",
            .text(\.accounts.defaultTimeZone, .timeZone)
        ),
        SettingsKey("usage.late_by_days", .whole(\.usage.lateByDays, 0...400), unit: "days"),
        SettingsKey(
            "usage.ahead_by_minutes",
            .whole(\.usage.aheadByMinutes, 0...1440),
            unit: "minutes"
        ),
        SettingsKey("usage.id_window_hours", .whole(\.usage.idWindowHours, 0...768), unit: "hours"),
        SettingsKey(
            "usage.id_window_entries",
            .whole(\.usage.idWindowEntries, 0...(1 << 28)),
            unit: "entries"
        ),
        SettingsKey(
            "holds.default_ttl_ms",
            .whole(\.holds.defaultTTLMilliseconds, 1000...86_400_000),
            unit: "milliseconds"
        ),
        SettingsKey(
            "holds.max_ttl_ms",
            .whole(\.holds.maxTTLMilliseconds, 1000...86_400_000),
            unit: "milliseconds"
        ),
        SettingsKey(
            "holds.slice_output_tokens",
            .whole(\.holds.sliceOutputTokens, 1...10_000_000),
            unit: "tokens"
        ),
        SettingsKey(
            "holds.max_open_per_org",
            .whole(\.holds.maxOpenPerOrganisation, 1...10_000_000),
            unit: "holds"
        ),
        SettingsKey("lease.ttl_s", .whole(\.lease.ttlSeconds, 3...600), unit: "seconds"),
    ]

    static let loggingKeys: [SettingsKey] = [
        SettingsKey("logging.level", .logLevel(\.logging.level), takenAtReload: true),
        SettingsKey("logging.format", .logFormat(\.logging.format)),
    ]

    /// What is wrong with values that are each within their bounds: the key, and why.
    func contradictions() -> [(key: String, message: String)] {
        var found: [(key: String, message: String)] = []
        func require(_ holds: Bool, _ key: String, _ message: String) {
            if !holds { found.append((key, message)) }
        }
        require(
            dataSocket.path != controlSocket.path,
            "control_socket.path",
            "is the same as data_socket.path"
        )
        // One segment is written while another is stored and retired.
        require(
            journal.maxBytes / 2 >= journal.segmentBytes,
            "journal.max_bytes",
            "must hold at least two segments of journal.segment_bytes"
        )
        require(
            journal.maxUnsyncedBytes <= journal.maxBytes,
            "journal.max_unsynced_bytes",
            "is more than journal.max_bytes"
        )
        require(
            holds.defaultTTLMilliseconds <= holds.maxTTLMilliseconds,
            "holds.default_ttl_ms",
            "is more than holds.max_ttl_ms"
        )
        // A lease is renewed over a connection that may first have to be opened again.
        require(
            postgres.connectTimeoutSeconds < lease.ttlSeconds,
            "postgres.connect_timeout_s",
            "must be less than lease.ttl_s, or the lease lapses while connecting"
        )
        return found
    }
}
