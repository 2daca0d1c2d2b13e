import Quantities
import Testing

@testable import PostgresStore

/// Goal: a connection that does not come about, or breaks, is told clearly and without secrets.
///
/// Method: settings that cannot work, and sessions that are ended from outside.
@Suite struct ConnectionTests {
    private func failure(_ conninfo: String) -> StoreError? {
        do {
            _ = try PostgresConnection(StoreSettings(conninfo: conninfo))
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "host=/nowhere user=me password=s3cret dbname=books",
        "postgresql://me:s3cret@localhost:1/books?connect_timeout=2",
    ])
    func `a server that is not there is named without the password`(conninfo: String) throws {
        let error = try #require(failure(conninfo))
        guard case .cannotConnect(let server, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(error.isTransient)
        #expect(server.contains("dbname=books") && server.contains("user=me"))
        #expect(!error.description.contains("s3cret"))
        #expect(error.description.contains("Check that it runs"))
    }

    @Test(arguments: [
        "host=/nowhere password='s3cret", "s3cret", "postgresql://me:s3cret%zz@localhost/books",
        "no_such_word=s3cret",
    ])
    func `a text that is no conninfo is refused without quoting it`(conninfo: String) throws {
        let error = try #require(failure(conninfo))
        guard case .badConnectionSettings = error else {
            Issue.record("\(error)")
            return
        }
        #expect(!error.isTransient)
        #expect(!error.description.contains("s3cret"))
        #expect(!StoreSettings(conninfo: conninfo).redacted.contains("s3cret"))
    }

    @Test func `a wrong database is a clear refusal`() throws {
        let database = try TestDatabase()
        var settings = try database.settings()
        settings.conninfo += " dbname=not_there_at_all password=s3cret"
        let error = #expect(throws: StoreError.self) { try PostgresConnection(settings) }
        #expect(error?.description.contains("not_there_at_all") == true)
        #expect(error?.description.contains("s3cret") == false)
    }

    @Test func `a statement that takes too long is stopped, and the next one runs`() throws {
        let database = try TestDatabase()
        var settings = try database.settings()
        settings.statementTimeoutMilliseconds = 50
        let connection = try PostgresConnection(settings)
        let error = #expect(throws: StoreError.self) {
            try connection.execute("SELECT pg_sleep(5)", during: "a test")
        }
        #expect(error?.sqlState == "57014")
        #expect(error?.isTransient == true)
        try connection.execute("SELECT 1", during: "a test")
    }

    @Test func `an error carries no row's data`() throws {
        let database = try TestDatabase()
        let connection = try PostgresConnection(try database.settings())
        let error = #expect(throws: StoreError.self) {
            try connection.execute("SELECT 'row-data'::text::numeric", during: "a test")
        }
        #expect(error?.sqlState == "22P02")
        #expect(error?.description.contains("row-data") == false)
        #expect(error?.isTransient == false)
    }

    @Test func `a failed transaction leaves nothing and the connection usable`() throws {
        let database = try TestDatabase()
        let connection = try PostgresConnection(try database.settings())
        try connection.execute("CREATE SCHEMA meterd; CREATE TABLE t (n int)", during: "a test")
        #expect(throws: StoreError.inconsistent("on purpose")) {
            try connection.transaction(during: "a test") { () throws(StoreError) in
                try connection.execute("INSERT INTO t VALUES (1)", during: "a test")
                throw .inconsistent("on purpose")
            }
        }
        let count = try connection.query("SELECT count(*) FROM t", during: "a test")
        #expect(try count.integer(0, 0) == 0)
    }

    @Test func `a broken connection says so at every call until it is made anew`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        store.disconnect()
        for _ in 0..<2 {
            let error = #expect(throws: StoreError.self) { try store.checkpoint() }
            guard case .connectionLost = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        try store.connect()
        #expect(try store.checkpoint() == 0)
    }

    @Test func `the session keeps the server's own durability`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let row = try store.open().query(
            "SELECT current_setting('synchronous_commit'), current_setting('application_name')",
            during: "a test"
        )
        #expect(row.text(0, 0) == "on")
        #expect(row.text(0, 1) == "meterd")
    }

    @Test func `every error says what to do next`() {
        let errors: [StoreError] = [
            .badConnectionSettings("is empty"), .cannotConnect(server: "s", reason: "r"),
            .connectionLost(during: "d", reason: "r"),
            .server(sqlState: "40001", message: "m", during: "d"),
            .server(sqlState: "42P01", message: "m", during: "d"),
            .leaseHeld(node: "n", holder: "h", seconds: 3), .fencedOut(node: "n", fence: 1),
            .positionMismatch(expected: 1, found: 2), .newerSchema(found: 2, known: 1),
            .olderSchema(found: 1, known: 2), .badRecord(offset: 8, kind: 99),
            .inconsistent("i"), .unexpectedAnswer("u"),
        ]
        for error in errors {
            #expect(error.description.hasSuffix("."))
            #expect(error.description.split(separator: ". ").count >= 2, "\(error)")
        }
        #expect(errors.filter(\.isTransient).count == 3)
    }
}
