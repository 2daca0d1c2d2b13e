import Accounting
import Quantities

/// What was told of an account and what it wishes to be told.
package struct NaiveAlerts {
    /// Balances below which it is told, and percents of caps.
    package var balances: [Int128] = []
    package var percents: [Int128] = []
    /// The balances for which it was told and that were not reached again since.
    package var low: Set<Int128> = []
    /// How often that was told, and how often it was over.
    package var lowTold = 0
    package var lowOver = 0
    /// Whether lines are yet to come that belong to those before.
    var isWaiting = false
    /// What machines may not cost, and which of them have cost it.
    package var dearness: [NaiveDearness] = []
    package var dear: Set<NaiveDear> = []
    /// How many alerts there were, and which of them last.
    package var count: UInt64 = 0
    package var open: [UInt64: AlertPoint] = [:]

    package init() {}

    /// The balance has changed by a line: who was told is told again after the balance was back.
    mutating func follow(_ amount: Int128, posted: Int128) {
        if isWaiting { return }
        for threshold in balances where amount < 0 && posted < threshold {
            if low.insert(threshold).inserted { lowTold += 1 }
        }
        keepLow { posted < $0 }
    }

    /// What is not low any more is over.
    mutating func keepLow(where isLow: (Int128) -> Bool) {
        let before = low.count
        low = low.filter(isLow)
        lowOver += before - low.count
    }
}

extension NaiveOrganisation {
    /// Sets the wishes; what is not wished for any more was never told.
    package mutating func setAlerts(
        balances: [Int128],
        percents: [Int128],
        dearness: [NaiveDearness] = [],
        at moment: Int64
    ) {
        bringUp(to: moment)
        guard !closed else { return }
        alerts.balances = balances
        alerts.percents = percents
        alerts.keepLow { balances.contains($0) }
        alerts.dearness = dearness
        alerts.dear = alerts.dear.filter { dearness.contains($0.limit) }
    }

    /// The shares of caps that are spent: scope, period and percent.
    package var spentShares: Set<[UInt64]> {
        var found: Set<[UInt64]> = []
        for cap in caps where cap.amount > 0 {
            let spent = spent(by: cap.of)[Int(cap.period) - 1]
            for percent in alerts.percents where spent * 100 >= cap.amount * percent {
                found.insert([
                    UInt64(cap.of.scope), UInt64(cap.of.id), UInt64(cap.period), UInt64(percent),
                ])
            }
        }
        return found
    }

    mutating func follow(_ body: AlertRaised, at moment: Timestamp) -> String? {
        alerts.count += 1
        if body.alert != alerts.count { return "alert \(body.alert) follows \(alerts.count - 1)" }
        if alerts.open.values.contains(body.point) { return "\(body.point) goes off twice" }
        if !body.point.kind.isMomentary { alerts.open[body.alert] = body.point }
        switch body.point.kind {
        case .lowBalance:
            return body.value.units == posted && posted < body.point.threshold.units
                ? nil : "\(posted) is told as \(body)"
        case .capThreshold:
            let percent = body.point.threshold.units / 1_000_000_000_000
            return body.value.units * 100 >= body.limit.units * percent
                ? nil : "no share is spent: \(body)"
        case .dailySummary:
            let sums = charges.filter { $0.key.day == Int64(body.day.number) }
            let sum = sums.reduce(Int128(0)) { $0 + $1.value }
            return sum == body.value.units ? nil : "the day has cost \(sum), not \(body.value)"
        case .weeklySummary:
            let sums = charges.filter {
                NaiveCalendar.monday(of: $0.key.day) == Int64(body.day.number)
            }
            let sum = sums.reduce(Int128(0)) { $0 + $1.value }
            return sum == body.value.units ? nil : "the week has cost \(sum), not \(body.value)"
        default: return nil
        }
    }

    mutating func follow(_ body: AlertCleared) -> String? {
        guard let point = alerts.open.removeValue(forKey: body.alert) else {
            return "alert \(body.alert) is over, which is not open"
        }
        return point == body.point ? nil : "alert \(body.alert) was about \(point)"
    }
}
