import Quantities

/// Who pays.
public enum MeterAccount: Sendable, Hashable {
    /// The organisation that has this API key.
    case key(String)
    /// This organisation.
    case org(String)
}

/// What one request used, as a gateway knows it.
public struct UsageEvent: Sendable, Hashable {
    /// The request's own id, 1 to 64 bytes.
    public var id: String
    /// Who pays.
    public var account: MeterAccount
    /// The project within the organisation.
    public var project: String?
    /// The user's session, at most 64 bytes, for reports.
    public var session: String?
    /// The model that answered.
    public var model: String
    /// Who served the model.
    public var provider: String?
    /// What was used.
    public var tokens: TokenCounts
    /// Whether the request failed.
    public var failed = false
    /// Whether the gateway's own cache answered it.
    public var cacheHit = false
    /// How long it took; 0 when not known.
    public var latencyMilliseconds: UInt32 = 0
    /// When it happened; nil means when meterd receives it.
    public var at: Timestamp?
    /// The hold that this usage settles.
    public var hold: HoldNumber?

    /// Makes an event with the fields that every event has.
    ///
    /// - Parameters:
    ///   - id: The request's own id, 1 to 64 bytes.
    ///   - account: Who pays.
    ///   - model: The model that answered.
    ///   - tokens: What was used.
    public init(id: String, account: MeterAccount, model: String, tokens: TokenCounts) {
        self.id = id
        self.account = account
        self.model = model
        self.tokens = tokens
    }
}

/// A machine's sign of life: totals since boot, so that a lost sample changes nothing.
public struct MachineSample: Sendable, Hashable {
    /// The deployment, 1 to 64 bytes.
    public var deployment: String
    /// The id of this boot, 1 to 64 bytes.
    public var boot: String
    /// The organisation that pays.
    public var org: String
    /// The machine's name on the rate card.
    public var machine: String
    /// How long it has been up since this boot.
    public var uptimeMilliseconds: UInt64
    /// Whether it runs, or has stopped.
    public var isRunning = true
    /// Its virtual processors, in thousandths.
    public var vcpuThousandths: UInt32?
    /// Its memory in thousandths of a GiB.
    public var memoryThousandths: UInt32?
    /// Its storage in thousandths of a GiB.
    public var storageThousandths: UInt32?
    /// Bytes sent since boot, in total.
    public var sentBytes: UInt64?
    /// When it was so; nil means when a stream takes it, or, of a connection, when meterd receives
    /// it.
    public var at: Timestamp?

    /// Makes a sample with the fields that every sample has.
    ///
    /// - Parameters:
    ///   - deployment: The deployment, 1 to 64 bytes.
    ///   - boot: The id of this boot, 1 to 64 bytes.
    ///   - org: The organisation that pays.
    ///   - machine: The machine's name on the rate card.
    ///   - uptimeMilliseconds: How long it has been up since this boot.
    public init(
        deployment: String,
        boot: String,
        org: String,
        machine: String,
        uptimeMilliseconds: UInt64
    ) {
        self.deployment = deployment
        self.boot = boot
        self.org = org
        self.machine = machine
        self.uptimeMilliseconds = uptimeMilliseconds
    }
}

/// What a producer sends in sequence.
public enum MeterEvent: Sendable, Hashable {
    /// What one request used.
    case usage(UsageEvent)
    /// A machine's sign of life.
    case machine(MachineSample)
}
