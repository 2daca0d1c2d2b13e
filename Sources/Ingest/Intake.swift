import Quantities
import Rings
import Synchronization
import Wire

/// What a key's secret or an organisation's name stands for.
@frozen
public struct AccountReference: Sendable, Hashable, BitwiseCopyable {
    /// Whose wallet.
    public var org: UInt32
    /// The key, or 0 when the organisation was named.
    public var key: UInt32
    /// The generation of the key's secret.
    public var generation: UInt32
    /// The project that the key is bound to, or 0.
    public var project: UInt32

    /// Names an account.
    ///
    /// - Parameters:
    ///   - org: Whose wallet.
    ///   - key: The key, or 0.
    ///   - generation: The generation of the key's secret.
    ///   - project: The project that the key is bound to, or 0.
    public init(org: UInt32, key: UInt32 = 0, generation: UInt32 = 0, project: UInt32 = 0) {
        self.org = org
        self.key = key
        self.generation = generation
        self.project = project
    }
}

/// What the loops need to know of the rest of the daemon.
///
/// Queue: called from every loop; look-ups happen once for each name and connection, not per event.
public protocol Intake: Sendable {
    /// Grows whenever a look-up might answer differently than before.
    var namesVersion: UInt64 { get }
    /// Why nothing new is taken at the moment; nil when all is well.
    var overload: String? { get }
    /// The journal position up to which everything is safe on disk.
    var journalSynced: UInt64 { get }
    /// The journal position up to which everything is in PostgreSQL.
    var journalStored: UInt64 { get }

    /// The present moment.
    func now() -> Timestamp
    /// What a secret stands for, or nil.
    ///
    /// - Parameter secret: What a client sent as its key.
    /// - Returns: The account, or nil.
    func account(secret: String) -> AccountReference?
    /// What an organisation's name stands for, or nil.
    ///
    /// - Parameter organisation: The name.
    /// - Returns: The account, or nil.
    func account(organisation: String) -> AccountReference?
    /// A project's number, or nil.
    ///
    /// - Parameters:
    ///   - project: The name.
    ///   - org: The organisation's number.
    /// - Returns: The number, or nil.
    func project(_ project: String, org: UInt32) -> UInt32?
    /// The number of the model that a name and a provider mean, or nil when it has no price.
    ///
    /// - Parameters:
    ///   - model: The name.
    ///   - provider: The provider, or nil.
    /// - Returns: The number, or nil.
    func model(_ model: String, provider: String?) -> UInt32?
    /// A provider's number, or nil when there are too many.
    ///
    /// - Parameter provider: The name.
    /// - Returns: The number, or nil.
    func provider(_ provider: String) -> UInt16?
    /// The name of an organisation, project or key, for people.
    ///
    /// - Parameters:
    ///   - scope: Which of them.
    ///   - org: The organisation's number.
    ///   - id: The project's or key's number.
    /// - Returns: The name.
    func name(of scope: LimitScope, org: UInt32, id: UInt32) -> String
    /// The number of the machine that a name means, or nil when it has no price.
    ///
    /// - Parameter machine: The name.
    /// - Returns: The number, or nil.
    func machine(_ machine: String) -> UInt32?
    /// A machine's name, for people.
    ///
    /// - Parameter machine: Its number.
    /// - Returns: The name.
    func machineName(_ machine: UInt32) -> String
    /// A model's name, for people.
    ///
    /// - Parameter model: Its number.
    /// - Returns: The name.
    func modelName(_ model: UInt32) -> String
}

/// Bounds of what a client may do.
public struct IngestSettings: Sendable {
    /// Frame and line lengths.
    public var wire = WireLimits()
    /// How many connections all loops take together.
    public var maximumConnections = 1024
    /// How many bytes are read at once.
    public var readBufferBytes = 262_144
    /// How many unsent bytes a client may leave lying before it is cut off.
    public var sendBufferBytes = 4_194_304
    /// How far back usage is taken.
    public var lateMicroseconds: Int64 = 35 * 86_400_000_000
    /// How far ahead usage is taken.
    public var aheadMicroseconds: Int64 = 5 * 60_000_000
    /// How many bytes of names a connection may intern; the 65,536 keys that the protocol promises
    /// take 9.3 million by `NameTable`'s count.
    public var nameBytes = 10 << 20
    /// How many bytes of names all connections may intern together.
    public var allNameBytes = 256 << 20
    /// How many of them a connection may intern also when all together have too many.
    public var spareNameBytes = 65_536
    /// How often a loop looks for the next message before it sleeps, where the last one came soon
    /// after an answer (`Lookout`).
    public var looks: Int32 = 24
    /// What `welcome` says that the daemon is.
    public var daemon = "meterd"
    /// Who may connect.
    public var peers = PeerPolicy()

    /// All defaults.
    public init() {}
}

/// How far the commands of one loop to one shard have come.
///
/// Order: stored releasing by the journal, loaded acquiring by the loop.
public final class CommandProgress: Sendable {
    private let writtenCell = Atomic<UInt64>(0)
    private let callsCell = Atomic<UInt64>(0)
    private let journaledCell = Atomic<UInt64>(0)

    /// Starts at the beginning of the ring.
    public init() {}

    /// Position in the command ring up to which everything is written to the journal.
    public var written: UInt64 {
        get { writtenCell.load(ordering: .acquiring) }
        set { writtenCell.store(newValue, ordering: .releasing) }
    }

    /// Position in the ring of calls up to which everything is written to the journal.
    public var callsWritten: UInt64 {
        get { callsCell.load(ordering: .acquiring) }
        set { callsCell.store(newValue, ordering: .releasing) }
    }

    /// Position in the command ring up to which everything is safe on disk.
    public var journaled: UInt64 {
        get { journaledCell.load(ordering: .acquiring) }
        set { journaledCell.store(newValue, ordering: .releasing) }
    }
}

/// What the loops count, for metrics.
public final class IngestCounters: Sendable {
    /// Usage reports taken into a ring.
    public let accepted = PaddedCounter()
    /// Repeats recognised by their sequence.
    public let duplicates = PaddedCounter()
    /// Messages rejected.
    public let rejected = PaddedCounter()
    /// Connections at fault.
    public let faults = PaddedCounter()
    /// How often nobody could be let in, because the process had no descriptor or memory left.
    public let exhausted = PaddedCounter()
    /// Open connections.
    public let connections = PaddedGauge()

    /// Starts at zero.
    public init() {}
}
