import DiskSimulation
import Glibc
import Ingest

/// Bytes on their way.
struct ByteQueue {
    private var bytes: [UInt8] = []
    private var head = 0

    var count: Int { bytes.count - head }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: some Collection<UInt8>) {
        bytes.append(contentsOf: more)
    }

    mutating func take(_ count: Int, into buffer: UnsafeMutableRawBufferPointer) {
        for index in 0..<count { buffer[index] = bytes[head + index] }
        drop(count)
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        let taken = bytes[head..<head + count]
        drop(count)
        return taken
    }

    private mutating func drop(_ count: Int) {
        head += count
        if head == bytes.count || head > 16_384 {
            bytes.removeFirst(head)
            head = 0
        }
    }

    mutating func removeAll() {
        bytes = []
        head = 0
    }
}

/// A connected socket: both of its ends, and what is under way between them.
final class SimulatedSocket {
    /// How a client's end is gone.
    enum End {
        case open
        /// It has said everything, and still listens.
        case half
        /// It is closed; what was under way still arrives.
        case closed
        /// It is gone, and what was under way with it.
        case reset
        /// Its host is dead, and nobody has noticed yet.
        case dead
    }

    let number: Int32
    let capacity: Int
    var toDaemon = ByteQueue()
    var toClient = ByteQueue()
    var clientEnd = End.open
    var isClosedByDaemon = false

    var token: UInt64 = 0
    var interest: TransportInterest = []

    init(number: Int32, capacity: Int) {
        self.number = number
        self.capacity = capacity
    }

    /// What epoll would tell of it; nil for nothing.
    var event: TransportEvent? {
        let hasEnded =
            switch clientEnd {
            case .open, .dead: false
            case .half, .closed, .reset: true
            }
        let isHungUp = clientEnd == .closed || clientEnd == .reset
        let wantsRead = interest.contains(.reading) && (!toDaemon.isEmpty || hasEnded)
        let canWrite = interest.contains(.writing) && (isHungUp || toClient.count < capacity)
        guard wantsRead || canWrite || isHungUp else { return nil }
        return TransportEvent(
            token: token,
            isReadable: wantsRead || isHungUp,
            isWritable: canWrite
        )
    }
}

/// All sockets, and the one that listens.
final class SimulatedNetwork {
    var random: SplitMix
    private(set) var sockets: [SimulatedSocket] = []
    /// Connections that the daemon has not accepted yet.
    fileprivate var backlog: [Int32] = []
    /// Whether a daemon listens.
    private(set) var isListening = false

    init(seed: UInt64) {
        random = SplitMix(seed: seed)
    }

    subscript(number: Int32) -> SimulatedSocket { sockets[Int(number)] }

    func listen() {
        isListening = true
    }

    func stopListening() {
        isListening = false
        for number in backlog { sockets[Int(number)].isClosedByDaemon = true }
        backlog = []
    }

    /// The daemon's process ends: all its sockets with it.
    func die(losingAnswers: Bool) {
        stopListening()
        for socket in sockets where !socket.isClosedByDaemon {
            socket.isClosedByDaemon = true
            if losingAnswers { socket.toClient.removeAll() }
        }
    }

    /// A client connects; nil when nobody listens.
    func connect() -> SimulatedSocket? {
        guard isListening else { return nil }
        let capacity = 256 << random.below(8)
        let socket = SimulatedSocket(number: Int32(sockets.count), capacity: capacity)
        sockets.append(socket)
        backlog.append(socket.number)
        return socket
    }
}

/// One loop's sockets.
final class SimulatedTransport: Transport {
    private let network: SimulatedNetwork
    private let isListener: Bool
    private var isAccepting: Bool
    private var watched: [Int32] = []

    init(_ network: SimulatedNetwork, isListener: Bool) {
        self.network = network
        self.isListener = isListener
        self.isAccepting = isListener
    }

    /// Whether a wait would return at once.
    var isReady: Bool {
        if isAccepting, !network.backlog.isEmpty { return true }
        return watched.contains { network[$0].event != nil }
    }

    func wait(
        milliseconds: Int32,
        looks: Int32,
        into events: UnsafeMutableBufferPointer<TransportEvent>
    ) -> Int {
        var count = 0
        if isAccepting, !network.backlog.isEmpty {
            events[0] = TransportEvent(
                token: TransportEvent.listener,
                isReadable: true,
                isWritable: false
            )
            count = 1
        }
        let start = watched.isEmpty ? 0 : network.random.below(watched.count)
        for index in watched.indices {
            let socket = network[watched[(index + start) % watched.count]]
            // Some of what is ready is told only at the next turn.
            guard count < events.count, let event = socket.event else { continue }
            if network.random.below(8) == 0 { continue }
            events[count] = event
            count += 1
        }
        return count
    }

    func accept() -> Int32 {
        guard isAccepting, !network.backlog.isEmpty else { return -EAGAIN }
        if network.random.below(16) == 0 { return -EMFILE }
        return network.backlog.removeFirst()
    }

    func setAccepting(_ isAccepting: Bool) {
        self.isAccepting = isListener && isAccepting && network.isListening
    }

    func stopAccepting() {
        guard isListener else { return }
        isAccepting = false
        network.stopListening()
    }

    func objection(to socket: Int32, under policy: PeerPolicy) -> String? {
        nil
    }

    func watch(_ socket: Int32, token: UInt64, for interest: TransportInterest, isKnown: Bool) {
        network[socket].token = token
        network[socket].interest = interest
        if !isKnown { watched.append(socket) }
    }

    func unwatch(_ socket: Int32) {
        network[socket].interest = []
        watched.removeAll { $0 == socket }
    }

    func receive(_ socket: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Receipt {
        let socket = network[socket]
        if socket.clientEnd == .reset { return .broken }
        let available = socket.clientEnd == .dead ? 0 : min(socket.toDaemon.count, buffer.count)
        guard available > 0 else {
            switch socket.clientEnd {
            case .open, .dead: return .nothing
            case .half, .closed: return .end
            case .reset: return .broken
            }
        }
        switch network.random.below(8) {
        case 0: return .nothing
        case 1, 2, 3:
            let count = 1 + network.random.below(available)
            socket.toDaemon.take(count, into: buffer)
            return .bytes(count)
        default:
            socket.toDaemon.take(available, into: buffer)
            return .bytes(available)
        }
    }

    func send(_ bytes: UnsafeRawBufferPointer, to socket: Int32) -> Int? {
        let socket = network[socket]
        if socket.clientEnd == .closed || socket.clientEnd == .reset { return nil }
        let room = min(bytes.count, socket.capacity - socket.toClient.count)
        guard room > 0 else { return 0 }
        let count = network.random.below(4) == 0 ? network.random.below(room + 1) : room
        socket.toClient.append(bytes[..<count])
        return count
    }

    func close(_ socket: Int32, isOrderly: Bool) {
        network[socket].isClosedByDaemon = true
    }
}
