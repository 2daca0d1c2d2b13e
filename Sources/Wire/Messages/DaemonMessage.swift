import Quantities

/// Everything the daemon can say.
///
/// Cost:        `ack`, `granted` and `released` are plain values; the others may hold strings.
public enum DaemonMessage: Sendable, Hashable {
    /// Answers `hello`.
    case welcome(Welcome)
    /// Usage and heartbeats are safe.
    case ack(Ack)
    /// One message was not taken.
    case rejected(Rejection)
    /// A request may run.
    case granted(Granted)
    /// A request may not run, or not go on.
    case refused(Refused)
    /// A hold was given back.
    case released(Released)
    /// Answers `subscribe`, with what is cut off at present.
    case subscribed(Subscribed)
    /// Somebody may spend no more.
    case cutoff(Cutoff)
    /// Somebody may spend again.
    case restored(Cutoff)
    /// A machine must be stopped or resumed.
    case order(Order)
    /// Answers `ping`.
    case pong
    /// The connection is at fault and will be closed.
    case error(ConnectionFault)
}

/// Answers `hello`.
public struct Welcome: Sendable, Hashable {
    /// The protocol's version that the daemon speaks.
    public var version: UInt16
    /// The daemon's name and version, for logs.
    public var daemon: String
    /// The highest sequence of this producer that is safe; resume after it.
    public var lastSequence: UInt64

    /// Makes the message.
    ///
    /// - Parameters:
    ///   - daemon: The daemon's name and version, for logs.
    ///   - lastSequence: The highest sequence of this producer that is safe.
    ///   - version: The protocol's version that the daemon speaks.
    public init(
        daemon: String,
        lastSequence: UInt64,
        version: UInt16 = WireEncoding.version
    ) {
        self.version = version
        self.daemon = daemon
        self.lastSequence = lastSequence
    }
}

/// What is safe at the durability that was asked for.
@frozen
public enum Ack: Sendable, Hashable {
    /// Everything up to this sequence.
    case sequence(UInt64)
    /// The one event with this id, which had no sequence.
    case id(ShortText)
}

/// A request may run, and this much is held for it.
@frozen
public struct Granted: Sendable, Hashable {
    /// The client's name for the request.
    public var request: RequestToken
    /// The hold, to be settled, extended or released.
    public var hold: HoldNumber
    /// How much is held in all.
    public var amount: Amount
    /// How long the hold lives from now.
    public var validMilliseconds: UInt32
    /// Whether it is the last there is: there will be no extension.
    public var isFinal: Bool
    /// How many output tokens the hold covers in all.
    public var outputTokens: UInt32

    /// Makes the message.
    ///
    /// - Parameters:
    ///   - request: The client's name for the request.
    ///   - hold: The hold.
    ///   - amount: How much is held in all.
    ///   - validMilliseconds: How long the hold lives from now.
    ///   - isFinal: Whether it is the last there is.
    ///   - outputTokens: How many output tokens the hold covers in all.
    @inlinable
    public init(
        request: RequestToken,
        hold: HoldNumber,
        amount: Amount,
        validMilliseconds: UInt32,
        isFinal: Bool,
        outputTokens: UInt32
    ) {
        self.request = request
        self.hold = hold
        self.amount = amount
        self.validMilliseconds = validMilliseconds
        self.isFinal = isFinal
        self.outputTokens = outputTokens
    }
}

/// A hold was given back.
@frozen
public struct Released: Sendable, Hashable {
    /// The client's name for the request, if it gave one.
    public var request: RequestToken
    /// The hold that is gone.
    public var hold: HoldNumber

    /// Makes the message.
    ///
    /// - Parameters:
    ///   - hold: The hold that is gone.
    ///   - request: The client's name for the request, if it gave one.
    @inlinable
    public init(hold: HoldNumber, request: RequestToken = .absent) {
        self.request = request
        self.hold = hold
    }
}

/// A request may not run, or not go on.
public struct Refused: Sendable, Hashable {
    /// The client's name for the request.
    public var request: RequestToken
    /// The hold that was not extended; nil for a refused `authorize`.
    public var hold: HoldNumber?
    /// The HTTP status that a gateway should give.
    public var status: UInt16
    /// The body that a gateway should give.
    public var body: RefusalBody
    /// The limit that bit; nil when it is no matter of money.
    public var limit: RefusalLimit?

    /// Makes the message from the daemon's decision.
    ///
    /// - Parameters:
    ///   - request: The client's name for the request.
    ///   - refusal: What the daemon decided.
    ///   - hold: The hold that was not extended; nil for a refused `authorize`.
    public init(request: RequestToken, refusal: Refusal, hold: HoldNumber? = nil) {
        self.init(
            request: request,
            hold: hold,
            status: refusal.code.status,
            body: refusal.body,
            limit: refusal.limit
        )
    }

    init(
        request: RequestToken,
        hold: HoldNumber?,
        status: UInt16,
        body: RefusalBody,
        limit: RefusalLimit?
    ) {
        self.request = request
        self.hold = hold
        self.status = status
        self.body = body
        self.limit = limit
    }
}
