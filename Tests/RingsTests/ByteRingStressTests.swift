import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Rings

/// Goal: two threads never see a torn, lost, repeated or reordered record.
///
/// Method: records whose length and bytes follow from their number, checked one by one.
@Suite struct ByteRingStressTests {
    @Test(arguments: [64, 256, 4096, 65536])
    func `two threads hand over every record once and in order`(capacity: Int) {
        let ring = ByteRing(capacity: capacity)
        let count: UInt64 = 150_000
        let failures = Atomic<Int>(0)
        let consumer = DispatchQueue(label: "rings.test.consumer")
        let done = DispatchSemaphore(value: 0)
        consumer.async {
            var expected: UInt64 = 0
            while expected < count {
                var inBatch = 0
                let before = expected
                ring.drain { record in
                    // Now and then a consumer stops, as one with a full ring behind it does.
                    inBatch += 1
                    if inBatch % 7 == 0 { return false }
                    if !matches(record, number: expected) {
                        failures.wrappingAdd(1, ordering: .relaxed)
                    }
                    expected += 1
                    return true
                }
                if expected == before { sched_yield() }
            }
            done.signal()
        }
        produce(count, into: ring)
        done.wait()
        #expect(failures.load(ordering: .relaxed) == 0)
        #expect(ring.isEmpty)
    }

    @Test func `positions read from a third thread never go back or cross`() {
        let ring = ByteRing(capacity: 256)
        let stop = Atomic<Bool>(false)
        let failures = Atomic<Int>(0)
        let done = DispatchSemaphore(value: 0)
        DispatchQueue(label: "rings.test.watcher").async {
            var lastReleased: UInt64 = 0
            while !stop.load(ordering: .relaxed) {
                let released = ring.releasedPosition
                let published = ring.publishedPosition
                if released < lastReleased || published < released {
                    failures.wrappingAdd(1, ordering: .relaxed)
                }
                lastReleased = released
            }
            done.signal()
        }
        DispatchQueue(label: "rings.test.consumer").async {
            while !stop.load(ordering: .relaxed) {
                if ring.drain({ _ in true }) == 0 { sched_yield() }
            }
            done.signal()
        }
        produce(50_000, into: ring)
        stop.store(true, ordering: .relaxed)
        done.wait()
        done.wait()
        #expect(failures.load(ordering: .relaxed) == 0)
    }

    private func produce(_ count: UInt64, into ring: ByteRing) {
        var number: UInt64 = 0
        while number < count {
            let before = number
            let batch = min(count, number + 1 + number % 5)
            while number < batch, let space = ring.claim(lengthOfRecord(number, in: ring)) {
                fill(space, number: number)
                number += 1
            }
            ring.publish()
            if number == before { sched_yield() }
        }
    }
}

private func lengthOfRecord(_ number: UInt64, in ring: ByteRing) -> Int {
    8 + Int(number &* 0x9E37_79B9 >> 7) % min(17, ring.maximumRecordBytes - 7)
}

private func fill(_ space: UnsafeMutableRawBufferPointer, number: UInt64) {
    for index in 8..<space.count {
        space[index] = UInt8(truncatingIfNeeded: number &+ UInt64(index))
    }
    space.storeBytes(of: number, as: UInt64.self)
}

private func matches(_ record: UnsafeRawBufferPointer, number: UInt64) -> Bool {
    guard record.count >= 8, record.load(as: UInt64.self) == number else { return false }
    for index in 8..<record.count
    where record[index] != UInt8(truncatingIfNeeded: number &+ UInt64(index)) {
        return false
    }
    return true
}
