import Quantities

/// An open hold.
public struct Hold: Sendable, Hashable {
    /// Its name.
    public internal(set) var number: HoldNumber
    /// The project, or 0.
    public internal(set) var project: UInt32
    /// The key, or 0.
    public internal(set) var key: UInt32
    /// The model's number.
    public internal(set) var model: UInt32
    /// When it lapses.
    public internal(set) var expiresAt: Timestamp
    /// How much it keeps.
    public internal(set) var amount: Amount
    /// Which grants it took.
    public internal(set) var draws: Draws
}

/// The open holds of a partition.
///
/// Cost:        constant for place, find and remove; a scan for what is due, in slot order, so
///              that the outcome does not depend on hashing.
/// Invariants:  a slot is either on the free list or found by its hold's number.
struct HoldTable {
    private var slots: [Hold?] = []
    private var free: [Int] = []
    private var index: [HoldNumber: Int] = [:]
    /// No hold lapses before this; may be too early, never too late.
    private(set) var earliest = Timestamp.never

    var count: Int { index.count }

    subscript(number: HoldNumber) -> Hold? {
        guard let slot = index[number] else { return nil }
        return slots[slot]
    }

    mutating func insert(_ hold: Hold) {
        invariant(index[hold.number] == nil, "a hold's number is given once")
        earliest = min(earliest, hold.expiresAt)
        if let slot = free.popLast() {
            slots[slot] = hold
            index[hold.number] = slot
        } else {
            slots.append(hold)
            index[hold.number] = slots.count - 1
        }
    }

    mutating func update(_ number: HoldNumber, _ change: (inout Hold) -> Void) {
        guard let slot = index[number], var hold = slots[slot] else {
            invariantBroken("only an open hold is changed")
        }
        change(&hold)
        earliest = min(earliest, hold.expiresAt)
        slots[slot] = hold
    }

    mutating func remove(_ number: HoldNumber) -> Hold? {
        guard let slot = index.removeValue(forKey: number), let hold = slots[slot] else {
            return nil
        }
        slots[slot] = nil
        free.append(slot)
        return hold
    }

    /// The holds that are due, ordered by their time, then by number; all others set `earliest`.
    mutating func due(at now: Timestamp) -> [HoldNumber] {
        guard earliest <= now else { return [] }
        var due: [Hold] = []
        var next = Timestamp.never
        for case .some(let hold) in slots {
            if hold.expiresAt <= now {
                due.append(hold)
            } else {
                next = min(next, hold.expiresAt)
            }
        }
        earliest = next
        due.sort { left, right in
            if left.expiresAt != right.expiresAt { return left.expiresAt < right.expiresAt }
            if left.number.org != right.number.org { return left.number.org < right.number.org }
            return left.number.serial < right.number.serial
        }
        return due.map(\.number)
    }

    /// Makes the next call look again, after a caller stopped half-way.
    mutating func reconsider() {
        earliest = .epoch
    }

    /// All open holds, by organisation and serial.
    var sorted: [Hold] {
        slots.compactMap { $0 }.sorted { left, right in
            if left.number.org != right.number.org { return left.number.org < right.number.org }
            return left.number.serial < right.number.serial
        }
    }
}
