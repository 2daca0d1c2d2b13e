import Quantities
import Wire

/// A hello that has not been answered yet.
struct PendingHello {
    let name: String
    /// Until when another connection may still be speaking for the producer.
    let until: Timestamp
}

extension IngestLoop {
    /// How long a hello waits for the producer's former connection to be noticed as dead.
    private static let handOverMicroseconds: Int64 = 1_000_000

    func greet(_ hello: Hello, _ frame: RawSpan, _ connection: Connection) {
        guard connection.producer == nil, connection.hello == nil else {
            fail(connection, ConnectionFault(.malformed, "a connection says hello once"))
            return
        }
        if let overload {
            fail(connection, ConnectionFault(.overloaded, overload))
            return
        }
        connection.hello = PendingHello(
            name: hello.producer.text(in: frame),
            until: now.advanced(byMicroseconds: IngestLoop.handOverMicroseconds)
        )
        connection.durability = hello.durability
        if !answerHello(connection) {
            updateInterest(connection)
            wait(connection)
        }
    }

    /// Answers a hello if it may be answered now.
    ///
    /// - Returns: False when it has to wait; nothing more is read from the connection until then.
    func answerHello(_ connection: Connection) -> Bool {
        guard let hello = connection.hello else { return true }
        guard claim(hello, connection) else { return connection.closing }
        guard maySay(connection) else { return false }
        welcome(connection)
        return true
    }

    /// Becomes the one connection that speaks for a producer.
    private func claim(_ hello: PendingHello, _ connection: Connection) -> Bool {
        if connection.producer != nil { return true }
        switch wiring.producers.claim(hello.name) {
        case .taken(let state):
            connection.producer = ProducerSession(name: hello.name, state)
            connection.barrier = state.barrier
            return true
        case .inUse:
            // A client that lost its connection is often back before its end was noticed.
            guard now >= hello.until else { return false }
            let message = "producer \"\(hello.name)\" is spoken for by another connection"
            fail(connection, ConnectionFault(.producerInUse, message))
        case .tooMany:
            let message =
                "producer \"\(hello.name)\" is new, and \(wiring.producers.most) names are known "
                + "already, which is the most; a producer keeps its name for ever"
            fail(connection, ConnectionFault(.tooLarge, message))
        }
        connection.hello = nil
        return false
    }

    /// Whether everything that a producer had sent before is safe, at the durability that it wants.
    private func maySay(_ connection: Connection) -> Bool {
        guard connection.barrier.allSatisfy(\.isPassed) else { return false }
        guard connection.durability == .stored else { return true }
        let gate = connection.storedGate ?? wiring.intake.journalSynced
        connection.storedGate = gate
        return wiring.intake.journalStored >= gate
    }

    /// Answers a hello: everything that its producer had sent before is safe by now.
    private func welcome(_ connection: Connection) {
        guard let producer = connection.producer else { return }
        connection.barrier = []
        connection.hello = nil
        connection.safe = producer.accepted
        connection.acknowledged = producer.accepted
        connection.say(
            .welcome(Welcome(daemon: settings.daemon, lastSequence: producer.accepted))
        )
        markDirty(connection)
    }

    /// Goes on with what a connection sent behind a hello that had to wait.
    ///
    /// In the next turn, which comes at once: never from within the parser, where what it is at is
    /// still in `leftover` and would be taken a second time, nor after the turn's commands were
    /// handed over.
    func goOn(_ connection: Connection) {
        guard !connection.closing else { return }
        if connection.leftover.isEmpty {
            updateInterest(connection)
        } else {
            stall(connection)
        }
    }
}
