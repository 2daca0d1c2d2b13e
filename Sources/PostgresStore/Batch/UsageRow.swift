import Accounting
import Quantities

/// Writes usage records as rows of binary COPY.
///
/// Invariants:  `columns` and `write` name the same columns in the same order.
enum UsageRow {
    static let columns = """
        org, line, day_utc, day, applied_at, at, amount, balance, input_tokens, \
        cache_read_input_tokens, cache_write_input_tokens, output_tokens, \
        reasoning_output_tokens, sequence, project, key, model, price, producer, first_grant, \
        provider, latency_ms, tier, failed, cache_hit, hold, draws, identity, content, session, \
        request_id
        """
    private static let fields: Int16 = 31

    /// Two bytes of head, 31 lengths, 300 bytes of fixed fields, and the two texts at their
    /// longest.
    static let maximumLength = 2 + 31 * 4 + 300 + 2 * 255 * StoredText.maximumGrowth

    /// Writes one row.
    ///
    /// - Parameters:
    ///   - record: The usage record.
    ///   - line: The line's number.
    ///   - balance: The wallet's units before it; after it when this returns.
    ///   - buffer: Where to.
    static func write(
        _ record: UnsafeRawBufferPointer,
        line: Int64,
        balance: inout Int128,
        to buffer: OutputBuffer
    ) {
        guard let (usage, id, session) = UsageChange.decode(record) else {
            invariantBroken("a record in a batch was readable when it came")
        }
        var draws: [UInt8] = []
        if usage.draws.count > 1 { draws = DrawCoding.json(usage.draws) }
        balance -= usage.charge.units
        var row = RowWriter(at: buffer.reserve(maximumLength + draws.count), fields: fields)
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
        if usage.provider != 0 { row.put(Int32(usage.provider)) } else { row.null() }
        if usage.latencyMilliseconds != 0 {
            row.put(Int64(usage.latencyMilliseconds))
        } else {
            row.null()
        }
        row.put(Int16(usage.tier))
        row.put(usage.failed)
        row.put(usage.cacheHit)
        if usage.hold != 0 { row.put(Int64(bitPattern: usage.hold)) } else { row.null() }
        if draws.isEmpty { row.null() } else { draws.withUnsafeBytes { row.put(text: $0) } }
        if usage.identity != 0 {
            row.put(usage.identity)
            row.put(Int64(bitPattern: usage.content))
        } else {
            row.null()
            row.null()
        }
        if session.isEmpty {
            row.null()
        } else {
            row.put(text: UnsafeRawBufferPointer(rebasing: record[session]))
        }
        row.put(text: UnsafeRawBufferPointer(rebasing: record[id]))
        buffer.commit(row.count)
    }
}
