import Quantities

/// Where a deployment stands with its lease.
public enum LeaseState: UInt8, Sendable, CaseIterable {
    /// It asks before it starts.
    case none = 0
    /// It runs, and is renewed by itself.
    case open = 1
    /// A start or a renewal was refused.
    case blocked = 2
    /// A credit has lifted the block; its machine has not been seen running since.
    case resuming = 3
}

/// What a machine is ordered to do.
public enum OrderAction: UInt8, Sendable, CaseIterable {
    case stop = 1
    case resume = 2
}

/// An order that is not done yet.
public struct MachineOrder: Sendable, Hashable {
    /// Its number within the organisation, from 1.
    public var number: UInt32
    /// What is to be done.
    public var action: OrderAction
    /// When it was given.
    public var issuedAt: Timestamp
}

/// One run of a machine, alive or the last one of its deployment.
///
/// Invariants:  `debited` <= `cost.rounded`; hours begin at `anchor` + n hours.
public struct Run: Sendable, Hashable {
    /// Its number within the organisation, from 1.
    public internal(set) var number: UInt32
    /// The machine's number.
    public internal(set) var machine: UInt32
    /// The digest of the boot's id.
    public internal(set) var boot: UInt128
    /// How it is charged.
    public internal(set) var mode: RunMode
    /// What it is doing.
    public internal(set) var state: RunState
    /// What it was given.
    public internal(set) var allocation: RunAllocation
    /// When its boot was: what uptimes count from.
    public internal(set) var origin: Timestamp
    /// From when on it is charged.
    public internal(set) var startedAt: Timestamp
    /// The highest uptime that was told, in milliseconds.
    public internal(set) var uptime: UInt64
    /// The bytes sent since boot.
    public internal(set) var sentBytes: UInt64
    /// How many of them are in lines.
    public internal(set) var bookedBytes: UInt64
    /// When the last sample came in, by the daemon's clock.
    public internal(set) var heardAt: Timestamp
    /// Up to when its time is in `cost`.
    public internal(set) var ratedUntil: Timestamp
    /// What it has cost.
    public internal(set) var cost: RunCost
    /// What of that was debited.
    public internal(set) var debited: Amount
    /// When that was done last; where the next line of a continuous run begins.
    public internal(set) var bookedAt: Timestamp
    /// What its hours are counted from.
    public internal(set) var anchor: Timestamp
    /// How many hours from there on are dealt with.
    public internal(set) var hours: UInt32
    /// How many hours were charged in all.
    public internal(set) var chargedHours: UInt32
    /// The state in which the present hour was charged.
    public internal(set) var paidState: RunState
    /// How fast it costs at present, in 10^-15 credit an hour.
    public internal(set) var rate: Int128
    /// The price that was charged last.
    public internal(set) var price: UInt32
    /// When it ended; `never` while it is alive.
    public internal(set) var endedAt: Timestamp

    /// Whether it goes on.
    public var isAlive: Bool { endedAt == .never }
    /// The moment that the last sample spoke of.
    public var lastSampleAt: Timestamp {
        max(startedAt, origin.advanced(byMicroseconds: Int64(clamping: uptime) &* 1000))
    }
    /// When the next hour begins.
    public var nextHour: Timestamp {
        let (offset, overflow) = Int64(hours).multipliedReportingOverflow(by: Run.hour)
        return overflow ? .never : anchor.advanced(byMicroseconds: offset)
    }
    /// Until when it is paid; nil when it is not by the hour, or its present hour is not paid.
    public var paidUntil: Timestamp? {
        guard isAlive, mode == .hourly, hours > 0 else { return nil }
        let isCharged = chargedHours > 0 && bookedAt.advanced(byMicroseconds: Run.hour) == nextHour
        return isCharged || paidState == .running ? nextHour : nil
    }
    /// What was not debited yet.
    var open: Amount { cost.rounded - debited }

    static let hour: Int64 = 3_600_000_000
}

/// A deployment with its lease and its present or last run.
public struct Deployment: Sendable, Hashable {
    /// Its number within the organisation, from 1.
    public internal(set) var number: UInt32
    /// Its name.
    public internal(set) var name: String
    /// The project that pays, or 0.
    public internal(set) var project: UInt32
    /// The hold that its start or resumption waits on, or 0.
    public internal(set) var hold: UInt64 = 0
    /// Where it stands with its lease.
    public internal(set) var lease = LeaseState.none
    /// Why it is blocked; meaningless when it is not.
    public internal(set) var reason = RefusalReason.insufficientCredits
    /// Since when it is blocked.
    public internal(set) var since = Timestamp.never
    /// What has to be there for it to resume.
    public internal(set) var needed = Amount.zero
    /// The order that is not done yet.
    public internal(set) var order: MachineOrder?
    /// Its present or last run.
    public internal(set) var run: Run?
    /// The boots before the present one, newest first; three at most.
    public internal(set) var boots: [UInt128] = []
    /// What it has cost, in the windows of the day on which it was charged last.
    var spend = Spend()
    /// That day.
    var spendDay = CivilDay(number: 0)
    /// The organisation's highest run number when this was written.
    var lastRun: UInt32 = 0
    /// The organisation's highest order number when this was written.
    var lastOrder: UInt32 = 0

    init(number: UInt32, name: String, project: UInt32) {
        self.number = number
        self.name = name
        self.project = project
    }

    /// What it has cost in the windows of a day.
    ///
    /// - Parameter day: The account's present day.
    /// - Returns: What it has cost in each.
    public func spend(on day: CivilDay) -> Spend {
        var spend = spend
        spend.turn(from: spendDay, to: day)
        return spend
    }

    /// Whether it holds on to nothing, but perhaps to the hold of its start.
    var isAtRest: Bool {
        lease == .none && order == nil && !(run?.isAlive ?? false)
    }

    /// What its run costs at present, in 10^-15 credit an hour.
    public var rate: Int128 {
        guard let run, run.isAlive else { return 0 }
        return run.rate
    }
}

/// The machines of one organisation.
///
/// Invariants:  `burn` and `open` are the sums over all deployments.
struct OrganisationMachines {
    private(set) var deployments: [Deployment] = []
    private var numbers: [String: UInt32] = [:]
    private(set) var lastRun: UInt32 = 0
    private(set) var lastOrder: UInt32 = 0
    /// How fast continuous runs that are not blocked cost together.
    private(set) var burn: Int128 = 0
    /// What all runs have cost that is not debited yet.
    private(set) var open = Amount.zero
    /// How many are blocked.
    private(set) var blocked = 0

    func number(of name: String) -> UInt32? { numbers[name] }

    subscript(number: UInt32) -> Deployment { deployments[Int(number) - 1] }

    mutating func put(_ deployment: Deployment) {
        let index = Int(deployment.number) - 1
        invariant(index <= deployments.count, "deployments are numbered without gaps")
        if index < deployments.count {
            count(deployments[index], -1)
            numbers[deployments[index].name] = nil
            deployments[index] = deployment
        } else {
            deployments.append(deployment)
        }
        numbers[deployment.name] = deployment.number
        count(deployment, 1)
        lastRun = max(lastRun, deployment.lastRun)
        lastOrder = max(lastOrder, deployment.lastOrder)
    }

    private mutating func count(_ deployment: Deployment, _ sign: Int) {
        if deployment.lease == .blocked { blocked += sign }
        guard let run = deployment.run else { return }
        open += sign > 0 ? run.open : -run.open
        guard run.isAlive, run.mode == .continuous, deployment.lease == .open else { return }
        burn += Int128(sign) * run.rate
    }

    /// The place for a new one: a new number, or that of the one that ended first.
    ///
    /// - Parameters:
    ///   - most: How many there may be.
    ///   - isOpen: Whether a hold is open: one that has lapsed keeps no place.
    /// - Returns: Its number; nil when all are in use.
    func place(most: Int, isOpen: (UInt64) -> Bool) -> UInt32? {
        if deployments.count < most { return UInt32(deployments.count + 1) }
        let over = deployments.filter { $0.isAtRest && !isOpen($0.hold) }
        return over.min { left, right in
            let (one, two) = (left.run?.endedAt ?? .epoch, right.run?.endedAt ?? .epoch)
            return (one, left.number) < (two, right.number)
        }?.number
    }
}
