import Accounting
import Ingest
import PostgresStore
import Quantities
import Rating

extension Engine {
    /// Balance, what was spent of late, how long it lasts at that, and what the month will come to.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The figures.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func outlook(
        organisation: String
    ) async throws(AdministrationError) -> OutlookInfo {
        let org = try number(organisation)
        let info = try await self.organisation(name: organisation)
        let monthEnd = await look(org) { book, _, _ in book.windowEnd(of: org, .month) ?? .never }
        let now = time.now()
        let hour: Int64 = 3_600_000_000
        let spans = [24 * hour, 7 * 24 * hour]
        let recent = try await reader.ask { reader throws(StoreError) in
            try reader.recentCharges(
                org: OrgNumber(org),
                since: spans.map { now.advanced(byMicroseconds: -$0) },
                now: now
            )
        }
        // Of a young account more is not known than its age; an hour is the least to judge by.
        let age = max(now.microseconds - recent.createdAt.microseconds, hour)
        let spends = zip(spans, recent.charged).map { span, charged in
            RecentSpend(
                charged: charged,
                seconds: min(span, age) / 1_000_000,
                available: info.wallet.available
            )
        }
        let left = max(0, monthEnd.microseconds - now.microseconds) / 1_000_000
        let toCome = Rounding.amount(
            spends[1].charged,
            times: left,
            dividedBy: spends[1].seconds
        )
        return OutlookInfo(
            organisation: info,
            at: now,
            lastDay: spends[0],
            lastWeek: spends[1],
            monthEndsAt: monthEnd,
            monthProjected: toCome.flatMap { info.spend.month.adding($0) }
        )
    }

    /// What was spent over the last days.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - grouping: What the rows stand for.
    ///   - days: How many days, today included.
    /// - Returns: The rows and their sum.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func spend(
        organisation: String,
        by grouping: SpendGrouping,
        days: Int
    ) async throws(AdministrationError) -> SpendReport {
        let org = OrgNumber(try number(organisation))
        let (from, through) = try await span(organisation, days: days)
        let before = from.advanced(by: -Int32(days))
        return try await reader.ask { reader throws(StoreError) in
            let rows = try reader.spendRows(org, grouping, from, through)
            var report = SpendReport(rows, by: grouping, from: from, through: through)
            let past = try reader.spendRows(org, grouping, before, from.advanced(by: -1))
            report.before = past.reduce(.zero) { $0 + $1.spend }
            return report
        }
    }

    /// The most expensive requests of the last days, the dearest first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - days: How many days, today included.
    ///   - limit: How many requests.
    /// - Returns: At most `limit` requests.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func dearest(
        organisation: String,
        days: Int,
        limit: Int
    ) async throws(AdministrationError) -> [UsageInfo] {
        let org = OrgNumber(try number(organisation))
        guard (1...PostgresReader.dearestLimit).contains(limit) else {
            throw .invalid(
                field: "limit",
                message: "\(limit) is not 1 to \(PostgresReader.dearestLimit)."
            )
        }
        let (from, through) = try await span(organisation, days: days)
        return try await reader.ask { reader throws(StoreError) in
            try reader.dearestRequests(org: org, from: from, through: through, limit: limit)
                .map { UsageInfo($0.usage) }
        }
    }

    /// The last days of an account, in its own zone.
    func span(
        _ organisation: String,
        days: Int
    ) async throws(AdministrationError) -> (from: CivilDay, through: CivilDay) {
        guard (1...366).contains(days) else {
            throw .invalid(field: "days", message: "\(days) is not 1 to 366.")
        }
        let today = try await self.organisation(name: organisation).spend.date
        return (today.advanced(by: 1 - Int32(days)), today)
    }

    /// How many lines the ledger has in PostgreSQL.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The last line's number.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func lastLine(organisation: String) async throws(AdministrationError) -> UInt64 {
        let org = OrgNumber(try number(organisation))
        return try await reader.ask { reader throws(StoreError) in
            try reader.lineCount(org: org)
        }
    }

    /// A page of the ledger, the oldest line first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - page: Which page.
    /// - Returns: At most as many lines as the page has.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func ledgerPage(
        organisation: String,
        page: ExportPage
    ) async throws(AdministrationError) -> [TransactionInfo] {
        let query = LinePageQuery(org: OrgNumber(try number(organisation)), page)
        return try await reader.ask(.export) { reader throws(StoreError) in
            try reader.ledgerPage(query).map { TransactionInfo($0) }
        }
    }

    /// A page of the per-request log, the oldest request first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - page: Which page.
    /// - Returns: At most as many requests as the page has.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func usagePage(
        organisation: String,
        page: ExportPage
    ) async throws(AdministrationError) -> [UsageInfo] {
        let query = LinePageQuery(org: OrgNumber(try number(organisation)), page)
        return try await reader.ask(.export) { reader throws(StoreError) in
            try reader.usagePage(query).map { UsageInfo($0) }
        }
    }

    /// The organisation that a key's secret belongs to.
    ///
    /// - Parameter secret: The secret.
    /// - Returns: Its name; nil when the secret is no key's, or not its present one.
    public func organisation(ofSecret secret: String) -> String? {
        guard let account = directory.account(secret: secret),
            let entry = directory.entry(account.org),
            entry.keys.indices.contains(Int(account.key) - 1)
        else { return nil }
        let key = entry.keys[Int(account.key) - 1]
        guard !key.revoked, key.generation == account.generation else { return nil }
        return entry.name
    }
}

extension LinePageQuery {
    fileprivate init(org: OrgNumber, _ page: ExportPage) {
        self.init(org: org, after: page.after, through: page.through, limit: page.limit)
        from = page.from
        to = page.to
    }
}

extension SpendReport {
    /// Days without spend are there with 0; names without any are not.
    init(
        _ found: [SpendRow],
        by grouping: SpendGrouping,
        from: CivilDay,
        through: CivilDay
    ) {
        var rows = found
        if grouping == .day {
            var byDay: [String: SpendRow] = [:]
            for row in rows { byDay[row.label] = row }
            rows = (from.number...through.number).map { number in
                let label = CivilDay(number: number).description
                return byDay[label] ?? SpendRow(label: label)
            }
        } else {
            // Corrections may have changed which is the dearest.
            rows.sort { ($0.spend, $1.label) > ($1.spend, $0.label) }
        }
        self.init(
            grouping: grouping,
            from: from,
            through: through,
            rows: rows,
            total: rows.reduce(.zero) { $0 + $1.spend }
        )
    }
}

extension PostgresReader {
    /// What requests and machines cost, by what both have; models and keys have requests alone.
    fileprivate func spendRows(
        _ org: OrgNumber,
        _ grouping: SpendGrouping,
        _ from: CivilDay,
        _ through: CivilDay
    ) throws(StoreError) -> [SpendRow] {
        var rows: [SpendRow] = []
        if let asked = SummaryGrouping(rawValue: grouping.rawValue) {
            rows = try usageSummary(org: org, from: from, through: through, by: asked)
                .map { SpendRow($0) }
        }
        guard let asked = MachineGrouping(rawValue: grouping.rawValue) else { return rows }
        for machine in try machineSpend(org: org, from: from, through: through, by: asked) {
            if let known = rows.firstIndex(where: { $0.label == machine.label }) {
                rows[known].charged += machine.charge
            } else {
                var row = SpendRow(label: machine.label)
                row.charged = machine.charge
                rows.append(row)
            }
        }
        return rows
    }
}

extension SpendRow {
    init(_ sum: UsageSummary) {
        self.init(label: sum.label)
        requests = sum.requests
        failed = sum.failed
        cacheHits = sum.cacheHits
        inputTokens = sum.inputTokens
        cacheReadTokens = sum.cacheReadTokens
        cacheWriteTokens = sum.cacheWriteTokens
        outputTokens = sum.outputTokens
        charged = sum.charge
        corrected = sum.corrected
    }
}
