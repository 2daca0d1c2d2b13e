import Accounting
import Quantities

/// A plan by the plain rules.
package struct NaivePlan: Equatable {
    package var name: String
    package var access: Bool
    package var mayPurchase: Bool
    package var needsPurchase: Bool
    package var included: Int128
    package var lapses: Bool
    package var priority: Int32

    package init(_ terms: PlanTerms) {
        name = terms.name
        access = terms.apiAccess
        mayPurchase = terms.mayPurchase
        needsPurchase = terms.needsPurchase
        included = terms.included.units
        lapses = terms.lapses
        priority = terms.priority
    }
}

/// Plan, coupons and billing of a wallet.
package struct NaiveTerms {
    package var plan: NaivePlan?
    package var next: NaivePlan?
    /// The first day of the plan's month, and the moment at which the next one begins.
    package var month: Int64 = 0
    package var end: Int64 = .max
    /// The plans that have brought their credits in this month.
    package var given: Set<String> = []
    package var coupons: Set<String> = []
    package var hasBought = false
    /// 1 prepaid, 2 invoice, 3 unmetered.
    package var mode: UInt8 = 1
    package var nextMode: (mode: UInt8, from: Int64)?

    package init() {}

    /// Whether something happens when the month ends.
    var waits: Bool { next != nil || (plan?.included ?? 0) > 0 }
}

extension NaiveOrganisation {
    /// What the plan says against a request: 7 for another plan, 8 for a purchase.
    package var gate: NaiveAnswer? {
        guard let plan = terms.plan else { return nil }
        if !plan.access { return .planRequired }
        return plan.needsPurchase && !terms.hasBought ? .purchaseRequired : nil
    }

    /// The months that are over by now, the earliest first; each may bring credits.
    mutating func turnMonths() {
        while !closed, terms.waits, terms.end <= now {
            guard let plan = terms.next ?? terms.plan else { return }
            let floor = NaiveCalendar.month(of: today - 730).first
            let first = max(NaiveCalendar.month(of: terms.month).next, floor)
            enter(plan, month: first)
            if terms.end > now || !plan.lapses { give(plan) }
        }
    }

    private mutating func enter(_ plan: NaivePlan, month: Int64) {
        if terms.month != month { terms.given = [] }
        terms.plan = plan
        terms.next = nil
        terms.month = month
        terms.end =
            zone.start(of: NaiveCalendar.month(of: month).next)
    }

    /// The credits of the present month, once for each plan.
    private mutating func give(_ plan: NaivePlan) {
        guard plan.included > 0, terms.given.insert(plan.name).inserted else { return }
        add(plan.included, priority: plan.priority, expires: plan.lapses ? terms.end : .max)
    }

    /// Credits that pay at once.
    private mutating func add(_ amount: Int128, priority: Int32, expires: Int64) {
        grants.append(
            NaiveGrant(
                number: UInt32(grants.count + 1),
                amount: amount,
                priority: priority,
                effective: now,
                expires: expires,
                begun: false,
                remaining: amount
            )
        )
        begin(grants.count - 1)
    }

    /// Puts the wallet on a plan, now or at the month's end; false when it cannot be.
    package mutating func setPlan(_ plan: NaivePlan, now isNow: Bool, at moment: Int64) -> Bool {
        bringUp(to: moment)
        if closed { return false }
        let month =
            terms.plan != nil && terms.end > now
            ? terms.month : NaiveCalendar.month(of: today).first
        guard let present = isNow ? plan : terms.plan else { return false }
        enter(present, month: month)
        if isNow { give(plan) } else { terms.next = plan }
        topUpIfDue()
        return true
    }

    /// Redeems a coupon; false at the second try.
    package mutating func redeem(
        _ code: String,
        _ amount: Int128,
        priority: Int32,
        expires: Int64,
        at moment: Int64
    ) -> Bool {
        bringUp(to: moment)
        guard !closed, terms.coupons.insert(code).inserted else { return false }
        add(amount, priority: priority, expires: expires)
        return true
    }

    /// Changes the billing; a day with debits that invoices are about stays as it was.
    package mutating func setMode(_ mode: UInt8, at moment: Int64) {
        bringUp(to: moment)
        guard !closed else { return }
        // What machines have cost so far is billed as it was.
        bookMachines()
        let isAboutInvoices = (mode == 2) != (terms.mode == 2)
        if isAboutInvoices, spent(by: NaiveScope(scope: 1, id: 0))[0] > 0 {
            terms.nextMode = (mode, today + 1)
        } else {
            terms.mode = mode
            terms.nextMode = nil
        }
    }

    /// A day has begun.
    mutating func turnMode() {
        guard let next = terms.nextMode, next.from <= today, !closed else { return }
        // What machines have cost so far belongs to the day that has ended.
        bookMachines(day: next.from - 1)
        terms.mode = next.mode
        terms.nextMode = nil
    }

    /// Takes credits out, as a charge is taken that no hold is kept for.
    package mutating func takeOut(_ amount: Int128, at moment: Int64) -> [NaivePart]? {
        bringUp(to: moment)
        guard !closed else { return nil }
        var open = amount
        var parts: [NaivePart] = []
        for index in burnOrder where open > 0 {
            let part = min(open, grants[index].remaining)
            guard part > 0 else { continue }
            grants[index].remaining -= part
            open -= part
            parts.append(NaivePart(grant: grants[index].number, amount: part))
        }
        if open > 0 {
            parts.append(NaivePart(grant: 0, amount: open))
            debt += open
        }
        book(-amount)
        overshoot += amount
        bringUp(to: moment)
        return parts
    }
}

// MARK: - One record after the other

extension NaiveOrganisation {
    mutating func follow(_ body: PlanChanged, at moment: Timestamp) -> String? {
        if closed { return "a closed wallet is put on a plan" }
        if let overdue = overdue(at: moment, withMonths: false) { return overdue }
        let plan = NaivePlan(body.plan)
        let isTurn = terms.waits && terms.end <= now
        let grantsBefore = grants.count
        let owed = debt
        // What follows from it has a record of its own.
        let topUp = shop.topUp
        shop.topUp = nil
        defer { shop.topUp = topUp }
        if isTurn {
            // Exactly one month, as there is a record for each.
            guard let due = terms.next ?? terms.plan, due == plan, body.next == nil else {
                return "the month begins with plan \(plan.name)"
            }
            let floor = NaiveCalendar.month(of: today - 730).first
            enter(plan, month: max(NaiveCalendar.month(of: terms.month).next, floor))
            if terms.end > now || !plan.lapses { give(plan) }
        } else if let next = body.next {
            guard terms.plan == plan else { return "plan \(plan.name) is said to be in force" }
            if !setPlan(NaivePlan(next), now: false, at: now) { return "no plan to follow on" }
        } else if !setPlan(plan, now: true, at: now) {
            return "plan \(plan.name) is not set"
        }
        if Int64(body.periodStart.number) != terms.month {
            return "the period begins on day \(body.periodStart.number), not \(terms.month)"
        }
        if body.periodEnd.microseconds != terms.end {
            return "the period ends at \(body.periodEnd.microseconds), not \(terms.end)"
        }
        let given = grants.count > grantsBefore ? grants.last : nil
        return compare(body.grant, given, grantClass: .plan, owed: owed)
    }

    private func compare(
        _ issued: GrantIssued?,
        _ given: NaiveGrant?,
        grantClass: GrantClass,
        owed: Int128
    ) -> String? {
        guard let issued else { return given == nil ? nil : "\(grantClass) credits are missing" }
        guard let given else { return "\(grantClass) credits are given twice" }
        let isSame =
            issued.grant == given.number && issued.amount.units == given.amount
            && issued.priority == given.priority && issued.expiresAt.microseconds == given.expires
            && issued.active && issued.grantClass == grantClass
            && issued.debtPaid.units == min(owed, given.amount)
        return isSame ? nil : "\(grantClass) grant \(issued) is not \(given)"
    }

    mutating func follow(_ body: CouponRedeemed, at moment: Timestamp) -> String? {
        if closed { return "a closed wallet redeems a coupon" }
        if let overdue = overdue(at: moment) { return overdue }
        let owed = debt
        let isNew = redeem(
            body.code,
            body.grant.amount.units,
            priority: body.grant.priority,
            expires: body.grant.expiresAt.microseconds,
            at: moment.microseconds
        )
        guard isNew else { return "coupon \(body.code) is redeemed twice" }
        return compare(body.grant, grants.last, grantClass: .coupon, owed: owed)
    }

    mutating func follow(_ body: BillingChanged, at moment: Timestamp) -> String? {
        if closed { return "a closed wallet is billed" }
        if let overdue = overdue(at: moment) { return overdue }
        setMode(body.mode.rawValue, at: moment.microseconds)
        let from = terms.nextMode?.from ?? today
        return Int64(body.from.number) == from
            ? nil : "billing holds from day \(body.from.number), not \(from)"
    }

    mutating func follow(_ body: BalanceAdjusted, at moment: Timestamp) -> String? {
        if closed { return "a closed wallet is adjusted" }
        if let overdue = overdue(at: moment) { return overdue }
        // What follows from it has a record of its own.
        let topUp = shop.topUp
        shop.topUp = nil
        defer { shop.topUp = topUp }
        let parts = takeOut(body.draws.total.units, at: moment.microseconds)
        return parts == body.draws.parts ? nil : "an adjustment is drawn from \(body.draws.parts)"
    }
}

extension BookComparison {
    /// Compares plan, coupons and billing.
    mutating func compareTerms(_ org: UInt32, _ book: AccountBook, _ model: NaiveOrganisation) {
        let mine = book.terms(of: org)
        let terms = model.terms
        expectEqual(mine.plan.map { NaivePlan($0.plan) }, terms.plan, "plan of \(org)")
        expectEqual(mine.plan?.next.map { NaivePlan($0) }, terms.next, "next plan of \(org)")
        if let plan = mine.plan {
            expectEqual(Int64(plan.periodStart.number), terms.month, "month of \(org)")
            expectEqual(plan.periodEnd.microseconds, terms.end, "end of the month of \(org)")
        }
        expectEqual(Set(mine.given), terms.given, "plan credits of \(org)")
        expectEqual(Set(mine.coupons), terms.coupons, "coupons of \(org)")
        expectEqual(book.hasPurchased(org), terms.hasBought, "purchases of \(org)")
        expectEqual(mine.billing?.mode.rawValue ?? 1, terms.mode, "billing of \(org)")
        expectEqual(mine.nextBilling?.mode.rawValue, terms.nextMode?.mode, "next billing of \(org)")
    }
}
