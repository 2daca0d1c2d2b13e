#if canImport(Glibc)
import Glibc
#endif

import Quantities
import Rings
import Wire

extension IngestLoop {
    /// So many connections are let in in a turn.
    private static let acceptsAtOnce = 8
    /// While somebody asks, nobody else is let in for so long after a turn's worth was.
    private static let acceptPauseMicroseconds: Int64 = 1000
    /// So many may be told at a time that there are too many.
    private static let refusedAtOnce = 64
    /// So many sockets may wait for a loop to take them.
    private static let waitingForALoop = 64
    /// So long nobody is let in when there is no descriptor for one: without a pause the listener
    /// would wake the loop again and again for nothing.
    private static let exhaustedMicroseconds: Int64 = 100_000
    /// What the system says when it has no descriptor or no memory for another connection.
    private static let exhaustion: [Int32] = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

    /// Lets connections in.
    func acceptAll() {
        guard rest == nil else { return }
        guard mayLetIn else { return letNobodyIn(for: IngestLoop.acceptPauseMicroseconds) }
        // Few at a time: whoever connects and goes again without end is dealt with in small parts,
        // between what others say. The kernel keeps the rest waiting.
        for _ in 0..<IngestLoop.acceptsAtOnce {
            let socket = transport.accept()
            guard socket >= 0 else {
                if IngestLoop.exhaustion.contains(-socket) {
                    wiring.counters.exhausted.add()
                    letNobodyIn(for: IngestLoop.exhaustedMicroseconds)
                }
                return
            }
            if others.isEmpty {
                adopt(socket)
                continue
            }
            let target = nextLoop % (others.count + 1)
            nextLoop += 1
            if target == 0 {
                adopt(socket)
            } else {
                others[target - 1].mailbox.put(socket)
                others[target - 1].signal.wake()
            }
        }
        // More may wait. While somebody waits for answers, letting in is not all that is done.
        if expectsCalls { letNobodyIn(for: IngestLoop.acceptPauseMicroseconds) }
    }

    /// Whether the loops keep up with those who were let in.
    ///
    /// Why: a loop that does not get the processor as often as the one that accepts would collect
    /// sockets without end, each with its memory; they wait in the kernel instead.
    private var mayLetIn: Bool {
        let most = settings.maximumConnections + IngestLoop.refusedAtOnce
        return wiring.counters.connections.value <= most
            && others.allSatisfy { $0.mailbox.count < IngestLoop.waitingForALoop }
    }

    /// Leaves those who want to connect waiting in the kernel for a while.
    private func letNobodyIn(for microseconds: Int64) {
        guard stopsAt == nil else { return }
        rest = (now, now.advanced(byMicroseconds: microseconds))
        transport.setAccepting(false)
    }

    /// Lets others in again when the time has come, or the clock was turned back.
    func endRest() {
        guard let rest, stopsAt == nil, now >= rest.until || now < rest.since else { return }
        self.rest = nil
        transport.setAccepting(true)
    }

    func adopt(_ socket: Int32) {
        let slot = freeSlots.popLast() ?? connections.count
        if slot == connections.count {
            connections.append(nil)
            generations.append(0)
        }
        let origin = Origin(slot: UInt32(slot), generation: generations[slot])
        let connection = Connection(fd: socket, origin: origin, limits: settings.wire)
        connections[slot] = connection
        open += 1
        wiring.counters.connections.add(1)
        updateInterest(connection)
        if let objection = transport.objection(to: socket, under: settings.peers) {
            connection.encoding = .jsonLines
            connection.fail(ConnectionFault(.notAllowed, objection))
            markDirty(connection)
        } else if wiring.counters.connections.value > settings.maximumConnections {
            connection.encoding = .jsonLines
            connection.fail(
                ConnectionFault(
                    .overloaded,
                    "there are \(settings.maximumConnections) connections already "
                        + "(data_socket.max_connections)"
                )
            )
            markDirty(connection)
        }
    }

    func close(_ connection: Connection, isOrderly: Bool = false) {
        guard !connection.closed else { return }
        connection.closed = true
        nameBytes -= connection.names.bytes
        unwatch(connection)
        transport.close(connection.fd, isOrderly: isOrderly)
        if let producer = connection.producer {
            let barrier =
                connection.barrier.isEmpty
                ? wiring.progress.indices.map {
                    Barrier(progress: wiring.progress[$0], position: owedPosition($0))
                } : connection.barrier
            wiring.producers.giveBack(producer.name, producer.state(barrier: barrier))
        }
        if !connection.topics.isEmpty {
            wiring.signal.changeSubscribers(by: -1)
            subscribers.removeAll { $0 === connection }
        }
        let slot = Int(connection.origin.slot)
        connections[slot] = nil
        generations[slot] &+= 1
        freeSlots.append(slot)
        open -= 1
        wiring.counters.connections.add(-1)
    }
}
