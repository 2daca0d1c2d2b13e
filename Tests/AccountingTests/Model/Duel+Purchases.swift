import Accounting
import LedgerModel
import Quantities

extension Duel {
    private static let credit: Int128 = 1_000_000_000_000
    private static let backOff = TopUpBackOff(
        firstMicroseconds: 60_000_000,
        mostMicroseconds: 3_600_000_000
    )

    /// Something about buying: asked for, paid, failed, repeated, set.
    func buy(_ org: UInt32) {
        guard let model = ledger.organisations[org] else { return }
        switch random.below(16) {
        case 0, 1, 2: setTopUp(org, model)
        case 3, 4, 5: askPurchase(org, model)
        case 6, 7, 8, 9: confirm(org, model)
        case 10, 11: fail(org, model)
        case 12, 13, 14: repeatPayment(org, model)
        default: debitDown(org, model)
        }
    }

    /// Checks that what was asked for since is handed over, once each and in order.
    func compareOrders() {
        for order in book.takePurchaseOrders() {
            passFailed(order.org, before: Int(order.purchase.number))
            let number = Int(order.purchase.number)
            expectEqual(number, handedOver[order.org, default: 0] + 1, "orders of \(order.org)")
            handedOver[order.org] = number
        }
        for org in Duel.orgs {
            let asked = ledger.organisations[org]?.shop.purchases.count ?? 0
            passFailed(org, before: asked + 1)
            expectEqual(handedOver[org, default: 0], asked, "what is handed over of \(org)")
        }
        for trouble in book.takeTopUpTroubles() {
            if case .limitReached = trouble { tally["limit", default: 0] += 1 }
        }
    }

    /// What has failed in the command that asked for it, as an account was closed, is not handed
    /// over.
    private func passFailed(_ org: UInt32, before number: Int) {
        guard let purchases = ledger.organisations[org]?.shop.purchases else { return }
        while handedOver[org, default: 0] + 1 < number,
            purchases[handedOver[org, default: 0]].fate == .failed
        {
            handedOver[org, default: 0] += 1
        }
    }

    private func setTopUp(_ org: UInt32, _ model: NaiveOrganisation) {
        let threshold = max(
            0,
            random.oneIn(3) ? model.posted : Int128(random.below(4_000)) * Duel.credit / 100
        )
        let price = Int128(random.below(4)) * Duel.credit
        let top = NaiveTopUp(
            on: !random.oneIn(5),
            threshold: threshold,
            credits: Int128(1 + random.below(3_000)) * Duel.credit / 100,
            price: price,
            limit: random.oneIn(3) ? nil : price + Int128(random.below(12)) * Duel.credit
        )
        doing = "topUp \(top) of \(org)"
        let setting = TopUpSet(
            on: top.on,
            threshold: Amount(units: top.threshold),
            credits: Amount(units: top.credits),
            price: Amount(units: top.price),
            currency: "EUR",
            pack: "",
            connector: "manual",
            monthlyLimit: top.limit.map { Amount(units: $0) }
        )
        let outcome = book.setTopUp(setting, org: org, at: now, into: buffer)
        ledger.organisations[org]?.set(top, at: now.microseconds)
        let isFree = ledger.organisations[org]?.terms.plan?.mayPurchase == false
        if !model.closed, isFree, top.on {
            guard case .invalid = outcome else { return expect(false, "\(outcome)") }
            return
        }
        expectEqual(outcome, model.closed ? .accountClosed : .done, "outcome")
    }

    private func askPurchase(_ org: UInt32, _ model: NaiveOrganisation) {
        identities += 1
        let credits = Int128(1 + random.below(5_000)) * Duel.credit / 100
        let draft = PurchaseDraft(
            pack: "p",
            credits: Amount(units: credits),
            price: Amount(credits: 3),
            currency: "EUR",
            connector: "manual",
            identity: identities,
            content: random.next()
        )
        doing = "ask for \(draft.credits) of \(org)"
        if model.shop.open.count >= Purchasing.mostOpen { return }
        let outcome = book.askPurchase(draft, org: org, at: now, into: buffer)
        let number = ledger.organisations[org]?.ask(
            credits: credits,
            price: 3 * Duel.credit,
            at: now.microseconds
        )
        guard let number else {
            let refusal: PurchaseOutcome = model.closed ? .accountClosed : .refused(.planRequired)
            return expectEqual(outcome, refusal, "outcome")
        }
        guard case .asked(let purchase) = outcome else { return expect(false, "\(outcome)") }
        expectEqual(Int(purchase.number), number, "number")
        let again = book.askPurchase(draft, org: org, at: now, into: buffer)
        expectEqual(again, .repeated(purchase.number), "repeated")
        var other = draft
        other.content &+= 1
        let conflict = book.askPurchase(other, org: org, at: now, into: buffer)
        expectEqual(conflict, .conflict, "conflict")
    }

    private func confirm(_ org: UInt32, _ model: NaiveOrganisation) {
        guard let number = model.shop.open.randomElement(using: &random) else { return }
        payments += 1
        let payment = "pay-\(payments)"
        let expires = random.oneIn(3) ? now.advanced(byMicroseconds: 86_400_000_000) : .never
        doing = "confirm \(number) of \(org) by \(payment)"
        // What falls due first may ask for more, and never changes what is open already.
        let outcome = book.confirmPurchase(
            PurchasePayment(
                purchase: UInt32(number),
                payment: payment,
                expiresAt: expires,
                priority: 2
            ),
            org: org,
            at: now,
            into: buffer
        )
        guard case .confirmed(let purchase) = outcome else { return expect(false, "\(outcome)") }
        ledger.organisations[org]?.confirm(
            number,
            payment: payment,
            priority: 2,
            expires: expires.microseconds,
            at: now.microseconds
        )
        paidAt[payment] = now
        expectEqual(Int(purchase.receipt), model.shop.receipts + 1, "receipt")
        tally[purchase.asked.automatic ? "toppedUp" : "bought", default: 0] += 1
    }

    private func fail(_ org: UInt32, _ model: NaiveOrganisation) {
        guard let number = model.shop.open.randomElement(using: &random) else { return }
        doing = "fail \(number) of \(org)"
        let outcome = book.failPurchase(
            UInt32(number),
            reason: "no",
            backOff: Duel.backOff,
            org: org,
            at: now,
            into: buffer
        )
        guard case .failed = outcome else { return expect(false, "\(outcome)") }
        ledger.organisations[org]?.fail(number, at: now.microseconds) { failures in
            min(60_000_000 << Int64(min(failures - 1, 20)), 3_600_000_000)
        }
        tally["failed", default: 0] += 1
    }

    /// Payments come again, for their purchase or for another; and for what has failed.
    private func repeatPayment(_ org: UInt32, _ model: NaiveOrganisation) {
        let known = model.shop.purchases.compactMap { purchase -> String? in
            guard case .paid(let payment) = purchase.fate, let at = paidAt[payment],
                at > now.advanced(byMicroseconds: -34 * 86_400_000_000)
            else { return nil }
            return payment
        }
        guard let payment = known.randomElement(using: &random),
            let owner = model.shop.owner(of: payment)
        else { return }
        let other = random.below(model.shop.purchases.count + 1) + 1
        let number = random.oneIn(2) ? owner : other
        doing = "repeat \(payment) of \(owner) for \(number) of \(org)"
        let outcome = book.confirmPurchase(
            PurchasePayment(
                purchase: UInt32(number),
                payment: payment,
                expiresAt: .never,
                priority: 2
            ),
            org: org,
            at: now,
            into: buffer
        )
        expectEqual(outcome, owner == number ? .repeated(UInt32(number)) : .conflict, "outcome")
        tally["again", default: 0] += 1
    }

    /// Usage that brings the balance to the threshold, or a hair below it.
    private func debitDown(_ org: UInt32, _ model: NaiveOrganisation) {
        guard let topUp = model.shop.topUp else { return }
        var usage = UsageChange()
        usage.org = org
        usage.charge = Amount(
            units: max(0, model.posted - topUp.threshold + Int128(random.below(2)))
        )
        doing = "debit \(usage.charge) of \(org) to the threshold"
        bookUsage(usage)
    }
}
