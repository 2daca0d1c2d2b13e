import Accounting
import Quantities

/// Which lines of a ledger are wanted.
public struct TransactionQuery: Sendable, Hashable {
    /// Whose ledger.
    public var org: OrgNumber
    /// Only this kind.
    public var kind: LedgerKind?
    /// Only what was applied at this moment or later.
    public var from: Timestamp?
    /// Only what was applied before this moment.
    public var to: Timestamp?
    /// Only lines below this number: the last of the page before.
    public var beforeLine: UInt64?
    /// How many at most.
    public var limit = 100

    /// Wants the newest lines of a ledger.
    ///
    /// - Parameter org: Whose ledger.
    public init(org: OrgNumber) {
        self.org = org
    }
}

/// Which lines of a usage log are wanted.
public struct UsageLogQuery: Sendable, Hashable {
    /// Whose log.
    public var org: OrgNumber
    /// Only this key's, by number.
    public var key: UInt32?
    /// Only this project's, by number.
    public var project: UInt32?
    /// Only this session's.
    public var session: String?
    /// Only this model's, by name.
    public var model: String?
    /// Only what was applied at this moment or later.
    public var from: Timestamp?
    /// Only what was applied before this moment.
    public var to: Timestamp?
    /// Only failed requests, or only the others.
    public var failed: Bool?
    /// Only lines below this number: the last of the page before.
    public var beforeLine: UInt64?
    /// How many at most.
    public var limit = 100

    /// Wants the newest lines of a log.
    ///
    /// - Parameter org: Whose log.
    public init(org: OrgNumber) {
        self.org = org
    }
}

extension PostgresReader {
    /// Lines of a ledger with the running balance, the newest first.
    ///
    /// - Parameter query: Which ones.
    /// - Returns: At most as many as were asked for.
    /// - Throws: What the server or the transport says.
    public func transactions(_ query: TransactionQuery) throws(StoreError) -> [LedgerLine] {
        var filter = LineFilter(org: query.org, limit: query.limit)
        filter.add(from: query.from, to: query.to, before: query.beforeLine)
        filter.addDays(from: query.from, to: query.to)
        var sources: [String] = []
        if query.kind == nil || query.kind == .usage {
            sources.append(filter.select(PostgresReader.usageColumns, from: "usage_lines"))
        }
        if query.kind != .usage {
            if let kind = query.kind { filter.add("kind =", kind.rawValue) }
            let source = filter.select(PostgresReader.ledgerColumns, from: "ledger_lines")
            sources.append(source)
        }
        // Each half is limited by itself, so that both walk their index from its end.
        let answer = try open().query(
            PostgresReader.named(ledger: sources, "DESC"),
            filter.parameters,
            during: "reading transactions"
        )
        return try PostgresReader.rows(answer, PostgresReader.ledgerLine)
    }

    /// Lines of a usage log, the newest first.
    ///
    /// - Parameter query: Which ones.
    /// - Returns: At most as many as were asked for.
    /// - Throws: What the server or the transport says.
    public func usageLog(_ query: UsageLogQuery) throws(StoreError) -> [UsageLine] {
        var filter = LineFilter(org: query.org, limit: query.limit)
        filter.add(from: query.from, to: query.to, before: query.beforeLine)
        filter.addDays(from: query.from, to: query.to)
        if let key = query.key { filter.add("key =", key) }
        if let project = query.project { filter.add("project =", project) }
        if let session = query.session { filter.add("session =", session) }
        if let failed = query.failed { filter.add("failed =", failed) }
        if let model = query.model {
            filter.add("model IN (SELECT number FROM names WHERE kind = 'model' AND name", model)
        }
        let answer = try open().query(
            PostgresReader.named(usage: filter.select("*", from: "usage_lines"), "DESC"),
            filter.parameters,
            during: "reading the usage log"
        )
        return try PostgresReader.rows(answer, PostgresReader.usageLine)
    }

    /// Lines of a ledger with the names that their numbers stand for.
    static func named(ledger sources: [String], _ order: String) -> String {
        """
        SELECT l.line, l.kind, l.amount, l.balance, l.applied_at, l.at, m.name, k.name, p.name,
            l.price, l.grant_number, l.request_id, l.session, l.reference, l.note
        FROM (SELECT * FROM (\(sources.map { "(\($0))" }.joined(separator: " UNION ALL "))) u
            ORDER BY line \(order) LIMIT $2) l
        LEFT JOIN names m ON m.kind = 'model' AND m.number = l.model
        LEFT JOIN keys k ON k.org = $1 AND k.key = l.key
        LEFT JOIN projects p ON p.org = $1 AND p.project = l.project
        ORDER BY l.line \(order)
        """
    }

    /// Lines of a usage log with the names that their numbers stand for.
    static func named(usage source: String, _ order: String) -> String {
        """
        SELECT l.line, l.applied_at, l.at, l.request_id, l.session, m.name, v.name, k.name,
            p.name, l.input_tokens, l.cache_read_input_tokens, l.cache_write_input_tokens,
            l.output_tokens, l.reasoning_output_tokens, l.latency_ms, l.failed, l.cache_hit,
            -l.amount, l.price, l.tier, r.name, l.sequence
        FROM (\(source)) l
        LEFT JOIN names m ON m.kind = 'model' AND m.number = l.model
        LEFT JOIN names v ON v.kind = 'provider' AND v.number = l.provider
        LEFT JOIN names r ON r.kind = 'producer' AND r.number = l.producer
        LEFT JOIN keys k ON k.org = $1 AND k.key = l.key
        LEFT JOIN projects p ON p.org = $1 AND p.project = l.project
        ORDER BY l.line \(order)
        """
    }

    static let usageColumns = """
        line, 'usage' AS kind, amount, balance, applied_at, at, model, key, project, price,
        first_grant AS grant_number, request_id, session, '' AS reference, '' AS note
        """
    static let ledgerColumns = """
        line, kind, amount, balance, applied_at, coalesce(at, applied_at) AS at, 0 AS model,
        0 AS key, coalesce(project, 0) AS project, coalesce(price, 0) AS price, grant_number,
        '' AS request_id, NULL AS session, reference, note
        """

    static func ledgerLine(
        _ row: QueryResult,
        _ index: Int
    ) throws(StoreError) -> LedgerLine {
        guard let kind = LedgerKind(rawValue: row.text(index, 1)) else {
            throw .unexpectedAnswer("a ledger line of an unknown kind")
        }
        return LedgerLine(
            line: try row.unsigned(index, 0),
            kind: kind,
            amount: try row.amount(index, 2),
            balance: try row.amount(index, 3),
            appliedAt: try row.time(index, 4),
            at: try row.time(index, 5),
            model: row.optionalText(index, 6),
            key: row.optionalText(index, 7),
            project: row.optionalText(index, 8),
            price: try row.number(index, 9),
            grant: try row.number(index, 10),
            requestID: row.text(index, 11),
            session: row.optionalText(index, 12),
            reference: row.text(index, 13),
            note: row.text(index, 14)
        )
    }

    static func usageLine(
        _ row: QueryResult,
        _ index: Int
    ) throws(StoreError) -> UsageLine {
        UsageLine(
            line: try row.unsigned(index, 0),
            appliedAt: try row.time(index, 1),
            at: try row.time(index, 2),
            requestID: row.text(index, 3),
            session: row.optionalText(index, 4),
            model: row.text(index, 5),
            provider: row.optionalText(index, 6),
            key: row.optionalText(index, 7),
            project: row.optionalText(index, 8),
            tokens: TokenCounts(
                input: try row.number(index, 9),
                cacheRead: try row.number(index, 10),
                cacheWrite: try row.number(index, 11),
                output: try row.number(index, 12),
                reasoning: try row.number(index, 13)
            ),
            latencyMilliseconds: try row.number(index, 14),
            failed: row.bool(index, 15),
            cacheHit: row.bool(index, 16),
            charge: try row.amount(index, 17),
            price: try row.number(index, 18),
            tier: UInt8(truncatingIfNeeded: try row.integer(index, 19)),
            producer: row.optionalText(index, 20),
            sequence: try row.unsigned(index, 21)
        )
    }
}

/// The conditions of a query for lines: `$1` is the organisation, `$2` the limit.
struct LineFilter {
    private(set) var parameters = QueryParameters()
    private var conditions = ["org = $1"]
    /// Conditions on what the usage lines alone have.
    private var dayConditions: [String] = []
    private var count = 2

    init(org: OrgNumber, limit: Int) {
        parameters.add(org.raw)
        parameters.add(limit)
    }

    private mutating func condition(_ text: String) {
        conditions.append(numbered(text))
    }

    private mutating func numbered(_ text: String) -> String {
        count += 1
        return "\(text) $\(count)\(text.contains("(") ? ")" : "")"
    }

    mutating func add(_ text: String, _ value: UInt32) {
        parameters.add(value)
        condition(text)
    }

    mutating func add(_ text: String, _ value: Bool) {
        parameters.add(value)
        condition(text)
    }

    mutating func add(_ text: String, _ value: String) {
        parameters.add(value)
        condition(text.contains("(") ? text + " =" : text)
    }

    mutating func add(from: Timestamp?, to: Timestamp?, before: UInt64?) {
        if let from {
            parameters.add(from)
            condition("applied_at >=")
        }
        if let to {
            parameters.add(to)
            condition("applied_at <")
        }
        if let before {
            parameters.add(before)
            condition("line <")
        }
    }

    /// Lets the server leave out the partitions of other days, of usage lines.
    mutating func addDays(from: Timestamp?, to: Timestamp?) {
        if let from {
            parameters.add(from.utcDay)
            dayConditions.append(numbered("day_utc >="))
        }
        if let to {
            parameters.add(to.utcDay)
            dayConditions.append(numbered("day_utc <="))
        }
    }

    /// Only lines behind one number and up to another.
    mutating func add(after: UInt64, through: UInt64) {
        parameters.add(after)
        condition("line >")
        parameters.add(through)
        condition("line <=")
    }

    func select(_ columns: String, from table: String, _ order: String = "DESC") -> String {
        let all = table == "usage_lines" ? conditions + dayConditions : conditions
        return """
            SELECT \(columns) FROM \(table) WHERE \(all.joined(separator: " AND "))
            ORDER BY line \(order) LIMIT $2
            """
    }
}
