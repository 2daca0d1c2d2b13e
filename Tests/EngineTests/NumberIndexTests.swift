import Testing

@testable import Engine

@Suite
struct NumberIndexTests {
    /// With so few hashes most numbers meet others in their place.
    @Test(arguments: [1, 2, 7, 64, 1 << 40])
    func `it answers as a list does, whatever collides`(hashes: Int) {
        var random = TableRandom(seed: UInt64(hashes))
        var index = NumberIndex()
        var model: [UInt32: Int] = [:]
        for step in 1...6_000 as ClosedRange<UInt32> {
            let known = UInt32(random.below(Int(step))) + 1
            switch random.below(4) {
            case 0, 1:
                let hash = random.below(hashes) &- hashes / 2
                if model.count < 400 || hashes > 64 {
                    index.insert(step, hash: hash)
                    model[step] = hash
                }
            case 2:
                guard let hash = model.removeValue(forKey: known) else { continue }
                index.remove(hash) { $0 == known }
            default:
                guard let hash = model.removeValue(forKey: known) else { continue }
                let other = 1_000_000 + step
                index.replace(hash, by: other) { $0 == known }
                model[other] = hash
            }
            #expect(index.count == model.count)
            if step % 500 == 0 { expectSame(index, model) }
        }
        expectSame(index, model)
    }

    @Test
    func `what is not in it is not found, also in an empty one`() {
        var index = NumberIndex()
        #expect(index.find(7) { _ in true } == nil)
        index.remove(7) { _ in true }
        index.insert(3, hash: 7)
        #expect(index.find(8) { _ in true } == nil)
        #expect(index.find(7) { _ in false } == nil)
        index.remove(7) { _ in false }
        #expect(index.find(7) { $0 == 3 } == 3)
    }

    @Test
    func `a run that wraps around the end keeps its members when one goes`() {
        var index = NumberIndex()
        // All belong at the last of sixteen places.
        for number in 1...5 as ClosedRange<UInt32> { index.insert(number, hash: 15) }
        index.insert(6, hash: 0)
        index.remove(15) { $0 == 2 }
        for number in [1, 3, 4, 5] as [UInt32] {
            #expect(index.find(15) { $0 == number } == number)
        }
        #expect(index.find(0) { $0 == 6 } == 6)
        #expect(index.find(15) { $0 == 2 } == nil)
    }

    private func expectSame(_ index: NumberIndex, _ model: [UInt32: Int]) {
        for (number, hash) in model {
            #expect(index.find(hash) { $0 == number } == number)
        }
    }
}

/// Random numbers that a seed repeats.
struct TableRandom {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    mutating func below(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int((state >> 11) % UInt64(bound))
    }
}
