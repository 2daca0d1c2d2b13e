import CLibpq
import Quantities

/// One connection to PostgreSQL.
///
/// Queue:       one queue owns it; every call blocks until the server has answered.
/// Invariants:  after an error of the transport it is closed and every call says so; the owner
///              makes a new one.
final class PostgresConnection {
    private var handle: OpaquePointer?
    private var prepared: Set<String> = []

    /// Connects and prepares the session.
    ///
    /// - Parameter settings: What to connect to.
    /// - Throws: `badConnectionSettings`, `cannotConnect`, or what the server says to the session.
    init(_ settings: StoreSettings) throws(StoreError) {
        try settings.validate()
        handle = PostgresConnection.open(settings)
        guard let handle, PQstatus(handle) == CONNECTION_OK else {
            let reason = handle.map { PostgresConnection.words(PQerrorMessage($0)) } ?? "no memory"
            close()
            throw .cannotConnect(server: settings.redacted, reason: reason)
        }
        // Warnings go to the server's log; libpq would print them on standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        try execute(settings.sessionStatement, during: "the session's settings")
    }

    deinit {
        close()
    }

    /// Whether the transport is believed to work.
    var isOpen: Bool { handle != nil }

    /// Ends the connection; a transaction that is open is rolled back by the server.
    func close() {
        if let handle { PQfinish(handle) }
        handle = nil
        prepared.removeAll()
    }

    private static func open(_ settings: StoreSettings) -> OpaquePointer? {
        var words = StoreSettings.connectionDefaults
        words.append(("dbname", settings.conninfo))
        var keywords: [UnsafePointer<CChar>?] = []
        var values: [UnsafePointer<CChar>?] = []
        var copies: [UnsafeMutablePointer<CChar>] = []
        func copy(_ text: String) -> UnsafePointer<CChar> {
            let bytes = text.utf8CString
            let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            for (index, byte) in bytes.enumerated() { memory[index] = byte }
            copies.append(memory)
            return UnsafePointer(memory)
        }
        for (keyword, value) in words {
            keywords.append(copy(keyword))
            values.append(copy(value))
        }
        keywords.append(nil)
        values.append(nil)
        defer { for memory in copies { memory.deallocate() } }
        return PQconnectdbParams(keywords, values, 1)
    }

    /// A message of libpq on one line.
    private static func words(_ message: UnsafePointer<CChar>?) -> String {
        guard let message else { return "no reason given" }
        let lines = String(cString: message).split { $0 == "\n" || $0 == "\t" }
        if lines.isEmpty { return "no reason given" }
        let text = lines.joined(separator: " ")
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    private func open(during: String) throws(StoreError) -> OpaquePointer {
        guard let handle else {
            throw .connectionLost(during: during, reason: "the connection is closed")
        }
        return handle
    }
}

// MARK: - Statements

extension PostgresConnection {
    /// Runs SQL without parameters; several statements may be separated by semicolons.
    ///
    /// - Parameters:
    ///   - sql: The statements.
    ///   - during: What is going on, for messages.
    /// - Returns: The last statement's answer.
    /// - Throws: What the server or the transport says.
    @discardableResult
    func execute(_ sql: String, during: String) throws(StoreError) -> QueryResult {
        let handle = try open(during: during)
        let answer = QueryResult(PQexec(handle, sql))
        try check(answer, accepting: [PGRES_COMMAND_OK, PGRES_TUPLES_OK], during: during)
        return answer
    }

    /// Runs one statement with binary parameters and answers; it is prepared at first use.
    ///
    /// - Parameters:
    ///   - sql: The statement, with `$1` and so on.
    ///   - parameters: The parameters' values, in binary form.
    ///   - during: What is going on, for messages.
    /// - Returns: The rows, or how many were changed.
    /// - Throws: What the server or the transport says.
    @discardableResult
    func query(
        _ sql: String,
        _ parameters: borrowing QueryParameters = QueryParameters(),
        during: String
    ) throws(StoreError) -> QueryResult {
        let handle = try open(during: during)
        let name = try prepare(sql, types: parameters.types, during: during)
        let result = parameters.withPointers { values, lengths, formats, count in
            PQexecPrepared(handle, name, count, values, lengths, formats, 1)
        }
        let answer = QueryResult(result)
        try check(answer, accepting: [PGRES_COMMAND_OK, PGRES_TUPLES_OK], during: during)
        return answer
    }

    /// Runs one statement and hands its rows over as they arrive, so that memory stays bounded.
    ///
    /// - Parameters:
    ///   - sql: The statement, with `$1` and so on.
    ///   - parameters: The parameters' values, in binary form.
    ///   - during: What is going on, for messages.
    ///   - row: Takes a result with exactly one row.
    /// - Throws: What the server, the transport or `row` says.
    func stream(
        _ sql: String,
        _ parameters: borrowing QueryParameters = QueryParameters(),
        during: String,
        row: (QueryResult) throws(StoreError) -> Void
    ) throws(StoreError) {
        let handle = try open(during: during)
        let name = try prepare(sql, types: parameters.types, during: during)
        let sent = parameters.withPointers { values, lengths, formats, count in
            PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1)
        }
        guard sent == 1, PQsetSingleRowMode(handle) == 1 else { throw lost(during: during) }
        var failure: StoreError?
        while let result = PQgetResult(handle) {
            let answer = QueryResult(result)
            if failure != nil { continue }
            do {
                try check(
                    answer,
                    accepting: [PGRES_SINGLE_TUPLE, PGRES_TUPLES_OK],
                    during: during
                )
                if answer.status == PGRES_SINGLE_TUPLE { try row(answer) }
            } catch {
                failure = error
            }
            if self.handle == nil { break }
        }
        if let failure { throw failure }
    }

    private func prepare(
        _ sql: String,
        types: [UInt32],
        during: String
    ) throws(StoreError) -> String {
        let handle = try open(during: during)
        if prepared.contains(sql) { return PostgresConnection.statementName(sql) }
        let name = PostgresConnection.statementName(sql)
        let result = PQprepare(handle, name, sql, Int32(types.count), types)
        let answer = QueryResult(result)
        try check(answer, accepting: [PGRES_COMMAND_OK], during: during)
        prepared.insert(sql)
        return name
    }

    /// A name that follows from the text, so that nobody has to invent one.
    private static func statementName(_ sql: String) -> String {
        var digest = StateDigest()
        digest.combine(bytes: sql.utf8)
        return digest.description
    }

    /// Runs a body in a transaction, and rolls back when it throws.
    ///
    /// - Parameters:
    ///   - mode: What follows BEGIN, such as `ISOLATION LEVEL REPEATABLE READ READ ONLY`.
    ///   - during: What is going on, for messages.
    ///   - body: The statements.
    /// - Returns: What the body returned.
    /// - Throws: What the body throws, or what COMMIT says.
    func transaction<Result>(
        _ mode: String = "",
        during: String,
        _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try execute("BEGIN \(mode)", during: during)
        let result: Result
        do {
            result = try body()
        } catch {
            rollBack(during: during)
            throw error
        }
        let answer = try execute("COMMIT", during: during)
        // The server answers "ROLLBACK" when the transaction had failed before.
        invariant(answer.commandTag == "COMMIT", "a transaction without an error is committed")
        return result
    }

    /// Gives a transaction up; a connection that cannot even do that is closed.
    ///
    /// - Parameter during: What is going on, for messages.
    func rollBack(during: String) {
        guard isOpen else { return }
        do {
            try execute("ROLLBACK", during: during)
        } catch {
            // The server ends the transaction together with the session.
            close()
        }
    }

    private func check(
        _ answer: QueryResult,
        accepting: [ExecStatusType],
        during: String
    ) throws(StoreError) {
        if accepting.contains(answer.status) { return }
        let sqlState = answer.field(ReportField.sqlState)
        if let handle, PQstatus(handle) != CONNECTION_OK {
            let reason = answer.field(ReportField.message)
            throw lost(during: during, reason: reason)
        }
        guard let sqlState else {
            throw .unexpectedAnswer("\(during): \(PostgresConnection.statusName(answer.status))")
        }
        // Class 22 is about values, which a message may quote.
        let message =
            sqlState.hasPrefix("22")
            ? "a value was refused" : answer.field(ReportField.message) ?? "no reason given"
        throw .server(sqlState: sqlState, message: message, during: during)
    }

    private static func statusName(_ status: ExecStatusType) -> String {
        guard let name = PQresStatus(status) else { return "unknown status" }
        return String(cString: name)
    }

    /// Closes the connection and says why.
    private func lost(during: String, reason: String? = nil) -> StoreError {
        var words = reason ?? "the connection is closed"
        if let handle, reason == nil { words = PostgresConnection.words(PQerrorMessage(handle)) }
        close()
        return .connectionLost(during: during, reason: words)
    }
}

// MARK: - COPY

extension PostgresConnection {
    /// Begins `COPY ... FROM STDIN`.
    ///
    /// - Parameters:
    ///   - sql: The statement.
    ///   - during: What is going on, for messages.
    /// - Throws: What the server or the transport says.
    func beginCopyIn(_ sql: String, during: String) throws(StoreError) {
        let handle = try open(during: during)
        let answer = QueryResult(PQexec(handle, sql))
        try check(answer, accepting: [PGRES_COPY_IN], during: during)
    }

    /// Sends a part of the data; blocks while the server does not read.
    ///
    /// - Parameters:
    ///   - bytes: The part.
    ///   - during: What is going on, for messages.
    /// - Throws: `connectionLost`.
    func putCopy(_ bytes: UnsafeRawBufferPointer, during: String) throws(StoreError) {
        let handle = try open(during: during)
        guard let base = bytes.bindMemory(to: CChar.self).baseAddress else { return }
        guard PQputCopyData(handle, base, Int32(bytes.count)) == 1 else {
            throw lost(during: during)
        }
    }

    /// Ends the data and waits for the server's word on it.
    ///
    /// - Parameter during: What is going on, for messages.
    /// - Returns: How many rows it took.
    /// - Throws: What the server or the transport says.
    @discardableResult
    func endCopyIn(during: String) throws(StoreError) -> Int {
        let handle = try open(during: during)
        guard PQputCopyEnd(handle, nil) == 1 else { throw lost(during: during) }
        let answer = QueryResult(PQgetResult(handle))
        while let extra = PQgetResult(handle) { PQclear(extra) }
        try check(answer, accepting: [PGRES_COMMAND_OK], during: during)
        return answer.affectedRows
    }

    /// Runs `COPY ... TO STDOUT (FORMAT binary)` and hands the rows over as they arrive.
    ///
    /// - Parameters:
    ///   - sql: The statement.
    ///   - during: What is going on, for messages.
    ///   - row: Takes the fields of one row.
    /// - Throws: What the server, the transport or `row` says.
    func copyOut(
        _ sql: String,
        during: String,
        row: (inout FieldReader) throws(StoreError) -> Void
    ) throws(StoreError) {
        let handle = try open(during: during)
        try check(QueryResult(PQexec(handle, sql)), accepting: [PGRES_COPY_OUT], during: during)
        var isFirst = true
        var failure: StoreError?
        while true {
            var memory: UnsafeMutablePointer<CChar>?
            let count = PQgetCopyData(handle, &memory, 0)
            guard count > 0, let memory else {
                if count == -2 { throw lost(during: during) }
                break
            }
            defer { PQfreemem(memory) }
            if failure != nil { continue }
            let bytes = UnsafeRawBufferPointer(start: memory, count: Int(count))
            // The first message carries the file header (19 bytes) before its row.
            var reader = FieldReader(bytes, from: isFirst ? 19 : 0)
            isFirst = false
            do {
                if try reader.beginRow() { try row(&reader) }
            } catch {
                failure = error
            }
        }
        let answer = QueryResult(PQgetResult(handle))
        while let extra = PQgetResult(handle) { PQclear(extra) }
        try check(answer, accepting: [PGRES_COMMAND_OK], during: during)
        if let failure { throw failure }
    }
}
