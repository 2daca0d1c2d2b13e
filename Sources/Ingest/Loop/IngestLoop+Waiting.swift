import Quantities

extension IngestLoop {
    func stall(_ connection: Connection) {
        guard !connection.stalled else { return }
        connection.stalled = true
        stalled.append(connection)
        wiring.signal.setWantsRoom(true)
        updateInterest(connection)
    }

    func pause(_ connection: Connection) {
        guard !connection.paused else { return }
        connection.paused = true
        paused.append(connection)
        updateInterest(connection)
    }

    /// Goes on with connections that have been answered.
    func resumePaused() {
        guard !paused.isEmpty else { return }
        let retry = paused.filter { $0.closed || $0.mayGoOn }
        paused.removeAll { $0.closed || $0.mayGoOn }
        for connection in retry where !connection.closed {
            connection.paused = false
            resume(connection)
            updateInterest(connection)
        }
    }

    func wait(_ connection: Connection) {
        waiting.append(connection)
    }

    /// Welcomes producers whose earlier events have become safe.
    func answerHellos() {
        guard !waiting.isEmpty else { return }
        waiting.removeAll { connection in
            if connection.closed { return true }
            guard answerHello(connection) else { return false }
            goOn(connection)
            return true
        }
    }
}

// MARK: - What the sockets are watched for

extension IngestLoop {
    func updateInterest(_ connection: Connection) {
        var interest: TransportInterest = []
        let isRead =
            !connection.stalled && !connection.paused && !connection.ended
            && connection.hello == nil && stopsAt == nil
        // A connection at its end is read only to notice that the client has gone.
        if isRead || connection.closing { interest.insert(.reading) }
        if connection.waitsToWrite { interest.insert(.writing) }
        // An end of the other side is always told, also to who asked for nothing: a connection that
        // has to wait is not watched at all, or it would keep the loop spinning.
        guard !interest.isEmpty else { return unwatch(connection) }
        transport.watch(
            connection.fd,
            token: token(connection),
            for: interest,
            isKnown: connection.watched
        )
        connection.watched = true
    }

    func unwatch(_ connection: Connection) {
        guard connection.watched else { return }
        transport.unwatch(connection.fd)
        connection.watched = false
    }

    private func token(_ connection: Connection) -> UInt64 {
        UInt64(connection.origin.generation) << 32 | UInt64(connection.origin.slot)
    }
}
