import Quantities

/// What reading the next usage record gave.
@frozen
public enum UsageStep: UInt8, Sendable, Hashable {
    /// A report.
    case usage
    /// This record is wrong, and `rejection` says why; the next one may be right.
    case rejected
    /// The frame is broken, and `fault` says why: nothing more can be read from this connection.
    case fault
    /// There are no more.
    case end
}

/// Reads the records of one usage frame, one after another.
///
/// Invariants:  every index it hands out was defined on this connection before; every range lies in
///              the frame.
/// Cost:        a handful of loads and comparisons a record; no allocation unless it rejects. The
///              report is written in place, because moving it about costs more than decoding it.
public struct UsageFrameReader: Sendable {
    private typealias Layout = BinaryLayout.Usage

    /// Why the last record was rejected.
    public private(set) var rejection: Rejection?
    /// Why the frame is broken.
    public private(set) var fault: ConnectionFault?
    private var offset: Int
    private let end: Int
    private var remaining: UInt32
    private let names: NameCounts

    /// Starts at the first record.
    ///
    /// - Parameters:
    ///   - header: The frame's header.
    ///   - names: What the connection has interned.
    init(header: FrameHeader, names: NameCounts) {
        offset = FrameHeader.size
        end = FrameHeader.size + Int(header.payloadLength)
        remaining = header.count
        self.names = names
    }

    /// How many records are still to come.
    public var count: Int { Int(remaining) }

    /// Reads the next record.
    ///
    /// - Parameters:
    ///   - frame: The whole frame with its header, the same at each call.
    ///   - report: Where the report goes; use one for all records.
    /// - Returns: What comes next.
    public mutating func next(in frame: RawSpan, into report: inout UsageReport) -> UsageStep {
        guard remaining > 0 else {
            guard offset == end else { return broken("bytes are left after the last record") }
            return .end
        }
        let start = offset
        guard start + Layout.texts <= end, end <= frame.byteCount else {
            return broken("the frame ends before its \(remaining) remaining records")
        }
        let lead = frame.u64(start)
        let length = Int(UInt16(truncatingIfNeeded: lead))
        let idLength = Int(UInt8(truncatingIfNeeded: lead >> 16))
        let sessionLength = Int(UInt8(truncatingIfNeeded: lead >> 24))
        let needed = Layout.texts + idLength + sessionLength
        guard length == needed.paddedToRecord, start + length <= end else {
            return broken("a usage record of \(length) bytes does not fit its texts or its frame")
        }
        guard lead >> 37 == 0, frame.u32(start + Layout.reservedTail) == 0 else {
            return broken("unknown flags or reserved bytes are set in a usage record")
        }
        guard namesAreDefined(start, lead, in: frame) else { return unknownName() }
        offset = start + length
        remaining -= 1
        Self.read(&report, at: start, lead, in: frame)
        if report.isValid(in: frame) { return .usage }
        rejection = report.rejection(in: frame)
        return .rejected
    }

    @inline(__always)
    private func namesAreDefined(_ start: Int, _ lead: UInt64, in frame: RawSpan) -> Bool {
        let isOrg = UInt8(truncatingIfNeeded: lead >> 32) & Layout.accountIsOrg != 0
        let project = frame.u32(start + Layout.project)
        let provider = frame.u32(start + Layout.provider)
        return frame.u32(start + Layout.account) < (isOrg ? names.org : names.key)
            && frame.u32(start + Layout.model) < names.model
            && (project < names.project || project == BinaryLayout.noName)
            && (provider < names.provider || provider == BinaryLayout.noName)
    }

    /// Reads the record at an offset, whose length and names have been checked.
    @inline(__always)
    private static func read(
        _ report: inout UsageReport,
        at start: Int,
        _ lead: UInt64,
        in frame: RawSpan
    ) {
        let idLength = UInt32(UInt8(truncatingIfNeeded: lead >> 16))
        let sessionLength = UInt32(UInt8(truncatingIfNeeded: lead >> 24))
        let flags = UInt8(truncatingIfNeeded: lead >> 32)
        let texts = UInt32(truncatingIfNeeded: start + Layout.texts)
        report.sequence = frame.u64(start + Layout.sequence)
        report.id = ByteRange(offset: texts, length: idLength)
        report.session = ByteRange(offset: texts &+ idLength, length: sessionLength)
        report.accountKind = flags & Layout.accountIsOrg != 0 ? .org : .key
        report.failed = flags & Layout.failed != 0
        report.cacheHit = flags & Layout.cacheHit != 0
        report.latencyMilliseconds = frame.u32(start + Layout.latency)
        report.account = .index(frame.u32(start + Layout.account))
        report.model = .index(frame.u32(start + Layout.model))
        let project = frame.u32(start + Layout.project)
        report.project = project == BinaryLayout.noName ? .absent : .index(project)
        let provider = frame.u32(start + Layout.provider)
        report.provider = provider == BinaryLayout.noName ? .absent : .index(provider)
        report.tokens = TokenCounts(
            input: frame.u32(start + Layout.input),
            cacheRead: frame.u32(start + Layout.cacheRead),
            cacheWrite: frame.u32(start + Layout.cacheWrite),
            output: frame.u32(start + Layout.output),
            reasoning: frame.u32(start + Layout.reasoning)
        )
        let at = Int64(bitPattern: frame.u64(start + Layout.at))
        report.at = flags & Layout.hasAt != 0 ? Timestamp(microseconds: at) : nil
        guard flags & Layout.hasHold != 0 else {
            report.hold = nil
            return
        }
        report.hold = HoldNumber(
            org: OrgNumber(frame.u32(start + Layout.holdOrg)),
            serial: frame.u64(start + Layout.holdSerial)
        )
    }

    private mutating func broken(_ message: String) -> UsageStep {
        stop(ConnectionFault(.malformed, message))
    }

    private mutating func unknownName() -> UsageStep {
        stop(
            ConnectionFault(
                .unknownName,
                "a usage record uses a key, org, project, model or provider index that no name "
                    + "frame has defined"
            )
        )
    }

    /// After a fault there is nothing more to read.
    private mutating func stop(_ fault: ConnectionFault) -> UsageStep {
        remaining = 0
        offset = end
        self.fault = fault
        return .fault
    }
}

/// Looks at the accounts of a usage frame's records before their reader comes to them.
///
/// Why: with many accounts what is known of each has to come from main memory; asked for early, it
/// is there in time. What it hands out was not checked.
public struct UsageLookahead: Sendable {
    fileprivate var offset: Int
    fileprivate let end: Int

    /// The next record's account, as it stands there; nil at the end.
    ///
    /// - Parameter frame: The whole frame.
    /// - Returns: What kind of account, and its index.
    @inline(__always)
    public mutating func next(in frame: RawSpan) -> (kind: AccountKind, index: UInt32)? {
        let start = offset
        guard start + BinaryLayout.Usage.texts <= end else { return nil }
        let lead = frame.u64(start)
        // A length of zero would look at one record for ever, which does no harm.
        offset = start + Int(UInt16(truncatingIfNeeded: lead))
        let isOrg = UInt8(truncatingIfNeeded: lead >> 32) & BinaryLayout.Usage.accountIsOrg != 0
        return (isOrg ? .org : .key, frame.u32(start + BinaryLayout.Usage.account))
    }
}

extension UsageFrameReader {
    /// Begins to look ahead at the record that comes next.
    ///
    /// - Parameter frame: The whole frame.
    /// - Returns: A place of its own.
    public func lookahead(in frame: RawSpan) -> UsageLookahead {
        UsageLookahead(offset: offset, end: min(end, frame.byteCount))
    }
}

extension UsageReport {
    /// Whether all values are right, whatever encoding they came in.
    @inline(__always)
    func isValid(in bytes: RawSpan) -> Bool {
        guard id.length > 0, id.length <= WireLimits.idBytes, session.length <= WireLimits.idBytes,
            TextRules.isClean(bytes, id.bounds), tokens.isConsistent
        else { return false }
        if !session.isEmpty, !TextRules.isClean(bytes, session.bounds) { return false }
        if let at, at < TimeText.earliest || at > TimeText.latest { return false }
        if let hold, hold.org.raw == 0 || hold.serial == 0 { return false }
        return true
    }

    /// What is wrong with a report's values; nil when nothing is.
    @inline(never)
    func rejection(in bytes: RawSpan) -> Rejection? {
        var checks = ValueChecks()
        checks.require(id, "id", in: bytes)
        checks.allow(session, "session", in: bytes)
        if let hold { checks.check(hold) }
        checks.check(tokens)
        if let at { checks.check(at) }
        return checks.rejection(subject: subject(in: bytes))
    }

    /// How a rejection names this report.
    public func subject(in bytes: RawSpan) -> Rejection.Subject {
        if sequence > 0 { return .sequence(sequence) }
        guard !id.isEmpty, id.length <= WireLimits.idBytes, TextRules.isClean(bytes, id.bounds),
            let text = ShortText(id, in: bytes)
        else { return .unknown }
        return .id(text)
    }
}
