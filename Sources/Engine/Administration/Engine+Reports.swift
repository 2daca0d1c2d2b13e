import Accounting
import Ingest
import Journaling
import PostgresStore
import Quantities
import Rating
import Rings
import SettingsFiles
import Synchronization

extension Engine {
    /// The ledger, newest line first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - filter: Which lines.
    /// - Returns: At most `limit` lines.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func transactions(
        organisation: String,
        filter: TransactionFilter
    ) async throws(AdministrationError) -> [TransactionInfo] {
        let org = try number(organisation)
        var query = TransactionQuery(org: OrgNumber(org))
        if let kind = filter.kind {
            guard let known = LedgerKind(rawValue: kind) else {
                let kinds = LedgerKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid(field: "kind", message: "\"\(kind)\" is not one of \(kinds).")
            }
            query.kind = known
        }
        query.from = filter.from
        query.to = filter.to
        query.beforeLine = filter.beforeLine
        query.limit = try checked(filter.limit)
        let asked = query
        return try await reader.ask { reader throws(StoreError) in
            try reader.transactions(asked).map { TransactionInfo($0) }
        }
    }

    /// The per-request log, newest first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - filter: Which requests.
    /// - Returns: At most `limit` requests.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func usage(
        organisation: String,
        filter: UsageFilter
    ) async throws(AdministrationError) -> [UsageInfo] {
        let org = try number(organisation)
        var query = UsageLogQuery(org: OrgNumber(org))
        if let key = filter.key {
            guard let number = directory.key(key, org: org) else {
                throw .notFound(what: "key", name: key)
            }
            query.key = number
        }
        if let project = filter.project {
            guard let number = directory.project(project, org: org) else {
                throw .notFound(what: "project", name: project)
            }
            query.project = number
        }
        query.session = filter.session
        query.model = filter.model
        query.failed = filter.failed
        query.from = try filter.start(at: time.now())
        query.to = filter.to
        query.beforeLine = filter.beforeLine
        query.limit = try checked(filter.limit)
        let asked = query
        return try await reader.ask { reader throws(StoreError) in
            try reader.usageLog(asked).map { UsageInfo($0) }
        }
    }

    private func checked(_ limit: Int) throws(AdministrationError) -> Int {
        guard (1...10_000).contains(limit) else {
            throw .invalid(field: "limit", message: "\(limit) is not 1 to 10,000.")
        }
        return limit
    }

    /// Positions, lag, backlog, connections, and what is wrong if something is.
    public func status() -> StatusReport {
        // What a shard turned down or had seen before is not counted as taken; signs of life of
        // machines never are.
        let samples = counters.samples.value
        let turnedDown = counters.rejected.value + counters.repeated.value - samples
        let taken = ingest.accepted.value + counters.recovered.value
        // A loop counts what it took at the end of its turn; a shard may have been through it.
        let accepted = taken > turnedDown ? taken - turnedDown : 0
        return StatusReport(
            node: settings.node.name,
            version: version,
            startedAt: startedAt,
            ready: isReady,
            troubles: health.all,
            accepted: accepted,
            applied: counters.applied.value,
            journaled: counters.journaled.value,
            stored: counters.stored.value,
            journalWritten: journal.positions.written,
            journalSynced: journal.positions.synced,
            journalStored: storePosition.value,
            journalRetired: journal.positions.retired,
            journalBytes: journal.positions.bytesOnDisk,
            journalMaximumBytes: UInt64(settings.journal.maxBytes),
            postgresConnected: storePosition.isConnected,
            connections: Int(ingest.connections.value),
            organisations: directory.count,
            openHolds: shards.reduce(0) { $0 + $1.signal.openHolds },
            rejected: ingest.rejected.value,
            duplicates: ingest.duplicates.value + counters.repeated.value,
            granted: counters.granted.value,
            refused: counters.refused.value,
            overshoot: counters.overshoot,
            alertsRaised: counters.raisedAlerts,
            rateCard: pricing.current.table.name,
            purchases: counters.purchases.withLock { $0 }
        )
    }

    /// Loads the rate card's file again; a broken one is refused and the old one stays.
    ///
    /// - Throws: `AdministrationError.invalid` with all that is wrong with the card.
    public func reloadRates() async throws(AdministrationError) -> String {
        let card: Pricing
        do throws(EngineError) {
            let source = try RateCardSource.load(ratesPath.withLock { $0 })
            card = try source.pricing(names: names, prices: prices)
        } catch {
            let reason = "\(error)"
            health.set(.rates, "The rate card was not reloaded: \(reason)")
            throw .invalid(field: "rates.card", message: reason)
        }
        useCard(card)
        health.set(.rates, nil)
        return card.table.name
    }

    /// Names another file for the rate card; it is read at the next reload.
    ///
    /// - Parameter path: The file.
    public func useRatesFile(_ path: String) {
        ratesPath.withLock { $0 = path }
    }

    /// The present rate card as YAML.
    public func ratesText() -> String {
        pricing.current.text
    }
}

extension UsageFilter {
    /// How many days are looked through for requests of some kind, which may be none.
    static let mostDays = 31

    private var isChoosy: Bool {
        key != nil || project != nil || session != nil || model != nil || failed != nil
    }

    /// From when on requests are looked through: a page without a choice ends after its lines,
    /// one with a choice may have to look at every request there is.
    ///
    /// - Parameter now: The present moment.
    /// - Returns: The moment, or nil for any.
    /// - Throws: `invalid` when the span is too long.
    func start(at now: Timestamp) throws(AdministrationError) -> Timestamp? {
        guard isChoosy else { return from }
        let end = min(to ?? now, now)
        let earliest = end.advanced(byMicroseconds: -Int64(UsageFilter.mostDays) * 86_400_000_000)
        guard let from else { return earliest }
        guard from >= earliest else {
            throw .invalid(
                field: "from",
                message: "\(from) is more than \(UsageFilter.mostDays) days before \(end), and so "
                    + "many are looked through for a key, project, session, model or status. Give "
                    + "an earlier \"to\", or a later \"from\"."
            )
        }
        return from
    }
}

extension TransactionInfo {
    init(_ line: LedgerLine) {
        self.init(
            line: line.line,
            appliedAt: line.appliedAt,
            kind: line.kind.rawValue,
            amount: line.amount,
            balance: line.balance,
            detail: line.model
                ?? [line.reference, line.note].filter { !$0.isEmpty }.joined(separator: " "),
            project: line.project,
            key: line.key,
            session: line.session
        )
    }
}

extension UsageInfo {
    init(_ line: UsageLine) {
        self.init(
            line: line.line,
            at: line.at,
            appliedAt: line.appliedAt,
            id: line.requestID,
            model: line.model,
            provider: line.provider,
            project: line.project,
            key: line.key,
            session: line.session,
            tokens: line.tokens,
            charge: line.charge,
            latencyMilliseconds: line.latencyMilliseconds,
            failed: line.failed,
            cacheHit: line.cacheHit
        )
    }
}
