import Quantities
import Wire

/// A machine's sign of life with its names resolved.
@frozen
public struct HeartbeatCommand: Sendable, BitwiseCopyable {
    /// The digest of the boot's id.
    public var boot: UInt128
    /// Where it came from.
    public var origin: Origin
    /// The producer's number, or 0.
    public var producer: UInt32
    /// Whose wallet.
    public var org: UInt32
    /// The producer's sequence, or 0.
    public var sequence: UInt64
    /// How long it has been up, in milliseconds.
    public var uptime: UInt64
    /// Bytes sent since boot.
    public var sentBytes: UInt64
    /// When it was so; `never`: now.
    public var at: Timestamp
    /// The machine's number.
    public var machine: UInt32
    /// Virtual processors, in thousandths.
    public var vcpu: UInt32
    /// Memory, in thousandths of a GiB.
    public var memory: UInt32
    /// Storage, in thousandths of a GiB.
    public var storage: UInt32
    /// Whether bytes were told.
    public var hasSentBytes: Bool
    /// Whether it is stopped.
    public var isStopped: Bool
    /// The deployment.
    public var deployment: ShortText
}

/// A question whether a machine may start, with its names resolved.
@frozen
public struct StartMachineCommand: Sendable, BitwiseCopyable {
    /// Where it came from.
    public var origin: Origin
    /// What the client called it.
    public var request: RequestToken
    /// Whose wallet.
    public var org: UInt32
    /// The key, or 0.
    public var key: UInt32
    /// The generation of the secret that was shown.
    public var generation: UInt32
    /// The project, or 0.
    public var project: UInt32
    /// The machine's number.
    public var machine: UInt32
    /// Virtual processors, in thousandths.
    public var vcpu: UInt32
    /// Memory, in thousandths of a GiB.
    public var memory: UInt32
    /// Storage, in thousandths of a GiB.
    public var storage: UInt32
    /// The deployment.
    public var deployment: ShortText
}

/// An order was carried out.
@frozen
public struct OrderDoneCommand: Sendable, BitwiseCopyable {
    /// Whose organisation.
    public var org: UInt32
    /// The order's number.
    public var order: UInt32
}

/// A machine is to stop or to resume.
@frozen
public struct OrderReply: Sendable, BitwiseCopyable {
    /// Where it goes, when it is for one connection.
    public var header: ReplyHeader
    /// Whose organisation.
    public var org: UInt32
    /// The order's number.
    public var order: UInt32
    /// What is to be done.
    public var action: Order.Action
    /// Why.
    public var reason: RefusalCode
    /// The deployment.
    public var deployment: ShortText

    /// Makes a reply.
    ///
    /// - Parameters:
    ///   - header: Where it goes, when it is for one connection.
    ///   - org: Whose organisation.
    ///   - order: The order's number.
    ///   - action: What is to be done.
    ///   - reason: Why.
    ///   - deployment: The deployment.
    @inlinable
    public init(
        header: ReplyHeader,
        org: UInt32,
        order: UInt32,
        action: Order.Action,
        reason: RefusalCode,
        deployment: ShortText
    ) {
        self.header = header
        self.org = org
        self.order = order
        self.action = action
        self.reason = reason
        self.deployment = deployment
    }
}
