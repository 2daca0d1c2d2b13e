import Quantities

/// Machines that are charged by the hour, in advance.
extension AccountBook {
    /// Brings a run by the hour to a sample.
    func followHours(
        _ deployment: inout Deployment,
        _ sample: MachineSample,
        slot: Int,
        _ moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Bool {
        guard let before = deployment.run else { return true }
        let isFirst = before.heardAt == .epoch
        deployment.run?.uptime = sample.uptime
        deployment.run?.heardAt = moment
        let at = deployment.run?.lastSampleAt ?? sample.at
        if !isFirst {
            chargeHours(&deployment, upTo: at, seen: at, slot: slot, moment, into: buffer)
        }
        if !isFirst, sample.state == .running, before.state == .stopped,
            let run = deployment.run, run.paidState == .stopped || run.nextHour <= at
        {
            // What was not paid as running begins its hours here.
            deployment.run?.anchor = at
            deployment.run?.hours = 0
        }
        deployment.run?.state = sample.state
        deployment.run?.allocation = sample.allocation
        if let sent = sample.sentBytes {
            deployment.run?.sentBytes = max(before.sentBytes, sent)
        }
        deployment.run?.rate = machinePrices.burnRate(
            of: sample.machine,
            sample.state,
            sample.allocation,
            at: at
        )
        settleOrder(&deployment, sample.state)
        if sample.state == .stopped, deployment.lease == .blocked, at < deployment.since {
            // Its owner had stopped it before the hour began that was refused.
            deployment.lease = .none
            deployment.order = nil
        }
        chargeHours(
            &deployment,
            upTo: at.advanced(by: 1),
            seen: at,
            slot: slot,
            moment,
            into: buffer
        )
        if sample.state == .running {
            if deployment.lease != .blocked { deployment.lease = .open }
            freeHold(&deployment, slot: slot, moment, into: buffer)
            orderStopAgain(&deployment, at: at, slot: slot)
        }
        commit(.sampled, &deployment, slot: slot, moment, into: buffer)
        return true
    }

    /// Charges the hours that begin before a moment, as far as the wallet carries them; `seen` is
    /// the moment up to which the machine is known to have gone on.
    ///
    /// What a stopped machine costs is not asked for: there is nothing that it could be told.
    func chargeHours(
        _ deployment: inout Deployment,
        upTo limit: Timestamp,
        seen: Timestamp,
        slot: Int,
        _ moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        while let run = deployment.run, run.nextHour < limit {
            let due = run.nextHour
            guard var price = machinePrices.hour(of: run.machine, run.state, at: due),
                price.amount.isPositive
            else {
                deployment.run?.hours += 1
                deployment.run?.paidState = run.state
                continue
            }
            if organisations[slot].flags.contains(.unmetered) { price.amount = .zero }
            let isRunning = run.state == .running
            let hasHappened = due.advanced(by: runRules.stopMicroseconds) < seen
            if isRunning, deployment.lease == .blocked {
                // What a blocked machine begins is nobody's until it is clear that it goes on.
                guard hasHappened else { return }
            } else if isRunning,
                let report = refusal(of: price.amount, for: deployment, slot: slot)
            {
                block(&deployment, report, needs: price.amount, at: due, slot: slot)
                guard hasHappened else {
                    commit(.blocked, &deployment, slot: slot, moment, into: buffer)
                    return
                }
            }
            guard
                let charge = charge(
                    price.amount,
                    of: deployment,
                    slot: slot,
                    settling: isRunning,
                    price: price.price,
                    from: due,
                    to: due.advanced(by: Run.hour),
                    hours: 1
                ), let total = run.cost.rounded.adding(price.amount)
            else { return }
            if charge.hold != 0 { deployment.hold = 0 }
            if isRunning, deployment.lease != .blocked { deployment.lease = .open }
            deployment.run?.cost = RunCost(units: total.units, fraction: 0, rounded: total)
            deployment.run?.debited = total
            deployment.run?.hours += 1
            deployment.run?.chargedHours += 1
            deployment.run?.paidState = run.state
            deployment.run?.price = price.price
            deployment.run?.bookedAt = due
            commit(.hour, &deployment, charge, slot: slot, moment, into: buffer)
        }
    }

    /// The limit that forbids a charge; what the deployment's own hold keeps is its own.
    func refusal(of amount: Amount, for deployment: Deployment, slot: Int) -> LimitReport? {
        let held = openHold(of: deployment, slot: slot)?.amount ?? .zero
        let isFree = organisations[slot].flags.contains(.unmetered)
        let asked = isFree ? .zero : max(amount - held, .zero)
        return limitReached(slot, asked: asked, project: deployment.project, key: 0)
    }
}

/// Machines that are charged by time.
extension AccountBook {
    /// Brings a continuous run to a sample; false when its cost does not fit.
    func followTime(
        _ deployment: inout Deployment,
        _ sample: MachineSample,
        slot: Int,
        _ moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Bool {
        guard let before = deployment.run else { return true }
        let isFirst = before.heardAt == .epoch
        deployment.run?.uptime = sample.uptime
        deployment.run?.heardAt = moment
        let at = deployment.run?.lastSampleAt ?? sample.at
        guard rate(&deployment, until: at, slot: slot, moment, into: buffer),
            addTraffic(&deployment, sample.sentBytes, at: at, slot: slot)
        else { return false }
        deployment.run?.state = sample.state
        deployment.run?.allocation = sample.allocation
        deployment.run?.rate = machinePrices.burnRate(
            of: sample.machine,
            sample.state,
            sample.allocation,
            at: at
        )
        settleOrder(&deployment, sample.state)
        let changes = before.state != sample.state || before.allocation != sample.allocation
        let isDue = at.microseconds - before.bookedAt.microseconds >= runRules.bookMicroseconds
        var settles = false
        if sample.state == .running {
            settles = openHold(of: deployment, slot: slot) != nil
            renew(&deployment, at: at, slot: slot)
            orderStopAgain(&deployment, at: at, slot: slot)
        }
        let books = isFirst || changes || isDue || settles || isTight(deployment, slot: slot)
        if !books || !book(&deployment, .sampled, slot: slot, moment, into: buffer) {
            commit(.sampled, &deployment, slot: slot, moment, into: buffer)
        }
        return true
    }

    /// Lets a continuous run go on as long as the wallet carries the margin.
    private func renew(_ deployment: inout Deployment, at moment: Timestamp, slot: Int) {
        let own = amount(of: deployment.rate, for: runRules.marginMicroseconds)
        // Who was blocked for what it has sent waits for something, too.
        let needed = max(own, Amount(units: 1))
        guard deployment.lease != .blocked else {
            deployment.needed = needed
            return
        }
        if let report = limit(own, for: deployment, slot: slot) {
            block(&deployment, report, needs: needed, at: moment, slot: slot)
        } else {
            deployment.lease = .open
        }
    }

    /// The limit that forbids a run by time, or nil: asked alike at its start, at each renewal and
    /// before it resumes, so that none of them grants what the next one refuses.
    ///
    /// The balance and the caps of the organisation have to carry the margins of all such runs and
    /// what all runs have cost since they were booked last, those of a project what is its own.
    /// What costs nothing asks for nothing; what the deployment's own hold keeps is its own.
    func limit(_ own: Amount, for deployment: Deployment, slot: Int) -> LimitReport? {
        let cost = deployment.run?.open ?? .zero
        guard own.isPositive || cost.isPositive,
            !organisations[slot].flags.contains(.unmetered)
        else { return nil }
        let held = openHold(of: deployment, slot: slot)?.amount ?? .zero
        let all = machines[organisations[slot].number] ?? OrganisationMachines()
        func asked(_ others: RunSums) -> Amount {
            let margin = amount(of: others.burn, for: runRules.marginMicroseconds)
            guard let sum = own.adding(cost)?.adding(margin)?.adding(others.open) else {
                return .max
            }
            return max(sum - held, .zero)
        }
        let project = deployment.project
        if project != 0 {
            let sums = all.sums(without: deployment.name, project: project)
            let report = limitReached(slot, asked: asked(sums), project: project, key: 0)
            if let report, report.scope == .project { return report }
        }
        let sums = all.sums(without: deployment.name)
        return limitReached(slot, asked: asked(sums), project: 0, key: 0)
    }

    /// Adds time to a run's cost; what a price's end divides is booked piece by piece.
    func rate(
        _ deployment: inout Deployment,
        until moment: Timestamp,
        slot: Int,
        _ now: Timestamp,
        into buffer: RecordBuffer
    ) -> Bool {
        guard let run = deployment.run, run.ratedUntil < moment else { return true }
        if organisations[slot].flags.contains(.unmetered) {
            // Nothing is owed for it later either.
            deployment.run?.ratedUntil = moment
            if !run.open.isPositive { deployment.run?.bookedAt = moment }
            return true
        }
        guard
            let stretches = machinePrices.stretches(
                after: run.cost,
                machine: run.machine,
                run.state,
                run.allocation,
                from: run.ratedUntil,
                to: moment
            )
        else { return false }
        for (index, stretch) in stretches.enumerated() {
            deployment.run?.cost = stretch.cost
            deployment.run?.price = stretch.price
            deployment.run?.ratedUntil = stretch.until
            // Time before the first price is no line's.
            if stretch.price == 0, !run.open.isPositive { deployment.run?.bookedAt = stretch.until }
            if index + 1 < stretches.count {
                book(&deployment, .booked, slot: slot, now, into: buffer)
            }
        }
        return true
    }

    private func addTraffic(
        _ deployment: inout Deployment,
        _ sentBytes: UInt64?,
        at moment: Timestamp,
        slot: Int
    ) -> Bool {
        guard let run = deployment.run, let sentBytes, sentBytes > run.sentBytes else {
            return true
        }
        if organisations[slot].flags.contains(.unmetered) {
            deployment.run?.sentBytes = sentBytes
            deployment.run?.bookedBytes += sentBytes - run.sentBytes
            return true
        }
        guard
            let stretch = machinePrices.traffic(
                after: run.cost,
                machine: run.machine,
                sentBytes: sentBytes - run.sentBytes,
                at: moment
            )
        else { return false }
        deployment.run?.cost = stretch.cost
        deployment.run?.price = stretch.price
        deployment.run?.sentBytes = sentBytes
        return true
    }

    /// Makes a line of what a run has cost and was not debited, and settles the hold of one that is
    /// seen running; false when there was nothing to do.
    @discardableResult
    func book(
        _ deployment: inout Deployment,
        _ cause: MachineCause,
        slot: Int,
        _ moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Bool {
        guard let run = deployment.run else { return false }
        let isRunning = run.state == .running
        let settles = isRunning && openHold(of: deployment, slot: slot) != nil
        guard run.open.isPositive || settles,
            var charge = charge(
                run.open,
                of: deployment,
                slot: slot,
                settling: isRunning,
                price: run.price,
                from: run.bookedAt,
                to: run.ratedUntil,
                hours: 0
            )
        else { return false }
        charge.sentBytes = run.sentBytes - run.bookedBytes
        if isRunning { deployment.hold = 0 }
        deployment.run?.debited = run.cost.rounded
        deployment.run?.bookedAt = run.ratedUntil
        deployment.run?.bookedBytes = run.sentBytes
        commit(cause, &deployment, charge, slot: slot, moment, into: buffer)
        return true
    }

    /// Books what all runs of an organisation have cost.
    func bookRuns(_ slot: Int, into buffer: RecordBuffer) {
        guard let all = machines[organisations[slot].number], all.sums.open.isPositive
        else { return }
        for var deployment in all.deployments where deployment.run?.open.isPositive ?? false {
            book(&deployment, .booked, slot: slot, now, into: buffer)
        }
        refreshCutoffs(slot, at: now)
        schedule(slot)
    }

    /// Whether so little is left that what was not debited yet matters.
    private func isTight(_ deployment: Deployment, slot: Int) -> Bool {
        guard organisations[slot].flags.isDisjoint(with: [.invoiced, .unmetered]) else {
            return false
        }
        let all = machines[organisations[slot].number] ?? OrganisationMachines()
        let others = all.sums(without: deployment.name)
        let margin = amount(of: others.burn + deployment.rate, for: runRules.marginMicroseconds)
        guard let twice = margin.adding(margin),
            let needed = twice.adding(others.open)?.adding(deployment.run?.open ?? .zero)
        else { return true }
        return organisations[slot].available < needed
    }

    /// What so much time costs at a rate, rounded up and at least the smallest amount; nothing for
    /// what costs nothing.
    func amount(of rate: Int128, for microseconds: Int64) -> Amount {
        guard rate != 0 else { return .zero }
        let (product, overflow) = rate.multipliedReportingOverflow(by: Int128(microseconds))
        guard !overflow else { return .max }
        return Amount(units: max(1, (product + 3_599_999_999_999) / 3_600_000_000_000))
    }
}
