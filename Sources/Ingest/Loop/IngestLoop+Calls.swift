import Quantities
import Rings
import Wire

/// Those who ask wait for an answer, those who report do not: calls go first.
///
/// A turn begins with them, a connection's usage is dealt with in slices between which the loop
/// looks whether others ask, and calls have a ring of their own to each shard, which is drained
/// before the ring with usage and in the midst of it.
extension IngestLoop {
    /// So much work is done for one connection before the loop looks around; a usage report is 1.
    static let sliceWork = 32
    /// So many reports of a turn are booked piece by piece while somebody asks; with more the
    /// shards' own threads help.
    private static let reportsInPieces: UInt64 = 256
    private static let pieceCommands = 64
    /// So many of those who only report are told something before the loop looks who asks.
    static let answersAtOnce = 4
    /// What another message is worth.
    static let messageWork = 6
    /// So many sockets are looked at, and so many bytes of each.
    static let glanceEvents = 16
    static let glanceBytes = 4096
    /// So long after a call another one is expected.
    private static let expectingMicroseconds: Int64 = 1_000_000

    /// Whether somebody has asked lately: only then it is worth looking around.
    var expectsCalls: Bool {
        lastCall <= now && now.microseconds - lastCall.microseconds < Self.expectingMicroseconds
    }

    /// Counts work for a connection, and looks around when it is time.
    func work(_ units: Int, for current: Connection) {
        slice -= units
        if slice <= 0 { lookAround(current) }
    }

    /// Between two slices of somebody's messages: what others ask is dealt with and answered.
    ///
    /// Answering takes at most as much time as the rest: what it was is added to the next slice.
    ///
    /// - Parameter current: Whose messages are being dealt with.
    @inline(never)
    func lookAround(_ current: Connection) {
        guard !isLooking else { return }
        slice = IngestLoop.sliceWork
        guard expectsCalls else { return }
        isLooking = true
        slice = 0
        buffer = small
        let count = transport.wait(milliseconds: 0, looks: 0, into: glances)
        for index in 0..<count where glances[index].isReadable {
            guard let connection = connection(token: glances[index].token), connection.asks,
                connection !== current, connection.leftover.isEmpty, connection.hello == nil
            else { continue }
            read(connection)
        }
        buffer = large
        answerCalls(but: current)
        slice = IngestLoop.sliceWork - slice
        isLooking = false
        if takenThisTurn < IngestLoop.reportsInPieces { bookPiece() }
    }

    /// Has the shards that are idle book what was taken so far, so that nothing that takes long is
    /// left for the turn's end.
    private func bookPiece() {
        for shard in wiring.commands.indices {
            let ring = wiring.commands[shard]
            guard ring.claimedPosition != ring.publishedPosition else { continue }
            ring.publish()
            wiring.shards[shard].runBriefly(IngestLoop.pieceCommands)
            // The rest of the shard's turn, with the marks, comes at the end of this one.
            begunShards |= 1 << UInt64(shard)
        }
    }

    /// Has what was asked answered now.
    ///
    /// - Parameter current: Whose messages are being dealt with; it is answered later.
    func answerCalls(but current: Connection?) {
        runCalls()
        for shard in wiring.replies.indices { drainReplies(shard) }
        flushAll(but: current)
    }

    /// Hands calls over and runs their shards here, if they are idle.
    func runCalls() {
        for shard in wiring.calls.indices {
            let ring = wiring.calls[shard]
            guard ring.claimedPosition != ring.publishedPosition else { continue }
            ring.publish()
            wiring.shards[shard].runBriefly()
        }
    }

    /// Puts a call into the ring of calls, or behind what its connection has said before.
    func call<Command: BitwiseCopyable>(
        _ command: Command,
        _ kind: CommandKind,
        org: UInt32,
        _ connection: Connection
    ) {
        connection.pendingAnswers += 1
        connection.openCalls += 1
        connection.asks = true
        lastCall = now
        let shard = shard(of: org)
        let calls = wiring.calls[shard]
        if mayOvertake(connection, shard), calls.canClaim(RingMessage.maximumLength) {
            RingMessage.put(command, kind: kind.rawValue, into: calls)
            return
        }
        putCall(command, kind, shard: shard)
        guard !connection.reportedThisTurn else { return }
        connection.reportedThisTurn = true
        reporters.append(connection)
    }

    /// Whether nothing that a connection has said before waits in the ring with usage.
    private func mayOvertake(_ connection: Connection, _ shard: Int) -> Bool {
        guard !connection.acceptedThisTurn, !connection.reportedThisTurn else { return false }
        guard !connection.places.isEmpty else { return true }
        return wiring.commands[shard].releasedPosition >= connection.places[shard]
    }

    /// Notes where the rings stand behind what a connection has said in this turn.
    func notePlace(_ connection: Connection) {
        if connection.places.isEmpty {
            connection.places = Array(repeating: 0, count: wiring.commands.count)
        }
        for shard in wiring.commands.indices {
            connection.places[shard] = wiring.commands[shard].claimedPosition
        }
    }
}
