import Accounting
import LedgerModel
import PostgresStore
import Quantities

// MARK: - Purchases and top-ups

extension StoredOrganisation {
    mutating func applyPurchase(_ change: Change.Body, at moment: Timestamp) throws(StoreError) {
        switch change {
        case .topUpSet(let body): topUp = TopUp(setting: body)
        case .purchaseAsked(let body):
            let row = Purchase(asked: body, askedAt: moment)
            try insert(&purchases, body.purchase, row, "the purchases of a batch")
        case .purchaseConfirmed(let body):
            let isKnown = purchases.values.contains {
                $0.payment == body.payment || $0.receipt == body.receipt
            }
            if isKnown {
                throw .server(
                    sqlState: "23505",
                    message: "purchases_payment",
                    during: "the settled purchases of a batch"
                )
            }
            try settle(body.purchase) { row in
                row.state = .confirmed
                row.settledAt = moment
                row.payment = body.payment
                row.receipt = body.receipt
                row.grant = body.grant.grant
            }
            if body.automatic { wait(0, until: .epoch) }
        case .purchaseFailed(let body):
            try settle(body.purchase) { row in
                row.state = .failed
                row.settledAt = moment
                row.reason = body.reason
            }
            if body.automatic { wait(body.failures, until: body.retryAt) }
        case .topUpLimitReached(let body): topUp?.limitMonth = body.month
        default: break
        }
    }

    private mutating func wait(_ failures: UInt32, until moment: Timestamp) {
        topUp?.failures = failures
        topUp?.retryAt = moment
    }

    private mutating func settle(
        _ number: UInt32,
        _ change: (inout Purchase) -> Void
    ) throws(StoreError) {
        guard var row = purchases[number], row.state == .open else {
            throw .inconsistent("1 of 1 purchases are missing")
        }
        change(&row)
        purchases[number] = row
    }

    /// What the rows make of the numbers and sums that a daemon keeps.
    var purchasing: Purchasing? {
        guard !purchases.isEmpty || topUp != nil else { return nil }
        var purchasing = Purchasing()
        let rows = purchases.sorted { $0.key < $1.key }.map(\.value)
        purchasing.last = rows.last?.number ?? 0
        purchasing.receipts = rows.map(\.receipt).max() ?? 0
        let automatic = rows.filter(\.asked.automatic)
        if let month = automatic.map(\.asked.month).max() {
            purchasing.month = month
            purchasing.asked = automatic.filter { $0.asked.month == month && $0.state != .failed }
                .reduce(.zero) { $0 + $1.asked.price }
        }
        purchasing.open = rows.filter { $0.state == .open }
        purchasing.topUp = topUp
        let failed = rows.last { $0.asked.automatic && $0.state == .failed }
        if let topUp, topUp.failures > 0, let failed { purchasing.remember(failed: failed) }
        return purchasing
    }

    func purchaseDifference(from shop: NaiveShop) -> String? {
        if purchases.count != shop.purchases.count { return "\(purchases.count) purchases" }
        for (index, wanted) in shop.purchases.enumerated() {
            guard let row = purchases[UInt32(index + 1)] else { return "no purchase \(index + 1)" }
            let fate: NaivePurchase.Fate =
                switch row.state {
                case .open: .waits
                case .confirmed: .paid(row.payment)
                case .failed: .failed
                }
            if fate != wanted.fate { return "purchase \(index + 1) \(fate), not \(wanted.fate)" }
        }
        if topUp?.limitMonth.map({ Int64($0.number) }) != shop.toldMonth {
            return "a limit that was told"
        }
        return Int(topUp?.failures ?? 0) == shop.failures ? nil : "failures of a top-up"
    }
}

extension StoredBooks {
    func loadPurchaseIdentities(since moment: Timestamp, _ receive: (LoadedItem) -> Void) {
        var found: [PurchaseIdentity] = []
        for (org, rows) in organisations {
            for (number, row) in rows.purchases
            where row.askedAt >= moment || (row.settledAt.map { $0 >= moment } ?? false) {
                found.append(
                    PurchaseIdentity(
                        org: org,
                        purchase: number,
                        identity: row.asked.identity,
                        content: row.asked.content,
                        payment: row.payment,
                        at: row.askedAt
                    )
                )
            }
        }
        found.sort { ($0.at, $0.org, $0.purchase) < ($1.at, $1.org, $1.purchase) }
        for identity in found { receive(.purchaseIdentity(identity)) }
    }

    /// A purchase, as a reader is told.
    package func purchase(_ key: PurchaseWanted, of org: UInt32) -> Purchase? {
        organisations[org]?.purchases.values.first { row in
            switch key {
            case .number(let number): row.number == number
            case .receipt(let receipt): row.receipt == receipt
            case .payment(let payment): row.payment == payment
            }
        }
    }
}

/// By what a purchase is looked up.
package enum PurchaseWanted {
    case number(UInt32)
    case receipt(UInt32)
    case payment(String)
}
