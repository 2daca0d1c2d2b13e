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
        var dear: Set<NaiveDearness> = []
        for _ in 0..<random.below(4) {
            let amount = Int128(1 + random.below(random.oneIn(2) ? 400 : 20_000)) * credit / 1000
            dear.insert(NaiveDearness(period: UInt8(1 + random.below(4)), amount: amount))
        }
        let rules = AlertRules(
            lowBalance: balances.map { Amount(units: $0) },
            capPercents: percents.map { UInt8($0) },
            daily: random.oneIn(2),
            weekly: random.oneIn(2),
            deploymentCost: dear.compactMap { limit in
                CapPeriod(rawValue: limit.period).map {
                    AlertRules.DeploymentLimit(period: $0, amount: Amount(units: limit.amount))
                }
            }
        )
        doing = "alerts of \(org): \(rules?.text ?? "impossible")"
        let isReset = random.oneIn(4)
        let outcome = book.setAlerts(isReset ? nil : rules, org: org, at: now, into: buffer)
        expectEqual(outcome, model.closed ? .accountClosed : .done, "outcome")
        ledger.organisations[org]?.setAlerts(
            balances: isReset ? [] : Array(balances),
            percents: isReset ? [] : Array(percents),
            dearness: isReset ? [] : Array(dear),
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
        compareCrossings(org, model)
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
        let dear = raised.filter { $0.kind == .deploymentCost }.map { point in
            NaiveDear(
                place: point.id,
                limit: NaiveDearness(period: point.period.rawValue, amount: point.threshold.units)
            )
        }
        if !dear.isEmpty { tally["dearMachine", default: 0] += 1 }
        expectEqual(Set(dear), model.alerts.dear, "dear machines told of \(org)")
        expectEqual(dear.count, Set(dear).count, "each is told once")
    }

    /// A low balance is told once for each time that it was crossed, and over as often, also when
    /// both happen within one step.
    private func compareCrossings(_ org: UInt32, _ model: NaiveOrganisation) {
        let all = buffer.bytes
        var walker = RecordWalker(UnsafeRawBufferPointer(rebasing: all[readAlerts...]))
        while let (_, record) = walker.next() {
            guard let change = Change.decode(record) else { continue }
            switch change.body {
            case .alertRaised(let body) where body.point.kind == .lowBalance:
                lowTold[change.org, default: 0] += 1
            case .alertCleared(let body) where body.point.kind == .lowBalance:
                lowOver[change.org, default: 0] += 1
            default: continue
            }
        }
        readAlerts = all.count
        expectEqual(lowTold[org, default: 0], model.alerts.lowTold, "low balances told of \(org)")
        expectEqual(lowOver[org, default: 0], model.alerts.lowOver, "low balances over of \(org)")
    }
}
