import CLinux
import Glibc
import Quantities
import Wire

/// One connection to meterd, for one thread at a time: append, flush, receive.
///
/// It neither reconnects nor keeps what is not acknowledged; `MeterStream` does both.
///
/// Cost:        binary usages share frames of up to 1 MiB; a flush is one system call while the
///              socket takes everything.
public final class MeterConnection {
    /// How the connection speaks.
    public let encoding: WireEncoding
    private let socket: UnixSocket
    private var writer: EventWriter
    private var reader: DaemonReader
    private var lastRequest: UInt64 = 0
    // A socket that takes nothing any more may still hold the daemon's last words.
    private var cannotSend = false
    /// How the connection was lost, until the next call tells it.
    private var lost: MeterClientError?

    /// Connects to meterd's socket.
    ///
    /// - Parameters:
    ///   - path: Where the socket is.
    ///   - encoding: How to speak; binary is faster, JSON lines are readable.
    /// - Throws: `MeterClientError` when the socket cannot be reached.
    public init(path: String, encoding: WireEncoding = .binary) throws(MeterClientError) {
        self.encoding = encoding
        socket = try UnixSocket(path: path)
        writer = EventWriter(encoding)
        reader = DaemonReader(encoding)
    }

    /// Takes over a connected socket, and closes it at the end.
    ///
    /// - Parameters:
    ///   - descriptor: A connected stream socket.
    ///   - encoding: How to speak.
    public init(adopting descriptor: Int32, encoding: WireEncoding = .binary) {
        self.encoding = encoding
        socket = UnixSocket(adopting: descriptor)
        writer = EventWriter(encoding)
        reader = DaemonReader(encoding)
    }

    /// How many bytes wait to be flushed.
    public var pendingBytes: Int { writer.count }

    /// Introduces this connection and waits for the welcome.
    ///
    /// - Parameters:
    ///   - producer: A name that survives reconnects.
    ///   - durability: What an `ack` must mean.
    ///   - timeout: How long to wait; nil for ever.
    /// - Returns: The daemon's welcome, with the sequence to resume after.
    /// - Throws: `MeterClientError` when no welcome comes.
    public func hello(
        producer: String,
        durability: Durability = .journaled,
        timeout: Duration? = .seconds(5)
    ) throws(MeterClientError) -> Welcome {
        try writer.hello(producer, durability)
        let message = try receive(timeout: timeout)
        switch message {
        case .welcome(let welcome): return welcome
        case nil: throw .timedOut
        case .ack, .rejected, .granted, .refused, .released, .subscribed, .cutoff, .restored,
            .order, .pong, .error:
            throw .badAnswer(ConnectionFault(.unknownType, "the answer to hello is no welcome"))
        }
    }

    /// Appends an event; it goes out with the next flush or receive.
    ///
    /// - Parameters:
    ///   - event: What to report.
    ///   - sequence: Its number; 0 for a source without sequences.
    /// - Throws: `MeterClientError` when a text cannot be sent.
    public func append(_ event: MeterEvent, sequence: UInt64) throws(MeterClientError) {
        try writer.append(event, sequence: sequence)
    }

    /// Appends a question whether a request may run.
    ///
    /// - Parameter call: What is asked.
    /// - Returns: The request's number, which the answer echoes.
    /// - Throws: `MeterClientError` when a text cannot be sent.
    public func append(_ call: AuthorizeCall) throws(MeterClientError) -> UInt64 {
        lastRequest += 1
        try append(.authorize(call), request: lastRequest)
        return lastRequest
    }

    /// Appends a question whether a machine may start; it is answered as a request is.
    ///
    /// - Parameter call: What is asked.
    /// - Returns: The request's number, which the answer echoes.
    /// - Throws: `MeterClientError` when a text cannot be sent.
    public func append(_ call: MachineStartCall) throws(MeterClientError) -> UInt64 {
        lastRequest += 1
        try writer.append(call, request: lastRequest)
        return lastRequest
    }

    func append(_ call: Call, request: UInt64) throws(MeterClientError) {
        try writer.append(call, request: request)
    }

    /// Appends a message without names or texts: extend, release, subscribe, order_done, ping.
    ///
    /// - Parameter message: What to say.
    public func append(_ message: ClientMessage) {
        writer.append(message)
    }

    /// Appends frames or lines that were encoded before, such as those of a load generator.
    ///
    /// - Parameter bytes: Whole frames or lines in this connection's encoding.
    public func append(encoded bytes: RawSpan) {
        writer.append(encoded: bytes)
    }

    /// Sends everything that was appended; what meterd answers meanwhile is kept for `receive`.
    ///
    /// - Parameter timeout: How long to wait while the socket is full; nil for ever.
    /// - Throws: `MeterClientError` when the connection is lost, or the time is up.
    public func flush(timeout: Duration? = nil) throws(MeterClientError) {
        let deadline = ClientClock.deadline(after: timeout)
        while writer.count > 0 {
            try exchange(until: deadline)
            if writer.count > 0, ClientClock.nanoseconds >= deadline { throw .timedOut }
        }
    }

    /// Waits for the next message, and sends what was appended meanwhile.
    ///
    /// - Parameter timeout: How long to wait; nil for ever.
    /// - Returns: The message; nil when none came in time.
    /// - Throws: `MeterClientError` when the connection is lost, or closed by the daemon.
    public func receive(timeout: Duration? = nil) throws(MeterClientError) -> DaemonMessage? {
        let deadline = ClientClock.deadline(after: timeout)
        while true {
            if let message = try nextReceived() {
                if case .error(let fault) = message { throw .closedByDaemon(fault) }
                return message
            }
            try exchange(until: deadline)
            if let message = try nextReceived() {
                if case .error(let fault) = message { throw .closedByDaemon(fault) }
                return message
            }
            if ClientClock.nanoseconds >= deadline { return nil }
        }
    }

    /// The next message that has been received; nil when there is none.
    func nextReceived() throws(MeterClientError) -> DaemonMessage? {
        do {
            return try reader.next()
        } catch {
            throw .badAnswer(error)
        }
    }

    /// Waits until something can be done, sends and receives what is possible, and returns.
    ///
    /// A lost connection is told by the call after: what came before the loss is read first, as the
    /// daemon's reason may be in it.
    func exchange(until deadline: UInt64, wake: Int32 = -1) throws(MeterClientError) {
        if let lost { throw try reason(for: lost) }
        sendSome()
        var events = Int16(POLLIN)
        if writer.count > 0, !cannotSend { events |= Int16(POLLOUT) }
        var descriptors = (
            pollfd(fd: socket.descriptor, events: events, revents: 0),
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
        )
        let timeout = ClientClock.pollTimeout(until: deadline)
        withUnsafeMutableBytes(of: &descriptors) { bytes in
            _ = poll(bytes.assumingMemoryBound(to: pollfd.self).baseAddress, 2, timeout)
        }
        if descriptors.0.revents & Int16(POLLOUT) != 0 { sendSome() }
        let readable = Int16(POLLIN) | Int16(POLLHUP) | Int16(POLLERR)
        if descriptors.0.revents & readable != 0 { receiveSome() }
    }

    private func sendSome() {
        guard writer.count > 0, !cannotSend else { return }
        do {
            let sent = try writer.withBytes { bytes throws(MeterClientError) in
                try socket.send(bytes)
            }
            if sent > 0 { writer.removeFirst(sent) }
        } catch {
            // Reading goes on, and ends in the daemon's `error` or in the same fault.
            cannotSend = true
        }
    }

    private func receiveSome() {
        do throws(MeterClientError) {
            try reader.receive { target throws(MeterClientError) in
                try socket.receive(target)
            }
        } catch {
            lost = error
        }
    }

    /// Why the connection was lost: the daemon's own word where it left one.
    private func reason(for lost: MeterClientError) throws(MeterClientError) -> MeterClientError {
        while let message = try nextReceived() {
            if case .error(let fault) = message { return .closedByDaemon(fault) }
        }
        return lost
    }
}
