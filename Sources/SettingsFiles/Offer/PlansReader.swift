import Rating

/// Reads `plans:`, what an account on each plan may do and is given.
enum PlansReader {
    static func read(_ value: YamlValue) -> [Plan] {
        guard let map = value.mapping() else { return [] }
        var plans: [Plan] = []
        for (name, entry) in map.all where entry.isName(name) {
            plans.append(read(entry, name))
        }
        return plans
    }

    private static func read(_ value: YamlValue, _ name: String) -> Plan {
        var plan = Plan(name: name)
        // A plan of nothing but its name: everything may be done, and nothing is included.
        if value.isNull { return plan }
        guard var map = value.mapping() else { return plan }
        plan.apiAccess = map.optional("api_access")?.boolean() ?? true
        plan.mayPurchase = map.optional("may_purchase")?.boolean() ?? true
        let needs = map.optional("needs_purchase")
        plan.needsPurchase = needs?.boolean() ?? false
        if let included = map.optional("included_credits") {
            plan.includedCredits = readCredits(included)
        }
        if plan.needsPurchase, !plan.mayPurchase {
            needs?.refuse(
                "asks for a purchase on a plan that may make none (`may_purchase: false`)"
            )
        }
        map.refuseRest()
        return plan
    }

    private static func readCredits(_ value: YamlValue) -> IncludedCredits? {
        guard var map = value.mapping() else { return nil }
        let amount = map.required("amount")?.positiveAmount()
        let period = map.optional("period")?.choice(
            PlanPeriod.allCases.map { (word: $0.rawValue, meaning: $0) }
        )
        let lapses = map.required("lapses")?.boolean()
        map.refuseRest()
        guard let amount, let lapses else { return nil }
        return IncludedCredits(amount: amount, period: period ?? .month, lapses: lapses)
    }
}
