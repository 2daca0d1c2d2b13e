import Accounting
import Quantities
import Testing

/// Goal: plans, gates, coupons, billing and adjustments follow their rules, and replay agrees.
///
/// Method: worked numbers of the five systems, and the edges of months and days.
@Suite struct TermsTests {
    private func plan(
        _ bench: Workbench,
        _ terms: PlanTerms,
        _ start: PlanStart = .now
    ) -> CommandOutcome {
        bench.book.setPlan(terms, start, org: 1, at: bench.now, into: bench.buffer)
    }

    private func redeem(_ bench: Workbench, _ code: String, _ amount: String) -> CommandOutcome {
        let grant = GrantIssued(
            grant: 0,
            grantClass: .coupon,
            amount: credits(amount),
            priority: 10,
            effectiveAt: bench.now,
            expiresAt: .never,
            active: true,
            debtPaid: .zero,
            identity: UInt128(code.utf8.count),
            content: 0,
            reference: code,
            note: ""
        )
        return bench.book.redeem(code, grant, org: 1, at: bench.now, into: bench.buffer)
    }

    private func bill(_ bench: Workbench, _ mode: BillingMode) -> CommandOutcome {
        let body = BillingChanged(
            mode: mode,
            netDays: 30,
            purchaseOrder: "PO-1",
            from: CivilDay(number: 0)
        )
        return bench.book.setBilling(body, org: 1, at: bench.now, into: bench.buffer)
    }

    private func take(_ bench: Workbench, _ amount: String, key: UInt128) -> CommandOutcome {
        let body = BalanceAdjusted(
            draws: Draws(),
            identity: key,
            content: 1,
            actor: "ada",
            reason: "given twice"
        )
        return bench.book.takeOut(
            credits(amount),
            body,
            org: 1,
            at: bench.now,
            into: bench.buffer
        )
    }

    @Test func `of several reasons against a request the first is told`() {
        let bench = Workbench()
        bench.key()
        #expect(plan(bench, PlanTerms(name: "trial", apiAccess: false)) == .done)
        bench.cap(.month, "0")
        #expect(bench.hold("1", key: 9).word == "invalidKey")
        #expect(bench.hold("1", key: 1).word == "planRequired")
        #expect(bench.extend(77, to: "1").word == "planRequired")
        #expect(plan(bench, PlanTerms(name: "pro", needsPurchase: true)) == .done)
        #expect(bench.hold("1", key: 9).word == "invalidKey")
        #expect(bench.hold("1").word == "purchaseRequired")
        bench.grant("5", .purchased)
        #expect(bench.hold("1").word == "spendCapExceeded organisation 0 month")
        #expect(bench.extend(77, to: "1").word == "unknownHold")
        bench.cap(.month, nil)
        #expect(bench.hold("6").word == "insufficientCredits organisation 0")
        #expect(bench.hold("5").word == "granted 5")
        _ = bench.book.closeOrganisation(1, reason: "x", at: bench.now, into: bench.buffer)
        #expect(bench.hold("1", key: 9).word == "accountClosed")
        bench.org = 17
        #expect(bench.hold("1").word == "unknownOrganisation")
        bench.expectReplayAgrees()
    }

    @Test func `workspace-api 1 and 2: trial, pro, and the first purchase`() {
        let bench = Workbench()
        #expect(
            plan(bench, PlanTerms(name: "trial", apiAccess: false, mayPurchase: false)) == .done
        )
        #expect(bench.hold("0.01").word == "planRequired")
        #expect(bench.grant("25") == .refused(.planRequired))
        #expect(bench.book.purchaseRefusal(of: 1) == .planRequired)
        // What was given is no purchase.
        bench.grant("1", .promotional)
        #expect(plan(bench, PlanTerms(name: "pro", needsPurchase: true)) == .done)
        #expect(bench.hold("0.01").word == "purchaseRequired")
        #expect(bench.book.purchaseRefusal(of: 1) == nil)
        bench.grant("25")
        #expect(bench.balance == "26")
        #expect(bench.hold("26").word == "granted 26")
        // What has happened is booked, whatever the plan.
        #expect(plan(bench, PlanTerms(name: "trial", apiAccess: false)) == .done)
        #expect(bench.debit("1") == "1:1")
        bench.expectReplayAgrees()
    }

    @Test func `llm-gateway 6: included credits enter once a month, and stay`() {
        let bench = Workbench(at: "2026-03-10T12:00:00Z")
        let builder = PlanTerms(name: "builder", included: Amount(credits: 20))
        #expect(plan(bench, builder) == .done)
        #expect(bench.balance == "20")
        for _ in 0..<3 { bench.tick() }
        #expect(plan(bench, builder) == .done)
        // There and back within the month brings nothing twice.
        #expect(plan(bench, PlanTerms(name: "free")) == .done)
        #expect(plan(bench, builder) == .done)
        #expect(bench.balance == "20")
        bench.debit("5")
        bench.tick(until: "2026-03-31T23:59:59.999999Z")
        #expect(bench.balance == "15")
        bench.tick(until: "2026-04-01T00:00:00Z")
        for _ in 0..<3 { bench.tick() }
        #expect(bench.balance == "35")
        // Months in which nobody was there come one by one.
        bench.tick(until: "2026-07-02T00:00:00Z")
        #expect(bench.balance == "95")
        bench.expectReplayAgrees()
    }

    @Test(arguments: [
        ("UTC", "2026-04-01T00:00:00Z"), ("Test/West", "2026-04-01T00:00:00-08:00"),
        ("Test/East", "2026-04-01T00:00:00+05:45"),
    ])
    func `token-packs 1, 2 and 4: the allowance goes first and lapses`(zone: String, turn: String) {
        let bench = Workbench(at: "2026-03-05T00:00:00Z", zone: zone)
        let team = PlanTerms(
            name: "team",
            included: Amount(credits: 100_000),
            lapses: true,
            priority: 5
        )
        #expect(plan(bench, team) == .done)
        bench.grant("1000000", .purchased, priority: 20)
        #expect(bench.debit("150000") == "1:100000 2:50000")
        #expect(bench.balance == "950000")
        bench.grant("20000", .refund, priority: 20)
        #expect(bench.balance == "970000")
        bench.now = time(turn).advanced(byMicroseconds: -1)
        bench.tick()
        #expect(bench.balance == "970000")
        bench.now = time(turn)
        bench.tick()
        #expect(bench.balance == "1070000")
        bench.debit("40000")
        // What is left of it lapses; the pack is untouched.
        bench.wait(31 * day)
        bench.tick()
        #expect(bench.balance == "1070000")
        #expect(bench.wallet.grants[0].remaining == credits("100000"))
        bench.expectReplayAgrees()
    }

    @Test func `token-packs 5: the free plan cannot buy`() {
        let bench = Workbench()
        #expect(plan(bench, PlanTerms(name: "free", mayPurchase: false)) == .done)
        #expect(bench.grant("5") == .refused(.planRequired))
        #expect(bench.grant("5", .promotional) == .granted(1))
        #expect(bench.hold("5").word == "granted 5")
    }

    @Test func `a plan can take effect when the period ends`() {
        let bench = Workbench(at: "2026-03-10T00:00:00Z")
        let free = PlanTerms(name: "free", mayPurchase: false)
        let refused = plan(bench, free, .periodEnd)
        guard case .invalid(let field, _) = refused else {
            Issue.record("\(refused)")
            return
        }
        #expect(field == "at")
        #expect(plan(bench, PlanTerms(name: "team", included: Amount(credits: 3))) == .done)
        #expect(plan(bench, free, .periodEnd) == .done)
        #expect(bench.book.terms(of: 1).plan?.next == free)
        #expect(bench.grant("1") == .granted(2))
        bench.tick(until: "2026-04-01T00:00:00Z")
        #expect(bench.book.terms(of: 1).plan?.plan == free)
        #expect(bench.book.terms(of: 1).plan?.next == nil)
        #expect(bench.grant("1") == .refused(.planRequired))
        #expect(bench.balance == "4")
        bench.expectReplayAgrees()
    }

    @Test func `gpu-hourly 1: a coupon is redeemed once, for ever`() {
        let bench = Workbench()
        bench.grant("2000")
        #expect(redeem(bench, "WELCOME", "100") == .granted(2))
        #expect(bench.balance == "2100")
        #expect(redeem(bench, "WELCOME", "100") == .alreadyRedeemed)
        bench.wait(400 * day)
        #expect(redeem(bench, "WELCOME", "100") == .alreadyRedeemed)
        #expect(bench.balance == "2100")
        #expect(redeem(bench, "OTHER", "1") == .granted(3))
        bench.expectReplayAgrees()
        _ = bench.book.closeOrganisation(1, reason: "x", at: bench.now, into: bench.buffer)
        #expect(redeem(bench, "THIRD", "1") == .accountClosed)
    }

    @Test func `the number of coupons of an account is bounded`() {
        let bench = Workbench()
        for number in 0..<AccountBook.mostCoupons {
            guard case .granted = redeem(bench, "C\(number)", "1") else {
                Issue.record("coupon \(number)")
                return
            }
        }
        guard case .invalid = redeem(bench, "ONE-MORE", "1") else {
            Issue.record("one more was redeemed")
            return
        }
    }

    @Test func `llm-gateway 7: invoiced accounts owe what they use, and caps hold`() {
        let bench = Workbench(at: "2026-03-10T00:00:00Z")
        #expect(bill(bench, .invoice) == .done)
        #expect(bench.notices() == ["restored organisation 0"])
        bench.grant("1", .promotional)
        #expect(bench.hold("5").word == "granted 5")
        let hold = bench.held("4")
        #expect(bench.debit("3", hold: hold) == "1:1 0:2")
        #expect(bench.balance == "-2")
        #expect(bench.wallet.debt == credits("2"))
        #expect(bench.book.overshoot == .zero)
        bench.cap(.month, "10")
        // 3 spent, 5 held.
        #expect(bench.hold("2.01").word == "spendCapExceeded organisation 0 month")
        #expect(bench.hold("2").word == "granted 2")
        #expect(bench.notices().isEmpty)
        // A payment is a purchase, and pays what is owed.
        bench.grant("2")
        #expect(bench.wallet.debt == .zero)
        bench.expectReplayAgrees()
    }

    @Test func `a day with debits stays as it was when invoices come or go`() {
        let bench = Workbench(at: "2026-03-10T12:00:00Z")
        bench.grant("1")
        bench.debit("0.5")
        #expect(bill(bench, .invoice) == .done)
        #expect(bench.book.terms(of: 1).billing == nil)
        #expect(bench.book.terms(of: 1).nextBilling?.from.description == "2026-03-11")
        #expect(bench.hold("2").word == "insufficientCredits organisation 0")
        bench.tick(until: "2026-03-11T00:00:00Z")
        #expect(bench.book.terms(of: 1).billing?.mode == .invoice)
        #expect(bench.hold("2").word == "granted 2")
        // Nothing was debited today: back at once.
        #expect(bill(bench, .prepaid) == .done)
        #expect(bench.book.terms(of: 1).billing?.mode == .prepaid)
        bench.expectReplayAgrees()
    }

    @Test func `unmetered accounts are never refused and never charged`() {
        let bench = Workbench()
        #expect(bill(bench, .unmetered) == .done)
        bench.cap(.month, "1")
        #expect(bench.hold("500").word == "granted 0")
        #expect(bench.debit("7") == "")
        #expect(bench.balance == "0")
        #expect(bench.wallet.lines == 1)
        #expect(bench.wallet.spend.total == .zero)
        bench.expectReplayAgrees()
    }

    @Test func `credits are taken out as a debit takes them, once for each identity`() {
        let bench = Workbench()
        bench.grant("5", .promotional, priority: 10)
        bench.grant("5", .purchased, priority: 20)
        #expect(take(bench, "7", key: 9) == .done)
        #expect(take(bench, "7", key: 9) == .repeated(0))
        #expect(take(bench, "2", key: 9) == .repeated(0))
        #expect(bench.balance == "3")
        #expect(take(bench, "4", key: 10) == .done)
        #expect(bench.balance == "-1")
        #expect(bench.wallet.debt == credits("1"))
        // It is no usage: caps do not count it.
        #expect(bench.wallet.spend.total == .zero)
        bench.expectReplayAgrees()
    }

    @Test(arguments: [
        ("2026-03-01T10:00:00Z", 12, 0, "2027-03-01T10:00:00Z"),
        ("2026-01-31T00:00:00Z", 1, 0, "2026-02-28T00:00:00Z"),
        ("2028-01-31T00:00:00Z", 1, 0, "2028-02-29T00:00:00Z"),
        ("2028-02-29T08:30:00Z", 12, 0, "2029-02-28T08:30:00Z"),
        ("2028-02-29T08:30:00Z", 48, 0, "2032-02-29T08:30:00Z"),
        ("2026-12-31T23:59:59Z", 2, 0, "2027-02-28T23:59:59Z"),
        ("2026-03-01T00:00:00Z", 0, 30, "2026-03-31T00:00:00Z"),
        ("2026-03-31T12:00:00Z", 6, 0, "2026-09-30T12:00:00Z"),
    ])
    func `months and days are the calendar's`(
        from: String,
        months: Int,
        days: Int,
        until: String
    ) throws {
        let bench = Workbench(at: "2026-01-01T00:00:00Z")
        let end = bench.book.moment(after: time(from), months: months, days: days, of: 1)
        #expect(end == time(until))
    }

    @Test func `months are those of the account's zone`() {
        // In the west the first of March begins eight hours late.
        let bench = Workbench(at: "2026-01-01T00:00:00Z", zone: "Test/West")
        let last = time("2026-03-01T07:59:59Z")
        #expect(
            bench.book.moment(after: last, months: 1, days: 0, of: 1)
                == time("2026-03-29T07:59:59Z")
        )
        let first = time("2026-03-01T08:00:00Z")
        #expect(
            bench.book.moment(after: first, months: 12, days: 0, of: 1)
                == time("2027-03-01T08:00:00Z")
        )
        #expect(bench.book.moment(after: first, months: 120_000, days: 0, of: 1) == .never)
        #expect(bench.book.moment(after: first, months: 1, days: 0, of: 17) == nil)
    }

    @Test func `load gives the state that replay gives`() {
        let bench = Workbench(at: "2026-03-10T12:00:00Z")
        _ = plan(bench, PlanTerms(name: "team", included: Amount(credits: 9), lapses: true))
        _ = plan(bench, PlanTerms(name: "free", mayPurchase: false), .periodEnd)
        bench.grant("2")
        _ = redeem(bench, "A", "1")
        bench.debit("1")
        _ = bill(bench, .invoice)
        var snapshot = OrganisationSnapshot(
            org: 1,
            name: "org",
            zone: "UTC",
            today: bench.wallet.today
        )
        snapshot.hasPurchased = true
        snapshot.terms = bench.book.terms(of: 1)
        let again = AccountBook(partition: 1, calendar: FixedOffsetCalendar())
        again.load(snapshot)
        #expect(again.terms(of: 1) == bench.book.terms(of: 1))
        #expect(again.hasPurchased(1))
        #expect(again.nextDue == time("2026-03-11T00:00:00Z"))
    }
}
