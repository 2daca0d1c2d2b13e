import Accounting
import PostgresStore
import Quantities

// MARK: - Loading

extension StoredBooks {
    /// Everything as the real store hands it over at a start, in its order.
    func load(identitiesSince: Timestamp, _ receive: (LoadedItem) -> Void) {
        // In SQL by the kind's word: machine, model, producer, provider.
        for kind in [NameKind.machine, .model, .producer, .provider] {
            for (number, name) in (names[kind.rawValue] ?? [:]).sorted(by: { $0.key < $1.key }) {
                receive(.name(NameDeclared(kind: kind, number: number, name: name)))
            }
        }
        for (_, price) in prices.sorted(by: { $0.key < $1.key }) { receive(.price(price)) }
        for (producer, progress) in producers.sorted(by: { $0.key < $1.key }) {
            receive(.producer(producer, progress))
        }
        for (org, rows) in organisations.sorted(by: { $0.key < $1.key }) {
            receive(.organisation(rows.snapshot(org)))
        }
        if let alerts = common.snapshot { receive(.commonAlerts(alerts)) }
        loadIdentities(since: max(identitiesSince, .epoch), receive)
    }

    private func loadIdentities(since moment: Timestamp, _ receive: (LoadedItem) -> Void) {
        if moment == .never { return }
        var usage: [UsageIdentity] = []
        var grants: [GrantIdentity] = []
        for (org, rows) in organisations {
            for line in rows.lines where line.identity != 0 && line.appliedAt >= moment {
                usage.append(
                    UsageIdentity(
                        org: org,
                        identity: line.identity,
                        content: line.content,
                        appliedAt: line.appliedAt,
                        line: line.line
                    )
                )
            }
            for (number, grant) in rows.grants
            where grant.issued.identity != 0 && grant.issuedAt >= moment {
                grants.append(
                    GrantIdentity(
                        org: org,
                        identity: grant.issued.identity,
                        content: grant.issued.content,
                        issuedAt: grant.issuedAt,
                        grant: number
                    )
                )
            }
        }
        for (org, rows) in organisations {
            for made in rows.adjustments where made.body.identity != 0 && made.at >= moment {
                grants.append(
                    GrantIdentity(
                        org: org,
                        identity: made.body.identity,
                        content: made.body.content,
                        issuedAt: made.at,
                        grant: 0
                    )
                )
            }
        }
        usage.sort { ($0.appliedAt, $0.org, $0.line) < ($1.appliedAt, $1.org, $1.line) }
        grants.sort { ($0.issuedAt, $0.org, $0.grant) < ($1.issuedAt, $1.org, $1.grant) }
        for found in usage { receive(.usageIdentity(found)) }
        for found in grants { receive(.grantIdentity(found)) }
        for found in refundIdentities(since: moment) { receive(.grantIdentity(found)) }
        loadPurchaseIdentities(since: moment, receive)
    }
}

extension StoredOrganisation {
    /// The rows as a daemon gets them at its start.
    func snapshot(_ org: UInt32) -> OrganisationSnapshot {
        var snapshot = OrganisationSnapshot(org: org, name: name, zone: zone, today: today)
        snapshot.closed = closed
        snapshot.lines = lineCount
        snapshot.debt = debt
        snapshot.lastGrant = lastGrant
        snapshot.lastHold = lastHold
        snapshot.alerts = alerts.snapshot
        snapshot.lastRefund = refunds.keys.max() ?? 0
        snapshot.projects = projects.keys.sorted().map {
            ProjectSnapshot(project: $0, name: projects[$0] ?? "")
        }
        snapshot.keys = keys.sorted { $0.key < $1.key }.map(\.value)
        snapshot.grants = grants.sorted { $0.key < $1.key }.map(\.value)
            .filter(\.remaining.isPositive)
        snapshot.holds = holds.sorted { $0.key < $1.key }.map { HoldSnapshot(placed: $0.value) }
        snapshot.caps = caps.sorted { $0.key.sqlOrder < $1.key.sqlOrder }.map {
            CapChanged(scope: $0.key.scope, id: $0.key.id, period: $0.key.period, amount: $0.value)
        }
        snapshot.spends = spends
        snapshot.hasPurchased = hasPurchased
        snapshot.terms.plan = plan
        if let start = plan?.periodStart.number {
            snapshot.terms.given = planPeriods.filter { $0.value.contains(start) }.keys.sorted()
        }
        snapshot.terms.coupons = coupons.sorted()
        let days = billing.keys.sorted()
        snapshot.terms.billing = days.last { $0 <= today.day.number }.flatMap { billing[$0] }
        snapshot.terms.nextBilling = days.last { $0 > today.day.number }.flatMap { billing[$0] }
        snapshot.deployments = deployments.sorted { $0.key < $1.key }.map(\.value)
        snapshot.purchasing = purchasing
        return snapshot
    }

    /// What each scope spent in the windows of the day at which the row stands.
    private var spends: [SpendSnapshot] {
        var sums: [[UInt32]: SpendSnapshot] = [:]
        for (key, sum) in rollups.merging(machineRollups, uniquingKeysWith: { one, _ in one }) {
            var scopes: [(Scope, UInt32)] = [(.organisation, 0)]
            if key.project != 0 { scopes.append((.project, key.project)) }
            if key.key != 0 { scopes.append((.key, key.key)) }
            let amount = Amount(units: sum.amount)
            for (scope, id) in scopes {
                var spend =
                    sums[[UInt32(scope.rawValue), id]]
                    ?? SpendSnapshot(
                        scope: scope,
                        id: id,
                        day: .zero,
                        week: .zero,
                        month: .zero,
                        total: .zero
                    )
                if key.day == today.day.number { spend.day += amount }
                if key.day >= today.day.weekStart.number { spend.week += amount }
                if key.day >= today.day.monthStart.number { spend.month += amount }
                spend.total += amount
                sums[[UInt32(scope.rawValue), id]] = spend
            }
        }
        return sums.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
            .filter { !$0.total.isZero }
    }
}

extension CapKey {
    /// As SQL orders the rows: by the words for scope and period.
    fileprivate var sqlOrder: (Int, UInt32, Int) {
        let scopes: [Scope] = [.key, .organisation, .project]
        let periods: [CapPeriod] = [.day, .month, .total, .week]
        return (scopes.firstIndex(of: scope) ?? 0, id, periods.firstIndex(of: period) ?? 0)
    }
}
