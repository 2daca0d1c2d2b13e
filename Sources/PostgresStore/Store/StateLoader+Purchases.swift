import Accounting
import Quantities

extension StateLoader {
    /// What organisations have bought, how far their numbers are, and what counts for the month in
    /// which a wallet asked last by itself.
    func purchaseCounters(
        _ range: String,
        row take: (UInt32, Purchasing) throws(StoreError) -> Void
    ) throws(StoreError) {
        try copy(
            """
            WITH last AS (
                SELECT org, max(purchase) AS purchase, coalesce(max(receipt), 0) AS receipt,
                    max(month) FILTER (WHERE automatic) AS month
                FROM purchases WHERE org \(range) GROUP BY org
            )
            SELECT l.org, l.purchase, l.receipt, coalesce(l.month, date '1970-01-01'),
                (SELECT coalesce(sum(p.price), 0)::numeric(38,12) FROM purchases p
                 WHERE p.org = l.org AND p.automatic AND p.state <> 'failed'
                    AND p.month = l.month)
            FROM last l ORDER BY l.org
            """
        ) { (row) throws(StoreError) in
            let org = try row.org()
            var purchasing = Purchasing()
            purchasing.last = try row.number()
            purchasing.receipts = try row.number()
            purchasing.month = try row.day()
            purchasing.asked = try row.amount()
            try take(org, purchasing)
        }
    }

    func openPurchases(
        _ range: String,
        row take: (UInt32, Purchase) throws(StoreError) -> Void
    ) throws(StoreError) {
        try copy(
            """
            SELECT org, purchase, automatic, pack, credits, price, currency, connector, month,
                asked_at, identity, content
            FROM purchases WHERE org \(range) AND state = 'open' ORDER BY org, purchase
            """
        ) { (row) throws(StoreError) in
            let org = try row.org()
            try take(org, try Purchase(&row))
        }
    }

    /// The purchase that failed last of each wallet whose top-ups fail, for people to be told.
    func failedTopUps(
        _ range: String,
        row take: (UInt32, Purchase) throws(StoreError) -> Void
    ) throws(StoreError) {
        try copy(
            """
            SELECT DISTINCT ON (org) org, purchase, true, pack, p.credits, p.price, p.currency,
                p.connector, month, asked_at, identity, content, settled_at, reason
            FROM purchases p JOIN (SELECT org FROM topups WHERE org \(range) AND failures > 0) t
                USING (org)
            WHERE automatic AND state = 'failed' ORDER BY org, purchase DESC
            """
        ) { (row) throws(StoreError) in
            let org = try row.org()
            var purchase = try Purchase(&row)
            purchase.state = .failed
            purchase.settledAt = try row.time()
            purchase.reason = try row.text()
            try take(org, purchase)
        }
    }

    func topUps(
        _ range: String,
        row take: (UInt32, TopUp) throws(StoreError) -> Void
    ) throws(StoreError) {
        try copy(
            """
            SELECT org, enabled, threshold, credits, price, currency, pack, connector,
                monthly_limit IS NOT NULL, monthly_limit, failures, retry_at,
                limit_month IS NOT NULL, coalesce(limit_month, date '1970-01-01')
            FROM topups WHERE org \(range) ORDER BY org
            """
        ) { (row) throws(StoreError) in
            let org = try row.org()
            let on = try row.bool()
            let threshold = try row.amount()
            let credits = try row.amount()
            let price = try row.amount()
            let currency = try row.text()
            let pack = try row.text()
            let connector = try row.text()
            let isLimited = try row.bool()
            let limit = try row.amount()
            let setting = TopUpSet(
                on: on,
                threshold: threshold,
                credits: credits,
                price: price,
                currency: currency,
                pack: pack,
                connector: connector,
                monthlyLimit: isLimited ? limit : nil
            )
            var topUp = TopUp(setting: setting)
            topUp.failures = try row.number()
            topUp.retryAt = try row.time()
            let wasTold = try row.bool()
            let month = try row.day()
            topUp.limitMonth = wasTold ? month : nil
            try take(org, topUp)
        }
    }

    func loadPurchaseIdentities(
        since moment: Timestamp,
        _ receive: (LoadedItem) -> Void
    ) throws(StoreError) {
        try copy(
            """
            SELECT org, purchase, identity, content, payment, asked_at FROM purchases
            WHERE asked_at >= '\(moment)' OR settled_at >= '\(moment)'
            ORDER BY asked_at, org, purchase
            """
        ) { (row) throws(StoreError) in
            let org = try row.org()
            let purchase = try row.number()
            let identity = try row.identity()
            let content = try row.unsigned64()
            let payment = try row.text()
            let found = PurchaseIdentity(
                org: org,
                purchase: purchase,
                identity: identity,
                content: content,
                payment: payment,
                at: try row.time()
            )
            receive(.purchaseIdentity(found))
        }
    }
}

extension StateLoader {
    /// Brings what organisations buy to the organisations.
    func addPurchases(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        var purchasings: [UInt32: Purchasing] = [:]
        try purchaseCounters(range) { (org, purchasing) throws(StoreError) in
            purchasings[org] = purchasing
        }
        try openPurchases(range) { (org, purchase) throws(StoreError) in
            purchasings[org]?.open.append(purchase)
        }
        try topUps(range) { (org, topUp) throws(StoreError) in
            purchasings[org, default: Purchasing()].topUp = topUp
        }
        try failedTopUps(range) { (org, purchase) throws(StoreError) in
            purchasings[org]?.remember(failed: purchase)
        }
        if purchasings.isEmpty { return }
        for index in loaded.indices {
            loaded[index].purchasing = purchasings[loaded[index].org]
        }
    }
}

extension Purchase {
    /// Reads how a purchase was asked for, from its number on.
    fileprivate init(_ row: inout FieldReader) throws(StoreError) {
        let number = try row.number()
        let automatic = try row.bool()
        let pack = try row.text()
        let credits = try row.amount()
        let price = try row.amount()
        let currency = try row.text()
        let connector = try row.text()
        let month = try row.day()
        let askedAt = try row.time()
        let identity = try row.identity()
        let asked = PurchaseAsked(
            purchase: number,
            automatic: automatic,
            pack: pack,
            credits: credits,
            price: price,
            currency: currency,
            connector: connector,
            month: month,
            identity: identity,
            content: try row.unsigned64()
        )
        self.init(asked: asked, askedAt: askedAt)
    }
}
