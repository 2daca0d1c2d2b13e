import Quantities
import Rings
import Wire

extension IngestLoop {
    /// Whether the first reply of a shard may go out now.
    func repliesAreReady(_ shard: Int) -> Bool {
        let ring = wiring.replies[shard]
        guard ring.beginBatch() > 0, let record = ring.next() else { return false }
        ring.putBack()
        return isWritten(gate(of: record), shard)
    }

    /// Sends the replies whose commands are written to the journal, in the shard's order.
    func drainReplies(_ shard: Int) {
        let ring = wiring.replies[shard]
        guard ring.beginBatch() > 0 else { return }
        var taken = false
        while let record = ring.next() {
            guard isWritten(gate(of: record), shard) else {
                ring.putBack()
                break
            }
            deliver(record)
            taken = true
        }
        guard taken else { return }
        ring.release()
        // A shard that stopped for lack of room for replies goes on.
        if wiring.signal.takeReplyRoomWish() {
            for stage in wiring.shards { stage.kick() }
        }
    }

    private func gate(of record: UnsafeRawBufferPointer) -> UInt64 {
        // Every reply begins with its header.
        RingMessage.value(of: record, as: ReplyHeader.self).gate
    }

    private func isWritten(_ gate: UInt64, _ shard: Int) -> Bool {
        let position = gate & ~ReplyHeader.ofCalls
        let progress = wiring.progress[shard]
        return position <= (gate == position ? progress.written : progress.callsWritten)
    }

    private func deliver(_ record: UnsafeRawBufferPointer) {
        guard let kind = ReplyKind(rawValue: record[0]) else {
            invariantBroken("a reply has a known kind")
        }
        if kind == .notice {
            tell(RingMessage.value(of: record, as: NoticeReply.self))
            return
        }
        if kind == .order {
            tell(RingMessage.value(of: record, as: OrderReply.self))
            return
        }
        let header = RingMessage.value(of: record, as: ReplyHeader.self)
        guard let connection = connection(header.origin) else { return }
        if kind != .present, kind != .presentEnd, kind != .presentOrder {
            connection.pendingAnswers -= 1
        }
        switch kind {
        case .granted:
            connection.openCalls -= 1
            connection.say(RingMessage.value(of: record, as: GrantedReply.self).granted)
        case .refused:
            connection.openCalls -= 1
            connection.say(.refused(refused(RingMessage.value(of: record, as: RefusedReply.self))))
        case .released:
            connection.openCalls -= 1
            let reply = RingMessage.value(of: record, as: ReleasedReply.self)
            connection.say(.released(Released(hold: reply.hold, request: reply.request)))
        case .rejected:
            let reply = RingMessage.value(of: record, as: RejectedReply.self)
            // A sequenced report is answered by its acknowledgement, which is counted elsewhere.
            if reply.sequence > 0 || reply.isUnasked { connection.pendingAnswers += 1 }
            if reply.sequence == 0, !reply.isID, !reply.isUnasked { connection.openCalls -= 1 }
            if reply.isID, case .text(let id) = reply.name {
                acks.forget(id, of: header.origin, at: header.gate)
            }
            wiring.counters.rejected.add()
            connection.say(.rejected(rejection(reply)))
        case .present, .presentEnd:
            present(kind, record, connection)
        case .presentOrder:
            let reply = RingMessage.value(of: record, as: OrderReply.self)
            connection.say(.order(order(reply)))
        case .notice, .order:
            break
        }
        markDirty(connection)
    }

    func connection(_ origin: Origin) -> Connection? {
        let slot = Int(origin.slot)
        guard slot < connections.count, let connection = connections[slot],
            connection.origin == origin
        else { return nil }
        return connection
    }

    private func tell(_ notice: NoticeReply) {
        guard !subscribers.isEmpty else { return }
        let message = cutoff(notice)
        let isOver = notice.reasons == 0
        for connection in subscribers where connection.topics.contains(.cutoffs) {
            // What it is still to be told as the present must not overtake this.
            connection.present.removeAll { $0.scope == message.scope && $0.id == message.id }
            connection.say(isOver ? .restored(message) : .cutoff(message))
            markDirty(connection)
        }
    }

    /// Collects what is cut off at present, and sends it in messages of a bounded size.
    private func present(
        _ kind: ReplyKind,
        _ record: UnsafeRawBufferPointer,
        _ connection: Connection
    ) {
        if kind == .present {
            let notice = RingMessage.value(of: record, as: NoticeReply.self)
            connection.present.append(cutoff(notice))
        } else {
            connection.presentPending -= 1
        }
        let isComplete = connection.presentPending == 0
        guard isComplete || connection.present.count >= Subscribed.cutoffsPerMessage else { return }
        connection.say(
            .subscribed(
                Subscribed(
                    topics: connection.topics,
                    cutoffs: connection.present,
                    isComplete: isComplete
                )
            )
        )
        connection.present.removeAll(keepingCapacity: !isComplete)
    }

    /// Sends what has become safe since the last time, one acknowledgement for each connection.
    func acknowledge() {
        while let entry = acks.nextSafe() {
            guard let connection = connection(entry.origin) else { continue }
            if connection.durability == .stored {
                acks.noteStored(
                    entry.sequence,
                    of: entry.origin,
                    after: wiring.intake.journalSynced
                )
            } else {
                connection.safe = max(connection.safe, entry.sequence)
                markDirty(connection)
            }
        }
        while let entry = acks.nextSafeID() {
            guard let connection = connection(entry.origin) else { continue }
            connection.pendingAnswers -= 1
            connection.say(.ack(.id(entry.id)))
            markDirty(connection)
        }
        guard acks.waitsForStore else { return }
        let stored = wiring.intake.journalStored
        while let entry = acks.nextStored(upTo: stored) {
            guard let connection = connection(entry.origin) else { continue }
            connection.safe = max(connection.safe, entry.sequence)
            markDirty(connection)
        }
    }

    /// So much memory for answers a connection keeps when they are sent.
    private static let keptAnswerBytes = 131_072

    /// Sends what a connection has to say, as far as the kernel takes it.
    func flush(_ connection: Connection) {
        // Acknowledgements are cumulative: a client that does not read gets one, later.
        if owesAck(connection), !connection.waitsToWrite {
            connection.say(Ack.sequence(connection.safe))
            connection.acknowledged = connection.safe
            connection.owesAcknowledgement = false
        }
        guard let sent = send(connection) else { return close(connection) }
        connection.out.removeFirst(sent)
        finishFlush(connection)
    }

    private func owesAck(_ connection: Connection) -> Bool {
        connection.safe > connection.acknowledged
            || (connection.owesAcknowledgement && connection.safe > 0)
    }

    /// Sends as much as the kernel takes; nil when the connection is broken.
    private func send(_ connection: Connection) -> Int? {
        var sent = 0
        var isBroken = false
        connection.out.withBytes { span in
            span.withUnsafeBytes { bytes in
                while sent < bytes.count {
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                    guard let count = transport.send(rest, to: connection.fd) else {
                        isBroken = true
                        return
                    }
                    guard count > 0 else { return }
                    sent += count
                }
            }
        }
        return isBroken ? nil : sent
    }

    private func finishFlush(_ connection: Connection) {
        if connection.out.isEmpty {
            if connection.out.capacity > IngestLoop.keptAnswerBytes {
                // A burst is over; the next one may be somebody else's.
                connection.out = WireBuffer()
            }
            if connection.closing || (connection.ended && connection.isAnswered) {
                close(connection, isOrderly: true)
                return
            }
            if connection.waitsToWrite {
                connection.waitsToWrite = false
                updateInterest(connection)
                // What had to wait goes now: nothing else might come that wakes the loop.
                if owesAck(connection) { flush(connection) }
            }
            return
        }
        if connection.out.count > settings.sendBufferBytes || connection.closing {
            // It does not read what it asked for; keeping more would take memory from the others.
            wiring.counters.faults.add()
            close(connection)
            return
        }
        if !connection.waitsToWrite {
            connection.waitsToWrite = true
            updateInterest(connection)
        }
    }
}
