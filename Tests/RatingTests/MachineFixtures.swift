import Quantities
import Rating

/// Prices of a machine from what people quote, for tests.
func machinePrices(_ texts: [MachineUnit: String]) throws -> WrittenMachinePrices {
    var prices = WrittenMachinePrices()
    for (unit, text) in texts { prices[unit] = try MachinePrice(decimal: text) }
    return prices
}

/// The prices of the worked machine that is charged by allocation.
func allocationPrices(
    vcpu: String = "0.02",
    memory: String = "0.005",
    storage: String = "0.0001",
    sent: String = "0.09"
) throws -> WrittenMachinePrices {
    try machinePrices([
        .vcpuHour: vcpu, .memoryGibHour: memory, .storageGibHour: storage, .sentGib: sent,
    ])
}

/// The machines of the worked numbers.
func workedMachines() throws -> MachineTable {
    func hourly(_ name: String, _ price: String) throws -> MachineRates {
        MachineRates(
            name: name,
            versions: [MachineVersion(running: try machinePrices([.hour: price]))]
        )
    }
    let standard = MachineRates(
        name: "standard",
        versions: [MachineVersion(running: try allocationPrices())]
    )
    return try machineTable([
        standard, try hourly("gpu-s", "60"), try hourly("gpu-l-16bit", "350"),
        try hourly("gpu-l-4bit", "180"),
    ])
}

/// A table of some machines.
func machineTable(_ machines: [MachineRates]) throws -> MachineTable {
    try RateTable(RateCard(name: "machines", models: [], machines: machines)).machines
}

/// The machine of the worked numbers: 2 vCPU, 4 GiB of memory, 20 GiB of storage.
let workedAllocation = MachineAllocation(
    vcpuThousandths: 2_000,
    memoryThousandths: 4_000,
    storageThousandths: 20_000
)

/// An hour in microseconds.
let oneHour: Int64 = 3_600_000_000

extension RunOutcome {
    /// The total, if there is one.
    var sum: RunTotal? {
        guard case .total(let total) = self else { return nil }
        return total
    }
}
