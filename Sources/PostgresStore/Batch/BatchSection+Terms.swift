import Accounting
import Quantities

/// The changes of a batch that concern plans, coupons, billing and adjustments.
struct TermChanges {
    var plans: [Dated<PlanChanged>] = []
    var coupons: [Dated<CouponRedeemed>] = []
    var billing: [Dated<BillingChanged>] = []
    var adjustments: [Dated<BalanceAdjusted>] = []
}

extension BatchSection {
    func plan(_ org: UInt32, _ body: PlanChanged, at: Timestamp) {
        cold.terms.plans.append(Dated(org: org, at: at, body: body))
        if let grant = body.grant { issue(org, grant, at: at) }
    }

    func coupon(_ org: UInt32, _ body: CouponRedeemed, at: Timestamp) {
        cold.terms.coupons.append(Dated(org: org, at: at, body: body))
        issue(org, body.grant, at: at)
    }

    func adjust(_ org: UInt32, _ body: BalanceAdjusted, at: Timestamp) {
        cold.terms.adjustments.append(Dated(org: org, at: at, body: body))
        for index in 0..<body.draws.count {
            let draw = body.draws[index]
            if draw.grant == 0 {
                wallets[walletSlot(org, at: at)].debt += draw.amount.units
            } else {
                grants[grantSlot(org, draw.grant)].remaining -= draw.amount.units
            }
        }
        credit(
            PendingLedgerLine(
                kind: .adjustment,
                amount: -body.draws.total,
                appliedAt: at,
                org: org,
                grant: 0,
                reference: body.actor,
                note: body.reason
            )
        )
    }
}

extension SQLName {
    static func of(_ mode: BillingMode) -> String {
        switch mode {
        case .prepaid: "prepaid"
        case .invoice: "invoice"
        case .unmetered: "unmetered"
        }
    }
}
