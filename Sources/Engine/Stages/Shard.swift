import Accounting
import Ingest
import Quantities
import Rating
import Rings
import Synchronization
import Wire

/// Some of the partitions: rates commands, lets the books decide, and hands records to the journal.
///
/// Queue: its stage's, or that of the loop that ran the stage inline; one at a time.
final class Shard: @unchecked Sendable {
    // SAFETY: everything mutable is touched only inside `run()`, which the shard's `Stage` runs on
    // at most one thread at a time; jobs reach it through the inbox's lock. Attacked by the
    // concurrent-clients scenarios.

    let index: Int
    let stage: Stage
    let inbox = ShardInbox()
    let signal = ShardSignal()

    private let commands: [ByteRing]
    private let calls: CallRings
    let replies: [ByteRing]
    let loops: [LoopSignal]
    private let out: ByteRing
    private let journal: Stage
    private let completions: Completions
    let counters: EngineCounters
    private let time: any TimeSource
    let holdSettings: HoldSettings
    let aheadMicroseconds: Int64
    let names: NameRegistry
    let directory: Directory
    let desk: PurchaseDesk

    let books: [AccountBook?]
    let bookPointers: BookPointers
    /// Whether there are so many organisations that their memory is worth asking for early.
    private var prefetches = false
    let records = RecordBuffer(capacity: 131_072)
    @exclusivity(unchecked) var usageInRecords: UInt32 = 0
    /// What `records` was lent of the ring to the journal.
    private var lentSpace: UnsafeMutableRawBufferPointer?
    private var finished: [UInt64] = []
    /// Whether somebody waits for what was handed over since the last marks to be durable.
    @exclusivity(unchecked) private var isAwaited = false
    private var marked: [LoopMark]
    /// What listeners of each loop have not been told yet, for lack of room.
    var notices: [[Notice]]
    var scans: [PresentScan] = []
    /// What is told of orders, and when they are said again.
    var orders: OrderTelling
    /// Whether the books do not know yet what machines cost; nothing is decided before.
    private var needsMachines = true
    @exclusivity(unchecked) var pricing: Pricing
    @exclusivity(unchecked) var quotes = Quotes()
    @exclusivity(unchecked) var declared: Declared
    /// What the last report named is declared.
    @exclusivity(unchecked) var lastProducer = UInt32.max
    @exclusivity(unchecked) var lastProvider = UInt16.max
    /// The moment of this turn.
    @exclusivity(unchecked) var now = Timestamp.epoch

    init(_ parts: ShardParts) {
        index = parts.index
        stage = parts.stage
        commands = parts.commands
        calls = CallRings(parts.calls)
        replies = parts.replies
        loops = parts.loops
        out = parts.out
        journal = parts.journal
        completions = parts.completions
        counters = parts.counters
        time = parts.time
        holdSettings = parts.holds
        aheadMicroseconds = parts.aheadMicroseconds
        names = parts.names
        directory = parts.directory
        desk = parts.desk
        books = parts.books
        bookPointers = BookPointers(parts.books)
        pricing = parts.pricing
        declared = parts.declared
        marked = parts.commands.indices.map { LoopMark(loop: UInt64($0), position: 0, calls: 0) }
        notices = Array(repeating: [], count: parts.commands.count)
        orders = OrderTelling(loops: parts.commands.count)
    }

    /// The book that an organisation is in.
    func book(of org: UInt32) -> AccountBook {
        guard let book = books[Int(AccountBook.partition(of: org))] else {
            invariantBroken("a command goes to the shard that owns its partition")
        }
        return book
    }

    /// The books of this shard, by partition.
    var ownBooks: [AccountBook] { books.compactMap { $0 } }

    /// One turn: jobs, what is due, calls and commands of every loop, then marks for the journal.
    func run() {
        guard begin() else { return }
        for job in inbox.take() { job(self) }
        tick()
        guard answerCalls() else { return }
        for loop in commands.indices { drain(loop) }
        continueScans()
        tellNotices()
        tellOrders()
        handOverPurchases()
        if flush() { finishTurn() }
        publishTimes()
    }

    /// What does not bear waiting of a turn: the calls of every loop.
    ///
    /// - Parameter most: How many commands of each loop are taken as well. They are left to the
    ///   next turn to be marked and written, which whoever asks for them sees to.
    func runBriefly(_ most: Int) {
        guard begin() else { return }
        tick()
        let isAsked = calls.isWaiting
        guard answerCalls() else { return }
        if most > 0 {
            for loop in commands.indices { drain(loop, most: most) }
        }
        _ = flush()
        if isAsked { publishTimes() }
    }

    private func begin() -> Bool {
        now = time.now()
        // Before anything asks for room anew: a wish that was granted is not left standing.
        signal.setWantsRoom(false)
        guard flush() else { return false }
        lend()
        if needsMachines {
            needsMachines = false
            useMachines()
        }
        return true
    }

    /// Decides what is asked, and has it written to the journal at once, so that no answer waits
    /// for the usage behind it.
    ///
    /// - Returns: False when the ring to the journal is full.
    private func answerCalls() -> Bool {
        guard calls.isWaiting, takeCalls() else { return true }
        guard flush() else { return false }
        finishTurn(isAsked: true)
        lend()
        return true
    }

    private func takeCalls() -> Bool {
        var any = false
        for loop in commands.indices {
            let ring = calls[loop]
            guard ring.beginBatch() > 0 else { continue }
            while records.count < OutRing.fullChunk,
                replies[loop].canClaim(RingMessage.maximumLength), let record = ring.next()
            {
                take(record, loop: loop, gate: ring.consumedPosition | ReplyHeader.ofCalls)
                any = true
            }
            ring.release()
            if !replies[loop].canClaim(RingMessage.maximumLength) { wantReplyRoom(loop) }
            // What did not fit into a chunk has its turn soon.
            if records.count >= OutRing.fullChunk { stage.kick() }
        }
        return any
    }

    /// Lets a call go on when everything that was recorded so far is safe on disk.
    func finish(_ action: @escaping @Sendable () -> Void) {
        finished.append(completions.add(action))
    }

    /// Notes that somebody waits for this turn's records to be durable.
    func awaitSync() {
        isAwaited = true
    }

    private func tick() {
        var slots = 0
        for case .some(let book) in books {
            slots += book.slotCount
            // What is more than one turn's work goes on in the next.
            if book.nextDue <= now, book.tick(at: now, into: records) { stage.kick() }
        }
        prefetches = slots >= WalletPrefetch.fromOrganisations
    }

    /// So many commands are taken before the shard looks whether somebody asks.
    private static let commandsBetweenLooks = 16

    private func drain(_ loop: Int, most: Int = .max) {
        let ring = commands[loop]
        guard ring.beginBatch() > 0 else { return }
        var prefetch = prefetches ? WalletPrefetch(ring, bookPointers) : nil
        var left = Shard.commandsBetweenLooks
        var rest = most
        while rest > 0, replies[loop].canClaim(RingMessage.maximumLength), let record = ring.next()
        {
            prefetch?.step(bookPointers)
            take(record, loop: loop, gate: ring.consumedPosition)
            if records.count >= OutRing.fullChunk {
                guard flush() else { break }
                lend()
            }
            rest &-= 1
            left &-= 1
            if left == 0 {
                left = Shard.commandsBetweenLooks
                guard answerCalls() else { break }
            }
        }
        ring.release()
        if !replies[loop].canClaim(RingMessage.maximumLength) { wantReplyRoom(loop) }
        if loops[loop].wantsRoom { loops[loop].wake() }
    }

    /// Has a loop kick this stage when it has drained replies; there was no room for more.
    func wantReplyRoom(_ loop: Int) {
        loops[loop].wantReplyRoom()
        // It may have drained them between the look and the wish.
        if replies[loop].canClaim(RingMessage.maximumLength) { stage.kick() }
    }

    private func take(_ record: UnsafeRawBufferPointer, loop: Int, gate: UInt64) {
        guard let kind = CommandKind(rawValue: record[0]) else {
            invariantBroken("a command has a known kind")
        }
        switch kind {
        case .usage: usage(record, loop: loop, gate: gate)
        case .authorize:
            authorize(RingMessage.value(of: record, as: AuthorizeCommand.self), loop, gate)
        case .extend: extend(RingMessage.value(of: record, as: ExtendCommand.self), loop, gate)
        case .release: release(RingMessage.value(of: record, as: ReleaseCommand.self), loop, gate)
        case .skip:
            let command = RingMessage.value(of: record, as: SkipCommand.self)
            skip(producer: command.producer, sequence: command.sequence)
        case .subscribe:
            let command = RingMessage.value(of: record, as: SubscribeCommand.self)
            scans.append(PresentScan(loop: loop, origin: command.origin))
        case .heartbeat:
            heartbeat(RingMessage.value(of: record, as: HeartbeatCommand.self), loop, gate)
        case .startMachine:
            start(RingMessage.value(of: record, as: StartMachineCommand.self), loop, gate)
        case .orderDone:
            let command = RingMessage.value(of: record, as: OrderDoneCommand.self)
            book(of: command.org).orderDone(command.order, org: command.org, at: now, into: records)
        case .subscribeOrders:
            let command = RingMessage.value(of: record, as: SubscribeCommand.self)
            presentOrders(to: command.origin, loop)
        }
    }

    /// Journals that a sequence was answered and must never be expected again.
    func skip(producer: UInt32, sequence: UInt64) {
        guard producer != 0, sequence != 0 else { return }
        declareProducer(producer)
        // A rejected sequence is acknowledged like one that was booked.
        awaitSync()
        record(.sequenceSkipped(SequenceSkipped(producer: producer, sequence: sequence)))
    }

    /// Journals a change that is no book's.
    func record(_ body: Change.Body) {
        Change(appliedAt: now, org: 0, body: body).encode(into: records)
    }

    /// Has the coming records written straight into the ring to the journal, if there is room.
    private func lend() {
        guard records.count == 0, !records.isLent,
            let space = out.claim(OutRing.headerLength + OutRing.chunk)
        else { return }
        records.lend(UnsafeMutableRawBufferPointer(rebasing: space[OutRing.headerLength...]))
        lentSpace = space
    }

    /// Hands the records so far to the journal; false when its ring is full.
    private func flush() -> Bool {
        if records.isLent { return flushLent() }
        if let space = lentSpace {
            // They outgrew what was lent.
            out.rollback()
            lentSpace = nil
            _ = space
        }
        guard records.count > 0 else { return true }
        var offset = 0
        let bytes = records.bytes
        var usage = usageInRecords
        while offset < bytes.count {
            let end = chunkEnd(bytes, from: offset)
            guard let space = out.claim(OutRing.headerLength + end - offset) else {
                out.rollback()
                signal.setWantsRoom(true)
                journal.kick()
                return false
            }
            space.storeBytes(of: OutRing.tag(.records, usage), as: UInt64.self)
            UnsafeMutableRawBufferPointer(rebasing: space[OutRing.headerLength...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
            usage = 0
            offset = end
        }
        out.publish()
        countFlushed()
        records.removeAll()
        return true
    }

    private func flushLent() -> Bool {
        guard let space = lentSpace else { invariantBroken("lent memory is in the ring") }
        let count = records.count
        records.takeBack()
        lentSpace = nil
        guard count > 0 else {
            out.rollback()
            return true
        }
        space.storeBytes(of: OutRing.tag(.records, usageInRecords), as: UInt64.self)
        out.trim(to: OutRing.headerLength + count)
        out.publish()
        countFlushed()
        return true
    }

    private func countFlushed() {
        counters.applied.add(UInt64(usageInRecords))
        usageInRecords = 0
    }

    private func chunkEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        if bytes.count - start <= OutRing.chunk { return bytes.count }
        var end = start
        while end < bytes.count {
            let length = Int(bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self))
            if end + length - start > OutRing.chunk, end > start { break }
            end += length
        }
        return end
    }

    /// Marks how far each loop's commands are in the records, and runs the journal.
    ///
    /// - Parameter isAsked: Whether somebody waits for what is written, who must not wait for the
    ///   journal's own thread.
    private func finishTurn(isAsked: Bool = false) {
        var any = false
        var isFull = false
        for loop in commands.indices {
            let mark = LoopMark(
                loop: UInt64(loop),
                position: commands[loop].consumedPosition,
                calls: calls[loop].consumedPosition
            )
            guard mark != marked[loop] else { continue }
            guard let space = out.claim(OutRing.headerLength + MemoryLayout<LoopMark>.size) else {
                isFull = true
                continue
            }
            space.storeBytes(of: OutRing.tag(.mark, isAwaited ? 1 : 0), as: UInt64.self)
            space.storeBytes(of: mark, toByteOffset: 8, as: LoopMark.self)
            marked[loop] = mark
            any = true
        }
        while let id = finished.first {
            guard let space = out.claim(OutRing.headerLength + MemoryLayout<UInt64>.size) else {
                isFull = true
                break
            }
            space.storeBytes(of: OutRing.tag(.completion), as: UInt64.self)
            space.storeBytes(of: id, toByteOffset: OutRing.headerLength, as: UInt64.self)
            finished.removeFirst()
            any = true
        }
        if any { out.publish() }
        isAwaited = isAwaited && isFull
        // The journal kicks this stage when it has made room for what is left.
        if isFull { signal.setWantsRoom(true) }
        guard !out.isEmpty else { return }
        if isAsked {
            journal.runNow()
        } else {
            journal.runInline()
        }
    }
}
