import Quantities

/// Everything a client can say.
///
/// Layout:      plain values; texts are ranges of the frame or line that was decoded, so a message
///              is valid as long as those bytes are.
@frozen
public enum ClientMessage: Sendable, Hashable {
    /// Introduces a producer.
    case hello(Hello)
    /// Interns a name (binary only).
    case name(NameDefinition)
    /// Reports what a request used.
    case usage(UsageReport)
    /// Reports that a machine runs, or has stopped.
    case heartbeat(HeartbeatReport)
    /// Asks whether a request may run, and holds what it may cost.
    case authorize(AuthorizeRequest)
    /// Asks for more on a hold.
    case extend(ExtendRequest)
    /// Asks whether a machine may start.
    case authorizeMachine(MachineAuthorizeRequest)
    /// Gives a hold back unused.
    case release(ReleaseRequest)
    /// Asks for pushes.
    case subscribe(Topics)
    /// Says that an order has been carried out.
    case orderDone(OrderDone)
    /// Asks for a `pong`.
    case ping
}

/// Introduces a producer: the source of a sequence that survives reconnects.
@frozen
public struct Hello: Sendable, Hashable {
    /// The protocol's version that the client speaks; 1.
    public var version: UInt16
    /// The producer's name, at most 255 bytes.
    public var producer: ByteRange
    /// What an `ack` must mean.
    public var durability: Durability

    /// Makes a hello.
    ///
    /// - Parameters:
    ///   - producer: The producer's name, at most 255 bytes.
    ///   - durability: What an `ack` must mean.
    ///   - version: The protocol's version that the client speaks.
    public init(
        producer: ByteRange,
        durability: Durability = .journaled,
        version: UInt16 = WireEncoding.version
    ) {
        self.version = version
        self.producer = producer
        self.durability = durability
    }
}

/// What an `ack` means.
@frozen
public enum Durability: UInt8, Sendable, Hashable, CaseIterable {
    /// The event is safe in the journal.
    case journaled = 0
    /// The event is in PostgreSQL.
    case stored = 1

    var name: StaticString {
        switch self {
        case .journaled: "journaled"
        case .stored: "stored"
        }
    }
}

/// Gives a name the next index of its kind on this connection (binary only).
@frozen
public struct NameDefinition: Sendable, Hashable {
    /// What it names.
    public var kind: NameKind
    /// Its index: the count of names of this kind so far.
    public var index: UInt32
    /// The name, 1 to 255 bytes.
    public var text: ByteRange

    /// Makes a definition.
    ///
    /// - Parameters:
    ///   - kind: What it names.
    ///   - index: Its index: the count of names of this kind so far.
    ///   - text: The name, 1 to 255 bytes.
    public init(kind: NameKind, index: UInt32, text: ByteRange) {
        self.kind = kind
        self.index = index
        self.text = text
    }
}

/// What a client wants to be told.
@frozen
public struct Topics: OptionSet, Sendable, Hashable {
    /// The bits as they travel.
    public let rawValue: UInt8

    /// `cutoff` and `restored`.
    public static let cutoffs = Topics(rawValue: 1)
    /// `order`.
    public static let orders = Topics(rawValue: 2)
    static let all: Topics = [.cutoffs, .orders]

    /// Wraps the bits.
    ///
    /// - Parameter rawValue: The bits as they travel.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }
}

/// Says that an order has been carried out.
@frozen
public struct OrderDone: Sendable, Hashable {
    /// The order's number.
    public var order: UInt64

    /// Makes the message.
    ///
    /// - Parameter order: The order's number.
    public init(order: UInt64) {
        self.order = order
    }
}
