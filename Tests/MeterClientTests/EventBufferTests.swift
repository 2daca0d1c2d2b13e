import Quantities
import Testing

@testable import MeterClient

/// Goal: the arithmetic of acks and resuming, without sockets.
@Suite struct EventBufferTests {
    private func event(_ number: Int) -> MeterEvent {
        .usage(
            UsageEvent(id: "r\(number)", account: .key("k"), model: "m", tokens: TokenCounts())
        )
    }

    private func filled(_ count: Int, capacity: Int = 8) -> EventBuffer {
        var buffer = EventBuffer(capacity: capacity)
        for number in 1...count { buffer.append(event(number)) }
        return buffer
    }

    private func send(_ buffer: inout EventBuffer) -> [UInt64] {
        var sequences: [UInt64] = []
        while let next = buffer.nextToSend() { sequences.append(next.sequence) }
        return sequences
    }

    @Test func `nothing is sent before the first welcome, and numbers begin after it`() {
        var buffer = filled(3)
        #expect(send(&buffer).isEmpty)
        let resumption = buffer.resume(after: 100)
        #expect(resumption.dropped == 0 && resumption.1 == .began)
        #expect(send(&buffer) == [101, 102, 103])
        #expect(!buffer.hasUnsent)
    }

    @Test func `an ack frees what it covers and no more`() {
        var buffer = filled(3)
        _ = buffer.resume(after: 0)
        _ = send(&buffer)
        #expect(buffer.acknowledge(through: 2) == 2)
        #expect(buffer.acknowledge(through: 2) == 0)
        #expect(buffer.count == 1)
        #expect(buffer.acknowledge(through: 4) == nil)
        #expect(buffer.acknowledge(through: 3) == 1)
    }

    @Test(arguments: 0...3)
    func `after a reconnect exactly what is not safe goes out again`(safe: UInt64) {
        var buffer = filled(3)
        _ = buffer.resume(after: 0)
        _ = send(&buffer)
        let resumption = buffer.resume(after: safe)
        #expect(resumption.dropped == Int(safe) && resumption.1 == .resumed)
        #expect(send(&buffer) == Array((safe + 1)...4).dropLast())
    }

    @Test func `a daemon that forgot gets what is kept under new numbers`() {
        var buffer = filled(3)
        _ = buffer.resume(after: 50)
        _ = send(&buffer)
        #expect(buffer.acknowledge(through: 52) == 2)
        let resumption = buffer.resume(after: 10)
        #expect(resumption.dropped == 0 && resumption.1 == .renumbered)
        #expect(send(&buffer) == [11])
    }

    @Test func `a daemon that knows unsent numbers means a shared producer`() {
        var buffer = filled(3)
        _ = buffer.resume(after: 0)
        _ = send(&buffer)
        #expect(buffer.resume(after: 4).1 == .shared)
    }

    @Test func `the ring goes round`() {
        var buffer = filled(3, capacity: 3)
        _ = buffer.resume(after: 0)
        for number in 4...20 {
            _ = send(&buffer)
            #expect(buffer.acknowledge(through: UInt64(number - 3)) == 1)
            buffer.append(event(number))
        }
        #expect(buffer.count == 3 && buffer.firstSequence == 18)
    }
}
