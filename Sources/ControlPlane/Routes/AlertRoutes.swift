import Accounting
import Engine
import HTTPTypes
import Quantities

/// What accounts are told of, and what they were told.
enum AlertRoutes {
    private static let settingsPath = "/v1/organisations/:name/alert-settings"

    static let all: [Route] = [
        .get("/v1/organisations/:name/alerts", alerts),
        .get("/v1/alerts", allAlerts),
        .get(settingsPath, settings),
        Route(method: .put, path: settingsPath, handle: setSettings),
        Route(method: .delete, path: settingsPath, handle: clearSettings),
    ]

    private static let alerts: @Sendable (Call) async throws -> Answer = { call in
        try await page(call, of: call.part("name"))
    }

    private static let allAlerts: @Sendable (Call) async throws -> Answer = { call in
        try await page(call, of: nil)
    }

    private static let orders = [(word: "oldest", value: false), (word: "newest", value: true)]

    /// A page: of one organisation by number, of all by place.
    private static func page(_ call: Call, of organisation: String?) async throws -> Answer {
        var filters = try call.filters()
        var filter = AlertFilter()
        filter.organisation = organisation
        filter.newestFirst = try filters.optionalChoice("order", orders) ?? false
        filter.after = UInt64(try filters.optionalWhole("after", in: 0...Int64.max) ?? 0)
        filter.before = try filters.optionalWhole("before", in: 1...Int64.max).map { UInt64($0) }
        filter.from = try filters.optionalTime("from")
        filter.openOnly = try filters.optionalFlag("open") ?? false
        filter.limit = Int(try filters.optionalWhole("limit", in: 1...1000) ?? 50)
        try filters.refuseRest()
        let found = try await call.administration.alerts(filter)
        let last = found.count == filter.limit ? found.last : nil
        let next = organisation == nil ? last?.place : last?.number
        return try .json(
            AlertsBody(
                alerts: found.map { AlertBody($0) },
                nextAfter: filter.newestFirst ? nil : next,
                nextBefore: filter.newestFirst && next != 1 ? next : nil
            )
        )
    }

    private static let settings: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let found = try await call.administration.alertSettings(organisation: call.part("name"))
        return try .json(AlertSettingsBody(found))
    }

    private static let setSettings: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        let balances = try fields.optionalList("low_balance", most: AlertRules.most) { entry in
            let amount = try entry.amount("low_balance")
            guard amount.isPositive else {
                throw Problem.invalid("low_balance", "\"\(amount)\" must be above zero")
            }
            return amount
        }
        let percents = try fields.optionalList("cap_percent", most: AlertRules.most) { entry in
            UInt8(try entry.optionalWhole("cap_percent", in: 1...100) ?? 0)
        }
        let costs = try fields.optionalGroup("deployment_cost", limits) ?? []
        let daily = try fields.optionalFlag("daily_summary") ?? false
        let weekly = try fields.optionalFlag("weekly_summary") ?? false
        try fields.refuseRest()
        let rules = AlertRules(
            lowBalance: balances,
            capPercents: percents,
            daily: daily,
            weekly: weekly,
            deploymentCost: costs
        )
        guard let rules else {
            throw Problem.invalid("cap_percent", "null is no whole number from 1 to 100")
        }
        let found = try await call.administration.setAlerts(
            organisation: call.part("name"),
            rules: rules
        )
        return try .json(AlertSettingsBody(found))
    }

    /// One amount for each period, as the offer has it.
    private static func limits(
        _ fields: inout FieldReader
    ) throws -> [AlertRules.DeploymentLimit] {
        var limits: [AlertRules.DeploymentLimit] = []
        for period in CapPeriod.allCases {
            let name = "deployment_cost.\(period.word)"
            guard fields.contains(name) else {
                _ = try fields.optionalText(name)
                continue
            }
            let amount = try fields.amount(name)
            guard amount.isPositive else {
                throw Problem.invalid(name, "\"\(amount)\" must be above zero")
            }
            limits.append(AlertRules.DeploymentLimit(period: period, amount: amount))
        }
        return limits
    }

    private static let clearSettings: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        try call.fields().refuseRest()
        let found = try await call.administration.setAlerts(
            organisation: call.part("name"),
            rules: nil
        )
        return try .json(AlertSettingsBody(found))
    }
}
