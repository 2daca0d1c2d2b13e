import Accounting
import Quantities

/// What the model keeps of a run: what was told of it last.
struct NaiveRun: Hashable {
    var number: UInt32
    var boot: UInt128
    var uptime: UInt64
    var cost: Int128
    var debited: Int128
    var ended: Bool
}

extension NaiveOrganisation {
    /// Follows a deployment: totals only grow, debits are differences of rounded totals, an ended
    /// run stays as it is, and money comes from where any charge comes from.
    mutating func follow(_ body: MachineChanged, at moment: Timestamp) -> String? {
        let deployment = body.deployment
        let name = "deployment \(deployment.name)"
        if closed { return "\(name) changes in a closed wallet" }
        let before = runs[deployment.name]
        let run = deployment.run
        let charged = body.charge?.amount.units ?? 0
        if charged < 0 { return "\(name) is charged \(charged)" }
        if let before, let run, before.number == run.number {
            if before.boot != run.boot { return "\(name) changes its boot within a run" }
            if before.ended { return nil }
            if run.uptime < before.uptime { return "\(name) goes back in time" }
            if run.cost.rounded.units < before.cost { return "\(name) costs less than before" }
            if run.debited.units != before.debited + charged {
                return "\(name) is debited \(run.debited.units), not \(before.debited + charged)"
            }
        } else if let run {
            if run.number <= lastRun { return "\(name) has run \(run.number) again" }
            lastRun = run.number
            if run.debited.units != charged { return "\(name) begins with \(run.debited.units)" }
        } else if charged != 0 {
            return "\(name) is charged without a run"
        }
        if let run, run.debited > run.cost.rounded { return "\(name) is debited more than it cost" }
        runs[deployment.name] = run.map {
            NaiveRun(
                number: $0.number,
                boot: $0.boot,
                uptime: $0.uptime,
                cost: $0.cost.rounded.units,
                debited: $0.debited.units,
                ended: !$0.isAlive
            )
        }
        if deployment.lease == .blocked, let run, run.isAlive, run.state == .running,
            body.cause == .blocked, deployment.order?.action != .stop
        {
            return "\(name) is blocked and not told to stop"
        }
        if terms.mode == 3, charged != 0 { return "\(name) is charged, and is not metered" }
        if body.cause == .blocked, deployment.reason == .insufficientCredits, terms.mode != 1 {
            return "\(name) is refused for its balance, which is not asked for"
        }
        return follow(body.charge, of: deployment, at: moment)
    }

    private mutating func follow(
        _ charge: MachineCharge?,
        of deployment: Deployment,
        at moment: Timestamp
    ) -> String? {
        now = moment.microseconds
        guard let charge else { return nil }
        // Before the billing changes with the day, what was used is booked with the day before.
        let isBefore = terms.nextMode.map { $0.from <= today } ?? false
        let day = isBefore ? turned : today
        if Int64(charge.day.number) != day {
            return "a machine counts for day \(charge.day.number), not \(day)"
        }
        if charge.hold != 0, !holds.contains(where: { $0.serial == charge.hold }) {
            return "a machine settles hold \(charge.hold), which is not open"
        }
        if charge.amount.isZero {
            // A hold that was not needed: no line.
            if charge.hold != 0 { drop(charge.hold) }
            return charge.draws.count == 0 ? nil : "a machine draws for nothing"
        }
        let kept = holds.first { $0.serial == charge.hold }?.amount ?? 0
        overshoot += max(0, charge.amount.units - kept)
        let parts = settle(
            charge.amount.units,
            hold: charge.hold,
            project: deployment.project,
            key: 0,
            day: day
        )
        let found = charge.draws.parts
        return found == parts ? nil : "a machine is drawn from \(found.text), not \(parts.text)"
    }
}
