import Testing

@testable import Rings

/// Goal: each verb of the ring keeps its word, also at the wrap.
@Suite struct ByteRingTests {
    @Test func `nothing is seen before it is published`() {
        let ring = ByteRing(capacity: 64)
        #expect(put(1, into: ring, length: 4))
        #expect(ring.beginBatch() == 0)
        #expect(ring.next() == nil)
        ring.publish()
        #expect(ring.next() == nil)
        #expect(ring.beginBatch() == 16)
        #expect(ring.next().map(Array.init) == [1, 1, 1, 1])
    }

    @Test func `several claims are published at once and come in order`() {
        let ring = ByteRing(capacity: 256)
        for mark in 1...5 { #expect(put(UInt8(mark), into: ring, length: mark)) }
        ring.publish()
        #expect(records(of: ring) == [[1], [2, 2], [3, 3, 3], [4, 4, 4, 4], [5, 5, 5, 5, 5]])
        #expect(ring.isEmpty)
    }

    @Test func `looking ahead sees the rest of the batch and takes nothing`() {
        let ring = ByteRing(capacity: 256)
        // Moves the ring on, so that the records lie around its end.
        for turn in 0..<20 {
            for mark in 1...5 { #expect(put(UInt8(mark), into: ring, length: mark * 5)) }
            ring.publish()
            #expect(put(9, into: ring, length: 1), "it is not of the batch")
            ring.beginBatch()
            if turn % 2 == 1 { _ = ring.next() }
            var ahead = ring.lookahead()
            var seen: [[UInt8]] = []
            while let record = ring.look(&ahead) { seen.append(Array(record)) }
            var taken: [[UInt8]] = []
            while let record = ring.next() { taken.append(Array(record)) }
            #expect(seen == taken)
            #expect(taken.count == 5 - turn % 2)
            #expect(ring.look(&ahead) == nil)
            ring.release()
            ring.publish()
            ring.beginBatch()
            #expect(ring.next().map(Array.init) == [9])
            ring.release()
        }
    }

    @Test func `a full ring refuses, and takes again after a release`() {
        let ring = ByteRing(capacity: 64)
        #expect(put(1, into: ring, length: 24))
        #expect(put(2, into: ring, length: 24))
        #expect(!ring.canClaim(0))
        #expect(ring.claim(0) == nil)
        ring.publish()
        ring.beginBatch()
        _ = ring.next()
        #expect(ring.claim(24) == nil)
        ring.release()
        #expect(ring.canClaim(24))
        #expect(put(3, into: ring, length: 24))
        ring.publish()
        #expect(records(of: ring) == [repeated(2, 24), repeated(3, 24)])
    }

    @Test func `a record that does not fit before the end begins at the start`() {
        let ring = ByteRing(capacity: 64)
        for round in 0..<50 {
            let length = [24, 9, 17, 1][round % 4]
            #expect(put(UInt8(round), into: ring, length: length))
            ring.publish()
            #expect(records(of: ring) == [repeated(UInt8(round), length)])
        }
        #expect(ring.claimedPosition == ring.releasedPosition)
    }

    @Test func `a consumer that stops in the middle finds the rest in the next batch`() {
        let ring = ByteRing(capacity: 256)
        for mark in 1...4 { #expect(put(UInt8(mark), into: ring, length: 1)) }
        ring.publish()
        var seen: [UInt8] = []
        let consumed = ring.drain { record in
            seen.append(record[0])
            return record[0] < 3
        }
        #expect(consumed == 2)
        #expect(seen == [1, 2, 3])
        #expect(records(of: ring) == [[3], [4]])
    }

    @Test func `a claim that turned out shorter is trimmed`() {
        let ring = ByteRing(capacity: 128)
        let space = ring.claim(40)
        space?[0] = 7
        ring.trim(to: 1)
        #expect(ring.claimedPosition == 16)
        #expect(put(8, into: ring, length: 2))
        ring.publish()
        #expect(records(of: ring) == [[7], [8, 8]])
    }

    @Test func `a rollback gives up what was claimed after a noted position`() {
        let ring = ByteRing(capacity: 128)
        #expect(put(1, into: ring, length: 3))
        let noted = ring.claimedPosition
        #expect(put(2, into: ring, length: 3))
        ring.rollback(to: noted)
        #expect(put(3, into: ring, length: 3))
        ring.publish()
        #expect(put(4, into: ring, length: 3))
        ring.rollback()
        ring.publish()
        #expect(records(of: ring) == [[1, 1, 1], [3, 3, 3]])
    }

    @Test func `a claim is aligned to eight bytes`() {
        let ring = ByteRing(capacity: 1024)
        for length in 0..<30 {
            let space = ring.claim(length)
            #expect(UInt(bitPattern: space?.baseAddress) % 8 == 0)
        }
    }

    @Test func `a record of more than half the ring is a bug`() async {
        await #expect(processExitsWith: .failure) {
            _ = ByteRing(capacity: 64).claim(25)
        }
    }

    @Test func `a capacity that is no power of two is a bug`() async {
        await #expect(processExitsWith: .failure) {
            _ = ByteRing(capacity: 96)
        }
    }

    @Test func `a record is put back at most once`() async {
        await #expect(processExitsWith: .failure) {
            let ring = ByteRing(capacity: 64)
            _ = ring.claim(1)
            ring.publish()
            ring.beginBatch()
            _ = ring.next()
            ring.putBack()
            ring.putBack()
        }
    }

    @Test func `a record that was released is not put back`() async {
        await #expect(processExitsWith: .failure) {
            let ring = ByteRing(capacity: 64)
            _ = ring.claim(1)
            ring.publish()
            ring.beginBatch()
            _ = ring.next()
            ring.release()
            ring.putBack()
        }
    }

    @Test func `what was published is not trimmed`() async {
        await #expect(processExitsWith: .failure) {
            let ring = ByteRing(capacity: 64)
            _ = ring.claim(8)
            ring.publish()
            ring.trim(to: 1)
        }
    }

    private func put(_ mark: UInt8, into ring: ByteRing, length: Int) -> Bool {
        guard let space = ring.claim(length) else { return false }
        for index in 0..<length { space[index] = mark }
        return true
    }

    private func records(of ring: ByteRing) -> [[UInt8]] {
        var found: [[UInt8]] = []
        ring.drain { record in
            found.append(Array(record))
            return true
        }
        return found
    }

    private func repeated(_ mark: UInt8, _ count: Int) -> [UInt8] {
        [UInt8](repeating: mark, count: count)
    }
}
