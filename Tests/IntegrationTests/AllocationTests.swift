import DaemonHarness
import MeterClient
import Quantities
import Testing
import Wire

/// The data plane takes nothing from the heap for an event.
@Suite struct AllocationTests {
    /// Allocations in a million events that are let pass.
    ///
    /// They come with turns of the queues, of which a slow build takes more, and not with events:
    /// one for each would be a million.
    private static let limit = 100_000

    @Test func `events in steady state take nothing from the heap`() throws {
        let folder = try ScratchFolder()
        let shim = try AllocationTable.prepare(in: folder)
        let daemon = try TestDaemon(rates: Rates.card())
        for (name, value) in shim.variables { daemon.setVariable(name, value) }
        try daemon.start()
        let keys = try (0..<20).map { index in
            try daemon.admin.createOrganisation("org-\(index)")
            try daemon.admin.grant("1000000", to: "org-\(index)")
            return try daemon.admin.createKey("main", of: "org-\(index)")
        }
        let table = try AllocationTable(shim.file)
        let connection = try MeterConnection(path: daemon.dataPath, encoding: .binary)
        _ = try connection.hello(producer: "gateway")
        let warmUp = 30_000
        let events = 60_000
        try send(1...warmUp, keys, connection)
        let before = table.dataPlane
        // The library counts at all: what has been made so far came from the heap.
        #expect(before.values.reduce(0, +) > 100, "\(before)")
        try send(warmUp + 1...warmUp + events, keys, connection)
        let after = table.dataPlane
        let taken = after.values.reduce(0, +) - before.values.reduce(0, +)
        #expect(taken * 1_000_000 / events <= Self.limit, "\(before) became \(after)")
        try daemon.waitUntilStored(within: 60)
        #expect(try daemon.storedLines() == warmUp + events)
        try daemon.expectOrderlyStop()
    }

    /// Sends events of all keys in turn, and waits until the last one is acknowledged.
    private func send(
        _ sequences: ClosedRange<Int>,
        _ keys: [String],
        _ connection: MeterConnection
    ) throws {
        for sequence in sequences {
            let event = UsageEvent(
                id: "event-\(sequence)",
                account: .key(keys[sequence % keys.count]),
                model: ["plain", "flat"][sequence % 2],
                tokens: TokenCounts(input: 1000, output: 100)
            )
            try connection.append(.usage(event), sequence: UInt64(sequence))
        }
        while let message = try connection.receive(timeout: .seconds(20)) {
            guard case .ack(.sequence(let safe)) = message else {
                throw HarnessError("not an ack: \(message)")
            }
            if safe >= UInt64(sequences.upperBound) { return }
        }
        throw HarnessError("no ack of event \(sequences.upperBound)")
    }
}
