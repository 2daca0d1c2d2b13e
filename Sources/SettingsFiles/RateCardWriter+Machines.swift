import Quantities
import Rating

extension RateCardWriter {
    /// The machines of a card; nothing where it has none and says nothing about them.
    mutating func writeMachines(_ card: RateCard) {
        let plausible = card.plausibleMachines
        let standard = PlausibleMachinePrices.standard
        let units = MachineUnit.allCases.filter { plausible[$0] != standard[$0] }
        if !units.isEmpty {
            line(0, "plausible_machine_prices:")
            for unit in units {
                line(1, "\(unit.name):")
                line(2, "lowest: \(plausible[unit].lowest)")
                line(2, "highest: \(plausible[unit].highest)")
            }
        }
        guard !card.machines.isEmpty else { return }
        line(0, "machine_unit: \(RateCardFile.machineUnit)")
        line(0, "machines:")
        for machine in card.machines {
            line(1, "\(scalar(machine.name)):")
            if !machine.aliases.isEmpty { line(2, "aliases: \(list(machine.aliases))") }
            line(2, "prices:")
            for version in machine.versions {
                line(3, "- from: \(version.effectiveFrom.rateCardText)")
                write(version.running, depth: 4)
                guard !version.stopped.isEmpty else { continue }
                line(4, "stopped:")
                write(version.stopped, depth: 5)
            }
        }
    }

    private mutating func write(_ prices: WrittenMachinePrices, depth: Int) {
        for unit in prices.units {
            line(depth, "\(unit.name): \(prices[unit] ?? .free)")
        }
    }
}
