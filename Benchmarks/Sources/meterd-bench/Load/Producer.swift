import Quantities
import Synchronization
import Wire

/// One connection that sends usage from one thread and reads acknowledgements in another.
final class Producer: Sendable {
    private let socket: Socket
    private let pool: Mutex<FramePool>
    private let reader: Mutex<DaemonReader>
    private let last = Mutex<UInt64>(0)
    /// Bytes on the wire for each event.
    let bytesPerEvent: Double
    /// Events in a frame.
    let perFrame: Int

    /// Connects, introduces itself and interns the names.
    ///
    /// - Parameters:
    ///   - path: The daemon's data socket.
    ///   - name: The producer's name.
    ///   - kind: How it sends.
    ///   - keys: The keys' secrets, in the order of their numbers.
    ///   - pool: What to send.
    /// - Throws: `BenchError` when meterd does not welcome it.
    init(
        path: String,
        name: String,
        kind: ProducerKind,
        keys: [String],
        pool: consuming sending FramePool
    ) throws {
        bytesPerEvent = pool.bytesPerEvent
        perFrame = kind.perFrame
        self.pool = Mutex(pool)
        reader = Mutex(DaemonReader(kind.encoding))
        socket = try Socket(path: path)
        var opening = Opening(kind.encoding)
        opening.hello(name, kind.durability)
        if kind.encoding == .binary {
            opening.names(.key, keys)
            opening.names(.model, Workload.models)
        }
        try opening.send(to: socket)
        let answer = try reader.withLock { try $0.wait(for: socket) }
        guard case .welcome(let welcome) = answer else {
            throw BenchError("meterd does not welcome \(name): \(answer)")
        }
        last.withLock { $0 = welcome.lastSequence }
    }

    /// The number of the last event that was sent.
    var lastSequence: UInt64 { last.withLock { $0 } }

    /// Sends events and waits until all are acknowledged, in two threads.
    ///
    /// - Returns: To be joined; it gives how many acknowledgements came.
    func run(_ events: Int) -> (sender: Worker<Void>, acknowledgements: Worker<Int>) {
        let start = lastSequence
        let end = start + UInt64(events)
        last.withLock { $0 = end }
        let acknowledgements = Worker { try self.awaitAcknowledgement(of: end) }
        let sender = Worker {
            try self.pool.withLock { try $0.send(events, after: start, to: self.socket) }
        }
        return (sender, acknowledgements)
    }

    /// Sends the same bytes into another socket, for a baseline.
    func replay(_ events: Int, into other: Socket) -> Worker<Void> {
        let start = lastSequence
        return Worker {
            try self.pool.withLock { try $0.send(events, after: start, to: other) }
            other.endSending()
        }
    }

    /// Sends one frame, in this thread.
    func sendFrame() throws {
        let start = lastSequence
        last.withLock { $0 = start + UInt64(perFrame) }
        try pool.withLock { try $0.send(perFrame, after: start, to: socket) }
    }

    /// Reads acknowledgements until the one that covers a number that may become known meanwhile.
    ///
    /// - Parameter end: The number; the greatest there is while it is not known.
    /// - Throws: `BenchError` when something else comes.
    func readAcknowledgements(until end: () -> UInt64) throws {
        try reader.withLock { reader in
            while true {
                let message = try reader.wait(for: socket)
                guard case .ack(.sequence(let number)) = message else {
                    throw BenchError("instead of an acknowledgement: \(message)")
                }
                if number >= end() { return }
            }
        }
    }

    private func awaitAcknowledgement(of sequence: UInt64) throws -> Int {
        try reader.withLock { reader in
            var count = 0
            while true {
                let message = try reader.wait(for: socket)
                guard case .ack(.sequence(let number)) = message else {
                    throw BenchError("instead of an acknowledgement: \(message)")
                }
                count += 1
                if number >= sequence { return count }
            }
        }
    }
}

extension DaemonReader {
    /// Blocks until the next message.
    mutating func wait(for socket: Socket) throws -> DaemonMessage {
        while true {
            do throws(ConnectionFault) {
                if let message = try next() { return message }
            } catch {
                throw BenchError("meterd's answer cannot be read: \(error.message)")
            }
            try receive { target throws in
                let count = try socket.receive(target)
                if count == 0 { throw BenchError("meterd closed the connection") }
                return count
            }
        }
    }
}

/// What a connection says first.
struct Opening: ~Copyable {
    private var buffer = WireBuffer()
    private let encoding: WireEncoding

    init(_ encoding: WireEncoding = .binary) {
        self.encoding = encoding
    }

    mutating func hello(_ producer: String, _ durability: Durability) {
        append(producer) { .hello(Hello(producer: $0, durability: durability)) }
    }

    mutating func names(_ kind: NameKind, _ names: [String]) {
        for (index, name) in names.enumerated() {
            append(name) {
                .name(NameDefinition(kind: kind, index: UInt32(index), text: $0))
            }
        }
    }

    func send(to socket: Socket) throws {
        try buffer.withBytes { span in
            try span.withUnsafeBytes { try socket.sendAll($0) }
        }
    }

    private mutating func append(_ text: String, _ message: (ByteRange) -> ClientMessage) {
        let bytes = Array(text.utf8)
        let range = ByteRange(offset: 0, length: UInt32(bytes.count))
        ClientEncoder(encoding).append(message(range), texts: bytes.span.bytes, to: &buffer)
    }
}
