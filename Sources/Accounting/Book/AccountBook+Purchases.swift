import Quantities

extension AccountBook {
    /// What an organisation buys, or nil when it never did.
    ///
    /// - Parameter org: Its number.
    /// - Returns: A copy.
    public func purchasing(of org: UInt32) -> Purchasing? { purchasings[org] }

    /// All purchases that are open, by organisation and number.
    public var openPurchases: [PurchaseOrder] {
        purchasings.sorted { $0.key < $1.key }.flatMap { org, purchasing in
            purchasing.open.map { PurchaseOrder(org: org, purchase: $0) }
        }
    }

    /// A purchase that is open or was settled lately; nil when only PostgreSQL knows it.
    ///
    /// - Parameters:
    ///   - number: Its number.
    ///   - org: The organisation.
    /// - Returns: A copy.
    public func purchase(_ number: UInt32, of org: UInt32) -> Purchase? {
        guard let purchasing = purchasings[org] else { return nil }
        return purchasing.open.first { $0.number == number }
            ?? purchasing.recent.last { $0.number == number }
    }

    /// A purchase that was confirmed lately, by its receipt; nil when only PostgreSQL knows it.
    ///
    /// - Parameters:
    ///   - receipt: The receipt's number.
    ///   - org: The organisation.
    /// - Returns: A copy.
    public func purchase(withReceipt receipt: UInt32, of org: UInt32) -> Purchase? {
        purchasings[org]?.recent.last { $0.receipt == receipt && receipt != 0 }
    }

    /// Whether there is something to be taken by `takePurchaseOrders` or `takeTopUpTroubles`.
    public var hasPurchaseNews: Bool { !purchaseOrders.isEmpty || !topUpTroubles.isEmpty }

    /// Takes what is to be handed to connectors once it is safe, and forgets it here.
    ///
    /// - Returns: The purchases that were asked for.
    public func takePurchaseOrders() -> [PurchaseOrder] {
        guard !purchaseOrders.isEmpty else { return [] }
        defer { purchaseOrders.removeAll(keepingCapacity: true) }
        return purchaseOrders
    }

    /// Asks for credits to be bought, once for each identity.
    ///
    /// - Parameters:
    ///   - draft: What.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `asked` or `repeated`, or why not.
    public func askPurchase(
        _ draft: PurchaseDraft,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> PurchaseOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let before = purchaseIdentities.find(draft.identity, content: draft.content)
        if let answer = PurchaseOutcome(before) { return answer }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        if let refusal = purchaseRefusal(slot) { return .refused(refusal) }
        if let fault = fault(credits: draft.credits, price: draft.price) { return fault }
        guard fits(draft.credits, slot: slot) else {
            return .invalid(field: "credits", message: "The balance would not fit 26 digits.")
        }
        let purchasing = purchasings[org] ?? Purchasing()
        guard purchasing.open.count < Purchasing.mostOpen else {
            return .invalid(
                field: "organisation",
                message: "\(purchasing.open.count) purchases are open. Confirm or fail some first."
            )
        }
        let body = PurchaseAsked(
            purchase: purchasing.last + 1,
            automatic: false,
            pack: draft.pack,
            credits: draft.credits,
            price: draft.price,
            currency: draft.currency,
            connector: draft.connector,
            month: organisations[slot].today.day.monthStart,
            identity: draft.identity,
            content: draft.content
        )
        return .asked(ask(body, org: org, at: moment, into: buffer))
    }

    private func fault(credits: Amount, price: Amount) -> PurchaseOutcome? {
        guard credits.isPositive else {
            return .invalid(field: "credits", message: "\(credits) is not above zero.")
        }
        guard !price.isNegative else {
            return .invalid(field: "price", message: "\(price) is below zero.")
        }
        return nil
    }

    /// Commits a purchase that is asked for, and has it handed over.
    func ask(
        _ body: PurchaseAsked,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Purchase {
        commit(.purchaseAsked(body), org: org, at: moment, into: buffer)
        let purchase = Purchase(asked: body, askedAt: moment)
        purchaseOrders.append(PurchaseOrder(org: org, purchase: purchase))
        return purchase
    }

    /// Books that a purchase was paid for, once for each payment.
    ///
    /// Whether PostgreSQL knows the payment is the caller's to ask before; what is not stored yet
    /// is known here.
    ///
    /// - Parameters:
    ///   - payment: Which purchase, by which payment.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `confirmed` or `repeated`, or why not.
    public func confirmPurchase(
        _ payment: PurchasePayment,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> PurchaseOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let owner = purchase(paidBy: payment.payment, of: org)
        if let owner, owner != payment.purchase { return .conflict }
        guard let found = openPurchase(payment.purchase, of: org) else {
            if owner != nil { return .repeated(payment.purchase) }
            return settledOrUnknown(payment.purchase, of: org)
        }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        guard fits(found.asked.credits, slot: slot) else {
            return .invalid(field: "credits", message: "The balance would not fit 26 digits.")
        }
        guard payment.expiresAt > moment else {
            return .invalid(
                field: "expires_at",
                message:
                    "\(payment.expiresAt) is not after now: the credits would be worth nothing."
            )
        }
        let receipt = (purchasings[org]?.receipts ?? 0) + 1
        let what = found.asked.pack.isEmpty ? "" : " \(found.asked.pack),"
        let grant = GrantIssued(
            grant: organisations[slot].lastGrant + 1,
            grantClass: .purchased,
            amount: found.asked.credits,
            priority: payment.priority,
            effectiveAt: moment,
            expiresAt: payment.expiresAt,
            active: true,
            debtPaid: min(organisations[slot].debt, found.asked.credits),
            identity: 0,
            content: 0,
            reference: payment.payment,
            note: "purchase \(found.number),\(what) receipt \(receipt)"
        )
        let body = PurchaseConfirmed(
            purchase: found.number,
            automatic: found.asked.automatic,
            receipt: receipt,
            payment: payment.payment,
            grant: grant
        )
        // What is paid for needs no connector.
        purchaseOrders.removeAll { $0.org == org && $0.purchase.number == found.number }
        let wasInTrouble = found.asked.automatic && (purchasings[org]?.topUp?.failures ?? 0) > 0
        commit(.purchaseConfirmed(body), org: org, at: moment, into: buffer)
        if wasInTrouble { endTopUpTrouble(org, at: moment, into: buffer) }
        refreshCutoffs(slot, at: moment)
        judge(slot, hasFallen: false, at: moment, into: buffer)
        schedule(slot)
        guard let confirmed = purchase(found.number, of: org) else {
            invariantBroken("what was settled last is in memory")
        }
        return .confirmed(confirmed)
    }

    /// Books that a purchase will not be paid for.
    ///
    /// - Parameters:
    ///   - number: The purchase.
    ///   - reason: Why, for people.
    ///   - backOff: How long the wallet waits before it asks again by itself.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `failed`, or why not.
    public func failPurchase(
        _ number: UInt32,
        reason: String,
        backOff: TopUpBackOff,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> PurchaseOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        guard openPurchase(number, of: org) != nil else { return settledOrUnknown(number, of: org) }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        fail(number, reason: reason, backOff: backOff, slot: slot, at: moment, into: buffer)
        schedule(slot)
        guard let failed = purchase(number, of: org) else {
            invariantBroken("what was settled last is in memory")
        }
        return .failed(failed)
    }

    private func fail(
        _ number: UInt32,
        reason: String,
        backOff: TopUpBackOff?,
        slot: Int,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        let org = organisations[slot].number
        guard let found = openPurchase(number, of: org) else { return }
        var body = PurchaseFailed(
            purchase: number,
            automatic: found.asked.automatic,
            reason: reason,
            failures: 0,
            retryAt: .epoch
        )
        if found.asked.automatic {
            body.failures = (purchasings[org]?.topUp?.failures ?? 0) + 1
            body.retryAt =
                backOff?.end(after: body.failures, from: moment)
                ?? moment.advanced(byMicroseconds: 1)
        }
        // Nobody is asked to pay what has failed in the same turn, as when an account is closed.
        purchaseOrders.removeAll { $0.org == org && $0.purchase.number == number }
        commit(.purchaseFailed(body), org: org, at: moment, into: buffer)
        if body.automatic, backOff != nil {
            tell(.failed(org: org, body), at: moment, into: buffer)
        }
    }

    /// Lets no purchase wait for a payment of an account that closes.
    func failOpenPurchases(_ slot: Int, at moment: Timestamp, into buffer: RecordBuffer) {
        for purchase in purchasings[organisations[slot].number]?.open ?? [] {
            fail(
                purchase.number,
                reason: "the account was closed",
                backOff: nil,
                slot: slot,
                at: moment,
                into: buffer
            )
        }
    }

    private func openPurchase(_ number: UInt32, of org: UInt32) -> Purchase? {
        purchasings[org]?.open.first { $0.number == number }
    }

    private func settledOrUnknown(_ number: UInt32, of org: UInt32) -> PurchaseOutcome {
        let last = purchasings[org]?.last ?? 0
        return number >= 1 && number <= last ? .settled(number) : .unknownPurchase
    }
}

// MARK: - Applying

extension AccountBook {
    func apply(_ org: UInt32, _ body: PurchaseAsked, at moment: Timestamp) {
        var purchasing = purchasings[org] ?? Purchasing()
        invariant(body.purchase == purchasing.last + 1, "purchases are numbered without gaps")
        invariant(
            !body.automatic || !purchasing.isToppingUp,
            "at most one top-up is under way"
        )
        purchasing.last = body.purchase
        purchasing.open.append(Purchase(asked: body, askedAt: moment))
        if body.automatic {
            purchasing.asked = purchasing.asked(in: body.month) + body.price
            purchasing.month = body.month
        }
        purchasings[org] = purchasing
        if body.identity != 0 {
            purchaseIdentities.insert(
                body.identity,
                content: body.content,
                result: body.purchase,
                at: moment
            )
        }
    }

    func apply(_ org: UInt32, _ body: PurchaseConfirmed, at moment: Timestamp) {
        var purchasing = purchasings[org] ?? Purchasing()
        invariant(body.receipt == purchasing.receipts + 1, "receipts are numbered without gaps")
        purchasing.receipts = body.receipt
        _ = purchasing.settle(body.purchase) { purchase in
            purchase.state = .confirmed
            purchase.settledAt = moment
            purchase.payment = body.payment
            purchase.receipt = body.receipt
            purchase.grant = body.grant.grant
        }
        if body.automatic {
            purchasing.topUp?.failures = 0
            purchasing.topUp?.retryAt = .epoch
        }
        purchasings[org] = purchasing
        rememberPayment(body.payment, purchase: body.purchase, org: org, at: moment)
        issue(org, body.grant, at: moment)
    }

    func apply(_ org: UInt32, _ body: PurchaseFailed, at moment: Timestamp) {
        var purchasing = purchasings[org] ?? Purchasing()
        let failed = purchasing.settle(body.purchase) { purchase in
            purchase.state = .failed
            purchase.settledAt = moment
            purchase.reason = body.reason
        }
        if body.automatic {
            purchasing.topUp?.failures = body.failures
            purchasing.topUp?.retryAt = body.retryAt
            // What was not paid does not count for the month in which it was asked for.
            if failed.asked.month == purchasing.month { purchasing.asked -= failed.asked.price }
        }
        purchasings[org] = purchasing
    }
}

// MARK: - Loading

extension AccountBook {
    /// Takes in what an organisation buys, as PostgreSQL has it.
    ///
    /// - Parameters:
    ///   - purchasing: Everything known of it.
    ///   - slot: The organisation's.
    func load(_ purchasing: Purchasing, slot: Int) {
        var purchasing = purchasing
        if organisations[slot].closed { purchasing.topUp?.setting.on = false }
        if purchasing.topUp?.setting.on == true { organisations[slot].flags.insert(.hasTopUp) }
        purchasings[organisations[slot].number] = purchasing
    }
}
