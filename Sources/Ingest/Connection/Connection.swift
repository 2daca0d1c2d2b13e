import Quantities
import Wire

/// One client's connection, as its loop knows it.
///
/// Queue: only the loop's.
final class Connection {
    let fd: Int32
    let origin: Origin

    var encoding: WireEncoding?
    @exclusivity(unchecked) var decoder = BinaryClientDecoder()
    var lines: LineFramer
    /// What was read and could not be dealt with yet: the beginning of a frame, or all that came
    /// while a ring was full.
    var leftover: [UInt8] = []
    /// How many bytes `leftover` must have before it is worth looking at again; 0: any.
    @exclusivity(unchecked) var wanted = 0
    /// How many bytes came the last time.
    @exclusivity(unchecked) var lastRead = 0
    /// The usage frame at the start of `leftover` that a full ring interrupted.
    @exclusivity(unchecked) var interrupted: (reader: UsageFrameReader, length: Int)?
    /// The heartbeat frame at the start of `leftover` that a full ring interrupted.
    @exclusivity(unchecked) var interruptedBeats: (reader: HeartbeatFrameReader, length: Int)?
    /// Whether it has asked for something: it is looked at more often than those who only report.
    @exclusivity(unchecked) var asks = false
    /// Where the command rings stood behind its last report; empty before the first.
    @exclusivity(unchecked) var places: [UInt64] = []
    /// Whether it has put something else than sequenced usage into a command ring in this turn.
    @exclusivity(unchecked) var reportedThisTurn = false
    /// Whether a full ring keeps this connection from being read.
    @exclusivity(unchecked) var stalled = false
    /// Calls whose answers are on their way, and whether no more are read until some are there.
    @exclusivity(unchecked) var openCalls = 0
    var paused = false
    /// Whether the loop's descriptor knows of it.
    var watched = false

    @exclusivity(unchecked) var names = NameTable()
    @exclusivity(unchecked) var producer: ProducerSession?
    var durability = Durability.journaled
    /// A hello that waits until everything its producer sent before is safe.
    var barrier: [Barrier] = []
    /// The hello that still waits for its answer; nothing more is read until then.
    @exclusivity(unchecked) var hello: PendingHello?
    /// The journal position that PostgreSQL must have reached before a producer is welcomed that
    /// asked for that durability.
    var storedGate: UInt64?

    @exclusivity(unchecked) var out = WireBuffer(capacity: 4096)
    /// Whether the kernel's buffer is full and the loop waits for it.
    var waitsToWrite = false
    /// Whether nothing is read any more and the connection ends when `out` is sent.
    @exclusivity(unchecked) var closing = false
    /// Whether the client has ended its side; it is still owed what it asked before.
    @exclusivity(unchecked) var ended = false
    /// Answers that are on their way: to requests, and to reports without a sequence.
    @exclusivity(unchecked) var pendingAnswers = 0
    var closed = false

    /// The highest sequence that was acknowledged, and the highest that may be.
    @exclusivity(unchecked) var acknowledged: UInt64 = 0
    @exclusivity(unchecked) var safe: UInt64 = 0
    /// Whether an acknowledgement is owed though nothing new is safe: a repeat came in.
    var owesAcknowledgement = false
    @exclusivity(unchecked) var acceptedThisTurn = false
    @exclusivity(unchecked) var dirty = false

    var topics: Topics = []
    /// Shards that have not yet told all that is cut off at present.
    var presentPending = 0
    var present: [Cutoff] = []

    init(fd: Int32, origin: Origin, limits: WireLimits) {
        self.fd = fd
        self.origin = origin
        self.lines = LineFramer(limits: limits)
    }

    /// Says something, in the connection's own encoding.
    func say(_ message: DaemonMessage) {
        switch encoding ?? .binary {
        case .binary: BinaryDaemonEncoder().append(message, to: &out)
        case .jsonLines: JSONDaemonEncoder().append(message, to: &out)
        }
    }

    func say(_ granted: Granted) {
        switch encoding ?? .binary {
        case .binary: BinaryDaemonEncoder().append(granted, to: &out)
        case .jsonLines: JSONDaemonEncoder().append(granted, to: &out)
        }
    }

    func say(_ ack: Ack) {
        switch encoding ?? .binary {
        case .binary: BinaryDaemonEncoder().append(ack, to: &out)
        case .jsonLines: JSONDaemonEncoder().append(ack, to: &out)
        }
    }

    /// Whether nothing more is owed to a client that has ended its side.
    var isAnswered: Bool {
        pendingAnswers <= 0 && presentPending == 0 && hello == nil && leftover.isEmpty
            && (producer.map { $0.accepted <= acknowledged } ?? true)
    }

    /// Whether enough was answered of what paused it.
    var mayGoOn: Bool { openCalls <= IngestLoop.callsAtOnce / 2 }

    /// Ends the connection after saying why.
    func fail(_ fault: ConnectionFault) {
        guard !closing else { return }
        say(.error(fault))
        closing = true
    }
}

/// A position in a command ring that has to be safe before something may go on.
struct Barrier: Sendable {
    let progress: CommandProgress
    let position: UInt64

    var isPassed: Bool { progress.journaled >= position }
}
