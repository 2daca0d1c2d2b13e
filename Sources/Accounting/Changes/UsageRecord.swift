import Quantities

/// A usage record where it lies: in a ring on its way, in a block, in a batch.
///
/// Layout:      that of `UsageChange`, which describes it.
/// Invariants:  the memory holds a whole record, checked by `init?(_:)` or made by `UsageDraft`,
///              and outlives the view.
/// Why:         a request is one record from the socket to the database; reading and setting its
///              fields in place saves four copies of it and a list that would be counted.
@frozen
public struct UsageRecord {
    /// The record's first byte.
    public let base: UnsafeMutableRawPointer

    /// Views memory that holds a record.
    ///
    /// - Parameter base: The record's first byte.
    @inlinable
    public init(at base: UnsafeMutableRawPointer) {
        self.base = base
    }

    /// Views bytes that may be a record; only for reading.
    ///
    /// - Parameter record: One whole record; nil when it is none of usage.
    public init?(_ record: UnsafeRawBufferPointer) {
        guard record.count >= UsageChange.fixedLength, let first = record.baseAddress,
            record[4] == ChangeKind.usage.rawValue
        else { return nil }
        base = UnsafeMutableRawPointer(mutating: first)
        guard textOffset + idLength + sessionLength <= record.count else { return nil }
    }

    @inlinable @inline(__always)
    func load<Value: BitwiseCopyable>(_ offset: Int, as type: Value.Type = Value.self) -> Value {
        base.loadUnaligned(fromByteOffset: offset, as: Value.self)
    }

    @inlinable @inline(__always)
    func store<Value: BitwiseCopyable>(_ offset: Int, _ value: Value) {
        base.storeBytes(of: value, toByteOffset: offset, as: Value.self)
    }
}

// MARK: - Fields

extension UsageRecord {
    /// The record's length in bytes, a multiple of 8.
    @inlinable public var length: Int {
        get { Int(load(0, as: UInt32.self)) }
        nonmutating set { store(0, UInt32(truncatingIfNeeded: newValue)) }
    }

    /// The record's bytes.
    @inlinable public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: length)
    }

    @inlinable var flags: UInt8 { load(5) }
    /// Whether the request failed.
    @inlinable public var failed: Bool { flags & UsageChange.Flag.failed != 0 }
    /// Whether a cache answered instead of a model.
    @inlinable public var cacheHit: Bool { flags & UsageChange.Flag.cacheHit != 0 }
    /// Whether it carries an identity, because it came without a sequence.
    @inlinable public var hasIdentity: Bool { flags & UsageChange.Flag.identity != 0 }
    @inlinable var idLength: Int { Int(load(6, as: UInt8.self)) }
    @inlinable var sessionLength: Int { Int(load(7, as: UInt8.self)) }

    /// When it was applied: the order of the books.
    @inlinable public var appliedAt: Timestamp {
        get { Timestamp(microseconds: load(8)) }
        nonmutating set { store(8, newValue.microseconds) }
    }

    /// Whose wallet pays.
    @inlinable public var org: UInt32 { load(16) }
    /// The project, or 0 for none.
    @inlinable public var project: UInt32 { load(20) }
    /// The key, or 0 when the organisation was named instead.
    @inlinable public var key: UInt32 { load(24) }
    /// The model's number.
    @inlinable public var model: UInt32 { load(28) }

    /// The number of the price version that was used.
    @inlinable public var price: UInt32 {
        get { load(32) }
        nonmutating set { store(32, newValue) }
    }

    /// The producer's number, or 0.
    @inlinable public var producer: UInt32 { load(36) }
    /// The producer's sequence, or 0 when it gave none.
    @inlinable public var sequence: UInt64 { load(40) }

    /// When the request happened.
    @inlinable public var at: Timestamp {
        get { Timestamp(microseconds: load(48)) }
        nonmutating set { store(48, newValue.microseconds) }
    }

    /// Its tokens.
    @inlinable public var tokens: TokenCounts {
        TokenCounts(
            input: load(56),
            cacheRead: load(60),
            cacheWrite: load(64),
            output: load(68),
            reasoning: load(72)
        )
    }

    /// How long it took, in milliseconds; 0 when not told.
    @inlinable public var latencyMilliseconds: UInt32 { load(76) }

    /// The day in the account's time zone on which it was applied.
    @inlinable public var day: CivilDay {
        get { CivilDay(number: load(80)) }
        nonmutating set { store(80, newValue.number) }
    }

    /// The provider's number, or 0 for none.
    @inlinable public var provider: UInt16 { load(84) }

    /// Which price tier applied: 0 is the base.
    @inlinable public var tier: UInt8 {
        get { load(87) }
        nonmutating set { store(87, newValue) }
    }

    /// What was charged, at least zero.
    @inlinable public var charge: Amount {
        get { Amount(units: load(88)) }
        nonmutating set { store(88, newValue.units) }
    }

    /// The serial of the hold that it settled, or 0.
    @inlinable public var hold: UInt64 {
        get { load(104) }
        nonmutating set { store(104, newValue) }
    }

    /// The grant of the first draw.
    @inlinable public var firstGrant: GrantNumber {
        get { load(112) }
        nonmutating set { store(112, newValue) }
    }

    /// How many sources the charge was taken from.
    @inlinable public var drawCount: Int {
        get { Int(load(116, as: UInt32.self)) }
        nonmutating set { store(116, UInt32(truncatingIfNeeded: newValue)) }
    }
}

// MARK: - What follows the fixed fields

extension UsageRecord {
    @inlinable var drawBytes: Int { drawCount > 1 ? drawCount * UsageChange.drawLength : 0 }
    @inlinable var identityOffset: Int { UsageChange.fixedLength + drawBytes }
    @inlinable var textOffset: Int {
        identityOffset + (hasIdentity ? UsageChange.identityLength : 0)
    }

    /// One of the sources, in the order in which they were taken.
    ///
    /// - Parameter index: Below `drawCount`.
    /// - Returns: The grant, and how much of the charge it paid.
    public func draw(_ index: Int) -> Draw {
        if drawCount == 1 { return Draw(grant: firstGrant, amount: charge) }
        let offset = UsageChange.fixedLength + index * UsageChange.drawLength
        return Draw(grant: load(offset), amount: Amount(units: load(offset + 8)))
    }

    /// All sources as a list.
    public var draws: Draws {
        var draws = Draws()
        for index in 0..<drawCount { draws.append(draw(index)) }
        return draws
    }

    /// The 128-bit identity of (producer, id) for a report without a sequence, else 0.
    @inlinable public var identity: UInt128 { hasIdentity ? load(identityOffset) : 0 }
    /// The digest of its content, to tell a repeat from a conflict; 0 with a sequence.
    @inlinable public var content: UInt64 { hasIdentity ? load(identityOffset + 16) : 0 }

    /// The request's own id.
    @inlinable public var id: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + textOffset, count: idLength)
    }

    /// The session, or nothing.
    @inlinable public var session: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + textOffset + idLength, count: sessionLength)
    }
}

// MARK: - Drafts

extension UsageRecord {
    /// The length of a record with at most one source.
    ///
    /// - Parameters:
    ///   - idLength: The bytes of the request's id.
    ///   - sessionLength: The bytes of the session.
    ///   - hasIdentity: Whether it carries an identity.
    /// - Returns: Bytes, a multiple of 8.
    @inlinable
    public static func length(idLength: Int, sessionLength: Int, hasIdentity: Bool) -> Int {
        let identity = hasIdentity ? UsageChange.identityLength : 0
        return (UsageChange.fixedLength + identity + idLength + sessionLength + 7) & ~7
    }

    /// Writes what is known of a request before it is rated: all but price, tier, charge, day,
    /// sources and the time of applying.
    ///
    /// - Parameters:
    ///   - base: Where to: room for `length(idLength:sessionLength:hasIdentity:)`.
    ///   - facts: What is known.
    ///   - id: The request's own id, at most 255 bytes.
    ///   - session: The session, at most 255 bytes.
    /// - Returns: The record.
    @inlinable
    public static func draft(
        at base: UnsafeMutableRawPointer,
        _ facts: UsageFacts,
        id: UnsafeRawBufferPointer,
        session: UnsafeRawBufferPointer
    ) -> UsageRecord {
        let record = UsageRecord(at: base)
        let hasIdentity = facts.identity != 0
        let length = length(
            idLength: id.count,
            sessionLength: session.count,
            hasIdentity: hasIdentity
        )
        // The last word first: what the texts leave of it has to be zero.
        record.store(length - 8, UInt64(0))
        var flags: UInt8 = 0
        if facts.failed { flags |= UsageChange.Flag.failed }
        if facts.cacheHit { flags |= UsageChange.Flag.cacheHit }
        if hasIdentity { flags |= UsageChange.Flag.identity }
        let lengths = UInt64(id.count) << 48 | UInt64(session.count) << 56
        let kind = UInt64(ChangeKind.usage.rawValue) << 32
        record.store(0, UInt64(length) | kind | UInt64(flags) << 40 | lengths)
        record.store(8, UInt64(0))
        record.store(16, UInt64(facts.org) | UInt64(facts.project) << 32)
        record.store(24, UInt64(facts.key) | UInt64(facts.model) << 32)
        record.store(32, UInt64(facts.producer) << 32)
        record.store(40, facts.sequence)
        record.store(48, facts.at.microseconds)
        record.store(56, UInt64(facts.tokens.input) | UInt64(facts.tokens.cacheRead) << 32)
        record.store(64, UInt64(facts.tokens.cacheWrite) | UInt64(facts.tokens.output) << 32)
        record.store(72, UInt64(facts.tokens.reasoning) | UInt64(facts.latencyMilliseconds) << 32)
        record.store(80, UInt64(facts.provider) << 32)
        record.store(88, UInt64(0))
        record.store(96, UInt64(0))
        record.store(104, facts.hold)
        record.store(112, UInt64(0))
        var offset = UsageChange.fixedLength
        if hasIdentity {
            record.store(offset, facts.identity)
            record.store(offset + 16, facts.content)
            offset += UsageChange.identityLength
        }
        if let source = id.baseAddress {
            (base + offset).copyMemory(from: source, byteCount: id.count)
        }
        if let source = session.baseAddress {
            (base + offset + id.count).copyMemory(from: source, byteCount: session.count)
        }
        return record
    }

    /// A digest of everything that a draft says but its latency, which a retry may measure anew,
    /// and its identity; never 0.
    ///
    /// Project, model and provider are taken by their names: what a name means may change before a
    /// retry. It needs no defence against collisions made on purpose: who sends them deceives
    /// himself only.
    ///
    /// - Parameter names: A digest of the names.
    /// - Returns: The digest.
    public func contentDigest(names: UInt64) -> UInt64 {
        var digest = ContentDigest()
        // Flags, but not that of the identity, and the lengths of the texts.
        digest.combine(load(0) & 0xFFFF_0300_0000_0000, load(16) & 0xFFFF_FFFF)
        digest.combine(load(24) & 0xFFFF_FFFF, load(48))
        digest.combine(load(56), load(64))
        digest.combine(load(72) & 0xFFFF_FFFF, names)
        let end = length
        var offset = textOffset
        digest.combine(load(104), offset < end ? load(offset) : 0)
        offset += 8
        while offset + 16 <= end {
            digest.combine(load(offset), load(offset + 8))
            offset += 16
        }
        if offset < end { digest.combine(load(offset), 0) }
        return digest.value
    }
}

/// What is known of a request before it is rated.
@frozen
public struct UsageFacts: Sendable, BitwiseCopyable {
    /// Whose wallet pays.
    public var org: UInt32 = 0
    /// The project, or 0.
    public var project: UInt32 = 0
    /// The key, or 0.
    public var key: UInt32 = 0
    /// The model's number.
    public var model: UInt32 = 0
    /// The producer's number, or 0.
    public var producer: UInt32 = 0
    /// How long it took, in milliseconds; 0 when not told.
    public var latencyMilliseconds: UInt32 = 0
    /// The producer's sequence, or 0.
    public var sequence: UInt64 = 0
    /// When it happened; `Timestamp.never` for the moment at which it is applied.
    public var at = Timestamp.never
    /// The hold's serial that it settles, or 0.
    public var hold: UInt64 = 0
    /// The identity of a report without a sequence; 0 with one.
    public var identity: UInt128 = 0
    /// The digest of its content; 0 with a sequence.
    public var content: UInt64 = 0
    /// Its tokens.
    public var tokens = TokenCounts()
    /// The provider's number, or 0.
    public var provider: UInt16 = 0
    /// Whether the request failed.
    public var failed = false
    /// Whether a cache answered.
    public var cacheHit = false

    /// Nothing is known yet.
    @inlinable
    public init() {}
}

/// Two products a step, which the processor computes side by side.
private struct ContentDigest {
    private var left: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var right: UInt64 = 0xC2B2_AE3D_27D4_EB4F

    @inline(__always)
    mutating func combine(_ first: UInt64, _ second: UInt64) {
        let one = (left ^ first).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        let two = (right ^ second).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        left = one.high ^ one.low &+ 0x9E37_79B9_7F4A_7C15
        right = two.high ^ two.low &+ 0xC2B2_AE3D_27D4_EB4F
    }

    var value: UInt64 {
        let mixed = (left ^ right &<< 1 ^ right &>> 63).multipliedFullWidth(
            by: 0xD6E8_FEB8_6659_FD93
        )
        let value = mixed.high ^ mixed.low
        return value == 0 ? 1 : value
    }
}
