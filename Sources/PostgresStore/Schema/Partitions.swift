import Quantities

/// The daily partitions of the usage lines.
///
/// Invariants:  a partition exists and is committed before a batch copies into its day.
/// Why:         a partition is made beside the table and then attached, which lets readers go on;
///              `CREATE TABLE ... PARTITION OF` would lock them out.
struct Partitions {
    private(set) var known: Set<Int32> = []

    private static let during = "making a daily partition"

    /// Makes the partitions that are missing.
    ///
    /// - Parameters:
    ///   - days: The days in UTC.
    ///   - connection: Outside a transaction.
    /// - Throws: What the server says.
    mutating func ensure(
        _ days: [CivilDay],
        on connection: PostgresConnection
    ) throws(StoreError) {
        let missing = days.filter { !known.contains($0.number) }.sorted()
        if missing.isEmpty { return }
        try connection.transaction(during: Partitions.during) { () throws(StoreError) in
            // Nodes that make the same day at once wait for each other here.
            try connection.execute(
                "SELECT pg_advisory_xact_lock(\(Migrator.lockKey))",
                during: Partitions.during
            )
            for day in missing { try make(day, on: connection) }
        }
        for day in missing { known.insert(day.number) }
    }

    /// Forgets what exists, for a connection to another database.
    mutating func forget() {
        known.removeAll()
    }

    private func make(_ day: CivilDay, on connection: PostgresConnection) throws(StoreError) {
        let name = Partitions.name(day)
        let found = try connection.query(
            "SELECT to_regclass('\(name)') IS NOT NULL",
            during: Partitions.during
        )
        if found.bool(0, 0) { return }
        try connection.execute(
            """
            CREATE TABLE \(name) (LIKE usage_lines INCLUDING ALL);
            ALTER TABLE usage_lines ATTACH PARTITION \(name)
                FOR VALUES FROM ('\(day)') TO ('\(day.advanced(by: 1))')
            """,
            during: Partitions.during
        )
    }

    /// The day of a partition's name, or nil when it is no such name.
    static func day(_ name: String) -> CivilDay? {
        let prefix = "usage_lines_"
        guard name.hasPrefix(prefix) else { return nil }
        let parts = name.dropFirst(prefix.count).split(separator: "_").compactMap { Int($0) }
        guard parts.count == 3 else { return nil }
        return CivilDay(year: parts[0], month: parts[1], day: parts[2])
    }

    /// "usage_lines_2026_03_01".
    static func name(_ day: CivilDay) -> String {
        "usage_lines_" + String(day.description.map { $0 == "-" ? "_" : $0 })
    }
}
