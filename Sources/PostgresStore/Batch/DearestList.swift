import Quantities

/// The most expensive requests of one organisation and day, the dearest first.
///
/// Invariants:  at most `capacity`; of two that cost the same the earlier line stands first; what
///              cost nothing is not in.
/// Cost:        one comparison for a request that does not belong to them.
struct DearestList {
    /// How many requests of a day are kept.
    static let capacity = 20

    struct Entry: Equatable {
        let units: Int128
        let line: Int64
    }

    private(set) var entries: [Entry] = []
    /// What a request must cost more than to get in.
    private(set) var floor: Int128 = 0

    init() {
        entries.reserveCapacity(DearestList.capacity)
    }

    var isFull: Bool { entries.count == DearestList.capacity }

    /// Takes in a request, if it belongs to the dearest; lines come in ascending order.
    @inline(__always)
    mutating func add(_ units: Int128, line: Int64) {
        if units > floor { insert(Entry(units: units, line: line)) }
    }

    private mutating func insert(_ entry: Entry) {
        if isFull { entries.removeLast() }
        var place = entries.count
        while place > 0, DearestList.precedes(entry, entries[place - 1]) { place -= 1 }
        entries.insert(entry, at: place)
        if isFull { floor = entries[DearestList.capacity - 1].units }
    }

    /// Takes in others of the same day.
    mutating func merge(_ others: [Entry]) {
        for entry in others {
            guard !isFull || DearestList.precedes(entry, entries[DearestList.capacity - 1]) else {
                continue
            }
            insert(entry)
        }
    }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        floor = 0
    }

    private static func precedes(_ left: Entry, _ right: Entry) -> Bool {
        left.units != right.units ? left.units > right.units : left.line < right.line
    }
}

/// The dearest requests of a batch, by organisation and day.
///
/// Filled along the wallets' chains, when the lines have their numbers: a batch keeps nothing for
/// it meanwhile.
struct DearestCandidates {
    struct Run {
        let org: UInt32
        let day: CivilDay
        let entries: Range<Int>
    }

    private(set) var runs: [Run] = []
    private(set) var entries: [DearestList.Entry] = []
    private var list = DearestList()
    private var org: UInt32 = 0
    private var day = CivilDay(number: 0)

    /// Takes in a usage line; an organisation's lines come one after the other.
    @inline(__always)
    mutating func add(_ units: Int128, line: Int64, org: UInt32, day: CivilDay) {
        if org != self.org || day != self.day { begin(org, day) }
        list.add(units, line: line)
    }

    private mutating func begin(_ org: UInt32, _ day: CivilDay) {
        finish()
        self.org = org
        self.day = day
    }

    /// Notes the last day.
    mutating func finish() {
        if !list.entries.isEmpty {
            let start = entries.count
            entries.append(contentsOf: list.entries)
            runs.append(Run(org: org, day: day, entries: start..<entries.count))
        }
        list.removeAll()
    }
}
