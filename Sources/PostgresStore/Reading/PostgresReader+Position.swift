import Accounting
import Quantities

/// What was charged in a span of time that ends now.
public struct RecentCharges: Sendable, Hashable {
    /// When the organisation was opened.
    public var createdAt: Timestamp
    /// What was charged since each of the moments that were asked about.
    public var charged: [Amount]
}

/// Where a ledger stood at a moment.
public struct LedgerPosition: Sendable, Hashable {
    /// The first line applied after it.
    public var firstLine: UInt64
    /// The balance before that line.
    public var balanceBefore: Amount
}

extension PostgresReader {
    private static let positioning = "reading what was charged of late"

    /// What requests and machines were charged since some moments, exactly.
    ///
    /// Method: the running balances tell it. The first line after the moment is found by halving
    /// the numbers of its day's lines; what the balance lost from there to the end, but for lines
    /// that charge nothing, is what was charged. Some forty look-ups for a million requests a day.
    /// Lines that charge nothing have an index of their own: those of machines, which may be as
    /// many as requests, are not read.
    ///
    /// - Parameters:
    ///   - org: Whose.
    ///   - moments: Since when; not inclusive.
    ///   - now: The present moment.
    /// - Returns: The amounts, in the order of the moments.
    /// - Throws: What the server or the transport says.
    public func recentCharges(
        org: OrgNumber,
        since moments: [Timestamp],
        now: Timestamp
    ) throws(StoreError) -> RecentCharges {
        let connection = try open()
        return try connection.transaction(
            "ISOLATION LEVEL REPEATABLE READ READ ONLY",
            during: PostgresReader.positioning
        ) { () throws(StoreError) in
            let wallet = try ask(
                """
                SELECT w.balance, o.created_at FROM wallets w JOIN organisations o ON o.org = w.org
                WHERE w.org = $1
                """,
                org
            )
            guard wallet.rowCount == 1 else {
                return RecentCharges(createdAt: now, charged: moments.map { _ in .zero })
            }
            let balance = try wallet.amount(0, 0)
            var charged: [Amount] = []
            for moment in moments {
                guard let start = try position(of: org, after: moment, now: now) else {
                    charged.append(.zero)
                    continue
                }
                let others = try ask(
                    """
                    SELECT coalesce(sum(amount), 0) FROM ledger_lines
                    WHERE org = $1 AND line >= $2 AND kind <> 'machine'
                    """,
                    org,
                    start.firstLine
                )
                charged.append(start.balanceBefore - balance + (try others.amount(0, 0)))
            }
            return RecentCharges(createdAt: try wallet.time(0, 1), charged: charged)
        }
    }

    /// The first line after a moment, if there is one.
    private func position(
        of org: OrgNumber,
        after moment: Timestamp,
        now: Timestamp
    ) throws(StoreError) -> LedgerPosition? {
        var first = try firstLine(of: org, in: .ledger, after: moment).map { ($0, Table.ledger) }
        var day = moment.utcDay
        // One more: a batch may be stored just after midnight.
        while day <= now.utcDay.advanced(by: 1) {
            let table = Table.usage(day)
            if let line = try firstLine(of: org, in: table, after: moment) {
                if first.map({ line < $0.0 }) ?? true { first = (line, table) }
                break
            }
            day = day.advanced(by: 1)
        }
        guard let (line, table) = first else { return nil }
        let found = try ask(
            "SELECT balance - amount FROM \(table.name) WHERE org = $1 AND line = $2"
                + table.condition,
            org,
            line
        )
        return LedgerPosition(firstLine: line, balanceBefore: try found.amount(0, 0))
    }

    /// Where lines are looked for.
    private enum Table {
        case ledger
        case usage(CivilDay)

        var name: String {
            switch self {
            case .ledger: "ledger_lines"
            case .usage: "usage_lines"
            }
        }

        var condition: String {
            switch self {
            case .ledger: ""
            case .usage(let day): " AND day_utc = '\(day)'"
            }
        }
    }

    private func firstLine(
        of org: OrgNumber,
        in table: Table,
        after moment: Timestamp
    ) throws(StoreError) -> UInt64? {
        let lines = "FROM \(table.name) WHERE org = $1\(table.condition)"
        let ends = try ask("SELECT min(line), max(line) \(lines)", org)
        guard !ends.isNull(0, 0) else { return nil }
        var low = try ends.unsigned(0, 0)
        let end = try ends.unsigned(0, 1)
        if case .usage(let day) = table, day > moment.utcDay { return low }
        var high = end + 1
        while low < high {
            let middle = low + (high - low) / 2
            let found = try ask(
                "SELECT line, applied_at \(lines) AND line >= $2 ORDER BY line LIMIT 1",
                org,
                middle
            )
            if try found.time(0, 1) > moment {
                high = middle
            } else {
                low = try found.unsigned(0, 0) + 1
            }
        }
        if low > end { return nil }
        let first = try ask("SELECT min(line) \(lines) AND line >= $2", org, low)
        return try first.unsigned(0, 0)
    }

    private func ask(
        _ sql: String,
        _ org: OrgNumber,
        _ line: UInt64? = nil
    ) throws(StoreError) -> QueryResult {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        if let line { parameters.add(line) }
        return try open().query(sql, parameters, during: PostgresReader.positioning)
    }
}
