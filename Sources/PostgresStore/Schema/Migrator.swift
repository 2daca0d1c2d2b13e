import Quantities

/// What a migration did.
public struct MigrationReport: Sendable, Hashable {
    /// The schema before, 0 for an empty database.
    public var from: Int
    /// The schema now.
    public var to: Int
    /// The names of the steps that were applied, in order.
    public var applied: [String]

    /// Reports on a migration.
    ///
    /// - Parameters:
    ///   - from: The schema before.
    ///   - to: The schema now.
    ///   - applied: The names of the steps that were applied.
    public init(from: Int, to: Int, applied: [String]) {
        self.from = from
        self.to = to
        self.applied = applied
    }
}

/// Brings the schema up to what this program needs, each step in a transaction of its own.
///
/// Invariants:  daemons that start together apply each step once: an advisory lock orders them.
struct Migrator {
    let connection: PostgresConnection
    let schema: String

    /// The key of the advisory lock: "meterd" in ASCII.
    static let lockKey: Int64 = 0x6D65_7465_7264

    private static let during = "the migration"
    private static let reading = "reading the schema's version"

    /// Applies the steps that are missing.
    ///
    /// - Throws: `newerSchema`, or what the server says.
    func migrate() throws(StoreError) -> MigrationReport {
        let before = try applyNext(after: nil)
        var applied: [String] = []
        var current = before.found
        if let name = before.applied {
            applied.append(name)
            current += 1
        }
        while current < Migration.latest {
            let step = try applyNext(after: current)
            if let name = step.applied { applied.append(name) }
            current = step.found + (step.applied == nil ? 0 : 1)
        }
        return MigrationReport(from: before.found, to: current, applied: applied)
    }

    /// The schema of the database.
    ///
    /// - Throws: `newerSchema`, `olderSchema`, or what the server says.
    func requireLatest() throws(StoreError) {
        let exists = try connection.query(
            "SELECT to_regclass('schema_migrations') IS NOT NULL",
            during: Migrator.reading
        )
        let found = exists.bool(0, 0) ? try version() : 0
        if found < Migration.latest {
            throw .olderSchema(found: found, known: Migration.latest)
        }
        if found > Migration.latest {
            throw .newerSchema(found: found, known: Migration.latest)
        }
    }

    private func version() throws(StoreError) -> Int {
        let result = try connection.query(
            "SELECT coalesce(max(number), 0) FROM schema_migrations",
            during: Migrator.reading
        )
        return try result.integer(0, 0)
    }

    /// Applies at most one step, so that a long step does not hold what an earlier one has done.
    private func applyNext(after: Int?) throws(StoreError) -> (found: Int, applied: String?) {
        try connection.transaction(during: Migrator.during) { () throws(StoreError) in
            try connection.execute(
                "SET LOCAL statement_timeout = 0; "
                    + "SELECT pg_advisory_xact_lock(\(Migrator.lockKey))",
                during: Migrator.during
            )
            if after == nil { try createTable() }
            let found = try version()
            guard found <= Migration.latest else {
                throw .newerSchema(found: found, known: Migration.latest)
            }
            guard found < Migration.latest else { return (found, nil) }
            let step = Migration.all[found]
            invariant(step.number == found + 1, "migrations are numbered without gaps")
            try connection.execute(step.sql, during: "migration \(step.number) (\(step.name))")
            try connection.execute(
                "INSERT INTO schema_migrations VALUES (\(step.number), '\(step.name)', now())",
                during: Migrator.during
            )
            return (found, step.name)
        }
    }

    private func createTable() throws(StoreError) {
        // Asked first, because IF NOT EXISTS wants the right to create schemas even if there is
        // one.
        let missing = try connection.query(
            "SELECT to_regnamespace('\(schema)') IS NULL",
            during: Migrator.during
        )
        if missing.bool(0, 0) {
            try connection.execute("CREATE SCHEMA \"\(schema)\"", during: Migrator.during)
        }
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number integer PRIMARY KEY,
                name text NOT NULL,
                applied_at timestamptz NOT NULL
            )
            """,
            during: Migrator.during
        )
    }
}
