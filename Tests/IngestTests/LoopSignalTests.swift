import Dispatch
import Glibc
import Quantities
import Synchronization
import Testing

@testable import Ingest

/// Goal: a loop that answers before the disk is woken forgets no wake-up, and one that looks before
/// it sleeps misses nothing.
@Suite struct LoopSignalTests {
    @Test func `the kick of the disk is left to a loop that is about to answer, and to no other`() {
        let signal = LoopSignal()
        #expect(!signal.leaveSync(), "nobody would kick it")
        signal.beginAnswering()
        #expect(signal.leaveSync())
        #expect(signal.leaveSync(), "one kick is enough for both")
        #expect(signal.endAnswering())
        #expect(!signal.endAnswering(), "it was kicked")
        #expect(!signal.leaveSync())
        signal.beginAnswering()
        #expect(!signal.endAnswering(), "nothing was left in this turn")
    }

    /// One thread notes work and leaves the kick, another one has turns.
    ///
    /// Whoever kicks takes all that was noted; at the end nothing may be left lying.
    @Test func `what was noted before a kick was left is there when it is kicked`() {
        let signal = LoopSignal()
        let noted = Atomic<Int>(0)
        let kicked = Atomic<Int>(0)
        let isOver = Atomic<Bool>(false)
        let wishes = 200_000
        @Sendable func kick() { kicked.max(noted.load(ordering: .relaxed), ordering: .relaxed) }
        let done = DispatchSemaphore(value: 0)
        DispatchQueue(label: "loop-signal-test").async {
            for _ in 0..<wishes {
                noted.wrappingAdd(1, ordering: .relaxed)
                if !signal.leaveSync() { kick() }
            }
            isOver.store(true, ordering: .releasing)
            done.signal()
        }
        var turns = 0
        while !isOver.load(ordering: .acquiring) {
            signal.beginAnswering()
            turns += 1
            if signal.endAnswering() { kick() }
        }
        done.wait()
        #expect(kicked.load(ordering: .relaxed) == wishes, "after \(turns) turns")
    }

    @Test(arguments: [0, 1, 24] as [Int32])
    func `a transport that looks first finds what is there, and sleeps for nothing`(
        looks: Int32
    ) throws {
        let transport = EpollTransport(signal: LoopSignal(), listener: -1)
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { for socket in pair { close(socket) } }
        let events = UnsafeMutableBufferPointer<TransportEvent>.allocate(capacity: 4)
        defer { events.deallocate() }
        transport.watch(pair[0], token: 7, for: .reading, isKnown: false)
        #expect(transport.wait(milliseconds: 0, looks: looks, into: events) == 0)
        #expect(transport.wait(milliseconds: 1, looks: looks, into: events) == 0)
        #expect(send(pair[1], "x", 1, 0) == 1)
        #expect(transport.wait(milliseconds: -1, looks: looks, into: events) == 1)
        #expect(events[0].token == 7 && events[0].isReadable)
    }
}
