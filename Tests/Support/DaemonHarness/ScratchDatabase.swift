import CLibpq
import Glibc
import Synchronization

/// A database of its own on the server that `METERD_TEST_POSTGRES` names; dropped with its owner.
package final class ScratchDatabase: Sendable {
    /// Its name.
    package let name: String
    /// libpq's connection text for it.
    package let conninfo: String
    private let admin: String

    private static let counter = Atomic<Int>(0)

    /// Makes an empty database.
    ///
    /// - Throws: `HarnessError` when there is no server.
    package init() throws {
        guard let text = getenv("METERD_TEST_POSTGRES") else {
            throw HarnessError(
                "METERD_TEST_POSTGRES must hold the conninfo of a database on a server for tests; "
                    + "`make test` sets it"
            )
        }
        admin = String(cString: text)
        let number = ScratchDatabase.counter.add(1, ordering: .relaxed).newValue
        name = "meterd_it_\(getpid())_\(number)"
        // A word given twice counts as the last.
        conninfo = "\(admin) dbname=\(name)"
        _ = try Self.run(admin, "CREATE DATABASE \(name)")
    }

    deinit {
        // The server's own vacuuming may be in it, which only a superuser can end.
        let drop = "DROP DATABASE IF EXISTS \(name) WITH (FORCE)"
        do {
            try wait(until: "\(name) is dropped", within: 5, step: 50_000) {
                (try? Self.run(admin, drop)) != nil
            }
        } catch {
            print("the database \(name) could not be dropped: \(error)")
        }
    }

    /// Runs one statement on a connection of its own.
    ///
    /// - Parameter sql: The statement.
    /// - Returns: The rows, all values as text; nil for NULL.
    /// - Throws: `HarnessError` with the server's words.
    @discardableResult
    package func query(_ sql: String) throws -> [[String?]] {
        // The daemon's tables stand in a schema of their own.
        try Self.run("\(conninfo) options='-csearch_path=meterd,public'", sql)
    }

    /// Runs one statement beside this database: one about the database itself.
    ///
    /// - Parameter sql: The statement.
    /// - Returns: The rows, all values as text; nil for NULL.
    /// - Throws: `HarnessError` with the server's words.
    @discardableResult
    package func server(_ sql: String) throws -> [[String?]] {
        try Self.run(admin, sql)
    }

    /// Takes it away from everyone: nobody connects, and who is connected no longer is.
    ///
    /// - Throws: `HarnessError` with the server's words.
    package func cutOff() throws {
        try server("ALTER DATABASE \(name) ALLOW_CONNECTIONS false")
        try wait(until: "nobody is connected to \(name)", within: 30) {
            // Clients alone: ending the server's own vacuuming is left to superusers, and refused.
            try server(
                """
                SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                WHERE datname = '\(name)' AND backend_type = 'client backend'
                """
            )
            // Whoever was let in before is listed only when he is ready. The lock that a new name
            // needs waits for him, and is refused while anybody is there; nothing is renamed.
            let barrier = "BEGIN; ALTER DATABASE \(name) RENAME TO \(name)_away; ROLLBACK"
            return (try? server(barrier)) != nil
        }
    }

    /// Gives it back after `cutOff`.
    ///
    /// - Throws: `HarnessError` with the server's words.
    package func restore() throws {
        try server("ALTER DATABASE \(name) ALLOW_CONNECTIONS true")
    }

    /// Runs a statement that gives one value.
    ///
    /// - Parameter sql: The statement.
    /// - Returns: The value as text.
    /// - Throws: `HarnessError` when it gives none.
    package func value(_ sql: String) throws -> String {
        guard let value = try query(sql).first?.first, let value else {
            throw HarnessError("no value: \(sql)")
        }
        return value
    }

    /// Runs a statement that gives one whole number.
    ///
    /// - Parameter sql: The statement.
    /// - Returns: The number.
    /// - Throws: `HarnessError` when it gives none.
    package func count(_ sql: String) throws -> Int {
        let text = try value(sql)
        guard let number = Int(text) else { throw HarnessError("\(text) is no number: \(sql)") }
        return number
    }

    private static func run(_ conninfo: String, _ sql: String) throws -> [[String?]] {
        let connection = PQconnectdb(conninfo)
        defer { PQfinish(connection) }
        guard PQstatus(connection) == CONNECTION_OK else {
            throw HarnessError("no PostgreSQL: \(String(cString: PQerrorMessage(connection)))")
        }
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        let status = PQresultStatus(result)
        guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else {
            throw HarnessError("\(sql): \(String(cString: PQerrorMessage(connection)))")
        }
        return (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                guard PQgetisnull(result, row, column) == 0 else { return nil }
                return PQgetvalue(result, row, column).map { String(cString: $0) }
            }
        }
    }
}
