import Quantities

extension AccountBook {
    /// Judges what a deployment has cost: the one call for whoever charges deployments.
    ///
    /// Each limit is told once, and again after the cost was below it: in the next window.
    ///
    /// - Parameters:
    ///   - deployment: Its number.
    ///   - spent: What it has cost in the present window of a period.
    ///   - period: The period.
    ///   - name: Its name, for people.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    public func tellDeployment(
        _ deployment: UInt32,
        spent: Amount,
        in period: CapPeriod,
        name: String,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        guard let slot = slot(of: org), organisations[slot].flags.contains(.hasAlerts),
            !organisations[slot].closed
        else { return }
        for limit in alertRules(of: org).rules.deploymentCost where limit.period == period {
            let point = AlertPoint(
                kind: .deploymentCost,
                id: deployment,
                period: period,
                threshold: limit.amount
            )
            if spent >= limit.amount {
                raiseAlert(point, value: spent, text: name, org: org, at: moment, into: buffer)
            } else {
                clearAlert(point, value: spent, org: org, at: moment, into: buffer)
            }
        }
    }

    /// Judges what a deployment has cost in the present windows.
    func tell(
        _ deployment: Deployment,
        slot: Int,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        guard organisations[slot].flags.contains(.hasAlerts) else { return }
        let spend = deployment.spend(on: organisations[slot].today.day)
        for period in CapPeriod.allCases {
            tellDeployment(
                deployment.number,
                spent: spend.amount(in: period),
                in: period,
                name: deployment.name,
                org: organisations[slot].number,
                at: moment,
                into: buffer
            )
        }
    }

    /// A deployment's place goes to another one, of whom nothing was told yet.
    func forgetCosts(
        _ deployment: UInt32,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        for point in raisedAlerts(of: org)
        where point.kind == .deploymentCost && point.id == deployment {
            clearAlert(point, org: org, at: moment, into: buffer)
        }
    }

    /// A day has begun, and with it windows in which deployments have cost nothing yet.
    func tellDeployments(_ slot: Int, at moment: Timestamp, into buffer: RecordBuffer) {
        guard organisations[slot].flags.isSuperset(of: [.hasAlerts, .hasRuns]) else { return }
        for deployment in machines[organisations[slot].number]?.deployments ?? [] {
            tell(deployment, slot: slot, at: moment, into: buffer)
        }
    }
}
