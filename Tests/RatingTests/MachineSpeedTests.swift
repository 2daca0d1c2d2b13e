import Quantities
import Rating
import Testing

/// Goal: rating a heartbeat costs next to nothing.
///
/// Method: time many and print the mean; nothing is asserted on time, which depends on the machine
/// and on the build.
@Suite struct MachineSpeedTests {
    @Test func `a sample takes nanoseconds`() throws {
        let table = try workedMachines()
        let rounds = 100_000
        var total = RunTotal.zero
        var debited = Amount.zero
        var now = moment("2026-03-01T10:00:00Z")
        let start = ContinuousClock.now
        for _ in 0..<rounds {
            let next = now.advanced(byMicroseconds: 10_000_000)
            guard
                let time = table.total(
                    total,
                    from: now,
                    to: next,
                    machine: 0,
                    allocation: workedAllocation,
                    state: .running
                ).sum,
                let sum = table.total(time, sentBytes: 123_456, at: next, machine: 0).sum
            else { continue }
            total = sum
            debited += total.debit(after: debited)
            now = next
        }
        let time = start.duration(to: .now)
        let nanoseconds = Double(time.components.attoseconds) / 1e9 / Double(rounds)
        print("MachineSpeedTests: \(nanoseconds) ns for a sample and its debit, sum \(debited)")
        #expect(debited == total.rounded)
    }
}
