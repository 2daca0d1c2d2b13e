import Wire

/// What can go wrong between a gateway and meterd; each case says what to do next.
public enum MeterClientError: Error, Sendable, Hashable {
    /// The socket cannot be reached. Happens when meterd is not running, or on a wrong path.
    case unreachable(path: String, errno: Int32)
    /// The path is longer than the 107 bytes that a Unix socket's address holds.
    case pathTooLong(path: String)
    /// The connection was lost. A stream connects again by itself and resumes.
    case disconnected(errno: Int32)
    /// meterd closed the connection and said why.
    case closedByDaemon(ConnectionFault)
    /// meterd sent something that is no message. Happens when something else listens there.
    case badAnswer(ConnectionFault)
    /// No answer came in time.
    case timedOut
    /// meterd did not take this one message, and will not if it is sent again unchanged.
    case rejected(Rejection)
    /// A text is empty, too long, or holds control characters, so that it cannot be sent.
    case invalidText(field: String, text: String)
    /// More names than a connection can intern. A stream connects again and starts afresh.
    case tooManyNames
    /// Another process sends as the same producer; going on could count twice or lose.
    case producerShared(producer: String)
    /// The stream was closed by its owner.
    case closed

    /// Whether the same can succeed later without anybody changing anything.
    public var isTransient: Bool {
        switch self {
        case .unreachable, .disconnected, .timedOut, .tooManyNames: true
        case .closedByDaemon(let fault): fault.code == .overloaded || fault.code == .shuttingDown
        case .rejected(let rejection): rejection.code == .overloaded
        case .pathTooLong, .badAnswer, .invalidText, .producerShared, .closed: false
        }
    }
}

extension MeterClientError: CustomStringConvertible {
    /// What happened and what to do next.
    public var description: String {
        switch self {
        case .unreachable(let path, let errno):
            "meterd cannot be reached at \(path) (errno \(errno)); check that it runs and that "
                + "this process may write to its socket"
        case .pathTooLong(let path):
            "the socket path \(path) is longer than 107 bytes; choose a shorter one"
        case .disconnected(let errno):
            "the connection to meterd was lost (errno \(errno)); connect again and resume"
        case .closedByDaemon(let fault):
            "meterd closed the connection: \(fault.code.name): \(fault.message); "
                + "see the protocol document for what to do"
        case .badAnswer(let fault):
            "the answer is no message of meterd: \(fault.message); check what listens on the socket"
        case .timedOut:
            "meterd did not answer in time; try again, or look at its load"
        case .rejected(let rejection):
            "meterd rejected the message: \(rejection.code.name): \(rejection.message); "
                + "correct it before sending it again"
        case .invalidText(let field, let text):
            "field \"\(field)\": \"\(text)\" is empty, too long or holds control characters; "
                + "correct it"
        case .tooManyNames:
            "the connection has interned 65,536 names of one kind; connect again"
        case .producerShared(let producer):
            "another process sends as producer \"\(producer)\"; give each process its own name"
        case .closed:
            "the stream is closed; open a new one"
        }
    }
}
