import Accounting
import Quantities

@testable import PostgresStore

extension RandomHistory {
    mutating func issue(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        account.snapshot.lastGrant += 1
        let amount = amount()
        let active = generator.below(4) != 0
        let paid = active ? min(amount, account.snapshot.debt) : .zero
        let classes = GrantClass.allCases
        var body = Journal.grant(
            account.snapshot.lastGrant,
            amount,
            grantClass: classes[generator.below(classes.count)],
            active: active,
            debtPaid: paid
        )
        body.priority = Int32(generator.below(5)) - 2
        if generator.below(2) == 0 { body.expiresAt = now.advanced(byMicroseconds: 86_400_000_000) }
        if generator.below(2) == 0 { body.identity = UInt128(generator.next()) << 60 | 1 }
        body.content = body.identity == 0 ? 0 : generator.next()
        journal.write(.grantIssued(body), org: org, at: now)
        if body.grantClass == .purchased { account.snapshot.hasPurchased = true }
        if active {
            account.snapshot.debt -= paid
            account.book(LedgerKind(body.grantClass), amount)
        }
        body.debtPaid = .zero
        account.snapshot.grants.append(
            GrantSnapshot(
                issued: body,
                issuedAt: now,
                active: active,
                expired: false,
                remaining: amount - paid
            )
        )
    }

    mutating func activate(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        let waiting = account.snapshot.grants.firstIndex { !$0.active }
        guard let index = waiting else { return }
        let issued = account.snapshot.grants[index].issued
        let paid = min(issued.amount, account.snapshot.debt)
        let body = GrantActivated(grant: issued.grant, amount: issued.amount, debtPaid: paid)
        journal.write(.grantActivated(body), org: org, at: now)
        account.snapshot.grants[index].active = true
        account.snapshot.grants[index].remaining -= paid
        account.snapshot.debt -= paid
        account.book(LedgerKind(issued.grantClass), issued.amount)
    }

    mutating func expire(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        let living = account.snapshot.grants.indices.filter {
            account.snapshot.grants[$0].active && account.snapshot.grants[$0].remaining.isPositive
        }
        guard let index = living.first else { return }
        var lapsed = account.snapshot.grants[index].remaining
        // Sometimes holds keep a part of it, sometimes all.
        if generator.below(3) == 0 { lapsed = Amount(units: lapsed.units / 2) }
        if generator.below(5) == 0 { lapsed = .zero }
        let grant = account.snapshot.grants[index].issued.grant
        let body = GrantExpired(grant: grant, amount: lapsed)
        journal.write(.grantExpired(body), org: org, at: now)
        account.snapshot.grants[index].expired = true
        account.snapshot.grants[index].remaining -= lapsed
        if lapsed.isPositive { account.book(.expiry, -lapsed) }
    }
}

// MARK: - Holds

extension RandomHistory {
    mutating func place(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        account.snapshot.lastHold += 1
        var draws = Draws()
        for grant in 0..<generator.below(3) {
            draws.append(Draw(grant: UInt32(grant + 1), amount: amount()))
        }
        let body = HoldPlaced(
            hold: account.snapshot.lastHold,
            project: UInt32(generator.below(3)),
            key: UInt32(generator.below(3)),
            model: 1,
            expiresAt: now.advanced(byMicroseconds: 1_000_000),
            draws: draws
        )
        journal.write(.holdPlaced(body), org: org, at: now)
        account.snapshot.holds.append(HoldSnapshot(placed: body))
    }

    mutating func extend(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        guard !account.snapshot.holds.isEmpty else { return }
        let index = generator.below(account.snapshot.holds.count)
        var draws = Draws()
        draws.append(Draw(grant: 1, amount: amount()))
        let body = HoldExtended(
            hold: account.snapshot.holds[index].placed.hold,
            expiresAt: now.advanced(byMicroseconds: 2_000_000),
            draws: draws
        )
        journal.write(.holdExtended(body), org: org, at: now)
        account.snapshot.holds[index].placed.expiresAt = body.expiresAt
        account.snapshot.holds[index].placed.draws.append(draws.first)
    }

    mutating func release(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        guard !account.snapshot.holds.isEmpty else { return }
        let index = generator.below(account.snapshot.holds.count)
        let hold = account.snapshot.holds.remove(at: index).placed.hold
        journal.write(.holdReleased(HoldReleased(hold: hold, lapsed: true)), org: org, at: now)
    }
}
