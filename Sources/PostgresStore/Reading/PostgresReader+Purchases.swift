import Accounting
import Quantities

/// Which purchases of an organisation are wanted.
public struct PurchaseQuery: Sendable, Hashable {
    /// Whose.
    public var org: OrgNumber
    /// In which state, or nil for any.
    public var state: Purchase.State?
    /// Only those with a lower number, or nil for all.
    public var before: UInt32?
    /// How many at most.
    public var limit = 100

    /// Asks for all purchases of an organisation.
    ///
    /// - Parameter org: Whose.
    public init(org: OrgNumber) {
        self.org = org
    }
}

extension PostgresReader {
    private static let purchaseColumns = """
        SELECT purchase, state, automatic, pack, credits, price, currency, connector, month,
            asked_at, settled_at, payment, receipt, grant_number, reason, identity,
            coalesce(content, 0)
        FROM purchases
        """

    /// The purchases of an organisation, newest first.
    ///
    /// - Parameter query: Which.
    /// - Returns: At most as many as were asked for.
    /// - Throws: What the server or the transport says.
    public func purchases(_ query: PurchaseQuery) throws(StoreError) -> [Purchase] {
        var parameters = QueryParameters()
        parameters.add(query.org.raw)
        parameters.add(query.state.map { SQLName.of($0) })
        parameters.add(query.before.map { Int64($0) })
        parameters.add(query.limit)
        let answer = try open().query(
            "\(PostgresReader.purchaseColumns) WHERE org = $1 AND ($2 IS NULL OR state = $2) "
                + "AND ($3 IS NULL OR purchase < $3) ORDER BY purchase DESC LIMIT $4",
            parameters,
            during: "listing purchases"
        )
        return try PostgresReader.rows(answer, PostgresReader.purchase)
    }

    /// One purchase, or nil when there is none with this number.
    ///
    /// - Parameters:
    ///   - number: Its number.
    ///   - org: Whose.
    /// - Returns: The purchase.
    /// - Throws: What the server or the transport says.
    public func purchase(_ number: UInt32, of org: OrgNumber) throws(StoreError) -> Purchase? {
        try purchase(of: org, by: "purchase", during: "reading a purchase") { $0.add(number) }
    }

    /// The purchase with a receipt, or nil when there is none with this number.
    ///
    /// - Parameters:
    ///   - receipt: The receipt's number.
    ///   - org: Whose.
    /// - Returns: The purchase.
    /// - Throws: What the server or the transport says.
    public func purchase(
        withReceipt receipt: UInt32,
        of org: OrgNumber
    ) throws(StoreError) -> Purchase? {
        try purchase(of: org, by: "receipt", during: "reading a receipt") { $0.add(receipt) }
    }

    /// The purchase that a payment belongs to, or nil when there is none.
    ///
    /// - Parameters:
    ///   - payment: What whoever took the money calls it.
    ///   - org: Whose.
    /// - Returns: The purchase.
    /// - Throws: What the server or the transport says.
    public func purchase(
        paidBy payment: String,
        of org: OrgNumber
    ) throws(StoreError) -> Purchase? {
        try purchase(of: org, by: "payment", during: "reading a payment") { $0.add(payment) }
    }

    /// The purchase that has a value in a column in which no two of an organisation have the same.
    private func purchase(
        of org: OrgNumber,
        by column: String,
        during task: String,
        _ addValue: (inout QueryParameters) -> Void
    ) throws(StoreError) -> Purchase? {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        addValue(&parameters)
        let answer = try open().query(
            "\(PostgresReader.purchaseColumns) WHERE org = $1 AND \(column) = $2",
            parameters,
            during: task
        )
        return try PostgresReader.rows(answer, PostgresReader.purchase).first
    }

    private static func purchase(
        _ row: QueryResult,
        _ index: Int
    ) throws(StoreError) -> Purchase {
        let asked = PurchaseAsked(
            purchase: try row.number(index, 0),
            automatic: row.bool(index, 2),
            pack: row.text(index, 3),
            credits: try row.amount(index, 4),
            price: try row.amount(index, 5),
            currency: row.text(index, 6),
            connector: row.text(index, 7),
            month: try row.day(index, 8),
            identity: try row.identity(index, 15),
            content: try row.unsigned(index, 16)
        )
        var purchase = Purchase(asked: asked, askedAt: try row.time(index, 9))
        purchase.state = try SQLName.value(row.text(index, 1), SQLName.of)
        purchase.settledAt = try row.optionalTime(index, 10)
        purchase.payment = row.optionalText(index, 11) ?? ""
        purchase.receipt = try row.number(index, 12)
        purchase.grant = try row.number(index, 13)
        purchase.reason = row.optionalText(index, 14) ?? ""
        return purchase
    }
}

extension SQLName {
    static func of(_ state: Purchase.State) -> String {
        switch state {
        case .open: "open"
        case .confirmed: "confirmed"
        case .failed: "failed"
        }
    }
}

/// What an audit asks of purchases.
enum PurchaseAuditText {
    /// Organisations whose numbers have gaps, or with a paid purchase that is no grant's.
    static func broken(_ condition: String) -> String {
        """
        SELECT p.org, count(*), max(p.purchase)::bigint, count(p.receipt),
            coalesce(max(p.receipt), 0)::bigint, count(*) FILTER (WHERE p.state = 'confirmed'),
            count(*) FILTER (WHERE p.state = 'confirmed' AND g.class = 'purchased'
                AND g.amount = p.credits)
        FROM (SELECT * FROM purchases WHERE \(condition)) p
        LEFT JOIN (SELECT * FROM grants WHERE \(condition)) g
            ON g.org = p.org AND g.grant_number = p.grant_number
        GROUP BY p.org
        HAVING count(*) <> max(p.purchase) OR count(p.receipt) <> coalesce(max(p.receipt), 0)
            OR count(p.receipt) <> count(*) FILTER (WHERE p.state = 'confirmed')
            OR count(p.receipt) <> count(DISTINCT g.grant_number) FILTER (
                WHERE p.state = 'confirmed' AND g.class = 'purchased' AND g.amount = p.credits)
        ORDER BY p.org
        """
    }
}
