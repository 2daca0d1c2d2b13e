/// The door to the sockets: all that a loop asks of the system.
///
/// `EpollTransport` is the real one; a simulated network can stand in, which tears, delays and
/// drops as a seed says.
///
/// Queue:       one loop's; only descriptors come from others.
/// Cost:        one call for each wait, read and write, never one for each event.
package protocol Transport: AnyObject {
    /// Waits until a socket that is watched is ready, the loop's signal wakes it, or time is over.
    ///
    /// - Parameters:
    ///   - milliseconds: How long at most; 0 only looks, below 0 is for ever.
    ///   - looks: How often to look before going to sleep: whoever sleeps has to be woken, which
    ///     takes longer than a few looks.
    ///   - events: Where the events go.
    /// - Returns: How many there are.
    func wait(
        milliseconds: Int32,
        looks: Int32,
        into events: UnsafeMutableBufferPointer<TransportEvent>
    ) -> Int

    /// Takes the next connection of the listening socket, or returns minus the system's reason.
    func accept() -> Int32

    /// Watches the listening socket, or leaves it alone for now.
    ///
    /// - Parameter isAccepting: Which of the two.
    func setAccepting(_ isAccepting: Bool)

    /// Leaves the listening socket alone from now on.
    func stopAccepting()

    /// Why a peer may not connect; nil when it may.
    ///
    /// - Parameters:
    ///   - socket: The connection.
    ///   - policy: Who may.
    /// - Returns: The reason, or nil.
    func objection(to socket: Int32, under policy: PeerPolicy) -> String?

    /// Begins to watch a socket, or changes what for.
    ///
    /// - Parameters:
    ///   - socket: The connection.
    ///   - token: What its events carry.
    ///   - interest: What for; an end of the other side is always told.
    ///   - isKnown: Whether it is watched already.
    func watch(_ socket: Int32, token: UInt64, for interest: TransportInterest, isKnown: Bool)

    /// Ends watching a socket.
    ///
    /// - Parameter socket: The connection.
    func unwatch(_ socket: Int32)

    /// Reads what is there, without waiting.
    ///
    /// - Parameters:
    ///   - socket: The connection.
    ///   - buffer: Where the bytes go.
    /// - Returns: What came.
    func receive(_ socket: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Receipt

    /// Writes what the system takes, without waiting.
    ///
    /// - Parameters:
    ///   - bytes: What to write, at least one byte.
    ///   - socket: The connection.
    /// - Returns: How many bytes were taken, 0 when there is no room now, nil when the connection
    ///   is broken.
    func send(_ bytes: UnsafeRawBufferPointer, to socket: Int32) -> Int?

    /// Ends a connection.
    ///
    /// - Parameters:
    ///   - socket: The connection; not watched any more.
    ///   - isOrderly: Whether everything was said, so that the other side is told at once.
    func close(_ socket: Int32, isOrderly: Bool)
}

/// What a read brought.
package enum Receipt {
    /// So many bytes, at least one.
    case bytes(Int)
    /// Nothing for now.
    case nothing
    /// The other side has ended what it says.
    case end
    /// The connection is broken.
    case broken
}

/// What a socket is watched for.
package struct TransportInterest: OptionSet {
    package let rawValue: UInt8
    package static let reading = TransportInterest(rawValue: 1)
    package static let writing = TransportInterest(rawValue: 2)

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }
}

/// A socket that is ready.
package struct TransportEvent: BitwiseCopyable {
    /// The token it is watched under, or `listener`.
    package var token: UInt64
    package var isReadable: Bool
    package var isWritable: Bool

    /// Somebody wants to connect.
    package static let listener = UInt64.max

    package init(token: UInt64, isReadable: Bool, isWritable: Bool) {
        self.token = token
        self.isReadable = isReadable
        self.isWritable = isWritable
    }
}
