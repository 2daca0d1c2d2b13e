import Quantities

extension AccountBook {
    /// Does what is due by itself in all organisations: grants that begin or lapse, holds that run
    /// out, windows that end where a cap has cut something off.
    ///
    /// - Parameters:
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    ///   - limit: How many organisations and holds at most, so that a turn stays short.
    /// - Returns: Whether more is due.
    public func tick(at moment: Timestamp, into buffer: RecordBuffer, limit: Int = 1024) -> Bool {
        let moment = move(to: moment)
        if let slot = unjudged {
            unjudged = nil
            // What came back in the same moment counts as well.
            advance(slot, to: moment, into: buffer)
            judge(slot, hasFallen: true, at: moment, into: buffer)
        }
        var done = 0
        for number in holds.due(at: moment) {
            guard done < limit else {
                holds.reconsider()
                return true
            }
            release(number, lapsed: true, at: moment, into: buffer)
            done += 1
        }
        guard earliestDeadline <= moment else { return false }
        var next = Timestamp.never
        for slot in deadlines.indices {
            if deadlines[slot] <= moment {
                guard done < limit else {
                    earliestDeadline = .epoch
                    return true
                }
                advance(slot, to: moment, into: buffer)
                done += 1
            }
            next = min(next, deadlines[slot])
        }
        earliestDeadline = next
        return false
    }

    /// Does what is due in one organisation, so that what is shown of it is of the present.
    ///
    /// - Parameters:
    ///   - org: Its number.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    public func bringUp(_ org: UInt32, to moment: Timestamp, into buffer: RecordBuffer) {
        guard let slot = slot(of: org) else { return }
        advance(slot, to: move(to: moment), into: buffer)
        if organisations[slot].flags.contains(.hasRuns) { bookRuns(slot, into: buffer) }
    }

    /// The moment at which `tick` has something to do, as far as is known.
    public var nextDue: Timestamp { min(earliestDeadline, holds.earliest) }

    /// Brings an organisation to the present: nothing is decided on a state of the past.
    func advance(_ slot: Int, to moment: Timestamp, into buffer: RecordBuffer) {
        if organisations[slot].today.end <= moment, !organisations[slot].closed {
            turnDay(slot, at: moment, into: buffer)
        }
        guard organisations[slot].deadline <= moment else { return }
        advanceGrants(slot, to: moment, into: buffer)
        // Before machines are let go on: what they are charged is judged with each charge.
        if organisations[slot].flags.contains(.hasTopUp) {
            judgeTopUp(slot, at: moment, into: buffer)
        }
        if organisations[slot].flags.contains(.hasRuns) {
            advanceRuns(slot, to: moment, into: buffer)
        }
        schedule(slot)
        refreshCutoffs(slot, at: moment)
    }

    /// Lets lapse at once what a machine's hold has let go of a grant whose time is over: what is
    /// decided next in the same command must not count on it.
    func lapseLetGo(_ slot: Int, at moment: Timestamp, into buffer: RecordBuffer) {
        advanceGrants(slot, to: moment, into: buffer)
        if organisations[slot].flags.contains(.hasTopUp) {
            judgeTopUp(slot, at: moment, into: buffer)
        }
    }

    /// Lets grants begin and lapse, and periods of the plan begin; then alerts are judged, once.
    ///
    /// Why once: an allowance that lapses in the moment in which the next one comes has emptied no
    /// wallet, and nobody is to be told so each month.
    private func advanceGrants(_ slot: Int, to moment: Timestamp, into buffer: RecordBuffer) {
        let org = organisations[slot].number
        let before = organisations[slot].posted
        while let index = nextDueGrant(slot, at: moment) {
            let grant = organisations[slot].grants[index]
            if !grant.active {
                let debtPaid = min(organisations[slot].debt, grant.remaining)
                let body = GrantActivated(
                    grant: grant.number,
                    amount: grant.remaining,
                    debtPaid: debtPaid
                )
                commit(.grantActivated(body), org: org, at: moment, into: buffer)
            } else {
                let lapsing = max(grant.remaining - grant.held, .zero)
                let body = GrantExpired(grant: grant.number, amount: lapsing)
                commit(.grantExpired(body), org: org, at: moment, into: buffer)
            }
        }
        if organisations[slot].flags.contains(.hasTerms) {
            beginPeriods(slot, at: moment, into: buffer)
        }
        let posted = organisations[slot].posted
        if posted != before {
            judgeAlerts(slot, hasFallen: posted < before, at: moment, into: buffer)
        }
    }

    /// The grant that is due first; ties go by number.
    private func nextDueGrant(_ slot: Int, at moment: Timestamp) -> Int? {
        var first: Int?
        for index in organisations[slot].grants.indices {
            let grant = organisations[slot].grants[index]
            guard grant.deadline <= moment else { continue }
            if let other = first {
                let rival = organisations[slot].grants[other]
                if (grant.deadline, grant.number) < (rival.deadline, rival.number) { first = index }
            } else {
                first = index
            }
        }
        return first
    }

    private func turnDay(_ slot: Int, at moment: Timestamp, into buffer: RecordBuffer) {
        let zone = zones[Int(organisations[slot].zone)]
        guard let today = calendar.day(containing: moment, zone: zone) else {
            invariantBroken("a zone that was accepted once is known")
        }
        // When a zone's rules change under us its day may end later than was thought: then the same
        // day is noted again with its new end. It never goes back.
        let known = organisations[slot].today
        guard today.day > known.day || (today.day == known.day && today.end > known.end) else {
            return
        }
        let org = organisations[slot].number
        if organisations[slot].flags.contains(.hasRuns), terms[org]?.nextBilling != nil {
            bookRuns(slot, into: buffer)
        }
        let spend = organisations[slot].spend
        commit(
            .dayTurned(DayTurned(today: today)),
            org: org,
            at: moment,
            into: buffer
        )
        sumUp(slot, ended: known.day, spend, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        judgeAlerts(slot, hasFallen: false, at: moment, into: buffer)
        tellDeployments(slot, at: moment, into: buffer)
        schedule(slot)
    }

    /// Notes when the next thing is due in an organisation.
    func schedule(_ slot: Int) {
        var next = Timestamp.never
        for grant in organisations[slot].grants { next = min(next, grant.deadline) }
        // Days turn when somebody looks, unless a cap waits for it to let requests through again.
        if hasCapCutoff(slot) || isSummaryDue(slot) {
            next = min(next, organisations[slot].today.end)
        }
        if organisations[slot].flags.contains(.hasTerms) {
            if needsPeriod(slot), let terms = terms[organisations[slot].number] {
                next = min(next, terms.periodEnd)
            }
            if needsDays(slot) { next = min(next, organisations[slot].today.end) }
        }
        if organisations[slot].flags.contains(.hasRuns) { next = min(next, runDeadline(slot)) }
        if organisations[slot].flags.contains(.hasTopUp) { next = min(next, topUpDeadline(slot)) }
        setDeadline(slot, next)
    }

    private func hasCapCutoff(_ slot: Int) -> Bool {
        guard !organisations[slot].caps.isEmpty, !organisations[slot].closed else { return false }
        if organisations[slot].cutoffs.contains(.spendCap) { return true }
        return organisations[slot].projects.contains { $0.cutoffs.contains(.spendCap) }
            || organisations[slot].keys.contains { $0.scope.cutoffs.contains(.spendCap) }
    }
}
