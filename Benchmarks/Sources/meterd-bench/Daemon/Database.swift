import CLibpq
import Glibc

/// A connection to PostgreSQL, for the baselines, and to see what meterd has stored.
final class Database {
    private let connection: OpaquePointer

    init(_ text: String) throws {
        guard let connection = PQconnectdb(text) else { throw BenchError("out of memory") }
        self.connection = connection
        guard PQstatus(connection) == CONNECTION_OK else {
            let reason = String(cString: PQerrorMessage(connection))
            throw BenchError("cannot reach PostgreSQL: \(reason)")
        }
        try run("SET client_min_messages = warning")
    }

    deinit {
        PQfinish(connection)
    }

    /// The folder of the server's socket, or its host.
    var host: String { PQhost(connection).map { String(cString: $0) } ?? "" }
    var port: String { PQport(connection).map { String(cString: $0) } ?? "" }

    /// Runs statements and returns the first field of the last one's first row.
    @discardableResult
    func run(_ sql: String) throws -> String {
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK: return ""
        case PGRES_TUPLES_OK:
            guard PQntuples(result) > 0, let field = PQgetvalue(result, 0, 0) else { return "" }
            return String(cString: field)
        default: throw failure(sql)
        }
    }

    /// Prepares a statement.
    func prepare(_ name: String, _ sql: String) throws {
        let result = PQprepare(connection, name, sql, 0, nil)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw failure(sql) }
    }

    /// Executes a prepared statement, and returns the fields of its first row.
    func execute(_ name: String, _ parameters: [String]) throws -> [String] {
        let texts = parameters.map { strdup($0) }
        defer { for text in texts { free(text) } }
        let pointers = texts.map { UnsafePointer<CChar>($0) }
        let result = PQexecPrepared(connection, name, Int32(texts.count), pointers, nil, nil, 0)
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK: return []
        case PGRES_TUPLES_OK:
            guard PQntuples(result) > 0 else { return [] }
            return (0..<PQnfields(result)).map { column in
                PQgetvalue(result, 0, column).map { String(cString: $0) } ?? ""
            }
        default: throw failure(name)
        }
    }

    /// What of the server's settings decides how fast it writes.
    func settings() throws -> String {
        let names = [
            "server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers",
            "max_wal_size", "checkpoint_timeout",
        ]
        let pairs = try names.map { "\($0) \(try run("SHOW \($0)"))" }
        return "PostgreSQL: " + pairs.joined(separator: ", ")
    }

    /// Copies a query's rows into a file, in binary; returns how many bytes that were.
    func copyOut(_ query: String, to path: String) throws -> Int {
        let output = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw BenchError("cannot make \(path): \(BenchError.reason())") }
        defer { close(output) }
        try begin("COPY (\(query)) TO STDOUT (FORMAT binary)", PGRES_COPY_OUT)
        var bytes = 0
        var pending: [UInt8] = []
        var row: UnsafeMutablePointer<CChar>?
        while true {
            let count = Int(PQgetCopyData(connection, &row, 0))
            if count < 0 { break }
            pending.append(contentsOf: UnsafeRawBufferPointer(start: row, count: count))
            PQfreemem(row)
            bytes += count
            if pending.count >= 1 << 20 { try flush(&pending, to: output) }
        }
        try flush(&pending, to: output)
        try end("COPY TO")
        return bytes
    }

    /// Copies a file's binary rows into a table: what a plain client could do at best.
    func copyIn(_ path: String, to table: String) throws {
        let input = open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw BenchError("cannot read \(path): \(BenchError.reason())") }
        defer { close(input) }
        try begin("COPY \(table) FROM STDIN (FORMAT binary)", PGRES_COPY_IN)
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = read(input, &chunk, chunk.count)
            if count <= 0 { break }
            let sent = chunk.withUnsafeBytes { bytes in
                PQputCopyData(
                    connection,
                    bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                    Int32(count)
                )
            }
            guard sent == 1 else { throw failure("COPY \(table)") }
        }
        guard PQputCopyEnd(connection, nil) == 1 else { throw failure("COPY \(table)") }
        try end("COPY \(table)")
    }

    private func begin(_ sql: String, _ wanted: ExecStatusType) throws {
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        guard PQresultStatus(result) == wanted else { throw failure(sql) }
    }

    private func end(_ what: String) throws {
        while let result = PQgetResult(connection) {
            let status = PQresultStatus(result)
            PQclear(result)
            guard status == PGRES_COMMAND_OK else { throw failure(what) }
        }
    }

    private func flush(_ bytes: inout [UInt8], to output: Int32) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                write(output, $0.baseAddress, $0.count)
            }
            guard count > 0 else { throw BenchError("cannot write: \(BenchError.reason())") }
            written += count
        }
        bytes.removeAll(keepingCapacity: true)
    }

    private func failure(_ sql: String) -> BenchError {
        BenchError("\(sql.prefix(80)): \(String(cString: PQerrorMessage(connection)))")
    }
}

/// A database of this run's own, and the door through which meterd reaches it.
///
/// The door is a folder with a link to the server's socket: without the link PostgreSQL is away.
final class PrivateDatabase {
    /// libpq's text for our own connections.
    let direct: String
    /// libpq's text for meterd.
    let throughDoor: String
    /// Whether there is a door: a server on TCP has none.
    let hasDoor: Bool

    private let name: String
    private let server: Database
    private let link: String
    private let target: String

    init(_ text: String, folder: String) throws {
        server = try Database(text)
        name = "meterd_bench_\(getpid())_\(Clock.nanoseconds % 1_000_000)"
        try server.run("CREATE DATABASE \(name)")
        Leftovers.database(server: text, name: name)
        direct = "\(text) dbname=\(name)"
        let socketName = ".s.PGSQL.\(server.port)"
        link = "\(folder)/postgres/\(socketName)"
        target = "\(server.host)/\(socketName)"
        hasDoor = server.host.hasPrefix("/")
        throughDoor = hasDoor ? "\(direct) host=\(folder)/postgres" : direct
        if hasDoor {
            mkdir("\(folder)/postgres", 0o755)
            try open()
        }
    }

    /// Lets meterd reach PostgreSQL.
    func open() throws {
        guard hasDoor, access(link, F_OK) != 0 else { return }
        guard symlink(target, link) == 0 else {
            throw BenchError("cannot link \(link): \(BenchError.reason())")
        }
    }

    /// Keeps meterd from PostgreSQL, as an outage does.
    func shut() throws {
        guard hasDoor else { return }
        unlink(link)
        try server.run(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                + "WHERE datname = '\(name)' AND backend_type = 'client backend'"
        )
    }
}
