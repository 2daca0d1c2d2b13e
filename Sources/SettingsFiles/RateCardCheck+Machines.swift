import Quantities
import Rating

extension RateCardCheck {
    /// How long the run is that every machine is asked to price: 90 minutes and 30 seconds.
    public static let exampleRun: Int64 = 5_430_000_000
    /// What a machine by allocation is given in it: 2 vCPU, 4 GiB of memory, 20 GiB of storage.
    public static let exampleAllocation = MachineAllocation(
        vcpuThousandths: 2_000,
        memoryThousandths: 4_000,
        storageThousandths: 20_000
    )
    /// What it sends: 1.5 GiB.
    public static let exampleSent: UInt64 = 3 << 29

    static func machine(_ number: Int, _ table: RateTable, at time: Timestamp) -> Machine {
        let machines = table.machines
        let version = machines.version(of: number, at: time)
        let content = version.map { machines.content(ofVersion: $0) }
        return Machine(
            name: machines.names[number],
            mode: machines.mode(of: number).rawValue,
            versions: machines.versions(of: number).count,
            from: version.map { machines.effectiveFrom(ofVersion: $0).rateCardText },
            price: content.map(\.canonicalText),
            example: content.flatMap(example)
        )
    }

    /// What the example run costs at one price.
    private static func example(_ content: MachineContent) -> String? {
        switch content {
        case .hourly(let prices):
            let hours = WholeHours.begun(inRunOf: exampleRun)
            // A price is below 2^63, and the hours are two.
            return Amount(units: Int128(prices.running.units) * Int128(hours)).description
        case .continuous:
            let rate = content.burnRate(.running, exampleAllocation)
            return RunTotal.zero.adding(exampleRun, at: rate)?
                .adding(sentBytes: exampleSent, at: content.sentGib)?.rounded.description
        }
    }

    /// The machines in words; nothing for a card without any.
    var machinesText: String {
        guard !machines.isEmpty else { return "" }
        var text = "example run: 1 h 30 min 30 s, charged by the hour, "
        text += "or by allocation with 2 vCPU, "
        text += "4 GiB of memory, 20 GiB of storage and 1.5 GiB sent\n"
        for (number, machine) in machines.enumerated() { text += explain(machine, number) }
        return text
    }

    private func explain(_ machine: Machine, _ number: Int) -> String {
        let mode =
            machine.mode == MachineMode.hourly.rawValue
            ? "whole hours in advance" : "continuously by allocation"
        var text = "\(machine.name)\(also(file.card.machines[number].aliases)), \(mode): "
        text += machine.example.map { "example \($0) credits\n" } ?? "no price is in force yet\n"
        let now = table.machines.version(of: number, at: time)
        for version in table.machines.versions(of: number) {
            let from = table.machines.effectiveFrom(ofVersion: version)
            text += "  from \(from.rateCardText)\(version == now ? " (now)" : "")\n"
            switch table.machines.content(ofVersion: version) {
            case .hourly(let prices):
                text += "    hour \(price(prices.running)); while stopped: hour "
                text += "\(price(prices.stopped))\n"
            case .continuous(let prices):
                text += "    \(words(prices.running)), "
                text += "\(MachineUnit.sentGib.name) \(price(prices.sentGib))\n"
                text += "    while stopped: \(words(prices.stopped))\n"
            }
        }
        return text
    }

    private func words(_ prices: AllocatedPrices) -> String {
        zip(MachineUnit.allocated, prices.list).map { "\($0.name) \(price($1))" }
            .joined(separator: ", ")
    }

    private func price(_ price: MachinePrice) -> String {
        price == .free ? "free" : price.description
    }
}
