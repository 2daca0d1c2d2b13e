import Quantities

/// The most expensive requests of one organisation and day, the dearest first.
///
/// Layout:      24 bytes each where they are stored: i64 line, i64 units by 2^63, i64 the rest, all
///              big-endian, so that SQL can make the same bytes of lines.
/// Invariants:  at most `capacity`; of two that cost the same the earlier line stands first; what
///              cost nothing is not in.
/// Cost:        one comparison for a request that does not belong to them.
struct DearestList {
    /// How many requests of a day are kept.
    static let capacity = 10
    private static let length = 24

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

    /// The entries as they are stored.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * DearestList.length)
        for entry in entries {
            let (high, low) = entry.units.quotientAndRemainder(dividingBy: 1 << 63)
            // A charge is below 2^96 units.
            for word in [entry.line, Int64(high), Int64(low)] {
                withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return bytes
    }

    /// Reads what `bytes` gave.
    static func entries(_ bytes: [UInt8]) throws(StoreError) -> [Entry] {
        guard bytes.count % length == 0 else {
            throw .unexpectedAnswer("a list of requests that is no multiple of 24 bytes")
        }
        func word(_ start: Int) -> Int64 {
            bytes[start..<start + 8].reduce(0) { $0 << 8 | Int64($1) }
        }
        return stride(from: 0, to: bytes.count, by: length).map { start in
            let units = Int128(word(start + 8)) << 63 + Int128(word(start + 16))
            return Entry(units: units, line: word(start))
        }
    }

    /// The bytes of the dearest of some lines, as SQL makes them from `line` and `amount`.
    static let sql = """
        string_agg(int8send(line)
            || int8send(div(-amount * 1000000000000, 9223372036854775808)::bigint)
            || int8send(mod(-amount * 1000000000000, 9223372036854775808)::bigint),
            ''::bytea ORDER BY amount, line)
        """

    static func precedes(_ left: Entry, _ right: Entry) -> Bool {
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
