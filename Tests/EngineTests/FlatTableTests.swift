import Testing

@testable import Engine

@Suite
struct FlatTableTests {
    @Test
    func `lists in a pool keep their rows while they grow past each other`() {
        var random = TableRandom(seed: 1)
        var pool = BlockPool(blank: 0)
        var blocks = Array(repeating: BlockPool<Int>.Block(), count: 40)
        var model = Array(repeating: [Int](), count: 40)
        for value in 1...5_000 {
            // Some owners get many rows, most get few.
            let owner = random.below(random.below(40) + 1)
            let before = blocks[owner].start
            let moved = pool.append(value, to: &blocks[owner])
            model[owner].append(value)
            #expect(moved == (model[owner].count > 1 && blocks[owner].start != before))
        }
        for owner in 0..<40 {
            #expect(blocks[owner].indices.map { pool[$0] } == model[owner])
        }
        let taken = model.map(\.count).reduce(0, +)
        #expect(pool.placeCount < taken * 3, "blocks that were left are used again")
    }

    @Test
    func `a list of one row takes one place`() {
        var pool = BlockPool(blank: 0)
        for value in 1...100 {
            var block = BlockPool<Int>.Block()
            pool.append(value, to: &block)
            #expect(block.count == 1)
        }
        #expect(pool.placeCount == 100)
    }

    @Test
    func `texts of all lengths are kept over many pages`() {
        var random = TableRandom(seed: 2)
        var arena = TextArena()
        var kept: [(TextArena.Reference, String)] = []
        for length in [0, 1, 65_535] + (0..<300).map({ _ in random.below(20_000) }) {
            let text = String(repeating: "a", count: length / 2) + "\u{e9}"
            let cut = length == 65_535 ? String(repeating: "z", count: length) : text
            kept.append((arena.add(cut), cut))
        }
        for (reference, text) in kept {
            #expect(arena.text(reference) == text)
            var copy = text
            #expect(copy.withUTF8 { arena.matches(reference, $0) })
            var other = text + "x"
            #expect(other.withUTF8 { !arena.matches(reference, $0) })
        }
    }

    @Test
    func `a text is replaced at its place when it is as long`() {
        var arena = TextArena()
        let first = arena.add("mk_abc")
        let second = arena.add("mk_def")
        #expect(arena.replace(first, by: "mk_xyz") == first)
        #expect(arena.text(first) == "mk_xyz")
        let longer = arena.replace(first, by: "mk_longer")
        #expect(longer != first)
        #expect(arena.text(longer) == "mk_longer")
        #expect(arena.text(second) == "mk_def")
    }
}
