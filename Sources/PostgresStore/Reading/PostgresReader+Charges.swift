import Accounting
import Quantities

/// Which charge is meant.
public enum ChargeName: Sendable, Hashable {
    /// The ledger line with this number.
    case line(UInt64)
    /// The request with this id, that was booked on this day in UTC or the day before.
    case request(String, CivilDay)
}

/// What looking for a charge has found.
public enum ChargeFinding: Sendable, Hashable {
    /// The charge.
    case found(StoredCharge)
    /// None.
    case none
    /// A line that charges neither a request nor a machine.
    case notUsage
    /// Several requests with one id, by line.
    case several([UInt64])
}

/// What was given back, or taken back.
public struct RefundRecord: Sendable, Hashable {
    /// Its number.
    public var refund: RefundNumber
    /// The line that was given back, or nil.
    public var line: UInt64?
    /// The grant that was taken back, or nil.
    public var grant: GrantNumber?
    /// How much.
    public var amount: Amount
    /// How much of it went into debt.
    public var debtPaid: Amount
    /// When.
    public var appliedAt: Timestamp
}

extension PostgresReader {
    /// A charge with its sources and what was given back of it, as of one moment.
    ///
    /// Cost: a line is looked up in each daily partition's index; a request's id among the lines
    /// that the organisation has on two days, which no index names.
    ///
    /// - Parameters:
    ///   - name: Which charge.
    ///   - org: Whose.
    /// - Returns: What was found.
    /// - Throws: What the server or the transport says.
    public func charge(
        _ name: ChargeName,
        org: OrgNumber
    ) throws(StoreError) -> ChargeFinding {
        switch name {
        case .line(let line): return try charge(line: line, org: org)
        case .request(let id, let day):
            var parameters = QueryParameters()
            parameters.add(org.raw)
            parameters.add(id)
            parameters.add(day.advanced(by: -1))
            parameters.add(day)
            let answer = try open().query(
                """
                SELECT line FROM usage_lines
                WHERE org = $1 AND request_id = $2 AND day_utc BETWEEN $3 AND $4
                ORDER BY line DESC LIMIT 5
                """,
                parameters,
                during: "looking for a request"
            )
            var lines: [UInt64] = []
            for row in 0..<answer.rowCount { lines.append(try answer.unsigned(row, 0)) }
            guard let line = lines.first else { return .none }
            return lines.count > 1 ? .several(lines) : try charge(line: line, org: org)
        }
    }

    private func charge(line: UInt64, org: OrgNumber) throws(StoreError) -> ChargeFinding {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(line)
        let answer = try open().query(
            """
            SELECT w.lines, u.request_id, (SELECT coalesce(sum(r.amount), 0)::numeric(38,12)
                    FROM refunds r WHERE r.org = $1 AND r.of_line = $2),
                coalesce(s.source, 0), s.amount, g.class, g.priority, g.effective_at, g.expires_at,
                EXISTS (SELECT 1 FROM refunds r WHERE r.org = $1 AND r.of_line = $2
                    AND r.rerate <> '')
            FROM (
                SELECT org, line, request_id, draws, first_grant, amount FROM usage_lines
                WHERE org = $1 AND line = $2
                UNION ALL
                SELECT org, line, reference, draws, grant_number, amount FROM ledger_lines
                WHERE org = $1 AND line = $2 AND kind = 'machine'
            ) u JOIN wallets w ON w.org = u.org
            LEFT JOIN LATERAL (
                SELECT (e.value ->> 'grant')::integer AS source,
                    (e.value ->> 'amount')::numeric(38,12) AS amount, e.ordinality AS place
                FROM jsonb_array_elements(u.draws) WITH ORDINALITY e
                UNION ALL
                SELECT u.first_grant, (-u.amount)::numeric(38,12), 1
                WHERE u.draws IS NULL AND u.amount < 0
            ) s ON true
            LEFT JOIN grants g ON g.org = u.org AND g.grant_number = s.source
            ORDER BY s.place
            """,
            parameters,
            during: "reading a charge"
        )
        guard answer.rowCount > 0 else { return try hasLedgerLine(parameters) ? .notUsage : .none }
        var charge = StoredCharge(
            line: line,
            request: answer.text(0, 1),
            sources: [],
            refunded: try answer.amount(0, 2),
            storedLines: try answer.unsigned(0, 0)
        )
        for row in 0..<answer.rowCount where !answer.isNull(row, 4) {
            charge.sources.append(try PostgresReader.source(answer, row))
        }
        // All that a re-rating had left of it was given back: nothing is left for good.
        if answer.bool(0, 9) { charge.corrected = charge.amount - charge.refunded }
        return .found(charge)
    }

    private func hasLedgerLine(_ parameters: QueryParameters) throws(StoreError) -> Bool {
        try open().query(
            "SELECT 1 FROM ledger_lines WHERE org = $1 AND line = $2",
            parameters,
            during: "reading a charge"
        ).rowCount > 0
    }

    private static func source(
        _ answer: QueryResult,
        _ row: Int
    ) throws(StoreError) -> ChargeSource {
        let grant = try answer.number(row, 3)
        let amount = try answer.amount(row, 4)
        if grant == 0 { return ChargeSource(debt: amount) }
        guard !answer.isNull(row, 5) else {
            throw .inconsistent("a charge was drawn from grant \(grant), which is not there")
        }
        let grantClass: GrantClass = try SQLName.value(answer.text(row, 5), SQLName.of)
        return ChargeSource(
            RefundPart(
                grant: grant,
                amount: amount,
                isNew: false,
                grantClass: grantClass,
                priority: Int32(truncatingIfNeeded: try answer.integer(row, 6)),
                effectiveAt: try answer.time(row, 7),
                expiresAt: try answer.optionalTime(row, 8) ?? .never
            )
        )
    }

    /// A refund by its number; nil when it is not stored.
    ///
    /// - Parameters:
    ///   - refund: Its number.
    ///   - org: Whose.
    /// - Returns: What was given back.
    /// - Throws: What the server or the transport says.
    public func refund(
        _ refund: RefundNumber,
        org: OrgNumber
    ) throws(StoreError) -> RefundRecord? {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(refund)
        let answer = try open().query(
            """
            SELECT of_line, of_grant, amount, debt_paid, applied_at
            FROM refunds WHERE org = $1 AND refund = $2
            """,
            parameters,
            during: "reading a refund"
        )
        guard answer.rowCount > 0 else { return nil }
        return RefundRecord(
            refund: refund,
            line: answer.isNull(0, 0) ? nil : try answer.unsigned(0, 0),
            grant: answer.isNull(0, 1) ? nil : try answer.number(0, 1),
            amount: try answer.amount(0, 2),
            debtPaid: try answer.amount(0, 3),
            appliedAt: try answer.time(0, 4)
        )
    }
}
