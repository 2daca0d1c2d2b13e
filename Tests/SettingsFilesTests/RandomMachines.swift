import Quantities
import Rating

/// Makes valid machines with awkward names and prices, for `RandomCard`.
enum RandomMachines {
    static func add(to card: inout RateCard, names: [String], _ random: inout CardNumbers) {
        var pool = names.shuffled(using: &random)
        func take() -> String { pool.popLast() ?? "z" }
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let isHourly = Bool.random(using: &random)
            var versions: [MachineVersion] = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let from = versions.last?.effectiveFrom
                var version = version(isHourly, &random)
                let step = Int64.random(in: 1...2_000_000_000, using: &random) * 1_000_000
                version.effectiveFrom =
                    from.map { Timestamp(microseconds: max($0.microseconds, 0) + step) }
                    ?? PriceVersion.always
                versions.append(version)
            }
            let aliases = (0..<Int.random(in: 0...2, using: &random)).map { _ in take() }
            card.machines.append(MachineRates(name: take(), aliases: aliases, versions: versions))
        }
        for unit in MachineUnit.allCases where Int.random(in: 0..<4, using: &random) == 0 {
            card.plausibleMachines[unit].lowest = MachinePrice(units: 1)
            card.plausibleMachines[unit].highest = MachinePrice(units: .max)
        }
    }

    private static func version(_ isHourly: Bool, _ random: inout CardNumbers) -> MachineVersion {
        var version = MachineVersion(running: WrittenMachinePrices())
        for unit in isHourly ? [MachineUnit.hour] : MachineUnit.continuous {
            version.running[unit] = price(&random)
        }
        for unit in isHourly ? [MachineUnit.hour] : MachineUnit.allocated
        where Bool.random(using: &random) {
            version.stopped[unit] = price(&random)
        }
        return version
    }

    private static func price(_ random: inout CardNumbers) -> MachinePrice {
        let bits = Int.random(in: 0...62, using: &random)
        return MachinePrice(units: .random(in: 0...(Int64(1) << bits), using: &random))
    }
}
