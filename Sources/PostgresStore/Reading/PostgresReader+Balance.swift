import Accounting
import Quantities

/// The ledger as it stood at some moment.
public struct BalanceAt: Sendable, Hashable {
    /// The last line that was applied by then; 0 before the first.
    public var line: UInt64
    /// The running balance of that line; below zero is debt.
    public var balance: Amount
    /// When that line was applied; nil before the first.
    public var appliedAt: Timestamp?
}

extension PostgresReader {
    /// The running balance at a moment.
    ///
    /// Cost: lines other than usage are found by an index on their time. Usage lines have none,
    /// which every request would pay for: times rise with the numbers of an organisation's lines,
    /// so the last one of the day is found by halving, in one index look-up for each halving; and
    /// where the day has none, by one look-up in the index of each day before it.
    ///
    /// - Parameters:
    ///   - org: Whose.
    ///   - moment: When; what was applied at this very moment counts.
    /// - Returns: The last line by then.
    /// - Throws: What the server or the transport says.
    public func balance(
        org: OrgNumber,
        at moment: Timestamp
    ) throws(StoreError) -> BalanceAt {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(moment)
        let other = try last(
            """
            SELECT line, balance, applied_at FROM ledger_lines
            WHERE org = $1 AND applied_at <= $2 ORDER BY applied_at DESC, line DESC LIMIT 1
            """,
            parameters
        )
        let usage = try usageLine(org, at: moment)
        let none = BalanceAt(line: 0, balance: .zero, appliedAt: nil)
        guard let usage else { return other ?? none }
        guard let other else { return usage }
        return usage.line > other.line ? usage : other
    }

    private func usageLine(
        _ org: OrgNumber,
        at moment: Timestamp
    ) throws(StoreError) -> BalanceAt? {
        let day = moment.utcDay
        var first = try usageLine(org, day, "ORDER BY line LIMIT 1", nil)
        if let begin = first, let applied = begin.appliedAt, applied <= moment,
            let end = try usageLine(org, day, "ORDER BY line DESC LIMIT 1", nil)
        {
            if let last = end.appliedAt, last <= moment { return end }
            // The line looked for is at or behind `first` and before `beyond`.
            var beyond = end.line
            while let low = first, beyond - low.line > 1 {
                let middle = low.line + (beyond - low.line) / 2
                let found = try usageLine(
                    org,
                    day,
                    "AND line <= $3 ORDER BY line DESC LIMIT 1",
                    middle
                )
                guard let found, let applied = found.appliedAt else { break }
                if applied > moment {
                    beyond = found.line
                } else if found.line == low.line {
                    // No usage lies between: what is looked for is not behind the middle's half.
                    guard
                        let next = try usageLine(
                            org,
                            day,
                            "AND line > $3 ORDER BY line LIMIT 1",
                            middle
                        ), let applied = next.appliedAt, applied <= moment
                    else { break }
                    first = next
                } else {
                    first = found
                }
            }
            return first
        }
        var parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(day)
        return try last(
            """
            SELECT line, balance, applied_at FROM usage_lines
            WHERE org = $1 AND day_utc < $2 ORDER BY line DESC LIMIT 1
            """,
            parameters
        )
    }

    private func usageLine(
        _ org: OrgNumber,
        _ day: CivilDay,
        _ condition: String,
        _ line: UInt64?
    ) throws(StoreError) -> BalanceAt? {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(day)
        if let line { parameters.add(line) }
        return try last(
            """
            SELECT line, balance, applied_at FROM usage_lines
            WHERE org = $1 AND day_utc = $2 \(condition)
            """,
            parameters
        )
    }

    private func last(
        _ sql: String,
        _ parameters: QueryParameters
    ) throws(StoreError) -> BalanceAt? {
        let answer = try open().query(sql, parameters, during: "reading a balance")
        guard answer.rowCount > 0 else { return nil }
        return BalanceAt(
            line: try answer.unsigned(0, 0),
            balance: try answer.amount(0, 1),
            appliedAt: try answer.time(0, 2)
        )
    }
}
