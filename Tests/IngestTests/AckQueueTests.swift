import Quantities
import Testing
import Wire

@testable import Ingest

/// Goal: nothing is acknowledged before its time, and what waits does not grow without end.
@Suite struct AckQueueTests {
    private func origin(_ slot: UInt32) -> Origin { Origin(slot: slot, generation: 0) }

    @Test func `of two reports with the same id the rejected one is forgotten`() throws {
        let id = try #require(ShortText("same"))
        var queue = AckQueue(shards: 1)
        queue.note(id, of: origin(1), at: 100)
        queue.note(id, of: origin(1), at: 200)
        queue.endTurn { _ in 200 }
        queue.forget(id, of: origin(1), at: 100)
        queue.advance { _ in 200 }
        #expect(queue.nextSafeID()?.position == 200)
        #expect(queue.nextSafeID() == nil)
    }

    @Test func `what waits for PostgreSQL is thinned out, and is still said at last`() {
        var queue = AckQueue(shards: 1)
        let connections: UInt32 = 3
        let last: UInt64 = 200_000
        var most = 0
        for position in 1...last {
            // A kilobyte of journal for each.
            let slot = UInt32(position) % connections
            queue.noteStored(position, of: origin(slot), after: position << 10)
            most = max(most, queue.storedCount)
        }
        #expect(most <= 16_384)
        var said: [UInt32: UInt64] = [:]
        var (count, firstSaidAt) = (0, last)
        // Nothing is said too early, in the order of positions.
        for position in stride(from: UInt64(0), through: last, by: 500) {
            while let entry = queue.nextStored(upTo: position << 10) {
                #expect(entry.sequence <= position && entry.sequence << 10 == entry.position)
                #expect(entry.sequence > said[entry.origin.slot, default: 0])
                said[entry.origin.slot] = entry.sequence
                count += 1
                firstSaidAt = min(firstSaidAt, position)
            }
        }
        #expect(count > 1000)
        #expect(firstSaidAt < last / 100, "what is old is said in steps, not all at the end")
        #expect(said.values.min() ?? 0 > last - UInt64(connections))
    }

    @Test func `with many connections each one's latest stays`() {
        var queue = AckQueue(shards: 1)
        let connections: UInt32 = 20_000
        for round in 1...UInt64(4) {
            for slot in 0..<connections { queue.noteStored(round, of: origin(slot), after: round) }
        }
        var latest: [UInt32: UInt64] = [:]
        while let entry = queue.nextStored(upTo: 4) { latest[entry.origin.slot] = entry.sequence }
        #expect(latest.count == Int(connections))
        #expect(latest.values.allSatisfy { $0 == 4 })
    }
}
