import Quantities

extension AccountBook {
    /// Takes in a machine's sign of life, and charges what it shows to be due.
    ///
    /// - Parameters:
    ///   - sample: What it says.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    /// - Returns: What became of it; nothing is refused for lack of money.
    public func sample(
        _ sample: MachineSample,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> SampleOutcome {
        guard let slot = slot(of: sample.org) else { return .unknownOrganisation }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        guard let mode = machinePrices.mode(of: sample.machine, at: sample.at) else {
            return .notPriced
        }
        guard var deployment = deployment(sample.deployment, org: sample.org) else {
            return .tooMany
        }
        let isNew = deployment.run == nil
        if let run = deployment.run {
            if run.boot == sample.boot, run.machine == sample.machine {
                guard sample.uptime > run.uptime || isStop(sample, of: run) else {
                    return .unchanged
                }
                if !run.isAlive { startAgain(&deployment, run, sample) }
            } else if deployment.boots.contains(sample.boot) {
                return .unchanged
            } else {
                let start = begin(of: sample, after: run, moment)
                if run.isAlive {
                    let end = min(run.lastSampleAt.advanced(by: runRules.graceMicroseconds), start)
                    endRun(&deployment, at: end, slot: slot, moment, into: buffer)
                }
                deployment.boots = Array(([run.boot] + deployment.boots).prefix(3))
                startRun(&deployment, sample, mode, at: start)
            }
        }
        if isNew {
            startRun(&deployment, sample, mode, at: begin(of: sample, after: nil, moment))
        }
        let isFit =
            mode == .hourly
            ? followHours(&deployment, sample, slot: slot, moment, into: buffer)
            : followTime(&deployment, sample, slot: slot, moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return isFit ? .taken : .outOfRange
    }

    /// Whether a sample says that a machine has stopped at the very moment that was told last.
    ///
    /// Only that way around: whichever of the two comes first, and however often, it has stopped.
    private func isStop(_ sample: MachineSample, of run: Run) -> Bool {
        sample.uptime == run.uptime && run.isAlive && run.state == .running
            && sample.state == .stopped
    }

    /// The deployment with a name, which is made when it is new; nil when there are too many.
    func deployment(_ name: String, org: UInt32) -> Deployment? {
        let known = machines[org] ?? OrganisationMachines()
        if let number = known.number(of: name) { return known[number] }
        let place = known.place(most: runRules.mostPerOrganisation) { hold in
            hold != 0 && holds[HoldNumber(org: OrgNumber(org), serial: hold)] != nil
        }
        guard let place else { return nil }
        return Deployment(number: place, name: name, project: 0)
    }

    // MARK: - Beginning

    /// When a new run begins: at its boot, but not before the last one was seen, nor too long ago.
    private func begin(
        of sample: MachineSample,
        after run: Run?,
        _ moment: Timestamp
    ) -> Timestamp {
        let boot = MachineSample.origin(sample)
        let earliest = moment.advanced(by: -runRules.lateMicroseconds)
        guard let run else { return max(boot, earliest) }
        return max(boot, earliest, run.isAlive ? run.lastSampleAt : run.endedAt)
    }

    private func startRun(
        _ deployment: inout Deployment,
        _ sample: MachineSample,
        _ mode: RunMode,
        at start: Timestamp
    ) {
        deployment.run = Run(
            number: (machines[sample.org]?.lastRun ?? 0) + 1,
            machine: sample.machine,
            boot: sample.boot,
            mode: mode,
            state: sample.state,
            allocation: sample.allocation,
            origin: MachineSample.origin(sample),
            startedAt: start,
            uptime: 0,
            sentBytes: 0,
            bookedBytes: 0,
            heardAt: .epoch,
            ratedUntil: start,
            cost: .zero,
            debited: .zero,
            bookedAt: start,
            anchor: start,
            hours: 0,
            chargedHours: 0,
            paidState: .stopped,
            rate: 0,
            price: 0,
            endedAt: .never
        )
    }

    /// A boot comes back after its run was ended: the time between was ended with it, the bytes
    /// were sent all the same, and an hour that was paid goes on.
    private func startAgain(
        _ deployment: inout Deployment,
        _ old: Run,
        _ sample: MachineSample
    ) {
        let start = max(sample.at, old.endedAt)
        startRun(&deployment, sample, old.mode, at: start)
        deployment.run?.sentBytes = old.sentBytes
        deployment.run?.bookedBytes = old.sentBytes
        deployment.run?.uptime = old.uptime
        guard old.mode == .hourly, old.paidState == .running, old.nextHour > start else { return }
        deployment.run?.anchor = old.anchor
        deployment.run?.hours = old.hours
        deployment.run?.paidState = .running
    }

    // MARK: - Committing

    /// Notes a deployment's new state with what was charged for it.
    func commit(
        _ cause: MachineCause,
        _ deployment: inout Deployment,
        _ charge: MachineCharge? = nil,
        slot: Int,
        _ moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        let org = organisations[slot].number
        let known = machines[org]
        deployment.lastRun = max(known?.lastRun ?? 0, deployment.run?.number ?? 0)
        deployment.lastOrder = max(known?.lastOrder ?? 0, deployment.order?.number ?? 0)
        if let order = deployment.order, order.number > known?.lastOrder ?? 0 {
            newOrders.append(
                OpenOrder(
                    org: org,
                    deployment: deployment.name,
                    order: order,
                    reason: deployment.reason
                )
            )
        }
        if let charge, charge.amount.isPositive {
            deployment.spend = deployment.spend(on: charge.day)
            deployment.spend.add(charge.amount)
            deployment.spendDay = charge.day
        }
        if let known, deployment.number <= known.deployments.count,
            known[deployment.number].name != deployment.name
        {
            forgetCosts(deployment.number, org: org, at: moment, into: buffer)
        }
        let body = MachineChanged(cause: cause, deployment: deployment, charge: charge)
        commit(.machineChanged(body), org: org, at: moment, into: buffer)
        if let charge, charge.amount.isPositive {
            judge(slot, hasFallen: true, at: moment, into: buffer)
            tell(deployment, slot: slot, at: moment, into: buffer)
        }
        if let charge, charge.hold != 0 { lapseLetGo(slot, at: moment, into: buffer) }
    }

    func changeMachine(_ org: UInt32, _ body: MachineChanged) {
        guard let slot = slot(of: org) else {
            invariantBroken("a change names an organisation that exists")
        }
        if let charge = body.charge {
            if charge.hold != 0 {
                removeHold(HoldNumber(org: OrgNumber(org), serial: charge.hold), slot: slot)
            }
            organisations[slot].posted -= charge.amount
            for index in 0..<charge.draws.count { organisations[slot].take(charge.draws[index]) }
            organisations[slot].addSpend(
                charge.amount,
                project: body.deployment.project,
                key: 0
            )
            if charge.amount.isPositive { organisations[slot].lines += 1 }
        }
        put(body.deployment, slot: slot)
    }

    func put(_ deployment: Deployment, slot: Int) {
        organisations[slot].flags.insert(.hasRuns)
        machines[organisations[slot].number, default: OrganisationMachines()].put(deployment)
    }

    /// A charge that can be booked, or nil when a sum would leave the range of amounts.
    func charge(
        _ amount: Amount,
        of deployment: Deployment,
        slot: Int,
        price: UInt32,
        from: Timestamp,
        to: Timestamp,
        hours: UInt32
    ) -> MachineCharge? {
        guard let posted = organisations[slot].posted.adding(-amount),
            organisations[slot].debt.adding(amount) != nil,
            organisations[slot].spend.total.adding(amount) != nil
        else { return nil }
        if posted.isNegative, !organisations[slot].flags.contains(.invoiced) {
            overshoot = overshoot.adding(min(amount, -posted)) ?? .max
        }
        let hold = openHold(of: deployment, slot: slot)
        return MachineCharge(
            amount: amount,
            draws: plan(amount, slot: slot, hold: hold?.number.serial ?? 0),
            hold: hold?.number.serial ?? 0,
            day: organisations[slot].today.day,
            price: price,
            from: from,
            to: to,
            hours: hours,
            sentBytes: 0
        )
    }

    /// The hold that a deployment's start waits on, if it has not lapsed.
    func openHold(of deployment: Deployment, slot: Int) -> Hold? {
        guard deployment.hold != 0 else { return nil }
        let org = OrgNumber(organisations[slot].number)
        return holds[HoldNumber(org: org, serial: deployment.hold)]
    }
}

extension MachineSample {
    /// When its boot was.
    static func origin(_ sample: MachineSample) -> Timestamp {
        let uptime = Int64(clamping: sample.uptime)
        let (microseconds, overflow) = uptime.multipliedReportingOverflow(by: 1000)
        let (origin, below) = sample.at.microseconds.subtractingReportingOverflow(
            overflow ? .max : microseconds
        )
        return Timestamp(microseconds: below ? .min : origin)
    }
}

extension Timestamp {
    func advanced(by microseconds: Int64) -> Timestamp {
        advanced(byMicroseconds: microseconds)
    }
}
