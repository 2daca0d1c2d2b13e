import Accounting
import Quantities

/// One of the dearest requests, with what it was priced by.
public struct DearestRequest: Sendable, Hashable {
    /// The request.
    public var usage: UsageLine
    /// The canonical text of the price that it was charged by.
    public var price: String
}

extension PostgresReader {
    /// How many requests of a day are known as its dearest: so many can be asked for at most.
    public static var dearestLimit: Int { DearestList.capacity }

    /// The most expensive requests of some days, the dearest first, from the days' lists.
    ///
    /// - Parameters:
    ///   - org: Whose requests.
    ///   - from: The first day, in the account's zone.
    ///   - through: The last day.
    ///   - limit: How many, at most `dearestLimit`; nil for all that the lists have.
    /// - Returns: At most as many as were asked for.
    /// - Throws: What the server or the transport says.
    public func dearestRequests(
        org: OrgNumber,
        from: CivilDay,
        through: CivilDay,
        limit: Int?
    ) throws(StoreError) -> [DearestRequest] {
        let during = "reading the dearest requests"
        var parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(from)
        parameters.add(through)
        let lists = try open().query(
            "SELECT entries FROM dearest WHERE org = $1 AND day BETWEEN $2 AND $3",
            parameters,
            during: during
        )
        var entries: [DearestList.Entry] = []
        for row in 0..<lists.rowCount {
            entries += try DearestList.entries(lists.byteArray(row, 0))
        }
        entries.sort(by: DearestList.precedes)
        var lines = ArrayParameter.int8
        for entry in entries.prefix(limit ?? entries.count) { lines.add(entry.line) }
        parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(lines)
        // The day of a line's partition is UTC's, at most one from the account's own.
        parameters.add(from.advanced(by: -1))
        parameters.add(through.advanced(by: 1))
        let source = """
            SELECT * FROM usage_lines
            WHERE org = $1 AND line = ANY ($2) AND day_utc BETWEEN $3 AND $4
            """
        let answer = try open().query(
            """
            SELECT n.*, p.text
            FROM (\(PostgresReader.named(usage: source, "ASC"))) AS n (line, applied_at, at,
                request_id, session, model, provider, key, project, input, cache_read, cache_write,
                output, reasoning, latency, failed, cache_hit, charge, price, tier, producer,
                sequence)
            LEFT JOIN prices p ON p.price = n.price
            ORDER BY n.charge DESC, n.line
            """,
            parameters,
            during: during
        )
        return try PostgresReader.rows(answer) { (row, index) throws(StoreError) in
            DearestRequest(
                usage: try PostgresReader.usageLine(row, index),
                price: row.text(index, 22)
            )
        }
    }
}
