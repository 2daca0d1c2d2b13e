import Quantities

/// What happens to runs by the clock.
extension AccountBook {
    /// When the next thing is due by itself among an organisation's machines.
    func runDeadline(_ slot: Int) -> Timestamp {
        guard let all = machines[organisations[slot].number], !organisations[slot].closed else {
            return .never
        }
        var next = Timestamp.never
        for deployment in all.deployments {
            if hasNotCome(deployment, slot: slot) { return .epoch }
            guard let run = deployment.run, run.isAlive else { continue }
            // A gap as long as the grace is none yet: what is longer by the least ends the run.
            next = min(next, silence(of: run).advanced(by: 1))
            if let hour = dueHour(of: deployment) { next = min(next, hour) }
        }
        guard !all.waiting.isEmpty else { return next }
        if nextToResume(slot) != nil { return .epoch }
        let waitsForCap = all.waiting.contains { all[$0.number].reason == .spendCapExceeded }
        return waitsForCap ? min(next, organisations[slot].today.end) : next
    }

    /// Notes anew when the next thing is due in all that have machines.
    func scheduleRuns() {
        for slot in organisations.indices where organisations[slot].flags.contains(.hasRuns) {
            schedule(slot)
        }
    }

    /// When a run ends for want of a sample.
    private func silence(of run: Run) -> Timestamp {
        max(run.heardAt, listensSince).advanced(by: runRules.graceMicroseconds)
    }

    /// Whether a machine that may run again was not seen running before its hold was over, though
    /// nothing is ordered any more.
    func hasNotCome(_ deployment: Deployment, slot: Int) -> Bool {
        deployment.lease == .resuming && deployment.order == nil
            && openHold(of: deployment, slot: slot) == nil
    }

    /// The beginning of the next hour, if it is charged by the clock.
    ///
    /// Beyond the grace after the last sample nobody knows whether the machine has begun it.
    private func dueHour(of deployment: Deployment) -> Timestamp? {
        guard let run = deployment.run, run.isAlive, run.mode == .hourly,
            deployment.lease == .open || run.state == .stopped
        else { return nil }
        let due = run.nextHour
        return due <= run.lastSampleAt.advanced(by: runRules.graceMicroseconds) ? due : nil
    }

    /// Charges hours that have begun, ends runs that have fallen silent, and lets go on what a
    /// credit carries again.
    func advanceRuns(_ slot: Int, to moment: Timestamp, into buffer: RecordBuffer) {
        guard let all = machines[organisations[slot].number], !organisations[slot].closed else {
            return
        }
        for var deployment in all.deployments {
            if hasNotCome(deployment, slot: slot) {
                // It asks anew before it starts.
                deployment.lease = .none
                deployment.hold = 0
                commit(.missed, &deployment, slot: slot, moment, into: buffer)
            }
            guard deployment.run?.isAlive ?? false else { continue }
            changeMode(&deployment, slot: slot, moment, into: buffer)
            guard let run = deployment.run else { continue }
            if let due = dueHour(of: deployment), due <= moment {
                chargeHours(
                    &deployment,
                    upTo: min(moment, run.lastSampleAt.advanced(by: runRules.graceMicroseconds))
                        .advanced(by: 1),
                    seen: run.lastSampleAt,
                    slot: slot,
                    moment,
                    into: buffer
                )
                let known = machines[organisations[slot].number]?[deployment.number]
                if known != deployment {
                    // An hour that costs nothing makes no record of its own.
                    commit(.hour, &deployment, slot: slot, moment, into: buffer)
                }
            }
            if silence(of: run) < moment {
                let end = run.lastSampleAt.advanced(by: runRules.graceMicroseconds)
                endRun(&deployment, at: end, slot: slot, moment, into: buffer)
            }
        }
        resumeBlocked(slot, at: moment, into: buffer)
    }

    /// Ends a run: what it has cost is booked, and it holds on to nothing but its block.
    func endRun(
        _ deployment: inout Deployment,
        at end: Timestamp,
        slot: Int,
        _ moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        guard let run = deployment.run, run.isAlive else { return }
        switch run.mode {
        case .hourly:
            chargeHours(
                &deployment,
                upTo: end,
                seen: run.lastSampleAt,
                slot: slot,
                moment,
                into: buffer
            )
        case .continuous:
            _ = rate(&deployment, until: end, slot: slot, moment, into: buffer)
            book(&deployment, .booked, slot: slot, moment, into: buffer)
        }
        deployment.run?.endedAt = end
        deployment.run?.rate = 0
        if deployment.order?.action == .stop { deployment.order = nil }
        if deployment.lease == .open { deployment.lease = .none }
        commit(.ended, &deployment, slot: slot, moment, into: buffer)
    }

    /// Ends all runs of an organisation that is closed, and what else its machines wait for.
    func endRuns(_ slot: Int, at moment: Timestamp, into buffer: RecordBuffer) {
        guard let all = machines[organisations[slot].number] else { return }
        for var deployment in all.deployments {
            if let run = deployment.run, run.isAlive {
                let end = max(run.lastSampleAt, min(moment, silence(of: run)))
                endRun(&deployment, at: end, slot: slot, moment, into: buffer)
            }
            guard deployment.lease != .none || deployment.order != nil || deployment.hold != 0
            else { continue }
            deployment.lease = .none
            deployment.order = nil
            deployment.hold = 0
            commit(.ended, &deployment, slot: slot, moment, into: buffer)
        }
    }
}
