import Accounting
import Quantities

extension OrganisationSnapshot {
    /// What a store makes of the records of purchases and top-ups.
    mutating func takePurchase(_ change: Change) {
        var known = purchasing ?? Purchasing()
        switch change.body {
        case .topUpSet(let body): known.topUp = TopUp(setting: body)
        case .purchaseAsked(let body):
            known.last = body.purchase
            known.open.append(Purchase(asked: body, askedAt: change.appliedAt))
            if body.automatic {
                if known.month != body.month { known.asked = .zero }
                known.month = body.month
                known.asked += body.price
            }
        case .purchaseConfirmed(let body):
            known.open.removeAll { $0.number == body.purchase }
            known.receipts = body.receipt
            if body.automatic {
                known.topUp?.failures = 0
                known.topUp?.retryAt = .epoch
            }
        case .purchaseFailed(let body):
            let failed = known.open.first { $0.number == body.purchase }
            known.open.removeAll { $0.number == body.purchase }
            if body.automatic, let failed {
                known.topUp?.failures = body.failures
                known.topUp?.retryAt = body.retryAt
                if failed.asked.month == known.month { known.asked -= failed.asked.price }
            }
        case .topUpLimitReached(let body): known.topUp?.limitMonth = body.month
        default: break
        }
        purchasing = known
    }
}
