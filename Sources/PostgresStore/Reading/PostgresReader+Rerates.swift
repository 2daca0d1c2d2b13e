import Accounting
import Quantities

/// A re-rating that was applied, as the books have it.
public struct RerateRecord: Sendable, Hashable {
    /// What it is about.
    public var begun: RerateBegun
    /// When it was first applied.
    public var begunAt: Timestamp
    /// How many corrections it has made so far.
    public var corrections: UInt64
    /// What they come to; below zero is given back.
    public var amount: Amount
    /// The re-rating that undoes it; nil for none.
    public var undoneBy: String?
}

/// What names one correction of a re-rating: a rollup.
public struct CorrectionCell: Sendable, Hashable {
    /// Whose.
    public var org: UInt32
    /// The day in the account's zone.
    public var day: CivilDay
    /// The project, or 0.
    public var project: UInt32
    /// The key, or 0.
    public var key: UInt32
    /// The model.
    public var model: UInt32

    /// Names a correction.
    ///
    /// - Parameters:
    ///   - org: Whose.
    ///   - day: The day in the account's zone.
    ///   - project: The project, or 0.
    ///   - key: The key, or 0.
    ///   - model: The model.
    public init(org: UInt32, day: CivilDay, project: UInt32, key: UInt32, model: UInt32) {
        self.org = org
        self.day = day
        self.project = project
        self.key = key
        self.model = model
    }

    /// By organisation, day, project, key and model.
    public static func precedes(_ left: CorrectionCell, _ right: CorrectionCell) -> Bool {
        (left.org, left.day.number, left.project, left.key, left.model)
            < (right.org, right.day.number, right.project, right.key, right.model)
    }
}

/// A request that is rated again.
public struct RatedLine: Sendable, Hashable {
    /// The rollup that it is in.
    public var cell: CorrectionCell
    /// Its provider, or 0.
    public var provider: UInt32
    /// When it happened.
    public var at: Timestamp
    /// Its tokens.
    public var tokens: TokenCounts
    /// Whether it failed.
    public var failed: Bool
    /// Whether a cache answered.
    public var cacheHit: Bool
    /// What was charged, at least zero.
    public var charge: Amount
    /// The number of the price that it was rated by.
    public var price: UInt32
    /// What was refunded of it.
    public var refunded: Amount
    /// Whether nothing of it is left to be paid, though less was refunded than was charged: a
    /// re-rating had given back the rest.
    public var isSettled: Bool

    /// Tells of a request.
    ///
    /// - Parameters:
    ///   - cell: The rollup that it is in.
    ///   - provider: Its provider, or 0.
    ///   - at: When it happened.
    ///   - tokens: Its tokens.
    ///   - failed: Whether it failed.
    ///   - cacheHit: Whether a cache answered.
    ///   - charge: What was charged.
    ///   - price: The number of the price that it was rated by.
    ///   - refunded: What was refunded of it.
    ///   - isSettled: Whether a refund was of all that a re-rating had left of it.
    public init(
        cell: CorrectionCell,
        provider: UInt32,
        at: Timestamp,
        tokens: TokenCounts,
        failed: Bool,
        cacheHit: Bool,
        charge: Amount,
        price: UInt32,
        refunded: Amount = .zero,
        isSettled: Bool = false
    ) {
        self.cell = cell
        self.provider = provider
        self.at = at
        self.tokens = tokens
        self.failed = failed
        self.cacheHit = cacheHit
        self.charge = charge
        self.price = price
        self.refunded = refunded
        self.isSettled = isSettled
    }
}

extension PostgresReader {
    static let rerating = "reading re-ratings"

    /// All re-ratings, the newest first.
    ///
    /// - Returns: Re-ratings with what they came to.
    /// - Throws: What the server or the transport says.
    public func rerates() throws(StoreError) -> [RerateRecord] {
        let answer = try open().query(
            """
            SELECT r.rerate, r.undoes, r.org, r.from_time, r.to_time, r.card, r.digest, r.begun_at,
                coalesce(c.count, 0), coalesce(c.amount, 0), u.rerate
            FROM rerates r
            LEFT JOIN (
                SELECT rerate, count(*) AS count, sum(amount) AS amount
                FROM corrections GROUP BY rerate
            ) c USING (rerate)
            LEFT JOIN rerates u ON u.undoes = r.rerate
            ORDER BY r.begun_at DESC, r.rerate
            """,
            during: PostgresReader.rerating
        )
        return try PostgresReader.rows(answer) { (row, index) throws(StoreError) in
            RerateRecord(
                begun: RerateBegun(
                    rerate: row.text(index, 0),
                    undoes: row.text(index, 1),
                    org: try row.number(index, 2),
                    from: try row.time(index, 3),
                    to: try row.time(index, 4),
                    card: row.text(index, 5),
                    digest: row.text(index, 6)
                ),
                begunAt: try row.time(index, 7),
                corrections: try row.unsigned(index, 8),
                amount: try row.amount(index, 9),
                undoneBy: row.optionalText(index, 10)
            )
        }
    }

    /// The corrections of a re-rating, in the order of their cells.
    ///
    /// - Parameters:
    ///   - rerate: The re-rating.
    ///   - each: Takes a cell, how many requests it is about and what was charged more.
    /// - Throws: What the server or the transport says.
    public func corrections(
        of rerate: String,
        each: (CorrectionCell, UInt64, Amount) -> Void
    ) throws(StoreError) {
        var parameters = QueryParameters()
        parameters.add(rerate)
        try open().stream(
            """
            SELECT org, day, project, key, model, requests, amount FROM corrections
            WHERE rerate = $1 ORDER BY org, day, project, key, model
            """,
            parameters,
            during: PostgresReader.rerating
        ) { (row) throws(StoreError) in
            let cell = CorrectionCell(
                org: try row.number(0, 0),
                day: try row.day(0, 1),
                project: try row.number(0, 2),
                key: try row.number(0, 3),
                model: try row.number(0, 4)
            )
            each(cell, try row.unsigned(0, 5), try row.amount(0, 6))
        }
    }

    /// The canonical texts of all prices that anything was ever rated by.
    ///
    /// - Returns: The texts by the prices' numbers.
    /// - Throws: What the server or the transport says.
    public func priceTexts() throws(StoreError) -> [UInt32: String] {
        let answer = try open().query(
            "SELECT price, text FROM prices",
            during: PostgresReader.rerating
        )
        var texts: [UInt32: String] = [:]
        for row in 0..<answer.rowCount { texts[try answer.number(row, 0)] = answer.text(row, 1) }
        return texts
    }

    /// The days in UTC of which the books have requests, within two moments.
    ///
    /// - Parameters:
    ///   - from: The first moment.
    ///   - to: The moment behind the last.
    /// - Returns: The partitions' days, in order.
    /// - Throws: What the server or the transport says.
    public func usageDays(from: Timestamp, to: Timestamp) throws(StoreError) -> [CivilDay] {
        let answer = try open().query(
            """
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'usage_lines'::regclass ORDER BY 1
            """,
            during: PostgresReader.rerating
        )
        let last = to.advanced(byMicroseconds: -1).utcDay
        var days: [CivilDay] = []
        for row in 0..<answer.rowCount {
            guard let day = Partitions.day(answer.text(row, 0)) else { continue }
            if day >= from.utcDay, day <= last { days.append(day) }
        }
        return days
    }

    /// The requests of one day's partition.
    ///
    /// - Parameters:
    ///   - day: The day in UTC.
    ///   - from: Only what was applied at this moment or later.
    ///   - to: Only what was applied before this moment.
    ///   - org: Only this organisation's, or 0 for all.
    ///   - each: Takes a request.
    /// - Throws: What the server, the transport or `each` says.
    public func ratedLines(
        on day: CivilDay,
        from: Timestamp,
        to: Timestamp,
        org: UInt32,
        each: (RatedLine) throws(StoreError) -> Void
    ) throws(StoreError) {
        // A day of many requests takes longer than a person waits for.
        try open().execute("SET statement_timeout TO 0", during: PostgresReader.rerating)
        let only = org == 0 ? "" : " AND org = \(org)"
        try open().copyOut(
            """
            COPY (SELECT \(PostgresReader.ratedColumns)
            FROM usage_lines u LEFT JOIN (\(PostgresReader.refundedLines)) r USING (org, line)
            WHERE day_utc = '\(day)' AND applied_at >= '\(from)'
                AND applied_at < '\(to)'\(only)) TO STDOUT (FORMAT binary)
            """,
            during: PostgresReader.rerating
        ) { (row) throws(StoreError) in try each(try RatedLine(&row)) }
    }
}
