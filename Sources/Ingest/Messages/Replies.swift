import Quantities
import Wire

/// What a shard answers to a loop; only ever in memory.
public enum ReplyKind: UInt8, Sendable {
    case granted = 1
    case refused = 2
    case released = 3
    case rejected = 4
    case notice = 5
    case present = 6
    case presentEnd = 7
    case order = 16
    case presentOrder = 17
}

/// Where an answer goes, and when it may go.
@frozen
public struct ReplyHeader: Sendable, BitwiseCopyable {
    /// The connection.
    public var origin: Origin
    /// The position in the loop's command ring behind the command; with `ofCalls`, in its ring of
    /// calls.
    ///
    /// The answer goes out only when everything up to there is written to the journal.
    public var gate: UInt64

    /// The bit that says that a gate is a position in the ring of calls.
    @inlinable public static var ofCalls: UInt64 { 1 << 63 }

    /// Makes a header.
    ///
    /// - Parameters:
    ///   - origin: The connection.
    ///   - gate: The position in the loop's command ring behind the command.
    @inlinable
    public init(origin: Origin, gate: UInt64) {
        self.origin = origin
        self.gate = gate
    }
}

/// A hold was placed or extended.
@frozen
public struct GrantedReply: Sendable, BitwiseCopyable {
    /// Where it goes.
    public var header: ReplyHeader
    /// The answer.
    public var granted: Granted

    /// Makes a reply.
    ///
    /// - Parameters:
    ///   - header: Where it goes.
    ///   - granted: The answer.
    @inlinable
    public init(header: ReplyHeader, granted: Granted) {
        self.header = header
        self.granted = granted
    }
}

/// A request may not run.
@frozen
public struct RefusedReply: Sendable, BitwiseCopyable {
    /// Where it goes.
    public var header: ReplyHeader
    /// What the client called it.
    public var request: RequestToken
    /// The hold that was to be extended; serial 0 for none.
    public var hold: HoldNumber
    /// Why.
    public var code: RefusalCode
    /// The limit's scope; nil when no limit bit.
    public var scope: LimitScope?
    /// The cap's period; nil for the balance.
    public var period: Wire.CapPeriod?
    /// Whose organisation.
    public var org: UInt32
    /// The project's or key's number; 0 for the organisation.
    public var id: UInt32
    /// The cap, or the posted balance.
    public var amount: Amount
    /// What was spent in the window.
    public var spent: Amount
    /// What open holds keep.
    public var held: Amount
    /// When the window ends; `never` when it does not.
    public var resetsAt: Timestamp

    /// Makes a reply.
    ///
    /// - Parameters:
    ///   - header: Where it goes.
    ///   - request: What the client called it.
    ///   - hold: The hold that was to be extended; serial 0 for none.
    ///   - code: Why.
    ///   - org: Whose organisation.
    @inlinable
    public init(
        header: ReplyHeader,
        request: RequestToken,
        hold: HoldNumber,
        code: RefusalCode,
        org: UInt32
    ) {
        self.header = header
        self.request = request
        self.hold = hold
        self.code = code
        self.scope = nil
        self.period = nil
        self.org = org
        self.id = 0
        self.amount = .zero
        self.spent = .zero
        self.held = .zero
        self.resetsAt = .never
    }
}

/// A hold was given back.
@frozen
public struct ReleasedReply: Sendable, BitwiseCopyable {
    /// Where it goes.
    public var header: ReplyHeader
    /// What the client called it.
    public var request: RequestToken
    /// The hold.
    public var hold: HoldNumber

    /// Makes a reply.
    ///
    /// - Parameters:
    ///   - header: Where it goes.
    ///   - request: What the client called it.
    ///   - hold: The hold.
    @inlinable
    public init(header: ReplyHeader, request: RequestToken, hold: HoldNumber) {
        self.header = header
        self.request = request
        self.hold = hold
    }
}

/// One message was not taken.
@frozen
public struct RejectedReply: Sendable, BitwiseCopyable {
    /// Where it goes.
    public var header: ReplyHeader
    /// Why.
    public var code: RejectionCode
    /// The sequence of a usage report, or 0.
    public var sequence: UInt64
    /// The request, or the id of a report without a sequence.
    public var name: RequestToken
    /// Whether `name` is a report's id.
    public var isID: Bool
    /// Whether nobody waits for an answer: it was a heartbeat without a sequence.
    public var isUnasked: Bool
    /// Whose organisation.
    public var org: UInt32
    /// The model's number, where it is the matter.
    public var model: UInt32
    /// The machine's number, where it is the matter.
    public var machine: UInt32
    /// The hold, where it is the matter; with `overloaded`, how many may be open at a time.
    public var hold: UInt64

    /// Makes a reply.
    ///
    /// - Parameters:
    ///   - header: Where it goes.
    ///   - code: Why.
    ///   - org: Whose organisation.
    ///   - model: The model's number.
    @inlinable
    public init(header: ReplyHeader, code: RejectionCode, org: UInt32, model: UInt32 = 0) {
        self.header = header
        self.code = code
        self.sequence = 0
        self.name = .absent
        self.isID = false
        self.isUnasked = false
        self.org = org
        self.model = model
        self.machine = 0
        self.hold = 0
    }
}

/// Something was cut off or may run again; or, for one connection, is cut off at present.
@frozen
public struct NoticeReply: Sendable, BitwiseCopyable {
    /// Where it goes, when it is for one connection.
    public var header: ReplyHeader
    /// Whose organisation.
    public var org: UInt32
    /// The project's or key's number; 0 for the organisation.
    public var id: UInt32
    /// What is meant.
    public var scope: LimitScope
    /// Why; 0 when it may run again.
    public var reasons: UInt8
    /// When.
    public var at: Timestamp

    /// Makes a reply.
    ///
    /// - Parameters:
    ///   - header: Where it goes, when it is for one connection.
    ///   - org: Whose organisation.
    ///   - id: The project's or key's number; 0 for the organisation.
    ///   - scope: What is meant.
    ///   - reasons: Why; 0 when it may run again.
    ///   - at: When.
    @inlinable
    public init(
        header: ReplyHeader,
        org: UInt32,
        id: UInt32,
        scope: LimitScope,
        reasons: UInt8,
        at: Timestamp
    ) {
        self.header = header
        self.org = org
        self.id = id
        self.scope = scope
        self.reasons = reasons
        self.at = at
    }
}
