import Accounting
import Quantities

extension StateLoader {
    /// Brings plans, billing and coupons to the organisations.
    func addTerms(_ range: String, to loaded: inout [OrganisationSnapshot]) throws(StoreError) {
        try merge(
            """
            SELECT org, plan, api_access, may_purchase, needs_purchase, included, lapses, priority,
                next_plan IS NOT NULL, coalesce(next_plan, ''), next_api_access, next_may_purchase,
                next_needs_purchase, next_included, next_lapses, next_priority, period_start,
                period_end
            FROM account_plans WHERE org \(range) ORDER BY org
            """,
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            let plan = try PlanTerms(from: &row)
            let hasNext = try row.bool()
            let next = try PlanTerms(from: &row)
            let start = try row.day()
            organisation.terms.plan = PlanChanged(
                plan: plan,
                next: hasNext ? next : nil,
                periodStart: start,
                periodEnd: try row.time(),
                grant: nil
            )
        }
        try merge(
            """
            SELECT p.org, p.plan FROM plan_periods p JOIN account_plans a ON a.org = p.org
                AND a.period_start = p.period_start
            WHERE p.org \(range) AND a.org \(range) ORDER BY p.org, p.plan
            """,
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            organisation.terms.given.append(try row.text())
        }
        try merge(
            "SELECT org, code FROM coupons WHERE org \(range) ORDER BY org, code",
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            organisation.terms.coupons.append(try row.text())
        }
        try addBilling(range, to: &loaded)
    }

    /// What holds on the day at which the organisation stands, and what is to hold later.
    private func addBilling(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        try merge(
            """
            SELECT b.org, b.mode, b.net_days, b.purchase_order, b.from_day, b.from_day > o.day
            FROM billing b JOIN organisations o ON o.org = b.org
            WHERE b.org \(range) AND o.org \(range) ORDER BY b.org, b.from_day
            """,
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            let mode: BillingMode = try SQLName.value(try row.text(), SQLName.of)
            let netDays = UInt16(clamping: try row.int32())
            let order = try row.text()
            let billing = BillingChanged(
                mode: mode,
                netDays: netDays,
                purchaseOrder: order,
                from: try row.day()
            )
            // The rows come by day: of those that have begun the last one holds.
            if try row.bool() {
                organisation.terms.nextBilling = billing
            } else {
                organisation.terms.billing = billing
            }
        }
    }

    /// The identities of adjustments, which are remembered as those of grants are.
    func loadAdjustments(
        since moment: Timestamp,
        _ receive: (LoadedItem) -> Void
    ) throws(StoreError) {
        try copy(
            """
            SELECT org, identity, content, adjusted_at FROM adjustments
            WHERE adjusted_at >= '\(moment)' ORDER BY adjusted_at, org, identity
            """
        ) { (row) throws(StoreError) in
            let org = try row.org()
            let identity = try row.identity()
            let content = try row.unsigned64()
            let found = GrantIdentity(
                org: org,
                identity: identity,
                content: content,
                issuedAt: try row.time(),
                grant: 0
            )
            receive(.grantIdentity(found))
        }
    }
}

extension PlanTerms {
    fileprivate init(from row: inout FieldReader) throws(StoreError) {
        let name = try row.text()
        let access = try row.bool()
        let purchase = try row.bool()
        let needs = try row.bool()
        let included = try row.amount()
        let lapses = try row.bool()
        self.init(
            name: name,
            apiAccess: access,
            mayPurchase: purchase,
            needsPurchase: needs,
            included: included,
            lapses: lapses,
            priority: try row.int32()
        )
    }
}
