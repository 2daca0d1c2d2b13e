import Testing

@testable import Accounting

/// Goal: a producer's progress is exact whatever the order in which its events arrive.
///
/// Method: every order of few sequences against a plain set; long shuffles with printed seeds.
@Suite struct SequenceSetTests {
    private func check(_ set: SequenceSet, against model: Set<UInt64>, upTo limit: UInt64) {
        var contiguous: UInt64 = 0
        while model.contains(contiguous + 1) { contiguous += 1 }
        #expect(set.contiguous == contiguous)
        #expect(set.highest == model.max() ?? 0)
        #expect(set.isContiguous == (contiguous == model.max() ?? 0))
        for sequence in 0...limit { #expect(set.contains(sequence) == model.contains(sequence)) }
        let copy = SequenceSet(contiguous: set.contiguous, aheadBytes: set.aheadBytes)
        #expect(copy == set)
    }

    /// All words of `length` letters over 1...`length`: every order, with repeats.
    private func orders(_ length: Int) -> [[UInt64]] {
        var all: [[UInt64]] = [[]]
        for _ in 0..<length {
            all = all.flatMap { order in (1...UInt64(length)).map { order + [$0] } }
        }
        return all
    }

    @Test(arguments: [0, 60, 1020] as [UInt64])
    func `every order of up to four sequences, with repeats, gives the plain set`(start: UInt64) {
        for length in 1...4 {
            for order in orders(length) {
                var set = SequenceSet(contiguous: start)
                var seen: Set<UInt64> = []
                for offset in order {
                    let isNew = set.insert(start + offset)
                    let expected = seen.insert(offset).inserted
                    #expect(isNew == expected)
                }
                var expected = start
                while seen.contains(expected - start + 1) { expected += 1 }
                #expect(set.contiguous == expected)
                for offset in 1...UInt64(length + 1) {
                    #expect(set.contains(start + offset) == seen.contains(offset))
                }
                let copy = SequenceSet(contiguous: expected, aheadBytes: set.aheadBytes)
                #expect(copy == set)
            }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `long shuffles end contiguous and agree with the plain set on the way`(seed: UInt64) {
        var generator = SplitMix(state: seed)
        let limit: UInt64 = 5000
        var set = SequenceSet()
        var model: Set<UInt64> = []
        var order = Array(1...limit)
        for index in order.indices {
            let other = Int(generator.next() % UInt64(order.count))
            order.swapAt(index, other)
        }
        for (step, sequence) in order.enumerated() {
            model.insert(sequence)
            let isNew = set.insert(sequence)
            let isNewAgain = set.insert(sequence)
            #expect(isNew && !isNewAgain, "seed \(seed)")
            if step % 1000 == 0 { check(set, against: model, upTo: limit + 1) }
        }
        #expect(set == SequenceSet(contiguous: limit))
        #expect(set.aheadBytes.isEmpty)
    }

    @Test func `equal sets are equal whatever the order of their insertions`() {
        var ascending = SequenceSet()
        var descending = SequenceSet()
        let numbers = (1...3000).map { UInt64($0) }.filter { $0 % 7 != 0 }
        for number in numbers { ascending.insert(number) }
        for number in numbers.reversed() { descending.insert(number) }
        #expect(ascending == descending)
        #expect(ascending.contiguous == 6)
        #expect(ascending.aheadBytes == descending.aheadBytes)
    }

    @Test func `zero stands for no sequence`() {
        var set = SequenceSet()
        let isNew = set.insert(0)
        #expect(!isNew)
        #expect(!set.contains(0))
        #expect(set == SequenceSet())
    }

    @Test func `the ends of the number range are held`() {
        var set = SequenceSet(contiguous: .max - 2)
        let ahead = set.insert(.max)
        #expect(ahead)
        #expect(set.highest == .max)
        let filled = set.insert(.max - 1)
        #expect(filled)
        #expect(set == SequenceSet(contiguous: .max))
        let again = set.insert(.max)
        #expect(!again)
    }

    @Test func `a far sequence costs one chunk`() {
        var set = SequenceSet()
        set.insert(1 << 60)
        #expect(set.aheadBytes.count == 136)
        #expect(set.contains(1 << 60))
        #expect(set.highest == 1 << 60)
    }

    @Test func `bytes that no set gives are refused`() {
        var set = SequenceSet(contiguous: 10)
        set.insert(2000)
        let bytes = set.aheadBytes
        #expect(SequenceSet(contiguous: 10, aheadBytes: bytes.dropLast()) == nil)
        #expect(SequenceSet(contiguous: 10, aheadBytes: bytes + bytes) == nil)
        #expect(SequenceSet(contiguous: 1999, aheadBytes: bytes) == nil)
        #expect(SequenceSet(contiguous: 5000, aheadBytes: bytes) == nil)
        let empty = [UInt8](repeating: 0, count: 136)
        #expect(SequenceSet(contiguous: 0, aheadBytes: empty) == nil)
    }
}

/// A small generator, so that a seed gives the same run everywhere.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
