import CLibpq

/// Why the campaign itself could not go on.
struct CampaignFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A look into the database by the side, in text; for one thread.
///
/// Why: the proof reads the tables with plain SQL, and not with the program's own reader.
final class Database {
    private let handle: OpaquePointer

    init(_ conninfo: String) throws(CampaignFault) {
        guard let handle = PQconnectdb(conninfo) else { throw CampaignFault("no memory for libpq") }
        guard PQstatus(handle) == CONNECTION_OK else {
            let reason = String(cString: PQerrorMessage(handle))
            PQfinish(handle)
            throw CampaignFault("the proof cannot connect to PostgreSQL: \(reason)")
        }
        // Notices would stand between the summaries.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        self.handle = handle
    }

    deinit {
        PQfinish(handle)
    }

    /// Where the server's socket is.
    var serverSocket: String {
        "\(String(cString: PQhost(handle)))/.s.PGSQL.\(String(cString: PQport(handle)))"
    }

    /// The rows of a query; a null is an empty text.
    @discardableResult
    func rows(_ sql: String) throws(CampaignFault) -> [[String]] {
        let result = PQexec(handle, sql)
        defer { PQclear(result) }
        let status = PQresultStatus(result)
        guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else {
            throw CampaignFault("\(String(cString: PQerrorMessage(handle))) in: \(sql)")
        }
        return (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                String(cString: PQgetvalue(result, row, column))
            }
        }
    }

    /// The first field of the first row, as a number.
    func number(_ sql: String) throws(CampaignFault) -> UInt64? {
        try rows(sql).first?.first.flatMap { UInt64($0) }
    }
}
