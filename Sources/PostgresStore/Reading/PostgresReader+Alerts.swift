import Accounting
import Quantities

/// An alert as the outbox has it.
public struct AlertRecord: Sendable, Hashable {
    /// The organisation's number; 0 for what concerns all.
    public var org: UInt32
    /// The organisation's name; nil for what concerns all.
    public var organisation: String?
    /// Its number within the organisation: with that, its stable id.
    public var alert: UInt64
    /// Its place among those of all organisations, in the order in which they were stored.
    public var place: UInt64
    /// What went off.
    public var point: AlertPoint
    /// The project's, key's or producer's name, where it is about one.
    public var name: String?
    /// What was found.
    public var value: Amount
    /// What it is measured by; zero where there is nothing.
    public var limit: Amount
    /// The day in the account's zone that it is about.
    public var day: CivilDay
    /// A word for people.
    public var text: String
    /// When it went off.
    public var raisedAt: Timestamp
    /// When it had recovered; nil while it has not.
    public var clearedAt: Timestamp?
}

/// Which alerts are wanted.
public struct AlertQuery: Sendable, Hashable {
    /// Whose; nil for all.
    public var org: OrgNumber?
    /// Only those with a higher number, of one organisation; with a higher place, of all.
    public var after: UInt64 = 0
    /// Only those with a lower number or place.
    public var before: UInt64?
    /// The newest first, instead of the oldest.
    public var newestFirst = false
    /// Only those that went off at this moment or later.
    public var from: Timestamp?
    /// Only those that have not recovered.
    public var openOnly = false
    /// How many at most.
    public var limit = 100

    /// Wants alerts.
    ///
    /// - Parameter org: Whose; nil for all.
    public init(org: OrgNumber?) {
        self.org = org
    }
}

extension PostgresReader {
    /// Alerts: those of one organisation by number, those of all by place.
    ///
    /// Whoever asks again after the highest place it has seen misses none, whenever it was raised.
    ///
    /// - Parameter query: Which ones.
    /// - Returns: At most as many as were asked for.
    /// - Throws: What the server or the transport says.
    public func alerts(_ query: AlertQuery) throws(StoreError) -> [AlertRecord] {
        var parameters = QueryParameters()
        parameters.add(query.limit)
        parameters.add(query.after)
        parameters.add(query.from)
        parameters.add(query.before ?? UInt64(Int64.max))
        let cursor = query.org == nil ? "a.place" : "a.alert"
        var conditions = [
            "\(cursor) > $2", "($3::timestamptz IS NULL OR a.raised_at >= $3)", "\(cursor) < $4",
        ]
        if let org = query.org {
            parameters.add(org.raw)
            conditions.append("a.org = $5")
        }
        if query.openOnly { conditions.append("a.cleared_at IS NULL") }
        let order = query.newestFirst ? "\(cursor) DESC" : cursor
        let answer = try open().query(
            """
            SELECT a.org, o.name, a.alert, a.kind, a.scope, a.id, a.period, a.threshold, a.value,
                a.measure, a.day, a.text, a.raised_at, a.cleared_at,
                coalesce(p.name, k.name, n.name), a.place
            FROM (SELECT * FROM alerts a WHERE \(conditions.joined(separator: " AND "))
                ORDER BY \(order) LIMIT $1) a
            LEFT JOIN organisations o ON o.org = a.org
            LEFT JOIN projects p ON a.scope = 'project' AND p.org = a.org AND p.project = a.id
            LEFT JOIN keys k ON a.scope = 'key' AND k.org = a.org AND k.key = a.id
            LEFT JOIN names n ON a.kind = 'silent_source' AND n.kind = 'producer'
                AND n.number = a.id
            ORDER BY \(order)
            """,
            parameters,
            during: "reading alerts"
        )
        return try PostgresReader.rows(answer, PostgresReader.alert)
    }

    private static func alert(
        _ row: QueryResult,
        _ index: Int
    ) throws(StoreError) -> AlertRecord {
        let point = AlertPoint(
            kind: try SQLName.value(row.text(index, 3), SQLName.of),
            scope: try SQLName.value(row.text(index, 4), SQLName.of),
            id: try row.number(index, 5),
            period: try SQLName.value(row.text(index, 6), SQLName.of),
            threshold: try row.amount(index, 7)
        )
        return AlertRecord(
            org: try row.number(index, 0),
            organisation: row.optionalText(index, 1),
            alert: try row.unsigned(index, 2),
            place: try row.unsigned(index, 15),
            point: point,
            name: row.optionalText(index, 14),
            value: try row.amount(index, 8),
            limit: try row.amount(index, 9),
            day: try row.day(index, 10),
            text: row.text(index, 11),
            raisedAt: try row.time(index, 12),
            clearedAt: try row.optionalTime(index, 13)
        )
    }
}
