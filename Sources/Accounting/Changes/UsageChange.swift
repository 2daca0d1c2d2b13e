import Quantities

/// One rated and booked request: the change that happens millions of times a second.
///
/// It is at once the usage log's line and the ledger's debit line.
///
/// Layout (little-endian; the whole record is a multiple of 8 bytes):
/// ```
///   0 u32 length         40 u64 sequence         84 u16 provider
///   4 u8  kind = 1       48 i64 at               86 u8  reserved
///   5 u8  flags          56 u32 input tokens     87 u8  tier
///   6 u8  id length      60 u32 cache read       88 i128 charge
///   7 u8  session length 64 u32 cache write     104 u64 hold
///   8 i64 applied at     68 u32 output          112 u32 grant of the only draw
///  16 u32 org            72 u32 reasoning       116 u32 draws
///  20 u32 project        76 u32 latency, ms     120 draws when there are several, 24 bytes each:
///  24 u32 key            80 i32 day                 u32 grant, u32 reserved, i128 amount
///  28 u32 model                                 then, by flag, u128 identity and u64 content,
///  32 u32 price                                 then the id, then the session
///  36 u32 producer
/// ```
public struct UsageChange: Sendable, Hashable {
    /// When it was applied: the order of the books.
    public var appliedAt = Timestamp.epoch
    /// Whose wallet pays.
    public var org: UInt32 = 0
    /// The project, or 0 for none.
    public var project: UInt32 = 0
    /// The key, or 0 when the organisation was named instead.
    public var key: UInt32 = 0
    /// The model's number.
    public var model: UInt32 = 0
    /// The number of the price version that was used.
    public var price: UInt32 = 0
    /// The provider's number, or 0 for none.
    public var provider: UInt16 = 0
    /// The producer's number.
    public var producer: UInt32 = 0
    /// The producer's sequence, or 0 when it gave none.
    public var sequence: UInt64 = 0
    /// When the request happened.
    public var at = Timestamp.epoch
    /// Its tokens.
    public var tokens = TokenCounts()
    /// How long it took, in milliseconds; 0 when not told.
    public var latencyMilliseconds: UInt32 = 0
    /// The day in the account's time zone on which it was applied.
    public var day = CivilDay(number: 0)
    /// Which price tier applied: 0 is the base.
    public var tier: UInt8 = 0
    /// Whether the request failed.
    public var failed = false
    /// Whether a cache answered instead of a model.
    public var cacheHit = false
    /// What was charged, at least zero.
    public var charge = Amount.zero
    /// The serial of the hold that it settled, or 0.
    public var hold: UInt64 = 0
    /// Where the charge was taken from.
    public var draws = Draws()
    /// The 128-bit identity of (producer, id) for a report without a sequence, else 0.
    public var identity: UInt128 = 0
    /// The digest of its content, to tell a repeat from a conflict; 0 with a sequence.
    public var content: UInt64 = 0

    /// An empty change, to be filled.
    public init() {}

    /// The bytes of a usage record before its sources, its identity and its texts.
    @inlinable public static var fixedLength: Int { 120 }
    @inlinable static var drawLength: Int { 24 }
    @inlinable static var identityLength: Int { 24 }

    @usableFromInline
    enum Flag {
        @inlinable static var failed: UInt8 { 1 }
        @inlinable static var cacheHit: UInt8 { 2 }
        @inlinable static var identity: UInt8 { 4 }
    }

    /// Writes the record.
    ///
    /// - Parameters:
    ///   - buffer: Where to.
    ///   - id: The request's own id, at most 255 bytes.
    ///   - session: The session, at most 255 bytes.
    public func encode(
        into buffer: RecordBuffer,
        id: UnsafeRawBufferPointer,
        session: UnsafeRawBufferPointer
    ) {
        invariant(id.count <= 255 && session.count <= 255, "id and session are at most 255 bytes")
        let manyDraws = draws.count > 1 ? draws.count * UsageChange.drawLength : 0
        let identityBytes = identity != 0 ? UsageChange.identityLength : 0
        let length =
            (UsageChange.fixedLength + manyDraws + identityBytes + id.count + session.count + 7)
            & ~7
        let record = buffer.open(length)
        encodeFixed(record, length: length, idCount: id.count, sessionCount: session.count)
        var offset = UsageChange.fixedLength
        if draws.count > 1 {
            for index in 0..<draws.count {
                record.storeBytes(of: draws[index].grant, toByteOffset: offset, as: UInt32.self)
                record.storeBytes(
                    of: draws[index].amount.units,
                    toByteOffset: offset + 8,
                    as: Int128.self
                )
                offset += UsageChange.drawLength
            }
        }
        if identity != 0 {
            record.storeBytes(of: identity, toByteOffset: offset, as: UInt128.self)
            record.storeBytes(of: content, toByteOffset: offset + 16, as: UInt64.self)
            offset += UsageChange.identityLength
        }
        if let source = id.baseAddress {
            (record + offset).copyMemory(from: source, byteCount: id.count)
        }
        if let source = session.baseAddress {
            (record + offset + id.count).copyMemory(from: source, byteCount: session.count)
        }
    }

    private func encodeFixed(
        _ record: UnsafeMutableRawPointer,
        length: Int,
        idCount: Int,
        sessionCount: Int
    ) {
        var flags: UInt8 = 0
        if failed { flags |= Flag.failed }
        if cacheHit { flags |= Flag.cacheHit }
        if identity != 0 { flags |= Flag.identity }
        record.storeBytes(of: UInt32(length), as: UInt32.self)
        record.storeBytes(of: ChangeKind.usage.rawValue, toByteOffset: 4, as: UInt8.self)
        record.storeBytes(of: flags, toByteOffset: 5, as: UInt8.self)
        record.storeBytes(of: UInt8(idCount), toByteOffset: 6, as: UInt8.self)
        record.storeBytes(of: UInt8(sessionCount), toByteOffset: 7, as: UInt8.self)
        record.storeBytes(of: appliedAt.microseconds, toByteOffset: 8, as: Int64.self)
        record.storeBytes(of: org, toByteOffset: 16, as: UInt32.self)
        record.storeBytes(of: project, toByteOffset: 20, as: UInt32.self)
        record.storeBytes(of: key, toByteOffset: 24, as: UInt32.self)
        record.storeBytes(of: model, toByteOffset: 28, as: UInt32.self)
        record.storeBytes(of: price, toByteOffset: 32, as: UInt32.self)
        record.storeBytes(of: producer, toByteOffset: 36, as: UInt32.self)
        record.storeBytes(of: sequence, toByteOffset: 40, as: UInt64.self)
        record.storeBytes(of: at.microseconds, toByteOffset: 48, as: Int64.self)
        record.storeBytes(of: tokens.input, toByteOffset: 56, as: UInt32.self)
        record.storeBytes(of: tokens.cacheRead, toByteOffset: 60, as: UInt32.self)
        record.storeBytes(of: tokens.cacheWrite, toByteOffset: 64, as: UInt32.self)
        record.storeBytes(of: tokens.output, toByteOffset: 68, as: UInt32.self)
        record.storeBytes(of: tokens.reasoning, toByteOffset: 72, as: UInt32.self)
        record.storeBytes(of: latencyMilliseconds, toByteOffset: 76, as: UInt32.self)
        record.storeBytes(of: day.number, toByteOffset: 80, as: Int32.self)
        record.storeBytes(of: provider, toByteOffset: 84, as: UInt16.self)
        record.storeBytes(of: tier, toByteOffset: 87, as: UInt8.self)
        record.storeBytes(of: charge.units, toByteOffset: 88, as: Int128.self)
        record.storeBytes(of: hold, toByteOffset: 104, as: UInt64.self)
        record.storeBytes(of: draws.first.grant, toByteOffset: 112, as: UInt32.self)
        record.storeBytes(of: UInt32(draws.count), toByteOffset: 116, as: UInt32.self)
    }

    /// Reads a record back.
    ///
    /// - Parameter record: One whole record of kind `usage`.
    /// - Returns: The change, with the places of id and session in the record; nil when the bytes
    ///   are no such record.
    public static func decode(
        _ record: UnsafeRawBufferPointer
    ) -> (change: UsageChange, id: Range<Int>, session: Range<Int>)? {
        guard record.count >= fixedLength, record[4] == ChangeKind.usage.rawValue else {
            return nil
        }
        var change = UsageChange()
        let flags = record[5]
        change.decodeFixed(record, flags: flags)
        var offset = fixedLength
        let drawCount = Int(record.loadUnaligned(fromByteOffset: 116, as: UInt32.self))
        if drawCount == 1 {
            let grant = record.loadUnaligned(fromByteOffset: 112, as: UInt32.self)
            change.draws.append(Draw(grant: grant, amount: change.charge))
        } else if drawCount > 1 {
            guard record.count >= offset + drawCount * drawLength else { return nil }
            for _ in 0..<drawCount {
                let grant = record.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let units = record.loadUnaligned(fromByteOffset: offset + 8, as: Int128.self)
                change.draws.append(Draw(grant: grant, amount: Amount(units: units)))
                offset += drawLength
            }
        }
        if flags & Flag.identity != 0 {
            guard record.count >= offset + identityLength else { return nil }
            change.identity = record.loadUnaligned(fromByteOffset: offset, as: UInt128.self)
            change.content = record.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)
            offset += identityLength
        }
        let id = offset..<offset + Int(record[6])
        let session = id.upperBound..<id.upperBound + Int(record[7])
        guard session.upperBound <= record.count else { return nil }
        return (change, id, session)
    }

    private mutating func decodeFixed(_ record: UnsafeRawBufferPointer, flags: UInt8) {
        failed = flags & Flag.failed != 0
        cacheHit = flags & Flag.cacheHit != 0
        appliedAt = Timestamp(
            microseconds: record.loadUnaligned(fromByteOffset: 8, as: Int64.self)
        )
        org = record.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
        project = record.loadUnaligned(fromByteOffset: 20, as: UInt32.self)
        key = record.loadUnaligned(fromByteOffset: 24, as: UInt32.self)
        model = record.loadUnaligned(fromByteOffset: 28, as: UInt32.self)
        price = record.loadUnaligned(fromByteOffset: 32, as: UInt32.self)
        producer = record.loadUnaligned(fromByteOffset: 36, as: UInt32.self)
        sequence = record.loadUnaligned(fromByteOffset: 40, as: UInt64.self)
        at = Timestamp(microseconds: record.loadUnaligned(fromByteOffset: 48, as: Int64.self))
        tokens.input = record.loadUnaligned(fromByteOffset: 56, as: UInt32.self)
        tokens.cacheRead = record.loadUnaligned(fromByteOffset: 60, as: UInt32.self)
        tokens.cacheWrite = record.loadUnaligned(fromByteOffset: 64, as: UInt32.self)
        tokens.output = record.loadUnaligned(fromByteOffset: 68, as: UInt32.self)
        tokens.reasoning = record.loadUnaligned(fromByteOffset: 72, as: UInt32.self)
        latencyMilliseconds = record.loadUnaligned(fromByteOffset: 76, as: UInt32.self)
        day = CivilDay(number: record.loadUnaligned(fromByteOffset: 80, as: Int32.self))
        provider = record.loadUnaligned(fromByteOffset: 84, as: UInt16.self)
        tier = record[87]
        charge = Amount(units: record.loadUnaligned(fromByteOffset: 88, as: Int128.self))
        hold = record.loadUnaligned(fromByteOffset: 104, as: UInt64.self)
    }
}
