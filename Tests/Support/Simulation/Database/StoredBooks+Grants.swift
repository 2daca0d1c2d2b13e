import Accounting
import PostgresStore
import Quantities

extension StoredOrganisation {
    mutating func issue(
        _ body: GrantIssued,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        result.wallets.insert(org)
        lastGrant = max(lastGrant, body.grant)
        var row = GrantSnapshot(
            issued: body,
            issuedAt: moment,
            active: body.active,
            expired: false,
            remaining: body.active ? body.amount - body.debtPaid : body.amount
        )
        row.issued.debtPaid = .zero
        if body.identity == 0 { row.issued.content = 0 }
        if body.grantClass == .purchased { hasPurchased = true }
        try insert(&grants, body.grant, row, "the grants of a batch")
        guard body.active else { return }
        debt -= body.debtPaid
        book(
            LedgerKind.of(body.grantClass),
            body.amount,
            at: moment,
            grant: body.grant,
            reference: body.reference,
            note: body.note,
            org,
            &result
        )
    }

    mutating func activate(
        _ body: GrantActivated,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        guard let row = grants[body.grant] else {
            throw .inconsistent("1 of 1 grants are missing")
        }
        try take(body.debtPaid, from: body.grant)
        debt -= body.debtPaid
        grants[body.grant]?.active = true
        grants[body.grant]?.issued.active = true
        book(
            LedgerKind.of(row.issued.grantClass),
            body.amount,
            at: moment,
            grant: body.grant,
            reference: row.issued.reference,
            note: row.issued.note,
            org,
            &result
        )
    }

    mutating func expire(
        _ body: GrantExpired,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        try take(body.amount, from: body.grant)
        grants[body.grant]?.expired = true
        if body.amount.isPositive {
            book(.expiry, -body.amount, at: moment, grant: body.grant, org, &result)
        }
        result.wallets.insert(org)
    }

    mutating func changePlan(
        _ body: PlanChanged,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        plan = body
        plan?.grant = nil
        guard let grant = body.grant else { return }
        let isNew = planPeriods[body.plan.name, default: []]
            .insert(body.periodStart.number).inserted
        guard isNew else { throw .duplicate("the plans' periods of a batch") }
        try issue(grant, org, at: moment, &result)
    }

    mutating func redeem(
        _ body: CouponRedeemed,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        guard coupons.insert(body.code).inserted else {
            throw .duplicate("the coupons of a batch")
        }
        try issue(body.grant, org, at: moment, &result)
    }
}

extension LedgerKind {
    /// The kind of the line with which a grant of some class is credited.
    fileprivate static func of(_ grantClass: GrantClass) -> LedgerKind {
        switch grantClass {
        case .purchased: .purchase
        case .promotional: .promotionalGrant
        case .plan: .planGrant
        case .coupon: .coupon
        case .refund: .refund
        case .adjustment: .adjustment
        }
    }
}
