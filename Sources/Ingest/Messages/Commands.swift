import Accounting
import Quantities
import Rings
import Wire

/// What a connection asks of a shard.
///
/// Only ever in memory: the layout may change with the program. Numbers without a gap, because
/// every event's is looked up.
public enum CommandKind: UInt8, Sendable {
    case usage = 1
    case authorize = 2
    case extend = 3
    case release = 4
    case skip = 5
    case subscribe = 6
    case heartbeat = 7
    case startMachine = 8
    case orderDone = 9
    case subscribeOrders = 10
}

/// The connection that a command came from, so that the answer finds it, or finds it gone.
@frozen
public struct Origin: Sendable, Hashable, BitwiseCopyable {
    /// The connection's place in its loop.
    public var slot: UInt32
    /// How often that place was used before: a later connection there is another one.
    public var generation: UInt32

    /// Names a connection.
    ///
    /// - Parameters:
    ///   - slot: The connection's place in its loop.
    ///   - generation: How often that place was used before.
    @inlinable
    public init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }
}

/// A usage report with its names resolved: the draft of its journal record, which the shard
/// completes.
///
/// Layout: the kind in the first of 8 bytes, the origin in the next 8, then the record.
public enum UsageCommand {
    /// Where the record begins.
    @inlinable public static var recordOffset: Int {
        RingMessage.headerLength + MemoryLayout<Origin>.size
    }

    /// Where it came from.
    ///
    /// - Parameter message: The message as it came out of the ring.
    /// - Returns: The connection.
    @inlinable
    public static func origin(of message: UnsafeRawBufferPointer) -> Origin {
        message.loadUnaligned(fromByteOffset: RingMessage.headerLength, as: Origin.self)
    }

    /// The draft, which the ring's consumer may change until it releases the message.
    ///
    /// - Parameter message: The message as it came out of the ring.
    /// - Returns: The record.
    @inlinable
    public static func draft(in message: UnsafeRawBufferPointer) -> UsageRecord {
        guard let base = message.baseAddress else {
            invariantBroken("a usage command has a record")
        }
        return UsageRecord(at: UnsafeMutableRawPointer(mutating: base + recordOffset))
    }
}

/// A request for a hold with its names resolved.
@frozen
public struct AuthorizeCommand: Sendable, BitwiseCopyable {
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
    /// The model's number.
    public var model: UInt32
    /// The input tokens at most; 0 when not told.
    public var maxInput: UInt32
    /// The output tokens at most; `UInt32.max` when not told.
    public var maxOutput: UInt32
    /// How long, in milliseconds; 0 for the default.
    public var ttlMilliseconds: UInt32
}

/// A request for more on a hold.
@frozen
public struct ExtendCommand: Sendable, BitwiseCopyable {
    /// Where it came from.
    public var origin: Origin
    /// What the client called it.
    public var request: RequestToken
    /// The hold.
    public var hold: HoldNumber
    /// What was used so far.
    public var tokens: TokenCounts
    /// The output tokens at most; `UInt32.max` when not told.
    public var maxOutput: UInt32
}

/// A hold that is given back.
@frozen
public struct ReleaseCommand: Sendable, BitwiseCopyable {
    /// Where it came from.
    public var origin: Origin
    /// What the client called it.
    public var request: RequestToken
    /// The hold.
    public var hold: HoldNumber
}

/// A sequence that was answered with a rejection: it must never be expected again.
@frozen
public struct SkipCommand: Sendable, BitwiseCopyable {
    /// The producer's number.
    public var producer: UInt32
    /// The sequence.
    public var sequence: UInt64
}

/// A connection wants to know what is cut off now.
@frozen
public struct SubscribeCommand: Sendable, BitwiseCopyable {
    /// Where it came from.
    public var origin: Origin
}

/// How commands and replies lie in a ring: the kind in the first of 8 bytes, then the value.
public enum RingMessage {
    /// Bytes before the value.
    @inlinable public static var headerLength: Int { 8 }
    /// No command with its texts is longer.
    @inlinable public static var maximumLength: Int { 512 }

    /// Puts a message into a ring that has room for it.
    ///
    /// - Parameters:
    ///   - value: The message.
    ///   - kind: What it is.
    ///   - ring: Where to; the caller has made sure that there is room.
    @inlinable
    public static func put<Value: BitwiseCopyable>(_ value: Value, kind: UInt8, into ring: ByteRing)
    {
        guard let space = ring.claim(headerLength + MemoryLayout<Value>.size) else {
            invariantBroken("a ring's room is checked before a message is put")
        }
        space.storeBytes(of: UInt64(kind), as: UInt64.self)
        space.storeBytes(of: value, toByteOffset: headerLength, as: Value.self)
    }

    /// Reads a message's value.
    ///
    /// - Parameters:
    ///   - record: The message as it came out of the ring.
    ///   - type: What its kind says it is.
    /// - Returns: The message.
    @inlinable
    public static func value<Value: BitwiseCopyable>(
        of record: UnsafeRawBufferPointer,
        as type: Value.Type
    ) -> Value {
        record.loadUnaligned(fromByteOffset: headerLength, as: Value.self)
    }
}
