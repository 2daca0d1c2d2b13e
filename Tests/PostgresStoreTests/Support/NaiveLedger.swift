import Accounting
import Quantities

@testable import PostgresStore

/// What the books must be, computed the plain way: a list of lines and a snapshot for each account.
struct NaiveLedger {
    struct Line: Equatable {
        var kind: LedgerKind
        var amount: Amount
        var balance: Amount
    }

    struct Account {
        var snapshot: OrganisationSnapshot
        var lines: [Line] = []
        var balance = Amount.zero
        var debits: [(line: UInt64, draws: Draws)] = []
        var lastModel: UInt32 = 0
        var charges: [(day: CivilDay, project: UInt32, key: UInt32, charge: Amount)] = []

        mutating func book(_ kind: LedgerKind, _ amount: Amount) {
            balance += amount
            lines.append(Line(kind: kind, amount: amount, balance: balance))
            snapshot.lines += 1
        }

        /// As it is loaded: grants with something left, spends by scope.
        var expected: OrganisationSnapshot {
            var result = snapshot
            result.grants = snapshot.grants.filter { $0.remaining.isPositive }
            // The database keeps whether a grant pays by now, not whether it did from the
            // beginning.
            for index in result.grants.indices {
                result.grants[index].issued.active = result.grants[index].active
            }
            result.spends = spends
            result.caps.sort { one, two in
                let left = (SQLName.of(one.scope), one.id, SQLName.of(one.period))
                return left < (SQLName.of(two.scope), two.id, SQLName.of(two.period))
            }
            return result
        }

        private var spends: [SpendSnapshot] {
            var found: [SpendSnapshot] = [spend(.organisation, 0, charges)]
            for project in Set(charges.map(\.project)).sorted() where project != 0 {
                found.append(spend(.project, project, charges.filter { $0.project == project }))
            }
            for key in Set(charges.map(\.key)).sorted() where key != 0 {
                found.append(spend(.key, key, charges.filter { $0.key == key }))
            }
            return found.filter { !$0.total.isZero }
        }

        private func spend(
            _ scope: Scope,
            _ id: UInt32,
            _ charges: [(day: CivilDay, project: UInt32, key: UInt32, charge: Amount)]
        ) -> SpendSnapshot {
            let today = snapshot.today.day
            func sum(_ counts: (CivilDay) -> Bool) -> Amount {
                charges.filter { counts($0.day) }.reduce(.zero) { $0 + $1.charge }
            }
            return SpendSnapshot(
                scope: scope,
                id: id,
                day: sum { $0 == today },
                week: sum { $0 >= today.weekStart },
                month: sum { $0 >= today.monthStart },
                total: sum { _ in true }
            )
        }
    }

    var accounts: [UInt32: Account] = [:]
}

/// Drives a journal and the naive ledger side by side with random changes that make sense.
struct RandomHistory {
    var generator: SplitMix
    var ledger = NaiveLedger()
    var now = Journal.noon
    let journal = Journal()
    var sequences: [UInt32: SequenceSet] = [:]
    /// Alerts that concern all, and the last of them that has not recovered.
    var common: (count: UInt64, open: UInt64?) = (0, nil)
    private var orgs: UInt32 = 0

    init(seed: UInt64) {
        generator = SplitMix(seed: seed)
    }

    mutating func step() {
        now = now.advanced(byMicroseconds: Int64(generator.below(400_000_000)))
        if orgs == 0 || (orgs < 12 && generator.below(20) == 0) { return create() }
        let org = UInt32(1 + generator.below(Int(orgs)))
        guard var account = ledger.accounts[org], !account.snapshot.closed else { return }
        turnDay(org, &account)
        switch generator.below(34) {
        case 0: addProject(org, &account)
        case 1: addKey(org, &account)
        case 2: changeKey(org, &account)
        case 3, 4: issue(org, &account)
        case 5: activate(org, &account)
        case 6: expire(org, &account)
        case 7, 8, 9: place(org, &account)
        case 10: extend(org, &account)
        case 11: release(org, &account)
        case 12: cap(org, &account)
        case 13: if generator.below(8) == 0 { close(org, &account) }
        case 14: skip()
        case 15: changePlan(org, &account)
        case 16: changeBilling(org, &account)
        case 17: refund(org, &account)
        case 18: takeBack(org, &account)
        case 19: alert(org, &account)
        case 20: correct(org, &account)
        default: use(org, &account)
        }
        ledger.accounts[org] = account
    }

    mutating func amount() -> Amount {
        let shift = UInt64(generator.below(60))
        return Amount(units: Int128(1 + generator.next() >> (4 + shift)))
    }

    private mutating func create() {
        orgs += 1
        let today = Journal.zoned(now.utcDay)
        journal.create(orgs, at: now)
        ledger.accounts[orgs] = NaiveLedger.Account(
            snapshot: OrganisationSnapshot(
                org: orgs,
                name: "org-\(orgs)",
                zone: "UTC",
                today: today
            )
        )
    }

    private mutating func turnDay(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        guard account.snapshot.today.day != now.utcDay else { return }
        account.snapshot.today = Journal.zoned(now.utcDay)
        journal.write(.dayTurned(DayTurned(today: account.snapshot.today)), org: org, at: now)
        guard let next = account.snapshot.terms.nextBilling, next.from <= now.utcDay else { return }
        account.snapshot.terms.billing = next
        account.snapshot.terms.nextBilling = nil
    }

    private mutating func changePlan(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        let names = ["free", "team", "pro ü"]
        func plan() -> PlanTerms {
            PlanTerms(
                name: names[generator.below(3)],
                apiAccess: generator.below(2) == 0,
                mayPurchase: generator.below(2) == 0,
                needsPurchase: generator.below(2) == 0,
                included: amount(),
                lapses: generator.below(2) == 0,
                priority: Int32(generator.below(9)) - 4
            )
        }
        let body = PlanChanged(
            plan: plan(),
            next: generator.below(2) == 0 ? plan() : nil,
            periodStart: now.utcDay.monthStart,
            periodEnd: now.utcDay.nextMonthStart.utcStart,
            grant: nil
        )
        journal.write(.planChanged(body), org: org, at: now)
        account.snapshot.terms.plan = body
    }

    private mutating func changeBilling(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        let today = account.snapshot.today.day
        let modes = BillingMode.allCases
        let body = BillingChanged(
            mode: modes[generator.below(modes.count)],
            netDays: UInt16(generator.below(366)),
            purchaseOrder: generator.below(2) == 0 ? "" : "PO ü \(generator.below(9))",
            from: today.advanced(by: Int32(generator.below(2)))
        )
        journal.write(.billingChanged(body), org: org, at: now)
        if body.from == today {
            account.snapshot.terms.billing = body
            account.snapshot.terms.nextBilling = nil
        } else {
            account.snapshot.terms.nextBilling = body
        }
    }

    private mutating func addProject(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        let number = UInt32(account.snapshot.projects.count + 1)
        let body = ProjectCreated(project: number, name: "project ü \(number)")
        journal.write(.projectCreated(body), org: org, at: now)
        account.snapshot.projects.append(
            ProjectSnapshot(project: number, name: body.name)
        )
    }

    private mutating func addKey(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        let number = UInt32(account.snapshot.keys.count + 1)
        let body = KeyCreated(
            key: number,
            project: UInt32(generator.below(account.snapshot.projects.count + 1)),
            name: "key-\(number)",
            prefix: "mk_abc",
            hash: SecretHash(low: UInt128(generator.next()), high: UInt128(generator.next()))
        )
        journal.write(.keyCreated(body), org: org, at: now)
        account.snapshot.keys.append(KeySnapshot(created: body, generation: 1, revoked: false))
    }

    private mutating func changeKey(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        guard !account.snapshot.keys.isEmpty else { return }
        let index = generator.below(account.snapshot.keys.count)
        let number = UInt32(index + 1)
        if generator.below(2) == 0 {
            journal.write(.keyRevoked(KeyRevoked(key: number)), org: org, at: now)
            account.snapshot.keys[index].revoked = true
            return
        }
        account.snapshot.keys[index].generation += 1
        let hash = SecretHash(low: UInt128(generator.next()), high: 7)
        account.snapshot.keys[index].created.hash = hash
        account.snapshot.keys[index].created.prefix = "mk_new"
        let body = KeyRotated(
            key: number,
            generation: account.snapshot.keys[index].generation,
            prefix: "mk_new",
            hash: hash
        )
        journal.write(.keyRotated(body), org: org, at: now)
    }

    private mutating func issue(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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

    private mutating func activate(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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

    private mutating func expire(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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

    private mutating func place(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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

    private mutating func extend(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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

    private mutating func release(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        guard !account.snapshot.holds.isEmpty else { return }
        let index = generator.below(account.snapshot.holds.count)
        let hold = account.snapshot.holds.remove(at: index).placed.hold
        journal.write(.holdReleased(HoldReleased(hold: hold, lapsed: true)), org: org, at: now)
    }

    private mutating func cap(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        let scope = Scope.allCases[generator.below(3)]
        let id = scope == .organisation ? 0 : UInt32(1 + generator.below(2))
        let period = CapPeriod.allCases[generator.below(4)]
        let amount: Amount? = generator.below(3) == 0 ? nil : amount()
        let body = CapChanged(scope: scope, id: id, period: period, amount: amount)
        journal.write(.capChanged(body), org: org, at: now)
        account.snapshot.caps.removeAll {
            $0.scope == scope && $0.id == id && $0.period == period
        }
        if amount != nil { account.snapshot.caps.append(body) }
    }

    private mutating func close(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        for hold in account.snapshot.holds {
            let body = HoldReleased(hold: hold.placed.hold, lapsed: false)
            journal.write(.holdReleased(body), org: org, at: now)
        }
        account.snapshot.holds.removeAll()
        var forfeited = Draws()
        for grant in account.snapshot.grants where grant.active && grant.remaining.isPositive {
            forfeited.append(Draw(grant: grant.issued.grant, amount: grant.remaining))
        }
        let body = OrganisationClosed(forfeited: forfeited, reason: "it asked for it")
        journal.write(.organisationClosed(body), org: org, at: now)
        account.snapshot.grants.removeAll()
        account.snapshot.closed = true
        if forfeited.total.isPositive { account.book(.forfeiture, -forfeited.total) }
    }

    private mutating func skip() {
        let producer = UInt32(1 + generator.below(3))
        let sequence = UInt64(1 + generator.below(5000))
        let body = SequenceSkipped(producer: producer, sequence: sequence)
        journal.write(.sequenceSkipped(body), at: now)
        sequences[producer, default: SequenceSet()].insert(sequence)
    }

    private mutating func use(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        var usage = Journal.usage(org, .zero, at: now)
        usage.charge = generator.below(10) == 0 ? .zero : amount()
        usage.model = UInt32(1 + generator.below(3))
        usage.project = UInt32(generator.below(account.snapshot.projects.count + 1))
        usage.key = UInt32(generator.below(account.snapshot.keys.count + 1))
        usage.failed = generator.below(5) == 0
        usage.cacheHit = generator.below(5) == 0
        usage.tokens.input = UInt32(truncatingIfNeeded: generator.next())
        usage.latencyMilliseconds = UInt32(truncatingIfNeeded: generator.next())
        if generator.below(2) == 0 {
            usage.producer = UInt32(1 + generator.below(3))
            usage.sequence = UInt64(1 + generator.below(5000))
            sequences[usage.producer, default: SequenceSet()].insert(usage.sequence)
        } else {
            usage.identity = UInt128(generator.next()) << 64 | 5
            usage.content = generator.next()
        }
        if !account.snapshot.holds.isEmpty, generator.below(2) == 0 {
            let index = generator.below(account.snapshot.holds.count)
            usage.hold = account.snapshot.holds.remove(at: index).placed.hold
        }
        usage.draws = draws(for: usage.charge, &account)
        journal.write(usage, id: "request \(generator.below(100))", session: "s")
        account.book(.usage, -usage.charge)
        if usage.charge.isPositive {
            account.debits.append((account.snapshot.lines, usage.draws))
        }
        account.lastModel = usage.model
        account.charges.append((usage.day, usage.project, usage.key, usage.charge))
    }

    /// Corrects requests that have been booked, up or down.
    private mutating func correct(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        guard let charge = account.charges.last else { return }
        var body = Rerated(
            rerate: "r-\(journal.buffer.count)",
            day: charge.day,
            project: charge.project,
            key: charge.key,
            model: account.lastModel,
            requests: 1,
            amount: amount(),
            note: "n"
        )
        if generator.below(2) == 0 {
            body.draws = draws(for: body.amount, &account)
        } else {
            let back = body.amount
            body.amount = -back
            account.snapshot.lastGrant += 1
            body.grant = account.snapshot.lastGrant
            body.debtPaid = min(account.snapshot.debt, back)
            account.snapshot.debt -= body.debtPaid
            var issued = Journal.grant(body.grant, back, grantClass: .adjustment)
            issued.priority = 20
            issued.effectiveAt = now
            issued.reference = body.rerate
            issued.note = "n"
            account.snapshot.grants.append(
                GrantSnapshot(
                    issued: issued,
                    issuedAt: now,
                    active: true,
                    expired: false,
                    remaining: back - body.debtPaid
                )
            )
        }
        account.book(.correction, -body.amount)
        journal.write(.rerated(body), org: org, at: now)
    }

    /// Takes from the grants by number; what they do not have becomes debt.
    private func draws(for charge: Amount, _ account: inout NaiveLedger.Account) -> Draws {
        var draws = Draws()
        var left = charge
        for index in account.snapshot.grants.indices
        where account.snapshot.grants[index].active && left.isPositive {
            let part = min(left, account.snapshot.grants[index].remaining)
            guard part.isPositive else { continue }
            account.snapshot.grants[index].remaining -= part
            let grant = account.snapshot.grants[index].issued.grant
            draws.append(Draw(grant: grant, amount: part))
            left -= part
        }
        if left.isPositive {
            account.snapshot.debt += left
            draws.append(Draw(grant: 0, amount: left))
        }
        return draws
    }
}
