import Rings
import Synchronization

/// Everything a loop shares with the rest of the daemon.
public struct LoopWiring: Sendable {
    /// Which loop it is.
    public var index: Int
    /// How many loops there are.
    public var loops: Int
    /// Its way to each shard.
    public var commands: [ByteRing]
    /// Its way to each shard for those who wait for an answer.
    public var calls: [ByteRing]
    /// Each shard's way back.
    public var replies: [ByteRing]
    /// How far the journal has come with its commands, for each shard.
    public var progress: [CommandProgress]
    /// The shards' stages, to be run after their rings were filled.
    public var shards: [Stage]
    /// The disk's stage, for kicks that were left to the loop.
    public var sync: Stage
    /// How it is woken.
    public var signal: LoopSignal
    /// Connections that were accepted for it.
    public var mailbox: Mailbox
    /// What the loops count.
    public var counters: IngestCounters
    /// All producers.
    public var producers: Producers
    /// The rest of the daemon.
    public var intake: any Intake
    /// Bounds of what a client may do.
    public var settings: IngestSettings

    /// Wires a loop.
    ///
    /// - Parameters:
    ///   - index: Which loop it is.
    ///   - loops: How many loops there are.
    ///   - commands: Its way to each shard.
    ///   - calls: Its way to each shard for those who wait for an answer.
    ///   - replies: Each shard's way back.
    ///   - progress: How far the journal has come with its commands, for each shard.
    ///   - shards: The shards' stages.
    ///   - sync: The disk's stage.
    ///   - signal: How it is woken.
    ///   - mailbox: Connections that were accepted for it.
    ///   - counters: What the loops count.
    ///   - producers: All producers.
    ///   - intake: The rest of the daemon.
    ///   - settings: Bounds of what a client may do.
    public init(
        index: Int,
        loops: Int,
        commands: [ByteRing],
        calls: [ByteRing],
        replies: [ByteRing],
        progress: [CommandProgress],
        shards: [Stage],
        sync: Stage,
        signal: LoopSignal,
        mailbox: Mailbox,
        counters: IngestCounters,
        producers: Producers,
        intake: any Intake,
        settings: IngestSettings
    ) {
        self.index = index
        self.loops = loops
        self.commands = commands
        self.calls = calls
        self.replies = replies
        self.progress = progress
        self.shards = shards
        self.sync = sync
        self.signal = signal
        self.mailbox = mailbox
        self.counters = counters
        self.producers = producers
        self.intake = intake
        self.settings = settings
    }
}

/// Sockets that were accepted by one loop for another.
public final class Mailbox: Sendable {
    private let sockets = Mutex<[Int32]>([])

    /// Makes an empty mailbox.
    public init() {}

    var hasMail: Bool { sockets.withLock { !$0.isEmpty } }

    /// How many wait to be taken.
    var count: Int { sockets.withLock { $0.count } }

    func put(_ socket: Int32) {
        sockets.withLock { $0.append(socket) }
    }

    func take() -> [Int32] {
        sockets.withLock { sockets in
            guard !sockets.isEmpty else { return [] }
            let taken = sockets
            sockets.removeAll()
            return taken
        }
    }
}
