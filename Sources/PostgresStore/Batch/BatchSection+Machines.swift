import Accounting
import Quantities

/// What a line of the ledger says of the machine that it charges.
struct MachineLine {
    let day: CivilDay
    let at: Timestamp
    let project: UInt32
    let price: UInt32
    let machine: UInt32
    let run: UInt32
    let from: Timestamp
    let to: Timestamp
    let hours: UInt32
    let sentBytes: UInt64
    let draws: Draws
}

/// The key of a rollup of machines.
struct MachineRollupKey: Hashable, Comparable {
    let org: UInt32
    let day: CivilDay
    let project: UInt32
    let deployment: String
    let machine: UInt32

    static func < (left: MachineRollupKey, right: MachineRollupKey) -> Bool {
        if left.org != right.org { return left.org < right.org }
        if left.day != right.day { return left.day < right.day }
        if left.project != right.project { return left.project < right.project }
        // By bytes: an order that does not depend on how texts are compared elsewhere.
        if left.deployment != right.deployment {
            return left.deployment.utf8.lexicographicallyPrecedes(right.deployment.utf8)
        }
        return left.machine < right.machine
    }
}

/// What a batch adds to a rollup of machines.
struct MachineRollupDelta {
    var lines: Int64 = 0
    var hours: Int64 = 0
    var sentBytes: Int128 = 0
    var amount: Int128 = 0
}

/// What a batch does to machines.
struct MachineChanges {
    /// The last state of each deployment, in the order of the journal.
    var deployments: [Dated<Deployment>] = []
    /// The last state of each run of a deployment.
    var runs: [Dated<Deployment>] = []
    var rollups: [MachineRollupKey: MachineRollupDelta] = [:]
}

extension BatchSection {
    func changeMachine(_ org: UInt32, _ body: MachineChanged, at moment: Timestamp) {
        let deployment = body.deployment
        cold.machines.deployments.append(Dated(org: org, at: moment, body: deployment))
        guard let run = deployment.run else { return }
        cold.machines.runs.append(Dated(org: org, at: moment, body: deployment))
        guard let charge = body.charge else { return }
        if charge.hold != 0 { removeHold(org, charge.hold) }
        guard charge.amount.isPositive else { return }
        let wallet = walletSlot(org, at: moment)
        for index in 0..<charge.draws.count {
            let draw = charge.draws[index]
            if draw.grant == 0 {
                wallets[wallet].debt += draw.amount.units
            } else {
                grants[grantSlot(org, draw.grant)].remaining -= draw.amount.units
            }
        }
        var line = PendingLedgerLine(
            kind: .machine,
            amount: -charge.amount,
            appliedAt: moment,
            org: org,
            grant: charge.draws.count > 0 ? charge.draws.first.grant : 0,
            reference: deployment.name,
            note: ""
        )
        line.machine = MachineLine(
            day: charge.day,
            at: charge.hours > 0 ? charge.from : charge.to,
            project: deployment.project,
            price: charge.price,
            machine: run.machine,
            run: run.number,
            from: charge.from,
            to: charge.to,
            hours: charge.hours,
            sentBytes: charge.sentBytes,
            draws: charge.draws
        )
        wallets[wallet].amount -= charge.amount.units
        appendLine(~ledgerLines.count, wallet: wallet)
        ledgerLines.append(line)
        let key = MachineRollupKey(
            org: org,
            day: charge.day,
            project: deployment.project,
            deployment: deployment.name,
            machine: run.machine
        )
        var delta = cold.machines.rollups[key] ?? MachineRollupDelta()
        delta.lines += 1
        delta.hours += Int64(charge.hours)
        delta.sentBytes += Int128(Int64(clamping: charge.sentBytes))
        delta.amount += charge.amount.units
        cold.machines.rollups[key] = delta
    }
}
