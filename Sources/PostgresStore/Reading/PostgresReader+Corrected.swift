import Accounting
import Quantities

/// What a re-rating was that has corrected a charge.
public struct LineCorrection: Sendable, Hashable {
    /// The re-rating.
    public var rerate: String
    /// The request that was charged.
    public var line: RatedLine

    /// Tells of a correction.
    ///
    /// - Parameters:
    ///   - rerate: The re-rating.
    ///   - line: The request that was charged.
    public init(rerate: String, line: RatedLine) {
        self.rerate = rerate
        self.line = line
    }
}

/// What was given back whole of the requests that one correction is of.
public struct SettledCharges: Sendable, Hashable {
    /// How many requests.
    public var requests: UInt64
    /// What the re-rating has given back of them.
    public var corrected: Amount
}

extension PostgresReader {
    /// The columns that `RatedLine` is read from, of `usage_lines` and what was refunded of them.
    static let ratedColumns = """
        org, day, project, key, model, provider, at, input_tokens, cache_read_input_tokens,
        cache_write_input_tokens, output_tokens, reasoning_output_tokens, failed, cache_hit,
        -amount, price, coalesce(refunded, 0)::numeric(38,12), coalesce(settled, false)
        """

    /// What was refunded of each line of which anything was.
    static let refundedLines = """
        SELECT org, of_line AS line, sum(amount) AS refunded, bool_or(rerate <> '') AS settled
        FROM refunds WHERE of_line IS NOT NULL GROUP BY org, of_line
        """

    /// The re-rating that a charge was corrected by and that is not undone there; nil for none.
    ///
    /// - Parameters:
    ///   - line: The ledger line.
    ///   - org: Whose.
    /// - Returns: The re-rating, with the request as it was charged.
    /// - Throws: What the server or the transport says.
    public func correction(
        ofLine line: UInt64,
        org: OrgNumber
    ) throws(StoreError) -> LineCorrection? {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(line)
        // An undoing that came to nothing has booked nothing: then a later re-rating is meant.
        let answer = try open().query(
            """
            SELECT r.rerate FROM usage_lines u
            JOIN rerates r ON r.undoes = '' AND r.org IN (0, u.org)
                AND r.from_time <= u.applied_at AND u.applied_at < r.to_time
            JOIN corrections c USING (rerate)
            LEFT JOIN rerates n ON n.undoes = r.rerate
            WHERE u.org = $1 AND u.line = $2 AND (c.org, c.day, c.project, c.key, c.model)
                    = (u.org, u.day, u.project, u.key, u.model)
                AND NOT EXISTS (SELECT 1 FROM corrections x WHERE x.rerate = n.rerate
                    AND (x.org, x.day, x.project, x.key, x.model)
                        = (u.org, u.day, u.project, u.key, u.model))
            ORDER BY n.rerate IS NOT NULL, r.begun_at DESC LIMIT 1
            """,
            parameters,
            during: PostgresReader.rerating
        )
        guard answer.rowCount > 0 else { return nil }
        var found: RatedLine?
        try open().copyOut(
            """
            COPY (SELECT \(PostgresReader.ratedColumns)
            FROM usage_lines u LEFT JOIN (\(PostgresReader.refundedLines)) r USING (org, line)
            WHERE u.org = \(org.raw) AND u.line = \(line)) TO STDOUT (FORMAT binary)
            """,
            during: PostgresReader.rerating
        ) { (row) throws(StoreError) in found = try RatedLine(&row) }
        return found.map { LineCorrection(rerate: answer.text(0, 0), line: $0) }
    }

    /// The card of a re-rating; nil where it was applied before cards were kept.
    ///
    /// - Parameter rerate: The re-rating.
    /// - Returns: The card's YAML.
    /// - Throws: What the server or the transport says.
    public func card(ofRerate rerate: String) throws(StoreError) -> String? {
        var parameters = QueryParameters()
        parameters.add(rerate)
        let answer = try open().query(
            "SELECT string_agg(text, '' ORDER BY part) FROM rerate_cards WHERE rerate = $1",
            parameters,
            during: PostgresReader.rerating
        )
        return answer.optionalText(0, 0)
    }

    /// What refunds have given back whole of charges that a re-rating had lowered.
    ///
    /// - Parameters:
    ///   - rerate: The re-rating.
    ///   - each: Takes what one correction is of, and how much of it concerns such charges.
    /// - Throws: What the server or the transport says.
    public func settled(
        by rerate: String,
        each: (CorrectionCell, SettledCharges) -> Void
    ) throws(StoreError) {
        var parameters = QueryParameters()
        parameters.add(rerate)
        let answer = try open().query(
            """
            SELECT u.org, u.day, u.project, u.key, u.model, count(*),
                sum(-u.amount - r.refunded)::numeric(38,12)
            FROM (\(PostgresReader.refundedLines)) r JOIN usage_lines u USING (org, line)
            WHERE (org, line) IN (SELECT org, of_line FROM refunds WHERE rerate = $1)
            GROUP BY u.org, u.day, u.project, u.key, u.model
            """,
            parameters,
            during: PostgresReader.rerating
        )
        for row in 0..<answer.rowCount {
            let cell = CorrectionCell(
                org: try answer.number(row, 0),
                day: try answer.day(row, 1),
                project: try answer.number(row, 2),
                key: try answer.number(row, 3),
                model: try answer.number(row, 4)
            )
            each(
                cell,
                SettledCharges(
                    requests: try answer.unsigned(row, 5),
                    corrected: try answer.amount(row, 6)
                )
            )
        }
    }
}

extension RatedLine {
    /// Reads what `PostgresReader.ratedColumns` asks for.
    init(_ row: inout FieldReader) throws(StoreError) {
        let cell = CorrectionCell(
            org: try row.org(),
            day: try row.day(),
            project: try row.number(),
            key: try row.number(),
            model: try row.number()
        )
        let provider = try row.number()
        let at = try row.time()
        let tokens = TokenCounts(
            input: UInt32(truncatingIfNeeded: try row.int64()),
            cacheRead: UInt32(truncatingIfNeeded: try row.int64()),
            cacheWrite: UInt32(truncatingIfNeeded: try row.int64()),
            output: UInt32(truncatingIfNeeded: try row.int64()),
            reasoning: UInt32(truncatingIfNeeded: try row.int64())
        )
        let failed = try row.bool()
        let cacheHit = try row.bool()
        let charge = try row.amount()
        let price = try row.number()
        let refunded = try row.amount()
        self.init(
            cell: cell,
            provider: provider,
            at: at,
            tokens: tokens,
            failed: failed,
            cacheHit: cacheHit,
            charge: charge,
            price: price,
            refunded: refunded,
            isSettled: try row.bool()
        )
    }
}
