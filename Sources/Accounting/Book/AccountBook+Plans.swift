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
}
