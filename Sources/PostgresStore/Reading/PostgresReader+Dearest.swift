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
        var parameters = QueryParameters()
        parameters.add(org.raw)
        // A list has at most a thousand entries for each year that is asked for.
        parameters.add(limit ?? 10_000)
        parameters.add(from)
        parameters.add(through)
        // The day of a line's partition is UTC's, at most one from the account's own.
        parameters.add(from.advanced(by: -1))
        parameters.add(through.advanced(by: 1))
        let source = """
            SELECT u.* FROM (
                SELECT e.line FROM dearest d CROSS JOIN LATERAL unnest(d.lines, d.amounts)
                    AS e (line, amount)
                WHERE d.org = $1 AND d.day BETWEEN $3 AND $4
                ORDER BY e.amount DESC, e.line LIMIT $2
            ) e JOIN usage_lines u ON u.org = $1 AND u.line = e.line
                AND u.day_utc BETWEEN $5 AND $6
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
            during: "reading the dearest requests"
        )
        return try PostgresReader.rows(answer) { (row, index) throws(StoreError) in
            DearestRequest(
                usage: try PostgresReader.usageLine(row, index),
                price: row.text(index, 22)
            )
        }
    }
}
