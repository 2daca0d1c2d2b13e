import DiskSimulation
import Ingest
import Quantities
import Wire

/// Somebody at the data socket who connects, speaks, is cut off, and comes back.
class Client {
    unowned let world: Simulation
    let name: String
    let encoding: WireEncoding
    var speaker: Speaker?
    /// Whether the daemon has been told who speaks, and has answered.
    var isReady = false

    init(_ world: Simulation, _ name: String, _ encoding: WireEncoding) {
        self.world = world
        self.name = name
        self.encoding = encoding
    }

    /// Does one thing.
    ///
    /// - Returns: Whether there was anything to do.
    final func act() throws(Violation) -> Bool {
        guard let speaker else { return connect() }
        let choice = world.roll(8)
        if choice < 3, speaker.hasUnsent {
            speaker.push(&world.random)
            return true
        }
        if choice < 6, speaker.hasReceived { return try listen(speaker) }
        let speaks = isReady && speaker.socket.clientEnd == .open
        if speaks, world.isRandomlyCut() {
            leave()
            return true
        }
        if speaks, say(speaker) {
            speaker.push(&world.random)
            return true
        }
        if speaker.canPush {
            speaker.push(&world.random)
            return true
        }
        if speaker.hasReceived { return try listen(speaker) }
        return false
    }

    private func connect() -> Bool {
        guard let socket = world.network.connect() else { return false }
        let speaker = Speaker(socket, encoding)
        self.speaker = speaker
        isReady = false
        greet(speaker)
        speaker.push(&world.random)
        return true
    }

    private func listen(_ speaker: Speaker) throws(Violation) -> Bool {
        for message in try speaker.pull(&world.random) {
            world.note(message)
            if case .error(let fault) = message { try take(fault) } else { try take(message) }
        }
        if speaker.isEnded { forget() }
        return true
    }

    private func take(_ fault: ConnectionFault) throws(Violation) {
        switch fault.code {
        case .overloaded, .shuttingDown, .producerInUse: break
        default: throw Violation("good-client-faulted", "\(name): \(fault)")
        }
    }

    /// Goes away, in one of the ways in which clients do.
    final func leave() {
        guard let speaker else { return }
        switch world.roll(6) {
        case 0, 1:
            speaker.socket.clientEnd = .closed
        case 2:
            speaker.socket.clientEnd = .reset
        case 3:
            world.strand(speaker.socket)
        default:
            // Half of a goodbye: it listens on until the daemon has said everything.
            speaker.push(&world.random)
            guard speaker.socket.clientEnd == .open, !speaker.hasUnsent else { return }
            speaker.socket.clientEnd = .half
            isReady = false
            return
        }
        forget()
    }

    private func forget() {
        // A socket that the daemon has closed is closed on this side, too.
        if let socket = speaker?.socket, socket.isClosedByDaemon { socket.clientEnd = .closed }
        speaker = nil
        isReady = false
        reset()
    }

    /// Says who it is.
    func greet(_ speaker: Speaker) {
        isReady = true
    }

    /// Says something new; false when there is nothing to say.
    func say(_ speaker: Speaker) -> Bool { false }

    /// Hears something.
    func take(_ message: DaemonMessage) throws(Violation) {}

    /// The connection is gone.
    func reset() {}

    /// Whether everything was said and answered.
    var isDone: Bool { true }

    /// What a daemon that has nothing to do still owes it; nil for nothing.
    final var debt: String? {
        guard let speaker, !speaker.socket.isClosedByDaemon, !speaker.hasUnsent else { return nil }
        switch speaker.socket.clientEnd {
        case .open:
            if !speaker.socket.toDaemon.isEmpty { return "what it said is not read" }
            return isReady ? unanswered : "it is not welcomed"
        case .half:
            return waitsForStore ? nil : "its connection does not end"
        case .closed, .reset, .dead:
            return nil
        }
    }

    /// What was said on this connection and is not answered, in words; nil for nothing.
    var unanswered: String? { nil }

    /// Whether its answers wait for PostgreSQL, which may be away.
    var waitsForStore: Bool { false }
}
