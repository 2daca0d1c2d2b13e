import Quantities
import Rating
import Testing

/// Goal: a wrong price of a machine is refused with everything that is wrong.
///
/// Method: a card for each fault, and the exact sentences.
@Suite struct MachineFindingsTests {
    private func sentences(
        _ versions: [MachineVersion],
        plausible: PlausibleMachinePrices = .standard
    ) -> [String] {
        RateCard(
            name: "c",
            models: [],
            plausibleMachines: plausible,
            machines: [MachineRates(name: "m", versions: versions)]
        ).findings.map(\.description)
    }

    private func hourly(
        _ price: String,
        from: Timestamp = PriceVersion.always
    ) throws -> MachineVersion {
        MachineVersion(effectiveFrom: from, running: try machinePrices([.hour: price]))
    }

    @Test func `sound machines have no findings`() throws {
        #expect(sentences([try hourly("60")]).isEmpty)
        #expect(sentences([MachineVersion(running: try allocationPrices())]).isEmpty)
        let free = try allocationPrices(vcpu: "0", memory: "0", storage: "0", sent: "0")
        #expect(sentences([MachineVersion(running: free, stopped: WrittenMachinePrices())]).isEmpty)
    }

    @Test func `prices that are missing, or of both ways, are errors`() throws {
        #expect(sentences([]) == ["machines.m.prices: at least one price is needed"])
        #expect(
            sentences([MachineVersion(running: WrittenMachinePrices())]) == [
                "machines.m.prices[0]: a price is needed: `hour` for whole hours in advance, or "
                    + "`vcpu_hour`, `memory_gib_hour`, `storage_gib_hour`, `sent_gib`"
            ]
        )
        #expect(
            sentences([MachineVersion(running: try machinePrices([.memoryGibHour: "0.005"]))]) == [
                "machines.m.prices[0]: the price `vcpu_hour` is missing; write 0 if it is free",
                "machines.m.prices[0]: the price `storage_gib_hour` is missing; write 0 if it is "
                    + "free",
                "machines.m.prices[0]: the price `sent_gib` is missing; write 0 if it is free",
            ]
        )
        #expect(
            sentences([
                MachineVersion(running: try machinePrices([.hour: "60", .vcpuHour: "0.02"]))
            ]) == [
                #"machines.m.prices[0].vcpu_hour: "0.02" stands beside `hour`; a machine is "#
                    + "charged by the hour, or by what it is allocated"
            ]
        )
    }

    @Test func `a stopped price is of the same way, and what is sent has one price`() throws {
        let stopped = try machinePrices([.hour: "1", .vcpuHour: "0.01", .sentGib: "0.09"])
        #expect(
            sentences([MachineVersion(running: try allocationPrices(), stopped: stopped)]) == [
                #"machines.m.prices[0].stopped.hour: "1" has no place here; the machine is "#
                    + "charged by what it is allocated",
                #"machines.m.prices[0].stopped.sent_gib: "0.09" has no place here; what is sent "#
                    + "has one price, whatever the state",
            ]
        )
        #expect(
            sentences([
                MachineVersion(running: try machinePrices([.hour: "60"]), stopped: stopped)
            ]) == [
                #"machines.m.prices[0].stopped.vcpu_hour: "0.01" has no place here; the machine "#
                    + "is charged by the hour",
                #"machines.m.prices[0].stopped.sent_gib: "0.09" has no place here; the machine "#
                    + "is charged by the hour",
            ]
        )
    }

    @Test func `dates ascend, and the way of charging stays`() throws {
        let march = moment("2026-03-01T00:00:00Z")
        #expect(
            sentences([
                try hourly("60", from: march), try hourly("70", from: march),
                MachineVersion(running: try allocationPrices()),
            ]) == [
                #"machines.m.prices[1].from: "2026-03-01" is the date of two prices"#,
                "machines.m.prices[2]: prices what is allocated, and the first price is by the "
                    + "hour; give the new way another machine's name",
                #"machines.m.prices[2].from: "always" is not later than the price before it "#
                    + "(2026-03-01)",
            ]
        )
        #expect(
            sentences([
                MachineVersion(running: try allocationPrices()), try hourly("60", from: march),
            ]) == [
                "machines.m.prices[1]: prices the hour, and the first price is by what is "
                    + "allocated; give the new way another machine's name"
            ]
        )
    }

    @Test func `names belong to one machine, and not to models`() throws {
        let version = try hourly("60")
        let token = PriceVersion(base: try written(input: "1", output: "1"))
        let card = RateCard(
            name: "c",
            models: [ModelRates(name: "a", versions: [token])],
            machines: [
                MachineRates(name: "a", aliases: ["b", "x"], versions: [version]),
                MachineRates(name: "b", aliases: ["x", ""], versions: [version]),
                MachineRates(name: "a", versions: [version]),
            ]
        )
        #expect(
            card.findings.map(\.description) == [
                #"machines.a: "a" is on the card more than once"#,
                #"machines.a.aliases[0]: "b" is already a name of the machine `b`"#,
                #"machines.b.aliases[0]: "x" is already a name of the machine `a`"#,
                "machines.b.aliases[1]: a name is needed",
            ]
        )
        #expect(throws: RateCardError.self) { try RateTable(card) }
    }

    @Test func `prices that look like those of a month or a second earn a warning`() throws {
        let monthly = try allocationPrices(storage: "0.10", sent: "100.000000000001")
        let secondly = try allocationPrices(vcpu: "0.000005555556", memory: "20.1")
        #expect(
            sentences([MachineVersion(running: monthly)]) == [
                #"warning: machines.m.prices[0].storage_gib_hour: "0.1" is above 0.05 credits: "#
                    + "is it really the price of one hour?",
                #"warning: machines.m.prices[0].sent_gib: "100.000000000001" is above 100 "#
                    + "credits: is it really the price of one GiB?",
            ]
        )
        #expect(
            sentences([MachineVersion(running: secondly)]) == [
                #"warning: machines.m.prices[0].vcpu_hour: "0.000005555556" is below 0.001 "#
                    + "credits: is it really the price of one hour?",
                #"warning: machines.m.prices[0].memory_gib_hour: "20.1" is above 20 credits: "#
                    + "is it really the price of one hour?",
            ]
        )
        let dear = MachineVersion(
            running: try machinePrices([.hour: "60"]),
            stopped: try machinePrices([.hour: "60.5"])
        )
        #expect(
            sentences([dear]) == [
                #"warning: machines.m.prices[0].stopped.hour: "60.5" is above the price while it "#
                    + "runs, 60"
            ]
        )
    }

    @Test func `a card states its own bounds`() throws {
        var plausible = PlausibleMachinePrices.standard
        plausible[.hour].highest = MachinePrice(units: .max)
        #expect(sentences([try hourly("400000")]).count == 1)
        #expect(sentences([try hourly("400000")], plausible: plausible).isEmpty)
        plausible[.hour].lowest = MachinePrice(units: .max)
        plausible[.hour].highest = MachinePrice(units: 1)
        #expect(
            sentences([try hourly("0")], plausible: plausible) == [
                #"plausible_machine_prices.hour.lowest: "9223372.036854775807" is above `highest`"#
            ]
        )
    }
}
