import Quantities
import Testing

@testable import PostgresStore

/// Goal: a database is brought to the schema of the program, once, and never worked on with
/// another.
///
/// Method: fresh databases on a real server.
@Suite struct MigrationTests {
    private func connected(_ database: TestDatabase) throws -> PostgresStore {
        let store = PostgresStore(settings: try database.settings(), node: "node-a")
        try store.connect()
        return store
    }

    /// Makes the schema that a program of an earlier day left.
    private func begin(
        _ database: TestDatabase,
        _ store: PostgresStore,
        at number: Int
    ) throws {
        _ = try store.migrate()
        let schema = store.settings.schema
        try database.execute("DROP SCHEMA \"\(schema)\" CASCADE")
        try database.execute("CREATE SCHEMA \"\(schema)\"")
        try database.execute(
            """
            CREATE TABLE schema_migrations (number integer PRIMARY KEY, name text NOT NULL,
                applied_at timestamptz NOT NULL)
            """
        )
        let connection = try PostgresConnection(try database.settings())
        defer { connection.close() }
        for step in Migration.all.prefix(number) {
            try connection.execute(step.sql, during: "an earlier day's step")
            try database.execute(
                "INSERT INTO schema_migrations VALUES (\(step.number), '\(step.name)', now())"
            )
        }
    }

    @Test func `an empty database gets all steps, and the second time nothing`() throws {
        let database = try TestDatabase()
        let store = try connected(database)
        let first = try store.migrate()
        #expect(first.from == 0)
        #expect(first.to == Migration.latest)
        #expect(first.applied == Migration.all.map(\.name))
        #expect(first.applied.prefix(4) == ["accounts", "ledger", "writers", "partitions"])
        let second = try store.migrate()
        #expect(
            second == MigrationReport(from: Migration.latest, to: Migration.latest, applied: [])
        )
        #expect(try database.count("SELECT count(*) FROM schema_migrations") == Migration.latest)
    }

    @Test func `a step that was applied before is not applied again`() throws {
        let database = try TestDatabase()
        let store = try connected(database)
        try begin(database, store, at: 2)
        let report = try store.migrate()
        #expect(report.from == 2)
        #expect(report.applied == Migration.all.dropFirst(2).map(\.name))
    }

    @Test func `a checkpoint of the third schema becomes that of every partition`() throws {
        let database = try TestDatabase()
        let store = try connected(database)
        try begin(database, store, at: 3)
        try database.execute("INSERT INTO checkpoint VALUES ('node-a', 4096, 7, now())")
        #expect(try store.migrate().applied == Migration.all.dropFirst(3).map(\.name))
        _ = try store.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
        #expect(try store.checkpoint() == 4096)
        #expect(try store.loadEverything().positions == StoredPositions(4096))
    }

    @Test func `a refund of the fifteenth schema is on the invoice that is not out yet`() throws {
        let database = try TestDatabase()
        let store = try connected(database)
        try begin(database, store, at: 15)
        for (org, line) in [(1, 3), (2, 4)] {
            try database.execute(
                """
                INSERT INTO ledger_lines (org, line, kind, amount, balance, applied_at, reference,
                    note, day, machine)
                VALUES (\(org), \(line), 'machine', -5, 0, '2026-04-02', 'web', '', '2026-04-02', 9)
                """
            )
            try database.execute(
                """
                INSERT INTO refunds (org, refund, of_line, amount, debt_paid, parts, applied_at,
                    actor, reason, reference, rerate)
                VALUES (\(org), 1, \(line), 2, 0, '', '2026-04-03 12:00Z', 'ann', '', '', '')
                """
            )
        }
        try database.execute(
            """
            INSERT INTO invoices VALUES (2, '2026-04-01', 'org-2-2026-04', now(), '2026-05-01',
                '2026-05-31', 30, '', 5)
            """
        )
        #expect(try store.migrate().applied == Migration.all.dropFirst(15).map(\.name))
        let filled = """
            SELECT count(*) FROM refunds WHERE org = 1 AND booked_on = '2026-04-03'
                AND charged_on = '2026-04-02' AND machine = 9 AND model IS NULL
            """
        #expect(try database.count(filled) == 1)
        #expect(try database.count("SELECT count(*) FROM refunds WHERE booked_on IS NULL") == 1)
    }

    @Test func `a newer schema than the program knows is refused everywhere`() throws {
        let database = try TestDatabase()
        let store = try connected(database)
        _ = try store.migrate()
        try database.execute("INSERT INTO schema_migrations VALUES (99, 'later', now())")
        let expected = StoreError.newerSchema(found: 99, known: Migration.latest)
        #expect(throws: expected) { try store.migrate() }
        #expect(throws: expected) {
            try store.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
        }
        #expect(throws: expected) { try database.reader() }
    }

    @Test func `an older schema is named, with what to do`() throws {
        let database = try TestDatabase()
        let store = try connected(database)
        let expected = StoreError.olderSchema(found: 0, known: Migration.latest)
        #expect(throws: expected) {
            try store.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
        }
        #expect(expected.description.contains("meterctl migrate"))
    }

    @Test func `two daemons that migrate at once apply each step once`() async throws {
        let database = try TestDatabase()
        let applied = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    let store = PostgresStore(settings: try database.settings(), node: "node-a")
                    try store.connect()
                    return try store.migrate().applied.count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(applied == Migration.latest)
    }

    @Test func `another schema name holds a ledger of its own`() throws {
        let database = try TestDatabase()
        var settings = try database.settings()
        settings.schema = "second"
        let store = PostgresStore(settings: settings, node: "node-a")
        try store.connect()
        _ = try store.migrate()
        #expect(try database.count("SELECT count(*) FROM second.organisations") == 0)
        settings.schema = "no; DROP"
        let broken = PostgresStore(settings: settings, node: "node-a")
        #expect(throws: StoreError.self) { try broken.connect() }
    }
}
