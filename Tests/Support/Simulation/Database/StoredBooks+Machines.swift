import Accounting
import PostgresStore
import Quantities

extension StoredOrganisation {
    mutating func changeMachine(
        _ body: MachineChanged,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        deployments[body.deployment.number] = body.deployment
        guard let charge = body.charge else { return }
        if charge.hold != 0 { try removeHold(charge.hold) }
        guard charge.amount.isPositive else { return }
        try take(charge.draws)
        var line = StoredLine(
            line: 0,
            kind: .machine,
            amount: -charge.amount,
            balance: .zero,
            appliedAt: moment,
            at: charge.hours > 0 ? charge.from : charge.to
        )
        line.grant = charge.draws.count > 0 ? charge.draws.first.grant : 0
        line.project = body.deployment.project
        line.price = charge.price
        line.reference = body.deployment.name
        line.day = charge.day
        book(line, org, &result)
        let machine = body.deployment.run?.machine ?? 0
        let key = RollupKey(
            day: charge.day.number,
            project: body.deployment.project,
            key: 0,
            model: 1 << 31 | machine
        )
        machineRollups[key, default: RollupSums()].add(line)
    }
}
