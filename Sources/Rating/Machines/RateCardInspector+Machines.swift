import Quantities

extension RateCardInspector {
    mutating func inspect(_ plausible: PlausibleMachinePrices) {
        for unit in MachineUnit.allCases {
            let bounds = plausible[unit]
            guard bounds.lowest > bounds.highest else { continue }
            let path: Path = [.key("plausible_machine_prices"), .key(unit.name), .key("lowest")]
            add(at: path, bounds.lowest.description, "is above `highest`")
        }
    }

    mutating func inspect(_ machines: [MachineRates], plausible: PlausibleMachinePrices) {
        var owners = inspectNames(machines.map(\.name), in: "machines")
        for machine in machines {
            let path: Path = [.key("machines"), .key(machine.name)]
            inspectAliases(machine.aliases, of: machine.name, "machine", at: path, &owners)
            let prices = path + [.key("prices")]
            if machine.versions.isEmpty {
                add(at: prices, nil, "at least one price is needed")
            }
            for (index, version) in machine.versions.enumerated() {
                inspect(version, at: prices + [.index(index)], plausible)
                inspectMode(of: index, in: machine.versions, at: prices)
                inspectDate(of: index, in: machine.versions.map(\.effectiveFrom), at: prices)
            }
        }
    }

    /// One version: a price by the hour, or all prices by allocation; a missing or a stray one is
    /// an error, as is a stopped price of the other mode or of what is sent; what is not plausible,
    /// or dearer stopped than running, is a warning.
    private mutating func inspect(
        _ version: MachineVersion,
        at path: Path,
        _ plausible: PlausibleMachinePrices
    ) {
        let isHourly = version.mode == .hourly
        let expected = isHourly ? [MachineUnit.hour] : MachineUnit.continuous
        if version.running.isEmpty {
            let names = MachineUnit.continuous.map { "`\($0.name)`" }.joined(separator: ", ")
            let message = "a price is needed: `hour` for whole hours in advance, or \(names)"
            add(at: path, nil, message)
        } else {
            for unit in expected where version.running[unit] == nil {
                let message = "the price `\(unit.name)` is missing; write 0 if it is free"
                add(at: path, nil, message)
            }
        }
        for unit in version.running.units where !expected.contains(unit) {
            let message =
                "stands beside `hour`; a machine is charged by the hour, or by what it is allocated"
            add(at: path + [.key(unit.name)], version.running[unit]?.description, message)
        }
        inspect(version.running, at: path, plausible)
        inspectStopped(version, isHourly: isHourly, at: path + [.key("stopped")], plausible)
    }

    private mutating func inspectStopped(
        _ version: MachineVersion,
        isHourly: Bool,
        at path: Path,
        _ plausible: PlausibleMachinePrices
    ) {
        let allowed = isHourly ? [MachineUnit.hour] : MachineUnit.allocated
        for unit in version.stopped.units {
            let place = path + [.key(unit.name)]
            let price = version.stopped[unit] ?? .free
            if unit == .sentGib, !isHourly {
                let message = "has no place here; what is sent has one price, whatever the state"
                add(at: place, price.description, message)
            } else if !allowed.contains(unit) {
                if version.running.isEmpty { continue }
                let mode = isHourly ? "by the hour" : "by what it is allocated"
                let message = "has no place here; the machine is charged \(mode)"
                add(at: place, price.description, message)
            } else if let running = version.running[unit], price > running {
                let message = "is above the price while it runs, \(running)"
                add(.warning, at: place, price.description, message)
            }
        }
        inspect(version.stopped, at: path, plausible)
    }

    private mutating func inspect(
        _ written: WrittenMachinePrices,
        at path: Path,
        _ plausible: PlausibleMachinePrices
    ) {
        for unit in written.units {
            let price = written[unit] ?? .free
            let bounds = plausible[unit]
            let comparison: String
            if price > bounds.highest {
                comparison = "above \(bounds.highest)"
            } else if price > .free, price < bounds.lowest {
                comparison = "below \(bounds.lowest)"
            } else {
                continue
            }
            let per = unit == .sentGib ? "GiB" : "hour"
            let message = "is \(comparison) credits: is it really the price of one \(per)?"
            add(.warning, at: path + [.key(unit.name)], price.description, message)
        }
    }

    /// A run is charged in one way from its start to its end, so a machine never changes its mode.
    private mutating func inspectMode(
        of index: Int,
        in versions: [MachineVersion],
        at path: Path
    ) {
        guard index > 0, versions[index].mode != versions[0].mode,
            !versions[index].running.isEmpty, !versions[0].running.isEmpty
        else { return }
        let message =
            versions[0].mode == .hourly
            ? "prices what is allocated, and the first price is by the hour"
            : "prices the hour, and the first price is by what is allocated"
        add(at: path + [.index(index)], nil, message + "; give the new way another machine's name")
    }
}
