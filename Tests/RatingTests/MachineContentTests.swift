import Quantities
import Rating
import Testing

/// Goal: what stays on a machine's charge is readable, stable and complete.
///
/// Method: golden texts, reading them back, and texts that are nearly canonical.
@Suite struct MachineContentTests {
    /// The golden texts: they are in journals and databases, so they never change.
    private static let hourly = "hour 60; stopped: hour 0"
    private static let continuous =
        "vcpu_hour 0.02, memory_gib_hour 0.005, storage_gib_hour 0.0001, sent_gib 0.09; "
        + "stopped: vcpu_hour 0, memory_gib_hour 0, storage_gib_hour 0.0001"

    @Test func `the canonical texts are the golden ones and read back`() throws {
        let contents = try workedMachines().contents
        #expect(contents[0].canonicalText == Self.continuous)
        #expect(contents[1].canonicalText == Self.hourly)
        #expect(MachineContent(canonicalText: Self.continuous) == contents[0])
        #expect(MachineContent(canonicalText: Self.hourly) == contents[1])
        // A ledger knows a machine's price from one of tokens by its text.
        for content in contents { #expect(PriceContent(canonicalText: "\(content)") == nil) }
    }

    @Test func `the smallest and largest prices read back`() throws {
        let top = AllocatedPrices(
            vcpuHour: MachinePrice(units: .max),
            memoryGibHour: MachinePrice(units: 1),
            storageGibHour: MachinePrice(units: 1_000_000_000_000)
        )
        let content = MachineContent.continuous(
            AllocationPrices(running: top, stopped: top, sentGib: MachinePrice(units: 90))
        )
        let text = content.canonicalText
        let allocated =
            "vcpu_hour 9223372.036854775807, memory_gib_hour 0.000000000001, storage_gib_hour 1"
        #expect(text == "\(allocated), sent_gib 0.00000000009; stopped: \(allocated)")
        #expect(MachineContent(canonicalText: text) == content)
    }

    @Test(arguments: [
        "", ";", "hour 60", "hour 60; stopped: ", "hour 60; stopped: hour 0.0",
        "hour 60.0; stopped: hour 0", "hour 060; stopped: hour 0", "hour -60; stopped: hour 0",
        "hour 60; stopped: hour 0;", "hour 60; stopped: hour 0 ", "hour 60;stopped: hour 0",
        "hour  60; stopped: hour 0", "hour 60, hour 60; stopped: hour 0",
        "hour 9223372.036854775808; stopped: hour 0", "hour 6e1; stopped: hour 0",
        "hour 60; stopped: vcpu_hour 0, memory_gib_hour 0, storage_gib_hour 0",
        "vcpu_hour 1, memory_gib_hour 1, storage_gib_hour 1, sent_gib 1; stopped: hour 0",
        "vcpu_hour 1, memory_gib_hour 1, storage_gib_hour 1; stopped: vcpu_hour 0, "
            + "memory_gib_hour 0, storage_gib_hour 0",
        "vcpu_hour 1, storage_gib_hour 1, memory_gib_hour 1, sent_gib 1; stopped: vcpu_hour 0, "
            + "memory_gib_hour 0, storage_gib_hour 0",
        "vcpu_hour 1, memory_gib_hour 1, storage_gib_hour 1, sent_gib 1; stopped: vcpu_hour 0, "
            + "memory_gib_hour 0, storage_gib_hour 0, sent_gib 1",
        "input 3, cache_read 3, cache_write 3, output 15, reasoning 15",
    ])
    func `what is not canonical is not read`(text: String) {
        #expect(MachineContent(canonicalText: text) == nil)
    }

    @Test func `what is left out while stopped is storage as running, and nothing else`() throws {
        let version = MachineVersion(
            running: try allocationPrices(),
            stopped: try machinePrices([.memoryGibHour: "0.001"])
        )
        guard case .continuous(let prices) = version.content else {
            Issue.record("\(version.content)")
            return
        }
        #expect(prices.stopped.vcpuHour == .free)
        #expect(prices.stopped.memoryGibHour.description == "0.001")
        #expect(prices.stopped.storageGibHour == prices.running.storageGibHour)
        let free = MachineVersion(
            running: try allocationPrices(),
            stopped: try machinePrices([.storageGibHour: "0"])
        )
        #expect(free.content.canonicalText.hasSuffix("storage_gib_hour 0"))
        #expect(version.mode == .continuous)
    }

    @Test(arguments: ["", "x", "-1", "0.0000000000001", "9223372.036854775808", "1,5", "1."])
    func `what is no price is refused`(text: String) {
        #expect(throws: DecimalError.self) { try MachinePrice(decimal: text) }
    }

    @Test func `a price carries twelve decimals, and may have an exponent`() throws {
        #expect(try MachinePrice(decimal: "0.000000000001").units == 1)
        #expect(try MachinePrice(decimal: "6e1").description == "60")
        #expect(try MachinePrice(decimal: "9223372.036854775807").units == .max)
        #expect(MachinePrice(units: 1) < MachinePrice(units: 2))
    }
}
