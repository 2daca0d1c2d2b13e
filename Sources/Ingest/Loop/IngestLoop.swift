import Quantities
import Rings
import Wire

/// One event loop: some of the connections, from bytes to commands and from replies to bytes.
///
/// Queue:       lives on one private serial queue from `run()` to its end; nothing here is shared.
///              A simulated run calls `prepare()` and `turn(waiting:)` by hand instead.
/// Cost:        per turn one wait, a read and at most a write for each active connection; no
///              allocation per event.
package final class IngestLoop {
    let wiring: LoopWiring
    let settings: IngestSettings
    let transport: any Transport
    /// Where what is read now goes: the large buffer, or the small one while the loop looks around.
    @exclusivity(unchecked) var buffer: UnsafeMutableRawBufferPointer
    let large: UnsafeMutableRawBufferPointer
    let small: UnsafeMutableRawBufferPointer
    let lanes: CommandLanes
    /// Who speaks on a connection that has not said hello: no sequence is its next one.
    let nobody = ProducerSession.nobody
    /// Where a repeated report is written to be compared with the first one.
    let scratch: UnsafeMutableRawPointer
    @exclusivity(unchecked) var connections: [Connection?] = []
    var generations: [UInt32] = []
    var freeSlots: [Int] = []
    var open = 0
    var stalled: [Connection] = []
    /// Those that are tried again in this turn; lists change places, so that none is made anew.
    private var retrying: [Connection] = []
    var paused: [Connection] = []
    var waiting: [Connection] = []
    @exclusivity(unchecked) private var dirty: [Connection] = []
    private var flushing: [Connection] = []
    /// Memory for messages that are not whole yet, while no connection has one.
    var spares: [[UInt8]] = []
    @exclusivity(unchecked) private var accepted: [Connection] = []
    /// Those who have put something into command ring this turn that their calls must not overtake.
    var reporters: [Connection] = []
    /// How much more is done for one connection before the loop looks whether others ask.
    @exclusivity(unchecked) var slice = IngestLoop.sliceWork
    @exclusivity(unchecked) var isLooking = false
    /// The shards that have begun with this turn's commands, a bit for each.
    @exclusivity(unchecked) var begunShards: UInt64 = 0
    /// When somebody asked last.
    @exclusivity(unchecked) var lastCall = Timestamp.never
    @exclusivity(unchecked) private var lookout = Lookout()
    let glances: UnsafeMutableBufferPointer<TransportEvent>
    /// Since when and until when nobody is let in.
    var rest: (since: Timestamp, until: Timestamp)?
    var subscribers: [Connection] = []
    @exclusivity(unchecked) var acks: AckQueue
    /// The calls that lie last in each command ring, from where to where.
    @exclusivity(unchecked) var lastCalls: [Range<UInt64>]
    /// How many more messages surely find room in every command ring.
    @exclusivity(unchecked) var budget = 0
    /// How many bytes of names the loop's connections have interned, and may intern.
    @exclusivity(unchecked) var nameBytes = 0
    let mostNameBytes: Int
    /// How many usage reports this turn has put into rings.
    @exclusivity(unchecked) var takenThisTurn: UInt64 = 0
    /// The present moment, read once a turn.
    @exclusivity(unchecked) var now = Timestamp.epoch
    /// Between which moments the usage of this turn must lie.
    @exclusivity(unchecked) var earliest = Timestamp.epoch
    @exclusivity(unchecked) var latest = Timestamp.epoch
    /// Which version of the names the look-ups of this turn are good for.
    @exclusivity(unchecked) var namesVersion: UInt64 = 0
    @exclusivity(unchecked) var overload: String?
    private let events: UnsafeMutableBufferPointer<TransportEvent>
    let others: [(mailbox: Mailbox, signal: LoopSignal)]
    var nextLoop = 0
    private(set) var stopsAt: Timestamp?

    /// Up to so many bytes of commands a loop runs a shard itself.
    private static let inlineBytes: UInt64 = 16_384
    /// The same while somebody asks: a thread that has to be woken takes longer.
    private static let inlineBytesForCalls: UInt64 = 65_536

    /// So many connections are sent their answers before the disk's queue is woken.
    private static let answersBeforeSync = 4

    /// How many sockets' events a turn deals with at most.
    static let eventsPerTurn = 256
    /// So many calls of a connection are under way at a time, or who asks without end would stand
    /// in the rings before everybody else: a turn takes from each what it has read.
    static let callsAtOnce = 32

    /// Makes a loop.
    ///
    /// - Parameters:
    ///   - wiring: Everything it shares with the rest of the daemon.
    ///   - transport: Its sockets.
    ///   - others: The loops that it accepts connections for.
    package init(
        wiring: LoopWiring,
        transport: any Transport,
        others: [(mailbox: Mailbox, signal: LoopSignal)]
    ) {
        self.wiring = wiring
        self.settings = wiring.settings
        self.transport = transport
        self.others = others
        self.acks = AckQueue(shards: wiring.commands.count)
        self.lastCalls = wiring.commands.map { _ in 0..<0 }
        self.lanes = CommandLanes(wiring.commands)
        self.mostNameBytes = wiring.settings.allNameBytes / max(1, wiring.loops)
        self.scratch = .allocate(byteCount: RingMessage.maximumLength, alignment: 16)
        let bytes = settings.readBufferBytes + settings.wire.frameBytes + FrameHeader.size
        self.large = .allocate(byteCount: bytes, alignment: 64)
        self.small = .allocate(byteCount: IngestLoop.glanceBytes, alignment: 64)
        self.buffer = large
        self.glances = .allocate(capacity: IngestLoop.glanceEvents)
        self.events = .allocate(capacity: IngestLoop.eventsPerTurn)
    }

    deinit {
        large.deallocate()
        small.deallocate()
        glances.deallocate()
        scratch.deallocate()
        events.deallocate()
    }

    /// Runs until the loop is asked to stop and has answered everything, or cannot any more.
    func run() {
        while !isFinished { turn(waiting: prepare()) }
        finish()
    }

    /// Says that the loop is about to wait, so that it is woken from now on.
    ///
    /// - Returns: For how many milliseconds it may wait; below 0 for ever.
    package func prepare() -> Int32 {
        wiring.signal.arm()
        return hasWork ? 0 : waitMilliseconds
    }

    /// Waits, and deals with everything that has come in.
    ///
    /// - Parameter milliseconds: How long to wait, as `prepare()` said.
    package func turn(waiting milliseconds: Int32) {
        let looks = lookout.paysOff ? settings.looks : 0
        let count = transport.wait(milliseconds: milliseconds, looks: looks, into: events)
        wiring.signal.disarm()
        beginTurn()
        let left = count > 1 && expectsCalls ? answerFirst(count) : count
        for index in 0..<left { handle(events[index]) }
        endTurn()
    }

    /// Lets go of the connections that are left, at the end.
    package func finish() {
        for case .some(let connection) in connections {
            connection.fail(ConnectionFault(.shuttingDown, "the daemon stops; come back later"))
            flush(connection)
            close(connection)
        }
    }

    /// Whether the loop was asked to stop and owes nobody anything, or cannot pay it.
    package var isFinished: Bool {
        guard let stopsAt else { return false }
        return open == 0 || (acks.isEmpty && dirty.isEmpty) || now > stopsAt
    }

    /// Stopping polls, as nothing else might wake the loop then; so does a hello that waits.
    private var waitMilliseconds: Int32 {
        if stopsAt != nil { return 10 }
        let patience: Int32 = waiting.isEmpty ? -1 : 5
        guard let rest else { return patience }
        let left = Int32(clamping: max(rest.until.microseconds - now.microseconds, 0) / 1000 + 1)
        return patience < 0 ? left : min(patience, left)
    }

    /// Deals with those who ask before those who report, and answers them.
    ///
    /// - Parameter count: How many events there are.
    /// - Returns: How many are left, at the front.
    private func answerFirst(_ count: Int) -> Int {
        var left = 0
        for index in 0..<count {
            let event = events[index]
            if connection(token: event.token)?.asks == true {
                handle(event)
            } else {
                events[left] = event
                left += 1
            }
        }
        if left > 0, left < count { answerCalls(but: nil) }
        return left
    }

    /// Whether something came in between the last turn and `arm()`, which nobody will wake us for.
    private var hasWork: Bool {
        if !dirty.isEmpty || wiring.mailbox.hasMail || (wiring.signal.isStopping && stopsAt == nil)
        {
            return true
        }
        if !stalled.isEmpty {
            refill()
            if budget > 0 { return true }
        }
        if paused.contains(where: { $0.mayGoOn }) { return true }
        for shard in wiring.replies.indices where repliesAreReady(shard) { return true }
        return acksAreReady
    }

    private var acksAreReady: Bool {
        acks.advance { wiring.progress[$0].journaled }
        return acks.hasSafe(stored: wiring.intake.journalStored)
    }

    private func beginTurn() {
        now = wiring.intake.now()
        lookout.begin(at: now)
        earliest = now.advanced(byMicroseconds: -settings.lateMicroseconds)
        latest = now.advanced(byMicroseconds: settings.aheadMicroseconds)
        namesVersion = wiring.intake.namesVersion
        overload = wiring.intake.overload
        budget = 0
        for socket in wiring.mailbox.take() { adopt(socket) }
        if wiring.signal.isStopping, stopsAt == nil { beginStop() }
        endRest()
        resumePaused()
        guard !stalled.isEmpty else { return }
        swap(&stalled, &retrying)
        for connection in retrying where !connection.closed {
            connection.stalled = false
            resume(connection)
            if !connection.stalled, !connection.closed { updateInterest(connection) }
        }
        retrying.removeAll(keepingCapacity: true)
        if stalled.isEmpty { wiring.signal.setWantsRoom(false) }
    }

    private func endTurn() {
        for connection in accepted where !connection.closed {
            connection.acceptedThisTurn = false
            notePlace(connection)
            if let producer = connection.producer {
                acks.note(producer.accepted, of: connection.origin)
            }
        }
        accepted.removeAll(keepingCapacity: true)
        for connection in reporters {
            connection.reportedThisTurn = false
            notePlace(connection)
        }
        reporters.removeAll(keepingCapacity: true)
        let hadUsage = takenThisTurn > 0
        if hadUsage {
            wiring.counters.accepted.add(takenThisTurn)
            takenThisTurn = 0
        }
        wiring.signal.beginAnswering()
        runCalls()
        runShards()
        // Before the replies: what the disk has now is answered by the shards by now, so that a
        // report that was rejected is never acknowledged for lack of its rejection.
        acks.advance { wiring.progress[$0].journaled }
        for shard in wiring.replies.indices { drainReplies(shard) }
        answerHellos()
        acknowledge()
        lookout.end(onlyAnswered: !hadUsage && (lastCall == now || !dirty.isEmpty))
        // What has to wait for many answers would wait for long.
        if dirty.count > IngestLoop.answersBeforeSync { kickOwedSync() }
        flushAll()
        kickOwedSync()
    }

    /// Wakes the disk's queue if a stage that ran in this turn has left that to the loop.
    private func kickOwedSync() {
        if wiring.signal.endAnswering() { wiring.sync.kick() }
    }

    /// Hands the turn's commands over and runs the shards that have some, here if they are idle.
    private func runShards() {
        var begun = begunShards
        begunShards = 0
        for shard in wiring.commands.indices {
            let ring = wiring.commands[shard]
            guard ring.claimedPosition != ring.publishedPosition else { continue }
            ring.publish()
            begun |= 1 << UInt64(shard)
        }
        guard begun != 0 || acks.hasOpenTurn else { return }
        acks.endTurn { owedPosition($0) }
        let most = expectsCalls ? IngestLoop.inlineBytesForCalls : IngestLoop.inlineBytes
        for shard in wiring.commands.indices {
            let ring = wiring.commands[shard]
            guard begun & 1 << UInt64(shard) != 0 || !ring.isEmpty else { continue }
            // A little is done here at once, which saves a wake-up; much goes to the shard's own
            // thread, so that this one can go on reading.
            if ring.publishedPosition &- ring.releasedPosition > most {
                wiring.shards[shard].kick()
            } else {
                wiring.shards[shard].runInline()
            }
        }
    }

    /// Looks how much room there is for more.
    func refill() {
        var least = Int.max
        for ring in wiring.commands {
            let used = Int(ring.claimedPosition &- ring.releasedPosition)
            least = min(least, ring.capacity - used)
        }
        // One record may be preceded by padding of its own size at the ring's end.
        budget = max(0, (least - 2 * RingMessage.maximumLength) / (RingMessage.maximumLength + 16))
    }

    /// The connection whose events carry a token, or nil when it is gone, or none.
    func connection(token: UInt64) -> Connection? {
        let slot = Int(token & 0xFFFF_FFFF)
        guard slot < connections.count, let connection = connections[slot],
            UInt64(connection.origin.generation) == token >> 32
        else { return nil }
        return connection
    }

    private func handle(_ event: TransportEvent) {
        guard event.token != TransportEvent.listener else { return acceptAll() }
        guard let connection = connection(token: event.token) else { return }
        if event.isWritable { flush(connection) }
        if event.isReadable, !connection.closed { read(connection) }
    }

    func markDirty(_ connection: Connection) {
        guard !connection.dirty else { return }
        connection.dirty = true
        dirty.append(connection)
    }

    func markAccepted(_ connection: Connection) {
        guard !connection.acceptedThisTurn else { return }
        connection.acceptedThisTurn = true
        accepted.append(connection)
    }

    /// Sends what there is to say.
    ///
    /// - Parameter current: Whose messages are being dealt with: it must not be closed now.
    func flushAll(but current: Connection? = nil) {
        guard !dirty.isEmpty else { return }
        swap(&dirty, &flushing)
        // While somebody asks, many acknowledgements are not sent in one go.
        var left = expectsCalls ? IngestLoop.answersAtOnce : .max
        for connection in flushing {
            if !connection.asks { left -= 1 }
            if connection === current || (left < 0 && !connection.asks) {
                dirty.append(connection)
                continue
            }
            connection.dirty = false
            if !connection.closed { flush(connection) }
        }
        flushing.removeAll(keepingCapacity: true)
    }

    private func beginStop() {
        stopsAt = now.advanced(byMicroseconds: 10_000_000)
        transport.stopAccepting()
        for case .some(let connection) in connections where !connection.closing {
            // What was read and accepted is answered first; nothing more is read.
            unwatch(connection)
        }
    }
}
