import Accounting
import Quantities

/// Which lines of a book are read from its beginning to its end, page by page.
///
/// Why: lines are never changed and numbered without gaps, so that pages read one after the other
/// fit together without a transaction around them.
public struct LinePageQuery: Sendable, Hashable {
    /// Whose lines.
    public var org: OrgNumber
    /// Only lines behind this number: the last of the page before.
    public var after: UInt64
    /// Only lines up to this number.
    public var through: UInt64
    /// Only what was applied at this moment or later.
    public var from: Timestamp?
    /// Only what was applied before this moment.
    public var to: Timestamp?
    /// How many at most.
    public var limit: Int

    /// Wants a page.
    ///
    /// - Parameters:
    ///   - org: Whose lines.
    ///   - after: Only lines behind this number.
    ///   - through: Only lines up to this number.
    ///   - limit: How many at most.
    public init(org: OrgNumber, after: UInt64, through: UInt64, limit: Int) {
        self.org = org
        self.after = after
        self.through = through
        self.limit = limit
    }
}

extension PostgresReader {
    /// How many lines an organisation's ledger has.
    ///
    /// - Parameter org: Whose.
    /// - Returns: The last line's number.
    /// - Throws: What the server or the transport says.
    public func lineCount(org: OrgNumber) throws(StoreError) -> UInt64 {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        let answer = try open().query(
            "SELECT lines FROM wallets WHERE org = $1",
            parameters,
            during: "counting lines"
        )
        return answer.rowCount == 0 ? 0 : try answer.unsigned(0, 0)
    }

    /// A page of a ledger, the oldest line first.
    ///
    /// - Parameter query: Which page.
    /// - Returns: At most as many lines as were asked for.
    /// - Throws: What the server or the transport says.
    public func ledgerPage(_ query: LinePageQuery) throws(StoreError) -> [LedgerLine] {
        var filter = PostgresReader.filter(query)
        let others = filter.select(PostgresReader.ledgerColumns, from: "ledger_lines", "ASC")
        filter.addDays(from: query.from, to: query.to)
        let usage = filter.select(PostgresReader.usageColumns, from: "usage_lines", "ASC")
        let answer = try open().query(
            PostgresReader.named(ledger: [usage, others], "ASC"),
            filter.parameters,
            during: "exporting the ledger"
        )
        return try PostgresReader.rows(answer, PostgresReader.ledgerLine)
    }

    /// A page of a usage log, the oldest request first.
    ///
    /// - Parameter query: Which page.
    /// - Returns: At most as many requests as were asked for.
    /// - Throws: What the server or the transport says.
    public func usagePage(_ query: LinePageQuery) throws(StoreError) -> [UsageLine] {
        var filter = PostgresReader.filter(query)
        filter.addDays(from: query.from, to: query.to)
        let answer = try open().query(
            PostgresReader.named(usage: filter.select("*", from: "usage_lines", "ASC"), "ASC"),
            filter.parameters,
            during: "exporting the usage log"
        )
        return try PostgresReader.rows(answer, PostgresReader.usageLine)
    }

    private static func filter(_ query: LinePageQuery) -> LineFilter {
        var filter = LineFilter(org: query.org, limit: query.limit)
        filter.add(after: query.after, through: query.through)
        filter.add(from: query.from, to: query.to, before: nil)
        return filter
    }
}
