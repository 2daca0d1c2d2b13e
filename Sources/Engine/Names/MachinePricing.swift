import Accounting
import Quantities
import Rating

/// What machines cost by the card in force, in the books' terms.
extension Pricing: MachinePrices {
    func mode(of machine: UInt32, at moment: Timestamp) -> RunMode? {
        guard let index = self.machine(machine),
            table.machines.version(of: index, at: moment) != nil
        else { return nil }
        switch table.machines.mode(of: index) {
        case .hourly: return .hourly
        case .continuous: return .continuous
        }
    }

    func hour(of machine: UInt32, _ state: RunState, at moment: Timestamp) -> HourPrice? {
        guard let index = self.machine(machine), table.machines.mode(of: index) == .hourly,
            let charge = table.machines.charge(
                ofHour: 1,
                startedAt: moment,
                machine: index,
                state: MachineState(state)
            )
        else { return nil }
        return HourPrice(amount: charge.amount, price: machinePrices[charge.version].price)
    }

    func stretches(
        after cost: RunCost,
        machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        from: Timestamp,
        to: Timestamp
    ) -> [RunStretch]? {
        guard let index = self.machine(machine), table.machines.mode(of: index) == .continuous,
            var total = RunTotal(units: cost.units, fraction: cost.fraction)
        else { return nil }
        var version = table.machines.versions(of: index).lowerBound
        var stretches: [RunStretch] = []
        // Before its first price a machine costs nothing.
        var start = max(from, min(table.machines.effectiveFrom(ofVersion: version), to))
        if from < start { stretches.append(RunStretch(until: start, cost: cost, price: 0)) }
        version = table.machines.version(of: index, at: start) ?? version
        while start < to {
            let end = min(table.machines.end(ofVersion: version), to)
            let outcome = table.machines.total(
                total,
                from: start,
                to: end,
                machine: index,
                allocation: MachineAllocation(allocation),
                state: MachineState(state)
            )
            guard case .total(let next) = outcome else { return nil }
            total = next
            stretches.append(
                RunStretch(
                    until: end,
                    cost: RunCost(next),
                    price: machinePrices[version].price
                )
            )
            start = end
            version += 1
        }
        return stretches
    }

    func traffic(
        after cost: RunCost,
        machine: UInt32,
        sentBytes: UInt64,
        at moment: Timestamp
    ) -> RunStretch? {
        guard let index = self.machine(machine), table.machines.mode(of: index) == .continuous
        else { return nil }
        guard let version = table.machines.version(of: index, at: moment) else {
            // Before its first price a machine costs nothing.
            return RunStretch(until: moment, cost: cost, price: 0)
        }
        guard let total = RunTotal(units: cost.units, fraction: cost.fraction),
            case .total(let next) = table.machines.total(
                total,
                sentBytes: sentBytes,
                at: moment,
                machine: index
            )
        else { return nil }
        return RunStretch(
            until: moment,
            cost: RunCost(next),
            price: machinePrices[version].price
        )
    }

    func burnRate(
        of machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        at moment: Timestamp
    ) -> Int128 {
        guard let index = self.machine(machine),
            let version = table.machines.version(of: index, at: moment)
        else { return 0 }
        return table.machines.content(ofVersion: version)
            .burnRate(MachineState(state), MachineAllocation(allocation)).thousandths
    }
}

extension RunRules {
    init(_ runs: MachineRuns) {
        self.init()
        graceMicroseconds = Int64(runs.graceSeconds) * 1_000_000
        marginMicroseconds = Int64(runs.stopMarginSeconds) * 1_000_000
        stopMicroseconds = Int64(runs.stopWithinSeconds) * 1_000_000
        leaseMicroseconds = Int64(runs.startWithinSeconds) * 1_000_000
        bookMicroseconds = Int64(runs.bookEverySeconds) * 1_000_000
        mostPerOrganisation = runs.maxPerOrganisation
    }
}

extension MachineState {
    init(_ state: RunState) {
        switch state {
        case .running: self = .running
        case .stopped: self = .stopped
        }
    }
}

extension MachineAllocation {
    init(_ allocation: RunAllocation) {
        self.init(
            vcpuThousandths: allocation.vcpu,
            memoryThousandths: allocation.memory,
            storageThousandths: allocation.storage
        )
    }
}

extension RunCost {
    init(_ total: RunTotal) {
        self.init(units: total.units, fraction: total.fraction, rounded: total.rounded)
    }
}
