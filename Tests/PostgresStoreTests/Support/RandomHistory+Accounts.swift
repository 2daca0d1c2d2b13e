import Accounting
import Quantities

@testable import PostgresStore

extension RandomHistory {
    mutating func create() {
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

    mutating func turnDay(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        guard account.snapshot.today.day != now.utcDay else { return }
        account.snapshot.today = Journal.zoned(now.utcDay)
        journal.write(.dayTurned(DayTurned(today: account.snapshot.today)), org: org, at: now)
        guard let next = account.snapshot.terms.nextBilling, next.from <= now.utcDay else { return }
        account.snapshot.terms.billing = next
        account.snapshot.terms.nextBilling = nil
    }

    mutating func addProject(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        let number = UInt32(account.snapshot.projects.count + 1)
        let body = ProjectCreated(project: number, name: "project ü \(number)")
        journal.write(.projectCreated(body), org: org, at: now)
        account.snapshot.projects.append(
            ProjectSnapshot(project: number, name: body.name)
        )
    }

    mutating func addKey(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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

    mutating func changeKey(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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

    mutating func changePlan(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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

    mutating func changeBilling(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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

    mutating func cap(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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

    mutating func close(_ org: UInt32, _ account: inout NaiveLedger.Account) {
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
}
