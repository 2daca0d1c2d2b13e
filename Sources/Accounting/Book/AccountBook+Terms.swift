import Quantities

/// When a new plan takes the place of the one in force.
public enum PlanStart: Sendable, Hashable {
    /// Now; its credits come at once.
    case now
    /// When the present period ends.
    case periodEnd
}

extension AccountBook {
    // MARK: - Gates

    /// What the organisation's plan says against a request; nil for nothing.
    func gate(_ slot: Int) -> RefusalReason? {
        guard organisations[slot].flags.contains(.hasTerms),
            let plan = terms[organisations[slot].number]?.plan
        else { return nil }
        if !plans[Int(plan)].apiAccess { return .planRequired }
        if plans[Int(plan)].needsPurchase, !organisations[slot].flags.contains(.hasPurchased) {
            return .purchaseRequired
        }
        return nil
    }

    /// What is against a purchase of credits; nil for nothing.
    func purchaseRefusal(_ slot: Int) -> RefusalReason? {
        if organisations[slot].closed { return .accountClosed }
        guard organisations[slot].flags.contains(.hasTerms),
            let plan = terms[organisations[slot].number]?.plan, !plans[Int(plan)].mayPurchase
        else { return nil }
        return .planRequired
    }

    /// What is against a purchase of credits by an organisation; nil for nothing.
    ///
    /// - Parameter org: Its number.
    /// - Returns: `unknownOrganisation`, `accountClosed`, `planRequired`, or nil.
    public func purchaseRefusal(of org: UInt32) -> RefusalReason? {
        guard let slot = slot(of: org) else { return .unknownOrganisation }
        return purchaseRefusal(slot)
    }

    /// Whether credits were ever bought.
    ///
    /// - Parameter org: The organisation's number.
    /// - Returns: Whether they were.
    public func hasPurchased(_ org: UInt32) -> Bool {
        slot(of: org).map { organisations[$0].flags.contains(.hasPurchased) } ?? false
    }

    // MARK: - Plans

    /// Puts an organisation on a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan's terms.
    ///   - start: When it takes effect.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, `unknown`, `accountClosed` or `invalid`.
    public func setPlan(
        _ plan: PlanTerms,
        _ start: PlanStart,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        let known = terms[org]
        var body = PlanChanged(
            plan: plan,
            next: nil,
            periodStart: organisations[slot].today.day.monthStart,
            periodEnd: .never,
            grant: nil
        )
        if let known, known.plan != nil, known.periodEnd > moment {
            body.periodStart = known.periodStart
        }
        body.periodEnd = periodEnd(slot, body.periodStart)
        switch start {
        case .now:
            if known?.periodStart == body.periodStart,
                known?.given.count ?? 0 >= AccountBook.mostPlansInPeriod
            {
                return .invalid(
                    field: "plan",
                    message: "The account had \(AccountBook.mostPlansInPeriod) plans this month."
                )
            }
            body.grant = periodGrant(slot, body, at: moment)
        case .periodEnd:
            guard let present = known?.plan else {
                return .invalid(
                    field: "at",
                    message: "The account has no plan whose period could end; set it now."
                )
            }
            body.plan = plans[Int(present)]
            body.next = plan
        }
        commit(.planChanged(body), org: org, at: moment, into: buffer)
        judge(slot, hasFallen: false, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .done
    }

    /// Begins the periods that are due; each is a record of its own.
    func beginPeriods(_ slot: Int, at moment: Timestamp, into buffer: RecordBuffer) {
        let org = organisations[slot].number
        while needsPeriod(slot), let known = terms[org], known.periodEnd <= moment {
            guard let present = known.next ?? known.plan else { return }
            // Who comes back after years is not given hundreds of months.
            let earliest = organisations[slot].today.day.advanced(by: -730).monthStart
            let start = max(known.periodStart.nextMonthStart, earliest)
            var body = PlanChanged(
                plan: plans[Int(present)],
                next: nil,
                periodStart: start,
                periodEnd: periodEnd(slot, start),
                grant: nil
            )
            // An allowance of a month that is over has lapsed already.
            if body.periodEnd > moment || !body.plan.lapses {
                body.grant = periodGrant(slot, body, at: moment)
            }
            commit(.planChanged(body), org: org, at: moment, into: buffer)
            judgeAlerts(slot, hasFallen: false, at: moment, into: buffer)
        }
    }

    /// Whether anything happens when the plan's period ends.
    func needsPeriod(_ slot: Int) -> Bool {
        guard !organisations[slot].closed, let terms = terms[organisations[slot].number],
            let plan = terms.plan
        else { return false }
        return terms.next != nil || plans[Int(plan)].included.isPositive
    }

    private func periodEnd(_ slot: Int, _ start: CivilDay) -> Timestamp {
        let zone = zones[Int(organisations[slot].zone)]
        guard let end = calendar.start(of: start.nextMonthStart, zone: zone) else {
            invariantBroken("a zone that was accepted once is known")
        }
        return end
    }

    /// The credits of a period, once for each plan and period.
    private func periodGrant(
        _ slot: Int,
        _ body: PlanChanged,
        at moment: Timestamp
    ) -> GrantIssued? {
        let org = organisations[slot].number
        guard body.plan.included.isPositive, fits(body.plan.included, slot: slot) else {
            return nil
        }
        if let known = terms[org], known.periodStart == body.periodStart,
            known.given.contains(where: { plans[Int($0)].name == body.plan.name })
        {
            return nil
        }
        var identity = StateDigest()
        identity.combine(UInt64(org))
        identity.combine(UInt64.max)
        identity.combine(bytes: body.plan.name.utf8)
        identity.combine(Int64(body.periodStart.number))
        return GrantIssued(
            grant: organisations[slot].lastGrant + 1,
            grantClass: .plan,
            amount: body.plan.included,
            priority: body.plan.priority,
            effectiveAt: moment,
            expiresAt: body.plan.lapses ? max(body.periodEnd, moment) : .never,
            active: true,
            debtPaid: min(organisations[slot].debt, body.plan.included),
            identity: identity.value,
            content: 0,
            reference: body.plan.name,
            note: "\(body.periodStart)"
        )
    }

    func apply(_ body: PlanChanged, org: UInt32, at moment: Timestamp) {
        guard let slot = slot(of: org) else {
            invariantBroken("a plan is that of an organisation that exists")
        }
        var terms = self.terms[org] ?? Terms()
        if terms.periodStart != body.periodStart { terms.given = [] }
        terms.plan = planIndex(body.plan)
        terms.next = body.next.map { planIndex($0) }
        terms.periodStart = body.periodStart
        terms.periodEnd = body.periodEnd
        if let grant = body.grant {
            if let plan = terms.plan { terms.given.append(plan) }
            issue(org, grant, at: moment)
        }
        set(terms, slot: slot)
    }

    // MARK: - Coupons

    /// Redeems a coupon, once for each account and for ever.
    ///
    /// - Parameters:
    ///   - code: The code.
    ///   - grant: Its credits; number and paid debt are set here.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `granted`, `alreadyRedeemed`, or why not.
    public func redeem(
        _ code: String,
        _ grant: GrantIssued,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        let redeemed = terms[org]?.coupons ?? []
        if redeemed.contains(code) { return .alreadyRedeemed }
        guard redeemed.count < AccountBook.mostCoupons else {
            return .invalid(
                field: "code",
                message: "The account has redeemed \(AccountBook.mostCoupons) coupons, the most."
            )
        }
        guard grant.expiresAt > moment, fits(grant.amount, slot: slot) else {
            return .invalid(
                field: "code",
                message: grant.expiresAt > moment
                    ? "The balance would not fit 26 digits." : "Its credits would have lapsed."
            )
        }
        var body = CouponRedeemed(code: code, grant: grant)
        body.grant.grant = organisations[slot].lastGrant + 1
        body.grant.active = true
        body.grant.effectiveAt = moment
        body.grant.debtPaid = min(organisations[slot].debt, grant.amount)
        commit(.couponRedeemed(body), org: org, at: moment, into: buffer)
        judge(slot, hasFallen: false, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .granted(body.grant.grant)
    }

    func apply(_ body: CouponRedeemed, org: UInt32, at moment: Timestamp) {
        guard let slot = slot(of: org) else {
            invariantBroken("a coupon is redeemed by an organisation that exists")
        }
        issue(org, body.grant, at: moment)
        var terms = self.terms[org] ?? Terms()
        terms.coupons.append(body.code)
        terms.coupons.sort()
        set(terms, slot: slot)
    }

    // MARK: - Billing

    /// Changes how an organisation is billed.
    ///
    /// At once, but for a change to or from invoices on a day that has debits already: that day
    /// stays as it was, so that no debit is both paid for and invoiced.
    ///
    /// - Parameters:
    ///   - billing: How it is billed; the day is set here.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, `unknown` or `accountClosed`.
    public func setBilling(
        _ billing: BillingChanged,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        // What machines have cost so far is charged as it was billed so far.
        if organisations[slot].flags.contains(.hasRuns) { bookRuns(slot, into: buffer) }
        let present = terms[org]?.billing?.mode ?? .prepaid
        let isAboutInvoices = (present == .invoice) != (billing.mode == .invoice)
        let today = organisations[slot].today.day
        var body = billing
        body.from =
            isAboutInvoices && organisations[slot].spend.day.isPositive
            ? today.advanced(by: 1) : today
        commit(.billingChanged(body), org: org, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .done
    }

    func apply(_ body: BillingChanged, org: UInt32) {
        guard let slot = slot(of: org) else {
            invariantBroken("an organisation that is billed exists")
        }
        var terms = self.terms[org] ?? Terms()
        if body.from <= organisations[slot].today.day {
            terms.billing = body
            terms.nextBilling = nil
        } else {
            terms.nextBilling = body
        }
        set(terms, slot: slot)
    }

    /// A day has begun: what was to hold from it on holds.
    func turnBilling(_ slot: Int) {
        guard organisations[slot].flags.contains(.hasTerms),
            var terms = terms[organisations[slot].number], let next = terms.nextBilling,
            next.from <= organisations[slot].today.day
        else { return }
        terms.billing = next
        terms.nextBilling = nil
        set(terms, slot: slot)
    }

    /// Whether days have to turn by themselves: invoices wait for the month's end.
    func needsDays(_ slot: Int) -> Bool {
        guard !organisations[slot].closed, organisations[slot].flags.contains(.hasTerms) else {
            return false
        }
        if organisations[slot].flags.contains(.invoiced) { return true }
        guard let terms = terms[organisations[slot].number] else { return false }
        // Who changed over within the month has days in it that are invoiced at its end.
        let month = organisations[slot].today.day.monthStart
        return terms.nextBilling != nil || terms.billing?.from.monthStart == month
    }

    // MARK: - Adjustments

    /// Takes credits out of a wallet, as a debit takes them, once for each identity.
    ///
    /// - Parameters:
    ///   - amount: How many, above zero.
    ///   - adjustment: Who and why, with the identity; the sources are set here.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, `repeated`, or why not.
    public func takeOut(
        _ amount: Amount,
        _ adjustment: BalanceAdjusted,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        switch grantIdentities.find(adjustment.identity, content: adjustment.content) {
        case .new: break
        case .repeated(let number): return .repeated(number)
        case .conflict: return .conflict
        }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        guard amount.isPositive else {
            return .invalid(field: "amount", message: "\(amount) takes nothing.")
        }
        guard organisations[slot].posted.adding(-amount) != nil,
            organisations[slot].debt.adding(amount) != nil
        else { return .invalid(field: "amount", message: "The balance would not fit 26 digits.") }
        var body = adjustment
        body.draws = sources(of: amount, slot: slot)
        commit(.balanceAdjusted(body), org: org, at: moment, into: buffer)
        judge(slot, hasFallen: true, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .done
    }

    func apply(_ body: BalanceAdjusted, org: UInt32, at moment: Timestamp) {
        guard let slot = slot(of: org) else {
            invariantBroken("an organisation that is adjusted exists")
        }
        organisations[slot].posted -= body.draws.total
        for index in 0..<body.draws.count { organisations[slot].take(body.draws[index]) }
        organisations[slot].lines += 1
        grantIdentities.insert(body.identity, content: body.content, result: 0, at: moment)
    }

    /// Whether a grant or an adjustment was made under an identity that is still remembered.
    ///
    /// - Parameter identity: The digest of the caller's idempotency key.
    /// - Returns: Whether one was.
    public func knowsGrant(_ identity: UInt128) -> Bool {
        if case .new = grantIdentities.find(identity, content: 0) { return false }
        return true
    }
}
