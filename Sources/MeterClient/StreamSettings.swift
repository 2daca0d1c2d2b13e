import Wire

/// How a stream connects and how much it keeps.
public struct MeterStreamSettings: Sendable, Hashable {
    /// Where meterd's socket is.
    public var path: String
    /// A name that survives reconnects, different for every process.
    public var producer: String
    /// How to speak.
    public var encoding = WireEncoding.binary
    /// What an acknowledgement must mean.
    public var durability = Durability.journaled
    /// How many unacknowledged events are kept before `send` waits: some 10 ms at full speed.
    public var capacity = 32_768
    /// How long to wait before the first reconnect; doubled after each failure.
    public var firstBackoff = Duration.milliseconds(50)
    /// The longest wait between two reconnects.
    public var longestBackoff = Duration.seconds(5)
    /// How long to wait for the welcome.
    public var welcomeTimeout = Duration.seconds(5)
    /// What to be told about.
    public var topics: Topics = []

    /// Makes the usual settings.
    ///
    /// - Parameters:
    ///   - path: Where meterd's socket is.
    ///   - producer: A name that survives reconnects, different for every process.
    public init(path: String, producer: String) {
        self.path = path
        self.producer = producer
    }
}

/// What a stream tells its owner about, besides the answers to calls.
public enum MeterNotice: Sendable, Hashable {
    /// Connected; everything up to this sequence is safe.
    case connected(lastSequence: UInt64)
    /// Not connected; it tries again after the wait, unless the wait is nil.
    case disconnected(MeterClientError, retryAfter: Duration?)
    /// An event was not taken; it may be told again after a reconnect.
    case rejected(Rejection)
    /// meterd knew less than it had acknowledged; what is kept was numbered anew.
    case renumbered(after: UInt64)
    /// What is cut off at present, after each connect.
    case subscribed(Subscribed)
    /// Somebody may spend no more.
    case cutoff(Cutoff)
    /// Somebody may spend again.
    case restored(Cutoff)
    /// A machine must be stopped or resumed; answer with `orderDone`.
    case order(Order)
}
