import Quantities

/// A machine's sign of life, with its names resolved.
public struct MachineSample: Sendable, Hashable {
    /// Whose wallet.
    public var org: UInt32
    /// The deployment's name.
    public var deployment: String
    /// The machine's number.
    public var machine: UInt32
    /// The digest of the boot's id.
    public var boot: UInt128
    /// How long it has been up, in milliseconds.
    public var uptime: UInt64
    /// When that was.
    public var at: Timestamp
    /// What it is doing.
    public var state: RunState
    /// What it was given.
    public var allocation: RunAllocation
    /// Bytes sent since boot; nil when not told.
    public var sentBytes: UInt64?

    /// A sign of life.
    ///
    /// - Parameters:
    ///   - org: Whose wallet.
    ///   - deployment: The deployment's name.
    ///   - machine: The machine's number.
    ///   - boot: The digest of the boot's id.
    ///   - uptime: How long it has been up, in milliseconds.
    ///   - at: When that was.
    ///   - state: What it is doing.
    ///   - allocation: What it was given.
    ///   - sentBytes: Bytes sent since boot; nil when not told.
    public init(
        org: UInt32,
        deployment: String,
        machine: UInt32,
        boot: UInt128,
        uptime: UInt64,
        at: Timestamp,
        state: RunState = .running,
        allocation: RunAllocation = RunAllocation(),
        sentBytes: UInt64? = nil
    ) {
        self.org = org
        self.deployment = deployment
        self.machine = machine
        self.boot = boot
        self.uptime = uptime
        self.at = at
        self.state = state
        self.allocation = allocation
        self.sentBytes = sentBytes
    }
}

/// What became of a sample.
public enum SampleOutcome: Sendable, Hashable {
    /// It was taken.
    case taken
    /// It says nothing new: a repeat, a late one, or one of an earlier boot or machine.
    case unchanged
    /// The organisation is closed.
    case accountClosed
    /// There is no such organisation.
    case unknownOrganisation
    /// The machine has no price at that time.
    case notPriced
    /// The organisation has as many deployments as it may have, and all are in use.
    case tooMany
    /// What the run has cost would leave the range of an amount: nothing of the sample is taken.
    case outOfRange
    /// By its uptime the sample would lie further ahead than a time may, or its boot before 1970:
    /// nothing of it is taken.
    case uptimeOutOfRange
}

/// Asks whether a machine may start.
public struct StartRequest: Sendable, Hashable {
    /// Whose wallet.
    public var org: UInt32
    /// The project, or 0.
    public var project: UInt32
    /// The key, or 0 when the organisation asks itself.
    public var key: UInt32
    /// The generation of the key's secret that was shown.
    public var generation: UInt32
    /// The deployment's name.
    public var deployment: String
    /// The machine's number.
    public var machine: UInt32
    /// What it is to be given.
    public var allocation: RunAllocation

    /// Asks whether a machine may start.
    ///
    /// - Parameters:
    ///   - org: Whose wallet.
    ///   - project: The project, or 0.
    ///   - key: The key, or 0.
    ///   - generation: The generation of the key's secret that was shown.
    ///   - deployment: The deployment's name.
    ///   - machine: The machine's number.
    ///   - allocation: What it is to be given.
    public init(
        org: UInt32,
        project: UInt32 = 0,
        key: UInt32 = 0,
        generation: UInt32 = 0,
        deployment: String,
        machine: UInt32,
        allocation: RunAllocation = RunAllocation()
    ) {
        self.org = org
        self.project = project
        self.key = key
        self.generation = generation
        self.deployment = deployment
        self.machine = machine
        self.allocation = allocation
    }
}

/// What became of asking for a start.
public enum StartOutcome: Sendable, Hashable {
    /// The wallet answers.
    case answer(Authorization)
    /// The machine has no price now.
    case notPriced
    /// The organisation has as many deployments as it may have, and all are in use.
    case tooMany
}

/// An order that somebody has to carry out.
public struct OpenOrder: Sendable, Hashable {
    /// Whose organisation.
    public var org: UInt32
    /// The deployment's name.
    public var deployment: String
    /// The order.
    public var order: MachineOrder
    /// Why a machine is to stop; why it was stopped for one that may resume.
    public var reason: RefusalReason
}
