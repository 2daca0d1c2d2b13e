/// Encodes what the daemon says, in the encoding that the connection chose.
public struct DaemonEncoder: Sendable {
    /// The connection's encoding.
    public let encoding: WireEncoding

    /// Makes an encoder for a connection.
    ///
    /// - Parameter encoding: The connection's encoding.
    public init(_ encoding: WireEncoding) {
        self.encoding = encoding
    }

    /// Appends one message.
    ///
    /// - Parameters:
    ///   - message: What to say.
    ///   - buffer: Where it goes.
    public func append(_ message: DaemonMessage, to buffer: inout WireBuffer) {
        switch encoding {
        case .jsonLines: JSONDaemonEncoder().append(message, to: &buffer)
        case .binary: BinaryDaemonEncoder().append(message, to: &buffer)
        }
    }

    /// Appends an acknowledgement, without going through `DaemonMessage`.
    ///
    /// - Parameters:
    ///   - ack: What is safe.
    ///   - buffer: Where it goes.
    public func append(_ ack: Ack, to buffer: inout WireBuffer) {
        switch encoding {
        case .jsonLines: JSONDaemonEncoder().append(ack, to: &buffer)
        case .binary: BinaryDaemonEncoder().append(ack, to: &buffer)
        }
    }

    /// Appends a grant, without going through `DaemonMessage`.
    ///
    /// - Parameters:
    ///   - granted: What is granted.
    ///   - buffer: Where it goes.
    public func append(_ granted: Granted, to buffer: inout WireBuffer) {
        switch encoding {
        case .jsonLines: JSONDaemonEncoder().append(granted, to: &buffer)
        case .binary: BinaryDaemonEncoder().append(granted, to: &buffer)
        }
    }
}

/// Encodes what a client says, in the encoding that it chose.
public struct ClientEncoder: Sendable {
    /// The connection's encoding.
    public let encoding: WireEncoding

    /// Makes an encoder for a connection.
    ///
    /// - Parameter encoding: The connection's encoding.
    public init(_ encoding: WireEncoding) {
        self.encoding = encoding
    }

    /// Appends one message: names are texts in JSON lines and indexes in binary.
    ///
    /// - Parameters:
    ///   - message: What to say.
    ///   - texts: What the message's ranges belong to.
    ///   - buffer: Where it goes.
    public func append(_ message: ClientMessage, texts: RawSpan, to buffer: inout WireBuffer) {
        switch encoding {
        case .jsonLines: JSONClientEncoder().append(message, texts: texts, to: &buffer)
        case .binary: BinaryClientEncoder().append(message, texts: texts, to: &buffer)
        }
    }
}
