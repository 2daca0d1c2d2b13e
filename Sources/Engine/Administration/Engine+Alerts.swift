import Accounting
import Journaling
import PostgresStore
import Quantities
import Rating
import Rings

extension Engine {
    /// What an account is told of.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The rules in force.
    /// - Throws: `AdministrationError` when it is unknown.
    public func alertSettings(
        organisation: String
    ) async throws(AdministrationError) -> AlertSettingsInfo {
        let org = try number(organisation)
        return await look(org) { book, _, _ in
            let found = book.alertRules(of: org)
            return AlertSettingsInfo(rules: found.rules, isOwn: found.isOwn)
        }
    }

    /// Sets what an account is told of, or goes back to what the offer says.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - rules: The rules; nil for those of the offer.
    /// - Returns: The rules in force.
    /// - Throws: `AdministrationError`.
    public func setAlerts(
        organisation: String,
        rules: AlertRules?
    ) async throws(AdministrationError) -> AlertSettingsInfo {
        let org = try number(organisation)
        try checkHealth()
        let outcome = await change(org) { book, now, buffer in
            book.setAlerts(rules, org: org, at: now, into: buffer)
        }
        try check(outcome, what: "organisation", name: organisation)
        return try await alertSettings(organisation: organisation)
    }

    /// The alerts that went off: those of one organisation by number, those of all by place.
    ///
    /// - Parameter filter: Which ones.
    /// - Returns: At most `limit` alerts.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func alerts(_ filter: AlertFilter) async throws(AdministrationError) -> [AlertInfo] {
        var org: OrgNumber?
        if let organisation = filter.organisation { org = OrgNumber(try number(organisation)) }
        guard (1...1000).contains(filter.limit) else {
            throw .invalid(field: "limit", message: "\(filter.limit) is not 1 to 1,000.")
        }
        var query = AlertQuery(org: org)
        query.after = filter.after
        query.before = filter.before
        query.newestFirst = filter.newestFirst
        query.from = filter.from
        query.openOnly = filter.openOnly
        query.limit = filter.limit
        let asked = query
        return try await reader.ask { reader throws(StoreError) in
            try reader.alerts(asked).map { AlertInfo($0) }
        }
    }

    /// How the names of producers begin that report by a person's hand: nobody waits for more.
    private static let byHand = "meterctl-"

    /// Tells of producers that have fallen silent, and that are heard again.
    ///
    /// While PostgreSQL is behind, nobody is judged: what was reported is not seen here yet.
    func judgeSources(_ now: Timestamp) {
        guard let seconds = pricing.current.offer.alerts.silentSourceSeconds,
            storePosition.isConnected, storePosition.value == journal.positions.synced
        else { return }
        beginSources()
        let after = Int64(seconds) * 1_000_000
        guard let changes = counters.sources.changes(after: after, at: now) else { return }
        let names = self.names
        let shard = shard(of: 0)
        shard.inbox.put { shard in
            let book = shard.book(of: 0)
            for (producer, last) in changes.silent.sorted(by: { $0.key < $1.key }) {
                let name = names.name(.producer, producer) ?? "\(producer)"
                if name.hasPrefix(Engine.byHand) { continue }
                book.raiseAlert(
                    AlertPoint(kind: .silentSource, id: producer),
                    text: "\(name) has not reported since \(last)",
                    org: 0,
                    at: shard.now,
                    into: shard.records
                )
            }
            for producer in changes.heard {
                let point = AlertPoint(kind: .silentSource, id: producer)
                book.clearAlert(point, org: 0, at: shard.now, into: shard.records)
            }
        }
        shard.stage.kick()
    }

    /// At the first look: who is known from before the start, and of whom it was told.
    private func beginSources() {
        guard !counters.sources.hasBegun else { return }
        let sources = counters.sources
        let startedAt = self.startedAt
        let highest = names.highest(.producer)
        let shard = shard(of: 0)
        shard.inbox.put { shard in
            let raised = shard.book(of: 0).raisedAlerts(of: 0)
            let silent = raised.filter { $0.kind == .silentSource }.map(\.id)
            let known = highest == 0 ? [] : Array(1...highest)
            sources.begin(known, silent: silent, at: startedAt)
        }
        shard.stage.kick()
    }
}
