import Quantities
import Rating

extension RateCardReader {
    /// The machines of a card, with their unit and what is plausible.
    mutating func readMachines(_ root: inout YamlMapping, into card: inout RateCard) {
        if let value = root.optional("plausible_machine_prices") {
            readPlausibleMachines(value, into: &card.plausibleMachines)
        }
        guard root.contains("machines") else {
            readUnit(root.optional("machine_unit"), RateCardFile.machineUnit)
            return
        }
        readUnit(root.required("machine_unit"), RateCardFile.machineUnit)
        guard let map = root.required("machines")?.mapping() else { return }
        for (name, value) in map.all { card.machines.append(readMachine(name, value)) }
    }

    private mutating func readPlausibleMachines(
        _ value: YamlValue,
        into plausible: inout PlausibleMachinePrices
    ) {
        guard var map = value.mapping() else { return }
        keep(value, at: value.path)
        for unit in MachineUnit.allCases {
            guard let value = map.optional(unit.name), var bounds = value.mapping() else {
                continue
            }
            keep(value, at: value.path)
            if let price = bounds.optional("lowest") {
                plausible[unit].lowest = readMachinePrice(price, at: price.path)
            }
            if let price = bounds.optional("highest") {
                let highest = readMachinePrice(price, at: price.path)
                // What cannot be read is 0, and would be below `lowest`.
                if highest > .free { plausible[unit].highest = highest }
            }
            bounds.refuseRest()
        }
        map.refuseRest()
    }

    private mutating func readMachine(_ name: String, _ value: YamlValue) -> MachineRates {
        keep(value, at: value.path)
        let pricesPath = value.path.appending(.key("prices"))
        var machine = MachineRates(name: name, versions: [])
        guard var map = value.mapping() else {
            void.insert(pricesPath)
            return machine
        }
        if let aliases = map.optional("aliases") {
            machine.aliases = readNames(aliases, at: aliases.path)
        }
        if let prices = map.required("prices") {
            machine.versions = readMachineVersions(prices)
        } else {
            void.insert(pricesPath)
        }
        map.refuseRest()
        return machine
    }

    private mutating func readMachineVersions(_ value: YamlValue) -> [MachineVersion] {
        keep(value, at: value.path)
        var versions: [MachineVersion] = []
        guard let items = value.list() else {
            void.insert(value.path)
            return []
        }
        for item in items {
            guard var map = item.mapping() else {
                void.insert(value.path)
                continue
            }
            let path = value.path.appending(.index(versions.count))
            keep(item, at: path)
            let from = readFrom(&map, at: path, after: versions.last?.effectiveFrom)
            var version = MachineVersion(
                effectiveFrom: from,
                running: readMachinePrices(&map, at: path)
            )
            if let stopped = map.optional("stopped"), var map = stopped.mapping() {
                let place = path.appending(.key("stopped"))
                keep(stopped, at: place)
                version.stopped = readMachinePrices(&map, at: place)
                map.refuseRest()
            }
            versions.append(version)
            map.refuseRest()
        }
        return versions
    }

    private mutating func readMachinePrices(
        _ map: inout YamlMapping,
        at path: YamlPath
    ) -> WrittenMachinePrices {
        var prices = WrittenMachinePrices()
        for unit in MachineUnit.allCases {
            guard let value = map.optional(unit.name) else { continue }
            prices[unit] = readMachinePrice(value, at: path.appending(.key(unit.name)))
        }
        return prices
    }

    private mutating func readMachinePrice(_ value: YamlValue, at path: YamlPath) -> MachinePrice {
        readPrice(
            value,
            at: path,
            example: "0.02",
            decimals: "12 decimals; machine prices are \(RateCardFile.machineUnit)"
        ) { (text) throws(DecimalError) in try MachinePrice(decimal: text) } ?? .free
    }
}
