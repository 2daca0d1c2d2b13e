import Accounting
import LedgerModel
import Quantities

extension Duel {
    /// A refund that the database may not show yet.
    struct Refunded {
        var org: UInt32
        var line: UInt64
        var ownLine: UInt64
        var amount: Int128
    }

    /// What the database would say of a charge when it has so many of the lines.
    private func charge(_ org: UInt32, _ line: UInt64, stored: UInt64) -> StoredCharge {
        let model = ledger.organisations[org] ?? NaiveOrganisation(zone: NaiveZone(minutesEast: 0))
        let taken = model.debits[line]?.taken ?? []
        let refunded = refunds.reduce(Int128(0)) { sum, refund in
            refund.org == org && refund.line == line && refund.ownLine <= stored
                ? sum + refund.amount : sum
        }
        return StoredCharge(
            line: line,
            request: "r",
            sources: taken.map { source(of: $0, model, org) },
            refunded: Amount(units: refunded),
            storedLines: stored
        )
    }

    private func source(
        of part: NaivePart,
        _ model: NaiveOrganisation,
        _ org: UInt32
    ) -> ChargeSource {
        if part.grant == 0 { return ChargeSource(debt: Amount(units: part.amount)) }
        let grant = model.grants[Int(part.grant) - 1]
        let known = grants.last { $0.org == org && $0.number == part.grant }
        return ChargeSource(
            RefundPart(
                grant: part.grant,
                amount: Amount(units: part.amount),
                isNew: false,
                grantClass: known?.issued.grantClass ?? .promotional,
                priority: grant.priority,
                effectiveAt: Timestamp(microseconds: grant.effective),
                expiresAt: Timestamp(microseconds: grant.expires)
            )
        )
    }

    private func call(_ amount: Int128?) -> RefundCall {
        identities += 1
        return RefundCall(
            amount: amount.map { Amount(units: $0) },
            actor: "a",
            reason: "b",
            identity: identities,
            content: 7
        )
    }

    func refund(_ org: UInt32) {
        guard let known = charged.filter({ $0.org == org }).randomElement(using: &random),
            let model = ledger.organisations[org]
        else { return grant(org) }
        let left = model.debits[known.line]?.left ?? 0
        let asked: Int128?
        switch random.below(5) {
        case 0: asked = left + 1
        case 1: asked = 1
        case 2: asked = left / 2
        default: asked = nil
        }
        let seen = stored[org] ?? 0
        var reading = seen + UInt64(random.below(Int(model.lines - seen) + 1))
        if random.oneIn(10), reading > 3 { reading -= 3 }
        doing = "refund \(asked.map(String.init) ?? "all") of line \(known.line) of \(org)"
        let facts = charge(org, known.line, stored: reading)
        // What is due comes before it in the ledger.
        ledger.organisations[org]?.bringUp(to: now.microseconds)
        let own = (ledger.organisations[org]?.lines ?? 0) + 1
        let call = call(asked)
        let outcome = book.refund(facts, call, org: org, at: now, into: buffer)
        if case .stale = outcome {
            return expect(reading < seen, "only an old reading is too old")
        }
        let done = ledger.organisations[org]?.refund(
            line: known.line,
            asked: asked,
            at: now.microseconds
        )
        if !model.closed { stored[org] = max(reading, seen) }
        judge(outcome, done, org, line: known.line, own: own, call: call)
    }

    private func judge(
        _ outcome: RefundOutcome,
        _ done: NaiveRefund?,
        _ org: UInt32,
        line: UInt64,
        own: UInt64,
        call: RefundCall
    ) {
        switch outcome {
        case .refunded(let body):
            let mine = NaiveRefund(
                amount: body.amount.units,
                debtPaid: body.debtPaid.units,
                parts: body.parts.map { NaivePart(grant: $0.grant, amount: $0.amount.units) }
            )
            expectEqual(mine, done, "what is given back")
            guard let done else { return }
            if body.parts.contains(where: \.isNew) { tally["refundOfDebt", default: 0] += 1 }
            let lapsed = body.parts.count { $0.expiresAt <= now }
            tally["refundLapsed", default: 0] += lapsed
            tally["refunded", default: 0] += 1
            refunds.append(Refunded(org: org, line: line, ownLine: own, amount: done.amount))
            let again = book.refund(
                charge(org, line, stored: 0),
                call,
                org: org,
                at: now,
                into: buffer
            )
            expectEqual(again, .repeated(body.refund), "outcome of a repeat")
        case .accountClosed: expect(model(org)?.closed == true, "the account is closed")
        case .exceeds, .invalid: expect(done == nil, "the model gives \(String(describing: done))")
        default: expect(false, "the outcome is \(outcome)")
        }
    }

    private func model(_ org: UInt32) -> NaiveOrganisation? { ledger.organisations[org] }

    func returnPurchase(_ org: UInt32) {
        let bought = grants.filter { $0.org == org }
        guard let known = bought.randomElement(using: &random),
            let before = ledger.organisations[org]
        else { return grant(org) }
        let asked: Int128? = random.oneIn(2) ? nil : before.returnable(known.number)
        doing = "return grant \(known.number) of \(org)"
        let outcome = book.returnPurchase(
            known.number,
            call(asked),
            org: org,
            at: now,
            into: buffer
        )
        guard known.issued.grantClass == .purchased else {
            ledger.organisations[org]?.bringUp(to: now.microseconds)
            let isRefused = outcome == .notPurchased || outcome == .accountClosed
            return expect(isRefused, "only what was bought goes back")
        }
        let done = ledger.organisations[org]?.returnPurchase(
            known.number,
            asked: asked,
            at: now.microseconds
        )
        if case .returned(let body) = outcome {
            tally["returned", default: 0] += 1
            expectEqual(body.amount.units, done, "what is taken back")
        } else {
            expect(done == nil, "\(String(describing: done)) had to be taken back: \(outcome)")
        }
    }
}
