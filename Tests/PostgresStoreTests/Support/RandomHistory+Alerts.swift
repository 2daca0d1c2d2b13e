import Accounting
import Quantities

@testable import PostgresStore

extension RandomHistory {
    /// Wishes are set or taken back, something goes off, or recovers.
    mutating func alert(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        var alerts = account.snapshot.alerts ?? AlertSnapshot()
        switch generator.below(6) {
        case 0:
            let amount = amount()
            alerts.own = AlertRules(lowBalance: [amount], capPercents: [80], daily: true)
            journal.write(.alertsSet(AlertsSet(rules: alerts.own)), org: org, at: now)
        case 1:
            alerts.own = nil
            journal.write(.alertsSet(AlertsSet(rules: nil)), org: org, at: now)
        case 2 where !alerts.raised.isEmpty:
            let over = alerts.raised.remove(at: generator.below(alerts.raised.count))
            journal.write(.alertCleared(over), org: org, at: now)
        case 3: commonAlert()
        default:
            alerts.last += 1
            let kind = AlertKind.allCases[generator.below(AlertKind.allCases.count)]
            let body = raised(alerts.last, kind)
            journal.write(.alertRaised(body), org: org, at: now)
            if !kind.isMomentary {
                alerts.raised.append(
                    AlertCleared(alert: body.alert, point: body.point, value: body.value)
                )
            }
        }
        account.snapshot.alerts = alerts.own == nil && alerts.last == 0 ? nil : alerts
    }

    private mutating func raised(_ number: UInt64, _ kind: AlertKind) -> AlertRaised {
        AlertRaised(
            alert: number,
            point: AlertPoint(
                kind: kind,
                scope: Scope.allCases[generator.below(3)],
                id: UInt32(generator.below(3)),
                period: CapPeriod.allCases[generator.below(4)],
                threshold: amount()
            ),
            value: amount(),
            limit: amount(),
            day: now.utcDay,
            text: "so much ü"
        )
    }

    private mutating func commonAlert() {
        if let open = common.open {
            let point = AlertPoint(kind: .silentSource, id: UInt32(open))
            let over = AlertCleared(alert: open, point: point, value: .zero)
            journal.write(.alertCleared(over), at: now)
            common.open = nil
            return
        }
        common.count += 1
        common.open = common.count
        let body = AlertRaised(
            alert: common.count,
            point: AlertPoint(kind: .silentSource, id: UInt32(common.count)),
            value: .zero,
            limit: .zero,
            day: now.utcDay,
            text: "gateway"
        )
        journal.write(.alertRaised(body), at: now)
    }
}
