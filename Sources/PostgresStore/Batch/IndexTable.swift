import Quantities

/// Finds the place of an entry in an array by its hash: open addressing with linear probing.
///
/// Invariants:  at most half of the slots are used, so a probe always ends.
/// Cost:        one cache line for most look-ups; no allocation once it has grown.
/// Why:         the standard dictionary hashes so that strangers cannot slow it down, at three
///              times the cost; these keys are our own numbers.
struct IndexTable {
    private var slots: [Int32]
    private var hashes: [UInt64] = []

    init(minimumCapacity: Int = 1024) {
        var capacity = 16
        while capacity < minimumCapacity * 2 { capacity *= 2 }
        slots = [Int32](repeating: -1, count: capacity)
    }

    /// How many entries are known.
    var count: Int { hashes.count }

    /// Forgets all entries and keeps the memory.
    mutating func removeAll() {
        if hashes.isEmpty { return }
        hashes.removeAll(keepingCapacity: true)
        for index in slots.indices { slots[index] = -1 }
    }

    /// Finds an entry.
    ///
    /// - Parameters:
    ///   - hash: The entry's hash.
    ///   - matches: Whether the entry at an index is the one that is looked for.
    /// - Returns: The index, or nil when it is not known.
    @inline(__always)
    func find(_ hash: UInt64, matches: (Int) -> Bool) -> Int? {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let index = Int(slots[slot])
            if index < 0 { return nil }
            if hashes[index] == hash, matches(index) { return index }
            slot = (slot + 1) & mask
        }
    }

    /// Registers the next entry, whose index is the present `count`.
    ///
    /// - Parameter hash: The entry's hash; no entry that it matches may be registered yet.
    @inline(__always)
    mutating func append(_ hash: UInt64) {
        if (hashes.count + 1) * 2 > slots.count { grow() }
        place(hash, index: hashes.count)
        hashes.append(hash)
    }

    private mutating func place(_ hash: UInt64, index: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = Int32(index)
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for (index, hash) in hashes.enumerated() { place(hash, index: index) }
    }

    /// Spreads two words over 64 bits.
    @inline(__always)
    static func hash(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let mixed = (first ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(
            by: second ^ 0xD6E8_FEB8_6659_FD93
        )
        var value = mixed.high ^ mixed.low
        value ^= value >> 32
        value &*= 0xA076_1D64_78BD_642F
        return value ^ (value >> 29)
    }
}
