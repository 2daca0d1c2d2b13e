import Accounting
import Quantities

/// A line of an invoice: a model or a machine, and what its use came to, what was corrected or what
/// was given back.
public struct InvoiceLineRecord: Sendable, Hashable {
    /// `model` or `machine`; `correction` or `refund`, of a model's requests of any month;
    /// `machine_refund`, of a machine's charges.
    public var kind: String
    /// The model's or machine's name.
    public var name: String
    /// How many requests there were, were corrected or were given back; of a machine how many
    /// charges.
    public var requests: Int64
    /// Their input tokens.
    public var inputTokens: Int64
    /// Their output tokens.
    public var outputTokens: Int64
    /// What they came to; of a correction what they cost more, below zero when less; of a refund
    /// below zero.
    public var amount: Amount
}

/// An invoice.
public struct InvoiceRecord: Sendable, Hashable {
    /// Its number.
    public var number: String
    /// The first day of its month, in the account's time zone.
    public var periodStart: CivilDay
    /// When it was issued.
    public var issuedAt: Timestamp
    /// The day on which it was issued, in the account's time zone.
    public var issuedOn: CivilDay
    /// The day on which it is due.
    public var dueOn: CivilDay
    /// How many days lie between.
    public var netDays: Int
    /// The customer's purchase-order number; empty for none.
    public var purchaseOrder: String
    /// The sum of the debits and corrections, less the refunds.
    public var total: Amount
    /// Its lines, in their order.
    public var lines: [InvoiceLineRecord]
}

extension PostgresReader {
    /// The invoices of an organisation, newest first, with their lines.
    ///
    /// - Parameters:
    ///   - org: The organisation.
    ///   - limit: How many at most.
    /// - Returns: The invoices.
    /// - Throws: What the server or the transport says.
    public func invoices(of org: OrgNumber, limit: Int) throws(StoreError) -> [InvoiceRecord] {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(limit)
        let answer = try open().query(
            """
            SELECT i.number, i.period_start, i.issued_at, i.issued_on, i.due_on, i.net_days,
                i.purchase_order, i.total, l.kind, coalesce(n.name, '#' || l.number), l.requests,
                l.input_tokens, l.output_tokens, l.amount
            FROM (SELECT * FROM invoices WHERE org = $1 ORDER BY period_start DESC LIMIT $2) i
                JOIN invoice_lines l USING (org, period_start)
                LEFT JOIN names n ON n.number = l.number
                    AND n.kind = CASE WHEN l.kind IN ('machine', 'machine_refund') THEN 'machine'
                        ELSE 'model' END
            ORDER BY i.period_start DESC, l.kind NOT IN ('model', 'machine'), l.kind, 10, l.line
            """,
            parameters,
            during: "listing invoices"
        )
        var invoices: [InvoiceRecord] = []
        for row in 0..<answer.rowCount {
            let start = try answer.day(row, 1)
            if invoices.last?.periodStart != start {
                invoices.append(
                    InvoiceRecord(
                        number: answer.text(row, 0),
                        periodStart: start,
                        issuedAt: try answer.time(row, 2),
                        issuedOn: try answer.day(row, 3),
                        dueOn: try answer.day(row, 4),
                        netDays: try answer.integer(row, 5),
                        purchaseOrder: answer.text(row, 6),
                        total: try answer.amount(row, 7),
                        lines: []
                    )
                )
            }
            invoices[invoices.count - 1].lines.append(
                InvoiceLineRecord(
                    kind: answer.text(row, 8),
                    name: answer.text(row, 9),
                    requests: try answer.int64(row, 10),
                    inputTokens: try answer.int64(row, 11),
                    outputTokens: try answer.int64(row, 12),
                    amount: try answer.amount(row, 13)
                )
            )
        }
        return invoices
    }
}
