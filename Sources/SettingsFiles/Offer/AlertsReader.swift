import Quantities
import Rating

/// Reads `alerts:`, who is told of what.
enum AlertsReader {
    static func read(_ value: YamlValue) -> AlertsOffer {
        var alerts = AlertsOffer()
        guard var map = value.mapping() else { return alerts }
        if let value = map.optional("low_balance") {
            alerts.lowBalance = entries(value).compactMap { $0.positiveAmount() }
        }
        if let value = map.optional("cap_percent") {
            alerts.capPercents = entries(value).compactMap { $0.whole(in: 1...100) }
        }
        alerts.dailySummary = map.optional("daily_summary")?.boolean() ?? false
        alerts.weeklySummary = map.optional("weekly_summary")?.boolean() ?? false
        if let value = map.optional("deployment_cost") {
            alerts.deploymentCost = deploymentCost(value)
        }
        alerts.silentSourceSeconds = map.optional("silent_source_s")?.whole(in: 1...31_536_000)
        map.refuseRest()
        return alerts
    }

    private static func entries(_ value: YamlValue) -> [YamlValue] {
        guard let list = value.list() else { return [] }
        if list.count > AlertsOffer.most {
            value.refuse("has \(list.count) entries; at most \(AlertsOffer.most) are taken")
        }
        return Array(list.prefix(AlertsOffer.most))
    }

    private static func deploymentCost(_ value: YamlValue) -> [AlertsOffer.DeploymentCost] {
        guard var map = value.mapping() else { return [] }
        var found: [AlertsOffer.DeploymentCost] = []
        for period in AlertsOffer.Period.allCases {
            guard let amount = map.optional(period.rawValue)?.positiveAmount() else { continue }
            found.append(AlertsOffer.DeploymentCost(period: period, amount: amount))
        }
        map.refuseRest()
        return found
    }
}
