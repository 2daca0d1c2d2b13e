import Accounting
import Quantities

/// Prices of machines in whole arithmetic, independent of the rating's.
///
/// Machine 1 costs 60 an hour, machine 2 costs 350, both in advance; a stopped one nothing. Machine
/// 3 is charged by allocation: vCPU-hour 0.02, memory GiB-hour 0.005, storage GiB-hour 0.0001, GiB
/// sent 0.09; a stopped one for its storage alone.
struct TestMachinePrices: MachinePrices {
    /// 10^-15 credit an hour for a thousandth: prices in 10^-12 credit.
    private static let vcpu: Int128 = 20_000_000_000
    private static let memory: Int128 = 5_000_000_000
    private static let storage: Int128 = 100_000_000
    private static let gib: Int128 = 90_000_000_000
    /// 3.6 x 10^12 x 2^30 in parts that both time and bytes divide, and that fit 64 bits.
    private static let denominator: Int128 = 471_859_200_000_000_000

    func mode(of machine: UInt32, at moment: Timestamp) -> RunMode? {
        switch machine {
        case 1, 2: .hourly
        case 3: .continuous
        default: nil
        }
    }

    func hour(of machine: UInt32, _ state: RunState, at moment: Timestamp) -> HourPrice? {
        let price = machine == 1 ? 60 : 350
        let units = state == .running ? Int128(price) * 1_000_000_000_000 : 0
        return HourPrice(amount: Amount(units: units), price: machine)
    }

    func stretches(
        after cost: RunCost,
        machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        from: Timestamp,
        to: Timestamp
    ) -> [RunStretch]? {
        let rate = burnRate(of: machine, state, allocation, at: from)
        let time = Int128(to.microseconds - from.microseconds)
        let sum = adding(rate * time, over: 3_600_000_000_000, to: cost)
        return [RunStretch(until: to, cost: sum, price: 3)]
    }

    func traffic(
        after cost: RunCost,
        machine: UInt32,
        sentBytes: UInt64,
        at moment: Timestamp
    ) -> RunStretch? {
        let sum = adding(Self.gib * Int128(sentBytes), over: 1 << 30, to: cost)
        return RunStretch(until: moment, cost: sum, price: 3)
    }

    func burnRate(
        of machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        at moment: Timestamp
    ) -> Int128 {
        guard machine == 3 else { return state == .running ? machine == 1 ? 60 : 350 : 0 }
        let storage = Self.storage * Int128(allocation.storage)
        guard state == .running else { return storage }
        return Self.vcpu * Int128(allocation.vcpu) + Self.memory * Int128(allocation.memory)
            + storage
    }

    private func adding(_ part: Int128, over divisor: Int128, to cost: RunCost) -> RunCost {
        let rest = part % divisor * (Self.denominator / divisor) + Int128(cost.fraction)
        let units = cost.units + part / divisor + rest / Self.denominator
        let fraction = rest % Self.denominator
        let twice = fraction * 2
        let rounds = twice > Self.denominator || (twice == Self.denominator && units % 2 != 0)
        return RunCost(
            units: units,
            fraction: UInt64(fraction),
            rounded: Amount(units: rounds ? units + 1 : units)
        )
    }
}

/// A record of a machine with a charge and an order, as a book makes it.
enum SampleMachines {
    static let changed: MachineChanged = {
        let bench = Workbench()
        bench.book.machinePrices = TestMachinePrices()
        bench.grant("100")
        _ = bench.book.sample(
            MachineSample(
                org: 1,
                deployment: "web",
                machine: 3,
                boot: 0x0123_4567_89AB_CDEF,
                uptime: 3_600_000,
                at: bench.now,
                allocation: RunAllocation(vcpu: 2000, memory: 4000, storage: 20_000),
                sentBytes: 1 << 30
            ),
            at: bench.now,
            into: bench.buffer
        )
        var found: MachineChanged?
        var walker = RecordWalker(bench.buffer.bytes)
        while let (_, record) = walker.next() {
            guard case .machineChanged(let body)? = Change.decode(record)?.body else { continue }
            found = body
        }
        guard let found else { fatalError("a sample makes a record") }
        return found
    }()
}
