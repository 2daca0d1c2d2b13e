import Accounting
import LedgerModel
import Quantities

extension Duel {
    /// Those that shut somebody out are one organisation's alone, and so is what lifts the balance:
    /// else a run would seldom meet the limits of money.
    private static let gates = [
        PlanTerms(name: "free", mayPurchase: false),
        PlanTerms(name: "none", apiAccess: false),
        PlanTerms(name: "pro", needsPurchase: true),
    ]
    private static let plans = [
        PlanTerms(name: "team", included: Amount(credits: 9), lapses: true, priority: 1),
        PlanTerms(name: "team", included: Amount(credits: 7), lapses: false, priority: 2),
        PlanTerms(name: "builder", included: Amount(credits: 3), lapses: false, priority: 1),
    ]

    /// A plan, a coupon, another way of billing or an adjustment.
    func setTerms(_ org: UInt32) {
        switch random.below(8) {
        case 0..<3: setPlan(org)
        case 3..<5: redeem(org)
        case 5: setBilling(Duel.orgs[1])
        default: takeOut(org)
        }
    }

    private func setPlan(_ org: UInt32) {
        let plans = org == Duel.orgs[2] ? Duel.plans + Duel.gates : Duel.plans
        let plan = random.pick(plans)
        let start: PlanStart = random.oneIn(3) ? .periodEnd : .now
        doing = "plan \(plan.name) of \(org), \(start)"
        let outcome = book.setPlan(plan, start, org: org, at: now, into: buffer)
        let isSet = ledger.organisations[org]?.setPlan(
            NaivePlan(plan),
            now: start == .now,
            at: now.microseconds
        )
        let isClosed = ledger.organisations[org]?.closed == true
        switch outcome {
        case .done: expectEqual(true, isSet, "outcome")
        case .accountClosed: expect(isClosed, "it is closed")
        case .invalid: expect(isSet == false && start == .periodEnd, "no plan could end")
        default: expect(false, "\(outcome) is no answer")
        }
    }

    private func redeem(_ org: UInt32) {
        let code = random.pick(["A", "B", "C", "D"])
        let expires =
            random.oneIn(2)
            ? Timestamp.never : now.advanced(byMicroseconds: 86_400_000_000 * 40)
        doing = "coupon \(code) of \(org)"
        identities += 1
        let grant = GrantIssued(
            grant: 0,
            grantClass: .coupon,
            amount: Amount(credits: 2),
            priority: 1,
            effectiveAt: now,
            expiresAt: expires,
            active: true,
            debtPaid: .zero,
            identity: identities,
            content: 0,
            reference: code,
            note: ""
        )
        let outcome = book.redeem(code, grant, org: org, at: now, into: buffer)
        let isNew = ledger.organisations[org]?.redeem(
            code,
            grant.amount.units,
            priority: 1,
            expires: expires.microseconds,
            at: now.microseconds
        )
        if ledger.organisations[org]?.closed == true {
            expectEqual(outcome, .accountClosed, "outcome")
        } else if isNew == true {
            let number = UInt32(ledger.organisations[org]?.grants.count ?? 0)
            expectEqual(outcome, .granted(number), "outcome")
        } else {
            expectEqual(outcome, .alreadyRedeemed, "outcome")
        }
    }

    private func setBilling(_ org: UInt32) {
        let mode = random.pick(BillingMode.allCases)
        doing = "billing \(mode) of \(org)"
        let body = BillingChanged(
            mode: mode,
            netDays: 30,
            purchaseOrder: "PO",
            from: CivilDay(number: 0)
        )
        let outcome = book.setBilling(body, org: org, at: now, into: buffer)
        ledger.organisations[org]?.setMode(mode.rawValue, at: now.microseconds)
        let isClosed = ledger.organisations[org]?.closed == true
        expectEqual(outcome, isClosed ? .accountClosed : .done, "outcome")
    }

    private func takeOut(_ org: UInt32) {
        let amount = Int128(1 + random.below(3_000)) * 1_000_000_000
        doing = "take \(amount) out of \(org)"
        identities += 1
        let body = BalanceAdjusted(
            draws: Draws(),
            identity: identities,
            content: random.next(),
            actor: "ada",
            reason: "given twice"
        )
        let outcome = book.takeOut(Amount(units: amount), body, org: org, at: now, into: buffer)
        let parts = ledger.organisations[org]?.takeOut(amount, at: now.microseconds)
        expectEqual(outcome, parts == nil ? .accountClosed : .done, "outcome")
        guard parts != nil else { return }
        let again = book.takeOut(Amount(units: amount), body, org: org, at: now, into: buffer)
        expectEqual(again, .repeated(0), "outcome of a repeat")
    }
}
