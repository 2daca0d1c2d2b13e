import Accounting
import Quantities

extension BatchTables {
    /// Plans, coupons, billing and adjustments; before the lines.
    func writeTerms() throws(StoreError) {
        try notePurchases()
        try writePlans()
        try writePlanPeriods()
        try writeCoupons()
        try writeBilling()
        try writeAdjustments()
    }

    /// Who bought credits in this batch has bought some, for ever.
    private func notePurchases() throws(StoreError) {
        let buyers = Set(
            batch.cold.grants.filter { $0.body.grantClass == .purchased }.map(\.org)
        ).sorted()
        if buyers.isEmpty { return }
        var orgs = ArrayParameter.int8
        for org in buyers { orgs.add(org: org) }
        _ = try run(
            """
            UPDATE organisations o SET has_purchased = true
            FROM unnest($1) AS d (org) WHERE o.org = d.org AND NOT o.has_purchased
            """,
            [orgs],
            "the first purchases of a batch"
        )
    }

    private func writePlans() throws(StoreError) {
        let changed = last(batch.cold.terms.plans) { _ in 0 }
        if changed.isEmpty { return }
        var orgs = ArrayParameter.int8
        var present = PlanArrays()
        var next = PlanArrays()
        var starts = ArrayParameter.date
        var ends = ArrayParameter.time
        var times = ArrayParameter.time
        for change in changed {
            orgs.add(org: change.org)
            present.add(change.body.plan)
            next.add(change.body.next)
            starts.add(change.body.periodStart)
            ends.add(change.body.periodEnd)
            times.add(change.at)
        }
        _ = try run(
            """
            INSERT INTO account_plans (org, plan, api_access, may_purchase, needs_purchase,
                included, lapses, priority, next_plan, next_api_access, next_may_purchase,
                next_needs_purchase, next_included, next_lapses, next_priority, period_start,
                period_end, changed_at)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                $16, $17, $18)
            ON CONFLICT (org) DO UPDATE SET plan = excluded.plan,
                api_access = excluded.api_access, may_purchase = excluded.may_purchase,
                needs_purchase = excluded.needs_purchase, included = excluded.included,
                lapses = excluded.lapses, priority = excluded.priority,
                next_plan = excluded.next_plan, next_api_access = excluded.next_api_access,
                next_may_purchase = excluded.next_may_purchase,
                next_needs_purchase = excluded.next_needs_purchase,
                next_included = excluded.next_included, next_lapses = excluded.next_lapses,
                next_priority = excluded.next_priority, period_start = excluded.period_start,
                period_end = excluded.period_end, changed_at = excluded.changed_at
            """,
            [orgs] + present.all + next.all + [starts, ends, times],
            "the plans of a batch"
        )
    }

    private func writePlanPeriods() throws(StoreError) {
        let given = sorted(batch.cold.terms.plans.filter { $0.body.grant != nil })
        if given.isEmpty { return }
        var orgs = ArrayParameter.int8
        var plans = ArrayParameter.text
        var starts = ArrayParameter.date
        var grants = ArrayParameter.int4
        var times = ArrayParameter.time
        for change in given {
            orgs.add(org: change.org)
            plans.add(change.body.plan.name)
            starts.add(change.body.periodStart)
            grants.add(change.body.grant?.grant ?? 0)
            times.add(change.at)
        }
        _ = try run(
            """
            INSERT INTO plan_periods (org, plan, period_start, grant_number, issued_at)
            SELECT * FROM unnest($1, $2, $3, $4, $5)
            """,
            [orgs, plans, starts, grants, times],
            "the plans' periods of a batch"
        )
    }

    private func writeCoupons() throws(StoreError) {
        let redeemed = sorted(batch.cold.terms.coupons)
        if redeemed.isEmpty { return }
        var orgs = ArrayParameter.int8
        var codes = ArrayParameter.text
        var grants = ArrayParameter.int4
        var times = ArrayParameter.time
        for change in redeemed {
            orgs.add(org: change.org)
            codes.add(change.body.code)
            grants.add(change.body.grant.grant)
            times.add(change.at)
        }
        _ = try run(
            """
            INSERT INTO coupons (org, code, grant_number, redeemed_at)
            SELECT * FROM unnest($1, $2, $3, $4)
            """,
            [orgs, codes, grants, times],
            "the coupons of a batch"
        )
    }

    /// A change replaces what was to hold from its day on; since when the day's mode has held
    /// stays, because corrections of that day are invoiced by it.
    private func writeBilling() throws(StoreError) {
        for change in sorted(batch.cold.terms.billing) {
            var orgs = ArrayParameter.int8
            var days = ArrayParameter.date
            var modes = ArrayParameter.text
            var net = ArrayParameter.int4
            var orders = ArrayParameter.text
            var times = ArrayParameter.time
            orgs.add(org: change.org)
            days.add(change.body.from)
            modes.add(SQLName.of(change.body.mode))
            net.add(Int32(change.body.netDays))
            orders.add(change.body.purchaseOrder)
            times.add(change.at)
            let during = "the billing of a batch"
            _ = try run(
                """
                DELETE FROM billing b USING unnest($1, $2) AS d (org, from_day)
                WHERE b.org = d.org AND b.from_day > d.from_day
                """,
                [orgs, days],
                during
            )
            _ = try run(
                """
                INSERT INTO billing (org, from_day, mode, net_days, purchase_order, changed_at)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6)
                ON CONFLICT (org, from_day) DO UPDATE SET mode = excluded.mode,
                    net_days = excluded.net_days, purchase_order = excluded.purchase_order,
                    changed_at = CASE WHEN billing.mode = excluded.mode THEN billing.changed_at
                        ELSE excluded.changed_at END
                """,
                [orgs, days, modes, net, orders, times],
                during
            )
        }
    }

    private func writeAdjustments() throws(StoreError) {
        let made = sorted(batch.cold.terms.adjustments)
        if made.isEmpty { return }
        var orgs = ArrayParameter.int8
        var identities = ArrayParameter.uuid
        var contents = ArrayParameter.int8
        var amounts = ArrayParameter.numeric
        var actors = ArrayParameter.text
        var reasons = ArrayParameter.text
        var times = ArrayParameter.time
        for change in made {
            orgs.add(org: change.org)
            identities.add(change.body.identity)
            contents.add(change.body.content)
            amounts.add(change.body.draws.total)
            actors.add(change.body.actor)
            reasons.add(change.body.reason)
            times.add(change.at)
        }
        _ = try run(
            """
            INSERT INTO adjustments (org, identity, content, amount, actor, reason, adjusted_at)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
            """,
            [orgs, identities, contents, amounts, actors, reasons, times],
            "the adjustments of a batch"
        )
    }
}

/// The columns of a plan's terms.
private struct PlanArrays {
    private var names = ArrayParameter.text
    private var access = ArrayParameter.bool
    private var purchase = ArrayParameter.bool
    private var needs = ArrayParameter.bool
    private var included = ArrayParameter.numeric
    private var lapses = ArrayParameter.bool
    private var priorities = ArrayParameter.int4

    var all: [ArrayParameter] { [names, access, purchase, needs, included, lapses, priorities] }

    mutating func add(_ plan: PlanTerms?) {
        if let plan { names.add(plan.name) } else { names.addNull() }
        let plan = plan ?? PlanTerms(name: "")
        access.add(plan.apiAccess)
        purchase.add(plan.mayPurchase)
        needs.add(plan.needsPurchase)
        included.add(plan.included)
        lapses.add(plan.lapses)
        priorities.add(plan.priority)
    }
}
