import Quantities

/// Finds numbers by hashes; what a number stands for, and so when two are equal, its owner knows.
///
/// Layout:      open addressing with linear probing; an entry is 32 bits of the hash and the
///              number; all zero where there is none. A removal closes the gap it leaves.
/// Invariants:  a number is above zero; at most three quarters of the places are taken.
/// Cost:        8 bytes a place; growing needs no look at what is indexed.
/// Why:         callers hash with `Hasher`, whose seed is new in every process: nobody can choose
///              names that meet in one place.
struct NumberIndex {
    private var entries: [UInt64] = []
    /// How many numbers are in it.
    private(set) var count = 0

    private var mask: Int { entries.count - 1 }

    /// The number with this hash that the body recognises.
    func find(_ hash: Int, _ matches: (UInt32) -> Bool) -> UInt32? {
        place(hash, matches).map { UInt32(truncatingIfNeeded: entries[$0]) }
    }

    /// Adds a number that is not in it.
    mutating func insert(_ number: UInt32, hash: Int) {
        invariant(number > 0, "an indexed number is above zero")
        if (count + 1) * 4 > entries.count * 3 { grow() }
        put(NumberIndex.entry(number, hash))
        count += 1
    }

    /// Removes the number with this hash that the body recognises, if there is one.
    mutating func remove(_ hash: Int, _ matches: (UInt32) -> Bool) {
        guard var gap = place(hash, matches) else { return }
        count -= 1
        entries[gap] = 0
        var next = (gap + 1) & mask
        while entries[next] != 0 {
            // An entry may move into the gap unless its own place lies behind the gap.
            let home = self.home(entries[next])
            if (next - home) & mask >= (next - gap) & mask {
                entries[gap] = entries[next]
                entries[next] = 0
                gap = next
            }
            next = (next + 1) & mask
        }
    }

    /// Puts another number in the place of one.
    mutating func replace(_ hash: Int, by number: UInt32, _ matches: (UInt32) -> Bool) {
        guard let place = place(hash, matches) else { return }
        entries[place] = NumberIndex.entry(number, hash)
    }

    private func place(_ hash: Int, _ matches: (UInt32) -> Bool) -> Int? {
        if entries.isEmpty { return nil }
        let wanted = NumberIndex.entry(0, hash)
        var place = home(wanted)
        while entries[place] != 0 {
            let entry = entries[place]
            if entry & ~0xFFFF_FFFF == wanted, matches(UInt32(truncatingIfNeeded: entry)) {
                return place
            }
            place = (place + 1) & mask
        }
        return nil
    }

    private static func entry(_ number: UInt32, _ hash: Int) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: hash)) << 32 | UInt64(number)
    }

    /// Where an entry belongs.
    private func home(_ entry: UInt64) -> Int {
        Int(entry >> 32) & mask
    }

    private mutating func put(_ entry: UInt64) {
        var place = home(entry)
        while entries[place] != 0 { place = (place + 1) & mask }
        entries[place] = entry
    }

    private mutating func grow() {
        let old = entries
        entries = Array(repeating: 0, count: max(16, old.count * 2))
        for entry in old where entry != 0 { put(entry) }
    }
}
