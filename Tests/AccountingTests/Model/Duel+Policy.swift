import Accounting
import LedgerModel
import Quantities

extension Duel {
    func grant(_ org: UInt32) {
        let dayLength: Int64 = 86_400_000_000
        let recently = now.advanced(byMicroseconds: -34 * dayLength)
        if let known = grants.last(where: { $0.org == org && $0.at > recently }),
            random.oneIn(8)
        {
            return repeatGrant(known.issued, org: org, number: known.number)
        }
        var effective = now
        var expires = Timestamp.never
        if random.oneIn(3) {
            effective = now.advanced(byMicroseconds: Int64(random.below(21) - 10) * dayLength / 4)
        }
        if !random.oneIn(3) {
            let start = max(now, effective)
            expires = start.advanced(byMicroseconds: Int64(1 + random.below(120)) * dayLength / 8)
        }
        identities += 1
        let credit: Int128 = 1_000_000_000_000
        let amount = random.oneIn(5) ? 1 : Int128(1 + random.below(9_000)) * credit / 250
        let issued = GrantIssued(
            grant: 0,
            grantClass: random.pick(GrantClass.allCases),
            amount: Amount(units: amount),
            priority: Int32(random.below(3)),
            effectiveAt: effective,
            expiresAt: expires,
            active: false,
            debtPaid: .zero,
            identity: identities,
            content: random.next(),
            reference: "r",
            note: "n"
        )
        doing = "grant \(issued.amount) to \(org), \(effective) to \(expires)"
        let outcome = book.grant(issued, org: org, at: now, into: buffer)
        ledger.organisations[org]?.bringUp(to: now.microseconds)
        if issued.grantClass == .purchased, let known = ledger.organisations[org], !known.closed {
            if known.terms.plan?.mayPurchase == false {
                return expectEqual(outcome, .refused(.planRequired), "outcome")
            }
        }
        let number = ledger.organisations[org]?.grant(
            amount,
            priority: issued.priority,
            effective: effective.microseconds,
            expires: expires.microseconds,
            at: now.microseconds
        )
        guard let number else { return expectEqual(outcome, .accountClosed, "outcome") }
        // What the purchase opens, such as a gate that machines wait at, opens with its credits.
        if issued.grantClass == .purchased {
            ledger.organisations[org]?.terms.hasBought = true
        }
        expectEqual(outcome, .granted(number), "outcome")
        grants.append((issued, org, number, now))
    }

    private func repeatGrant(_ issued: GrantIssued, org: UInt32, number: GrantNumber) {
        doing = "repeat grant \(number)"
        var again = issued
        let isConflict = random.oneIn(2)
        if isConflict { again.content += 1 }
        let outcome = book.grant(again, org: org, at: now, into: buffer)
        expectEqual(outcome, isConflict ? .conflict : .repeated(number), "outcome")
    }

    func setCap(_ org: UInt32) {
        let model = ledger.organisations[org] ?? NaiveOrganisation(minutesEast: 0)
        let scope = random.pick(model.scopes)
        let period = random.pick(CapPeriod.allCases)
        var amount: Int128?
        if random.oneIn(2) {
            let spent = model.spent(by: scope)[Int(period.rawValue) - 1]
            let credit: Int128 = 1_000_000_000_000
            amount = random.oneIn(6) ? spent : spent + Int128(random.below(100)) * credit
        }
        doing = "cap \(scope) of \(org) by \(period) at \(amount.map(String.init) ?? "none")"
        guard let mine = Scope(rawValue: scope.scope) else {
            return expect(false, "the scope is one of ours")
        }
        let cap = CapChanged(
            scope: mine,
            id: scope.id,
            period: period,
            amount: amount.map { Amount(units: $0) }
        )
        let outcome = book.setCap(cap, org: org, at: now, into: buffer)
        ledger.organisations[org]?.setCap(
            scope,
            period: period.rawValue,
            amount: amount,
            at: now.microseconds
        )
        expectEqual(outcome, model.closed ? .accountClosed : .done, "outcome")
    }

    /// Projects and keys come; keys are rotated and revoked; late in a run an account is closed.
    func administer(_ org: UInt32) {
        let model = ledger.organisations[org] ?? NaiveOrganisation(minutesEast: 0)
        let fine: CommandOutcome = model.closed ? .accountClosed : .done
        let choice = random.below(40)
        if choice == 0, step > 500 {
            doing = "close \(org)"
            let outcome = book.closeOrganisation(org, reason: "x", at: now, into: buffer)
            ledger.organisations[org]?.close(at: now.microseconds)
            expectEqual(outcome, .done, "outcome")
        } else if choice < 8, model.projects < 3 {
            doing = "project of \(org)"
            let outcome = book.createProject("p", org: org, at: now, into: buffer)
            expectEqual(outcome, fine, "outcome")
            if !model.closed { ledger.organisations[org]?.projects += 1 }
        } else if choice < 20, model.keys.count < 4 {
            let project = UInt32(random.below(Int(model.projects) + 1))
            doing = "key of \(org)"
            let hash = SecretHash(low: 1, high: 2)
            let key = KeyCreated(key: 0, project: project, name: "k", prefix: "mk_", hash: hash)
            let outcome = book.createKey(key, org: org, at: now, into: buffer)
            expectEqual(outcome, fine, "outcome")
            if !model.closed {
                ledger.organisations[org]?.keys.append(NaiveKey(project: project))
            }
        } else if !model.keys.isEmpty {
            rotateOrRevoke(org, random.below(model.keys.count), model: model)
        } else {
            tick()
        }
    }

    private func rotateOrRevoke(_ org: UInt32, _ index: Int, model: NaiveOrganisation) {
        let key = UInt32(index + 1)
        if random.oneIn(6) {
            doing = "revoke \(key) of \(org)"
            let outcome = book.revokeKey(key, org: org, at: now, into: buffer)
            expectEqual(outcome, .done, "outcome")
            ledger.organisations[org]?.keys[index].revoked = true
            return
        }
        doing = "rotate \(key) of \(org)"
        let outcome = book.rotateKey(
            key,
            prefix: "mk_",
            hash: SecretHash(low: 3, high: 4),
            org: org,
            at: now,
            into: buffer
        )
        if model.closed {
            expectEqual(outcome, .accountClosed, "outcome")
        } else if !model.keys[index].revoked {
            expectEqual(outcome, .done, "outcome")
            ledger.organisations[org]?.keys[index].generation += 1
        }
    }
}
