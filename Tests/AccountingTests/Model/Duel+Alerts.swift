import Accounting
import LedgerModel
import Quantities

extension Duel {
    func setAlerts(_ org: UInt32) {
        guard let model = ledger.organisations[org] else { return }
        let credit: Int128 = 1_000_000_000_000
        var balances: Set<Int128> = []
        var percents: Set<Int128> = []
        for _ in 0..<random.below(4) {
            let near = max(model.posted + Int128(random.below(40) - 20) * credit / 4, 1)
            balances.insert(near)
        }
        for _ in 0..<random.below(4) { percents.insert(Int128(1 + random.below(100))) }
        let rules = AlertRules(
            lowBalance: balances.map { Amount(units: $0) },
            capPercents: percents.map { UInt8($0) },
            daily: random.oneIn(2),
            weekly: random.oneIn(2)
        )
        doing = "alerts of \(org): \(rules?.text ?? "impossible")"
        let isReset = random.oneIn(4)
        let outcome = book.setAlerts(isReset ? nil : rules, org: org, at: now, into: buffer)
        expectEqual(outcome, model.closed ? .accountClosed : .done, "outcome")
        ledger.organisations[org]?.setAlerts(
            balances: isReset ? [] : Array(balances),
            percents: isReset ? [] : Array(percents),
            at: now.microseconds
        )
    }

    /// What has gone off and is not over must be what the rules say, no more and no less.
    func compareAlerts(_ org: UInt32, _ model: NaiveOrganisation) {
        guard let mine = book.organisation(org), !model.closed else { return }
        let raised = book.raisedAlerts(of: org)
        let low = raised.filter { $0.kind == .lowBalance }.map(\.threshold.units)
        expectEqual(low.sorted(), model.alerts.low.sorted(), "low balances told of \(org)")
        if !low.isEmpty { tally["lowBalance", default: 0] += 1 }
        guard mine.today.end > now else { return }
        let shares = raised.filter { $0.kind == .capThreshold }.map { point in
            [
                UInt64(point.scope.rawValue), UInt64(point.id), UInt64(point.period.rawValue),
                UInt64(point.threshold.units / 1_000_000_000_000),
            ]
        }
        if !shares.isEmpty { tally["capThreshold", default: 0] += 1 }
        expectEqual(Set(shares), model.spentShares, "shares of caps told of \(org)")
        expectEqual(shares.count, Set(shares).count, "each is told once")
    }
}
