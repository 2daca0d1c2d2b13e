import Accounting
import LedgerModel
import Quantities
import Rating

/// What machines cost in a duel: for the book by a compiled card, as a shard has it; for the model
/// as a list of numbers.
///
/// Machines 1 and 2 are charged by the hour, 3 and 4 by time; all prices change now and then.
struct DuelMachines: MachinePrices {
    static let kinds: [UInt32] = [1, 2, 3, 4]

    let naive: NaiveMachineCard
    private let table: MachineTable

    init(from begin: Timestamp, _ random: inout SeededRandom) {
        var rates: [MachineRates] = []
        var prices: [UInt32: [NaiveMachineCard.Price]] = [:]
        for kind in DuelMachines.kinds {
            var from = PriceVersion.always
            var versions: [MachineVersion] = []
            var mine: [NaiveMachineCard.Price] = []
            for number in 0..<(1 + random.below(5)) {
                if number > 0 {
                    let last = number == 1 ? begin : from
                    let seconds = 1 + random.below(random.oneIn(2) ? 4_000 : 40 * 86_400)
                    from = last.advanced(byMicroseconds: Int64(seconds) * 1_000_000)
                }
                let price = DuelMachines.price(isHourly: kind < 3, from: from, &random)
                versions.append(DuelMachines.version(price, from))
                mine.append(price)
            }
            rates.append(MachineRates(name: "m\(kind)", versions: versions))
            prices[kind] = mine
        }
        naive = NaiveMachineCard(prices: prices)
        do {
            table = try RateTable(RateCard(name: "duel", models: [], machines: rates)).machines
        } catch {
            invariantBroken("a duel's machines have no errors")
        }
    }

    private static func price(
        isHourly: Bool,
        from: Timestamp,
        _ random: inout SeededRandom
    ) -> NaiveMachineCard.Price {
        func price(_ most: Int) -> Int128 {
            switch random.below(8) {
            case 0: return 0
            case 1: return Int128(1 + random.below(9))
            default: return Int128(1 + random.below(most)) * 1_000_000 + Int128(random.below(1000))
            }
        }
        if isHourly {
            let stopped = random.oneIn(3) ? price(500_000) : 0
            return NaiveMachineCard.Price(
                from: from.microseconds,
                hour: (price(3_000_000), stopped),
                running: [],
                stopped: [],
                gib: 0
            )
        }
        let storage = price(1_000)
        return NaiveMachineCard.Price(
            from: from.microseconds,
            hour: nil,
            running: [price(400_000), price(40_000), storage],
            stopped: [0, random.oneIn(3) ? price(1_000) : 0, random.oneIn(2) ? storage : 0],
            gib: price(90_000)
        )
    }

    private static func version(
        _ price: NaiveMachineCard.Price,
        _ from: Timestamp
    ) -> MachineVersion {
        func written(_ units: Int128) -> MachinePrice { MachinePrice(units: Int64(units)) }
        if let hour = price.hour {
            return MachineVersion(
                effectiveFrom: from,
                running: WrittenMachinePrices([.hour: written(hour.running)]),
                stopped: WrittenMachinePrices([.hour: written(hour.stopped)])
            )
        }
        let units = MachineUnit.allocated
        var running: [MachineUnit: MachinePrice] = [.sentGib: written(price.gib)]
        var stopped: [MachineUnit: MachinePrice] = [:]
        for (unit, amount) in zip(units, price.running) { running[unit] = written(amount) }
        for (unit, amount) in zip(units, price.stopped) { stopped[unit] = written(amount) }
        return MachineVersion(
            effectiveFrom: from,
            running: WrittenMachinePrices(running),
            stopped: WrittenMachinePrices(stopped)
        )
    }

    // MARK: - What the book asks

    private func index(_ machine: UInt32) -> Int? { table.machine(named: "m\(machine)") }

    func mode(of machine: UInt32, at moment: Timestamp) -> RunMode? {
        guard let index = index(machine), table.version(of: index, at: moment) != nil else {
            return nil
        }
        return table.mode(of: index) == .hourly ? .hourly : .continuous
    }

    func hour(of machine: UInt32, _ state: RunState, at moment: Timestamp) -> HourPrice? {
        guard let index = index(machine),
            let charge = table.charge(
                ofHour: 1,
                startedAt: moment,
                machine: index,
                state: state.rated
            )
        else { return nil }
        return HourPrice(amount: charge.amount, price: UInt32(charge.version + 1))
    }

    func stretches(
        after cost: RunCost,
        machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        from: Timestamp,
        to: Timestamp
    ) -> [RunStretch]? {
        guard let index = index(machine), var version = table.version(of: index, at: from),
            var total = RunTotal(units: cost.units, fraction: cost.fraction)
        else { return nil }
        var stretches: [RunStretch] = []
        var start = from
        while start < to {
            let end = min(table.end(ofVersion: version), to)
            let outcome = table.total(
                total,
                from: start,
                to: end,
                machine: index,
                allocation: allocation.rated,
                state: state.rated
            )
            guard case .total(let next) = outcome else { return nil }
            total = next
            let cost = RunCost(total)
            stretches.append(RunStretch(until: end, cost: cost, price: UInt32(version + 1)))
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
        guard let index = index(machine), let version = table.version(of: index, at: moment),
            let total = RunTotal(units: cost.units, fraction: cost.fraction),
            case .total(let next) = table.total(
                total,
                sentBytes: sentBytes,
                at: moment,
                machine: index
            )
        else { return nil }
        return RunStretch(until: moment, cost: RunCost(next), price: UInt32(version + 1))
    }

    func burnRate(
        of machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        at moment: Timestamp
    ) -> Int128 {
        guard let index = index(machine), let version = table.version(of: index, at: moment) else {
            return 0
        }
        return table.content(ofVersion: version).burnRate(state.rated, allocation.rated).thousandths
    }
}

extension RunState {
    fileprivate var rated: MachineState { self == .running ? .running : .stopped }
}

extension RunAllocation {
    fileprivate var rated: MachineAllocation {
        MachineAllocation(
            vcpuThousandths: vcpu,
            memoryThousandths: memory,
            storageThousandths: storage
        )
    }
}

extension RunCost {
    fileprivate init(_ total: RunTotal) {
        self.init(units: total.units, fraction: total.fraction, rounded: total.rounded)
    }
}
