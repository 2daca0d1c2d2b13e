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
        let wasSetBack = moment < now
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        guard let mode = machinePrices.mode(of: sample.machine, at: sample.at) else {
            return .notPriced
        }
        guard var deployment = deployment(sample.deployment, org: sample.org) else {
            return .tooMany
        }
        guard fits(sample, deployment.run, moment, wasSetBack) else { return .uptimeOutOfRange }
        if let run = deployment.run, run.boot == sample.boot {
            guard sample.uptime > run.uptime || isStop(sample, of: run) else { return .unchanged }
            follow(&deployment, sample, mode, slot: slot, moment, into: buffer)
        } else if deployment.boots.contains(sample.boot) {
            return .unchanged
        } else {
            let start = begin(of: sample, after: deployment.run, moment)
            if let run = deployment.run {
                if run.isAlive {
                    let end = min(run.lastSampleAt.advanced(by: runRules.graceMicroseconds), start)
                    endRun(&deployment, at: end, slot: slot, moment, into: buffer)
                }
                deployment.boots = Array(([run.boot] + deployment.boots).prefix(3))
            }
            startRun(&deployment, sample, mode, at: start)
        }
        let isFit =
            mode == .hourly
            ? followHours(&deployment, sample, slot: slot, moment, into: buffer)
            : followTime(&deployment, sample, slot: slot, moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return isFit ? .taken : .outOfRange
    }

    /// Whether a sample's uptime can be true: it does not lead further beyond the sample's time and
    /// the present than a time may lie ahead, and its boot is not before 1970.
    ///
    /// Why: what an uptime in the wrong unit leads to would be charged at once, years of it.
    private func fits(
        _ sample: MachineSample,
        _ run: Run?,
        _ moment: Timestamp,
        _ wasSetBack: Bool
    ) -> Bool {
        // What follows a run that was ended counts from the sample's own time.
        guard let run, run.boot == sample.boot, run.isAlive else {
            return MachineSample.origin(sample) >= .epoch
        }
        let ahead = runRules.aheadMicroseconds
        let told = run.moment(of: sample.uptime)
        if told <= max(sample.at, moment).advanced(by: ahead) { return true }
        // A clock that was set back has left the run in the future: it goes on at its own pace.
        let lead = run.lastSampleAt.microseconds - run.heardAt.microseconds
        guard wasSetBack || lead > ahead else { return false }
        let passed = max(0, moment.microseconds - run.heardAt.microseconds)
        return told <= run.lastSampleAt.advanced(by: passed).advanced(by: ahead)
    }

    /// Goes on with a boot that is known: in its run, or in another one when the run was ended,
    /// when it was not heard of for so long that nobody could have told it late, or when it is
    /// charged as another machine or in another way now.
    private func follow(
        _ deployment: inout Deployment,
        _ sample: MachineSample,
        _ mode: RunMode,
        slot: Int,
        _ moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        guard let run = deployment.run else { return }
        let latest = run.lastSampleAt.advanced(by: runRules.lateMicroseconds)
        if run.isAlive, run.moment(of: sample.uptime) > latest {
            let end = run.lastSampleAt.advanced(by: runRules.graceMicroseconds)
            endRun(&deployment, at: end, slot: slot, moment, into: buffer)
        }
        guard let run = deployment.run, run.isAlive else {
            return startAgain(&deployment, deployment.run ?? run, sample, mode)
        }
        guard run.machine != sample.machine || run.mode != mode else { return }
        goOn(&deployment, as: sample.machine, mode, slot: slot, moment, into: buffer)
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
        guard let slot = slot(of: org),
            let place = known.place(
                most: runRules.mostPerOrganisation,
                isHeld: { openHold(of: $0, slot: slot) != nil }
            )
        else { return nil }
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
        _ sample: MachineSample,
        _ mode: RunMode
    ) {
        let start = max(sample.at, old.endedAt)
        startRun(&deployment, sample, mode, at: start)
        deployment.run?.sentBytes = old.sentBytes
        deployment.run?.bookedBytes = old.sentBytes
        deployment.run?.uptime = old.uptime
        guard old.mode == .hourly, old.paidState == .running, old.nextHour > start else { return }
        deployment.run?.anchor = old.anchor
        deployment.run?.hours = old.hours
        deployment.run?.paidState = .running
        guard mode == .continuous else { return }
        deployment.run?.ratedUntil = old.nextHour
        deployment.run?.bookedAt = old.nextHour
    }

    /// Has a run that is alive go on as another machine's, or charged in another way.
    ///
    /// It does so as another run, which begins where the last sample was. What is charged up to
    /// there, or for the hour from there on, is charged; bytes are told since boot, and those told
    /// are told.
    private func goOn(
        _ deployment: inout Deployment,
        as machine: UInt32,
        _ mode: RunMode,
        slot: Int,
        _ moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        if deployment.run?.mode == .continuous {
            book(&deployment, .booked, slot: slot, moment, into: buffer)
        }
        guard let old = deployment.run else { return }
        let start = old.lastSampleAt
        let lease = deployment.lease
        deployment.run?.endedAt = start
        deployment.run?.rate = 0
        if lease == .open { deployment.lease = .none }
        commit(.ended, &deployment, slot: slot, moment, into: buffer)
        deployment.lease = lease
        var run = old
        run.number = deployment.lastRun + 1
        run.machine = machine
        run.mode = mode
        run.startedAt = start
        run.bookedBytes = old.sentBytes
        (run.cost, run.debited) = (.zero, .zero)
        run.chargedHours = 0
        run.rate = machinePrices.burnRate(of: machine, old.state, old.allocation, at: start)
        run.price = 0
        if mode == .continuous {
            let isHourly = old.mode == .hourly
            run.ratedUntil = isHourly ? max(start, old.paidUntil ?? start) : old.ratedUntil
            run.bookedAt = run.ratedUntil
        } else if old.mode == .continuous {
            (run.anchor, run.hours, run.paidState) = (start, 0, .stopped)
            run.bookedAt = start
        }
        deployment.run = run
    }

    /// Lets a run end and another begin where the rate card charges its machine in another way now.
    func changeMode(
        _ deployment: inout Deployment,
        slot: Int,
        _ moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        guard let run = deployment.run, run.isAlive,
            let mode = machinePrices.mode(of: run.machine, at: moment), mode != run.mode
        else { return }
        goOn(&deployment, as: run.machine, mode, slot: slot, moment, into: buffer)
        commit(.sampled, &deployment, slot: slot, moment, into: buffer)
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

    /// A charge that can be booked, or nil when a sum would leave the range of amounts; `settling`:
    /// out of what the deployment's hold keeps, which goes with it.
    func charge(
        _ amount: Amount,
        of deployment: Deployment,
        slot: Int,
        settling: Bool,
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
        let hold = settling ? openHold(of: deployment, slot: slot) : nil
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
