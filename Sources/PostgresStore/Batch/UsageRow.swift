import Accounting
import Quantities

/// Which of the columns that are seldom set some rows of a COPY have.
///
/// Why: a column that none has is left out of the COPY, and is null; the server's work on a null
/// field is small, but there would be several in every row.
struct SeldomColumns: OptionSet {
    let rawValue: UInt8

    static let provider = SeldomColumns(rawValue: 1)
    static let latency = SeldomColumns(rawValue: 2)
    static let hold = SeldomColumns(rawValue: 4)
    static let draws = SeldomColumns(rawValue: 8)
    static let identity = SeldomColumns(rawValue: 16)
    static let session = SeldomColumns(rawValue: 32)

    /// Each one's columns, in the order of the rows.
    private static let all: [(SeldomColumns, [String])] = [
        (.provider, ["provider"]), (.latency, ["latency_ms"]), (.hold, ["hold"]),
        (.draws, ["draws"]), (.identity, ["identity", "content"]), (.session, ["session"]),
    ]

    /// The names of the columns.
    var names: [String] {
        SeldomColumns.all.filter { contains($0.0) }.flatMap(\.1)
    }

    /// How many columns there are.
    @inline(__always) var fields: Int16 {
        Int16(rawValue.nonzeroBitCount) + (contains(.identity) ? 1 : 0)
    }

    @inline(__always)
    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// What one record has.
    @inline(__always)
    init(of usage: UsageChange, session: Range<Int>) {
        var bits: UInt8 = usage.provider != 0 ? 1 : 0
        if usage.latencyMilliseconds != 0 { bits |= 2 }
        if usage.hold != 0 { bits |= 4 }
        if usage.draws.count > 1 { bits |= 8 }
        if usage.identity != 0 { bits |= 16 }
        if !session.isEmpty { bits |= 32 }
        rawValue = bits
    }
}

/// Writes usage records as rows of binary COPY.
///
/// Invariants:  `columns` and `write` name the same columns in the same order.
enum UsageRow {
    /// The columns of a COPY's rows.
    static func columns(_ seldom: SeldomColumns) -> String {
        invariant(always.count == Int(alwaysFields), "a row's head tells how many fields it has")
        return (always + seldom.names).joined(separator: ", ")
    }

    private static let always = [
        "org", "line", "day_utc", "day", "applied_at", "at", "amount", "balance", "input_tokens",
        "cache_read_input_tokens", "cache_write_input_tokens", "output_tokens",
        "reasoning_output_tokens", "sequence", "project", "key", "model", "price", "producer",
        "first_grant", "tier", "failed", "cache_hit", "request_id",
    ]

    private static let alwaysFields: Int16 = 24

    /// Two bytes of head, 31 lengths, 300 bytes of fixed fields, and the two texts at their
    /// longest.
    static let maximumLength = 2 + 31 * 4 + 300 + 2 * 255 * StoredText.maximumGrowth

    /// Writes one row.
    ///
    /// - Parameters:
    ///   - record: The usage record.
    ///   - line: The line's number.
    ///   - balance: The wallet's units before it; after it when this returns.
    ///   - seldom: The columns that the COPY has beside those of every row.
    ///   - dearest: Takes in what it cost.
    ///   - buffer: Where to.
    static func write(
        _ record: UnsafeRawBufferPointer,
        line: Int64,
        balance: inout Int128,
        seldom: SeldomColumns,
        dearest: inout DearestCandidates,
        to buffer: OutputBuffer
    ) {
        guard let (usage, id, session) = UsageChange.decode(record) else {
            invariantBroken("a record in a batch was readable when it came")
        }
        var draws: [UInt8] = []
        if usage.draws.count > 1 { draws = DrawCoding.json(usage.draws) }
        balance -= usage.charge.units
        dearest.add(usage.charge.units, line: line, org: usage.org, day: usage.day)
        var row = RowWriter(
            at: buffer.reserve(maximumLength + draws.count),
            fields: alwaysFields + seldom.fields
        )
        row.put(Int64(usage.org))
        row.put(line)
        row.put(usage.appliedAt.utcDay)
        row.put(usage.day)
        row.put(usage.appliedAt)
        row.put(usage.at)
        row.put(amount: -usage.charge.units)
        row.put(amount: balance)
        row.put(Int64(usage.tokens.input))
        row.put(Int64(usage.tokens.cacheRead))
        row.put(Int64(usage.tokens.cacheWrite))
        row.put(Int64(usage.tokens.output))
        row.put(Int64(usage.tokens.reasoning))
        row.put(Int64(bitPattern: usage.sequence))
        row.put(usage.project)
        row.put(usage.key)
        row.put(usage.model)
        row.put(usage.price)
        row.put(usage.producer)
        row.put(usage.draws.first.grant)
        row.put(Int16(usage.tier))
        row.put(usage.failed)
        row.put(usage.cacheHit)
        row.put(text: UnsafeRawBufferPointer(rebasing: record[id]))
        writeSeldom(
            usage,
            draws,
            session: UnsafeRawBufferPointer(rebasing: record[session]),
            seldom,
            to: &row
        )
        buffer.commit(row.count)
    }

    @inline(__always)
    private static func writeSeldom(
        _ usage: UsageChange,
        _ draws: [UInt8],
        session: UnsafeRawBufferPointer,
        _ seldom: SeldomColumns,
        to row: inout RowWriter
    ) {
        if seldom.isEmpty { return }
        if seldom.contains(.provider) {
            if usage.provider != 0 { row.put(Int32(usage.provider)) } else { row.null() }
        }
        if seldom.contains(.latency) {
            let latency = Int64(usage.latencyMilliseconds)
            if latency != 0 { row.put(latency) } else { row.null() }
        }
        if seldom.contains(.hold) {
            if usage.hold != 0 { row.put(Int64(bitPattern: usage.hold)) } else { row.null() }
        }
        if seldom.contains(.draws) {
            if draws.isEmpty { row.null() } else { draws.withUnsafeBytes { row.put(text: $0) } }
        }
        if seldom.contains(.identity) {
            if usage.identity != 0 {
                row.put(usage.identity)
                row.put(Int64(bitPattern: usage.content))
            } else {
                row.null()
                row.null()
            }
        }
        if seldom.contains(.session) {
            if session.isEmpty { row.null() } else { row.put(text: session) }
        }
    }
}
