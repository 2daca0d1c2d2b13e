import Quantities
import Rating
import Testing

/// Goal: a run by allocation costs exactly what its prices say, whatever the sampling.
///
/// Method: the worked numbers, changes in the middle of a run, and the edges of the range.
@Suite struct MachineTotalTests {
    private let start = moment("2026-03-01T10:00:00Z")

    private func time(_ microseconds: Int64) -> Timestamp {
        start.advanced(byMicroseconds: microseconds)
    }

    private func total(_ outcome: RunOutcome) throws -> RunTotal {
        try #require(outcome.sum, "\(outcome)")
    }

    // MARK: - The worked numbers

    @Test func `90 minutes and 30 seconds and 1.5 GiB cost 0.228516666667`() throws {
        let table = try workedMachines()
        let machine = try #require(table.machine(named: "standard"))
        let run = try total(
            table.total(
                .zero,
                from: start,
                to: time(5_430_000_000),
                machine: machine,
                allocation: workedAllocation,
                state: .running
            )
        )
        #expect(run.rounded.description == "0.093516666667")
        let sent = try total(
            table.total(run, sentBytes: 3 << 29, at: time(5_430_000_000), machine: machine)
        )
        #expect(sent.rounded.description == "0.228516666667")
        let rate = table.content(ofVersion: 0).burnRate(.running, workedAllocation)
        #expect(rate.perHour.description == "0.062")
        #expect(rate.perSecond.description == "0.000017222222")
    }

    /// The samples: every so many seconds, and a share of the bytes with each.
    @Test(arguments: [1, 7, 10, 60, 599, 3_600, 5_430] as [Int64])
    func `debits along the way add up to exactly that, whatever the sampling`(
        seconds: Int64
    ) throws {
        let table = try workedMachines()
        var run = RunTotal.zero
        var debited = Amount.zero
        var debits = 0
        var sent: UInt64 = 0
        var now: Int64 = 0
        while now < 5_430 {
            let next = min(now + seconds, 5_430)
            run = try total(
                table.total(
                    run,
                    from: time(now * 1_000_000),
                    to: time(next * 1_000_000),
                    machine: 0,
                    allocation: workedAllocation,
                    state: .running
                )
            )
            // The last sample brings what is left over: totals since boot, not deltas.
            let bytes = UInt64(next) * (3 << 29) / 5_430
            run = try total(
                table.total(run, sentBytes: bytes - sent, at: time(next * 1_000_000), machine: 0)
            )
            let debit = run.debit(after: debited)
            #expect(!debit.isNegative)
            debited += debit
            debits += 1
            sent = bytes
            now = next
        }
        #expect(debited.description == "0.228516666667", "\(debits) debits")
        #expect(debited == run.rounded)
    }

    // MARK: - Changes in the middle

    @Test func `a price that changes in mid-run is split to the microsecond`() throws {
        let change = time(oneHour / 2 + 1)
        let table = try machineTable([
            MachineRates(
                name: "m",
                versions: [
                    MachineVersion(running: try allocationPrices(vcpu: "3600")),
                    MachineVersion(
                        effectiveFrom: change,
                        running: try allocationPrices(vcpu: "7200")
                    ),
                ]
            )
        ])
        let one = MachineAllocation(vcpuThousandths: 1_000)
        let run = try total(
            table.total(
                .zero,
                from: start,
                to: time(oneHour),
                machine: 0,
                allocation: one,
                state: .running
            )
        )
        // 1,800.000001 s at 1 credit a second, 1,799.999999 s at 2.
        #expect(run.rounded.description == "5399.999999")
        #expect(table.end(ofVersion: 0) == change)
        #expect(table.end(ofVersion: 1) == .never)
        #expect(table.version(of: 0, at: change) == 1)
        #expect(table.version(of: 0, at: change.advanced(byMicroseconds: -1)) == 0)
    }

    @Test func `an allocation and a state hold for the time that they are given for`() throws {
        let table = try machineTable([
            MachineRates(
                name: "m",
                versions: [
                    MachineVersion(
                        running: try allocationPrices(storage: "0.5"),
                        stopped: try machinePrices([.storageGibHour: "0.25"])
                    )
                ]
            )
        ])
        var run = RunTotal.zero
        let stretches: [(MachineAllocation, MachineState)] = [
            (workedAllocation, .running),
            (MachineAllocation(vcpuThousandths: 500, storageThousandths: 1), .running),
            (workedAllocation, .stopped),
        ]
        for (hour, (allocation, state)) in stretches.enumerated() {
            run = try total(
                table.total(
                    run,
                    from: time(Int64(hour) * oneHour),
                    to: time(Int64(hour + 1) * oneHour),
                    machine: 0,
                    allocation: allocation,
                    state: state
                )
            )
        }
        // 0.04 + 0.02 + 10, then 0.01 + 0.0005, then 20 x 0.25.
        #expect(run.rounded.description == "15.0705")
    }

    @Test func `time that does not move forward, and a machine without a price, add nothing`()
        throws
    {
        let later = MachineVersion(
            effectiveFrom: time(oneHour),
            running: try allocationPrices()
        )
        let table = try machineTable([MachineRates(name: "m", versions: [later])])
        func total(_ from: Int64, _ to: Int64) -> RunOutcome {
            table.total(
                .zero,
                from: time(from),
                to: time(to),
                machine: 0,
                allocation: workedAllocation,
                state: .running
            )
        }
        #expect(total(5, 5) == .total(.zero))
        #expect(total(5, 4) == .total(.zero))
        #expect(total(oneHour - 1, 2 * oneHour) == .notPriced)
        #expect(total(oneHour, oneHour + 1) != .notPriced)
        #expect(table.total(.zero, sentBytes: 1, at: start, machine: 0) == .notPriced)
    }

    // MARK: - Names

    @Test func `a machine is found by its names, and there is no default`() throws {
        let rates = MachineRates(
            name: "gpu-s",
            aliases: ["GPU S", "a10"],
            versions: [MachineVersion(running: try machinePrices([.hour: "60"]))]
        )
        let card = RateCard(name: "c", models: [], machines: [rates])
        let table = try RateTable(card).machines
        #expect(table.machine(named: "gpu-s") == 0)
        #expect(table.machine(named: "GPU S") == 0)
        #expect(table.machine(named: "a10") == 0)
        #expect(table.machine(named: "A10") == nil)
        #expect(table.names == ["gpu-s"])
        #expect(table.mode(of: 0) == .hourly)
    }

    @Test func `equal prices have one content, in the order of the card`() throws {
        let two = MachineVersion(running: try machinePrices([.hour: "2"]))
        let one = MachineVersion(running: try machinePrices([.hour: "1"]))
        let again = MachineVersion(
            effectiveFrom: start,
            running: try machinePrices([.hour: "2.0"]),
            stopped: try machinePrices([.hour: "0"])
        )
        let table = try machineTable([
            MachineRates(name: "a", versions: [two]),
            MachineRates(name: "b", versions: [one, again]),
        ])
        #expect(table.contents == [two.content, one.content])
        #expect((0..<3).map { table.contentIndex(ofVersion: $0) } == [0, 1, 0])
        #expect(table.versions(of: 1) == 1..<3)
        #expect(table.versionCount == 3)
    }
}
