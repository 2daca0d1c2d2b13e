import Quantities

/// Where a deployment stands with its lease.
public enum LeaseState: UInt8, Sendable, CaseIterable {
    /// It asks before it starts.
    case none = 0
    /// It runs, and is renewed by itself.
    case open = 1
    /// A renewal was refused; a start that is refused blocks nothing.
    case blocked = 2
    /// A credit or a start has lifted the block; its machine has not been seen running since.
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
    public var lastSampleAt: Timestamp { max(startedAt, moment(of: uptime)) }

    /// When an uptime of this boot was; the ends of time for what no clock can have told.
    ///
    /// - Parameter uptime: The uptime, in milliseconds.
    /// - Returns: The moment.
    func moment(of uptime: UInt64) -> Timestamp {
        let (time, overflow) = Int64(clamping: uptime).multipliedReportingOverflow(by: 1000)
        return origin.advanced(byMicroseconds: overflow ? .max : time)
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

/// What runs come to together.
struct RunSums {
    /// How fast continuous runs that are not blocked cost, in 10^-15 credit an hour.
    var burn: Int128 = 0
    /// What all runs have cost that is not debited yet.
    var open = Amount.zero

    mutating func add(_ other: RunSums, _ sign: Int) {
        burn += Int128(sign) * other.burn
        open += sign > 0 ? other.open : -other.open
    }
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
    /// When it was told to stop again, after its order was reported done; `epoch`: it was not.
    public internal(set) var toldAt = Timestamp.epoch
    /// What is set aside for it when it resumes: the hour that was refused, or its margin.
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

    /// Whether it holds on to nothing but a hold: without one another may take its place.
    ///
    /// Who was told to resume and has not come gives its place up, but only for another one.
    var isOver: Bool {
        guard !(run?.isAlive ?? false) else { return false }
        return lease == .resuming || (lease == .none && order == nil)
    }

    /// What it adds to the sums over runs.
    var sums: RunSums {
        guard let run else { return RunSums() }
        let burns = run.isAlive && run.mode == .continuous && lease == .open
        return RunSums(burn: burns ? run.rate : 0, open: run.open)
    }

    /// What its run costs at present, in 10^-15 credit an hour.
    public var rate: Int128 {
        guard let run, run.isAlive else { return 0 }
        return run.rate
    }
}

/// A deployment that is blocked, in the order in which they resume.
struct WaitingPlace: Comparable {
    var since: Timestamp
    var number: UInt32

    static func < (left: WaitingPlace, right: WaitingPlace) -> Bool {
        (left.since, left.number) < (right.since, right.number)
    }
}

/// The machines of one organisation.
///
/// Invariants:  `sums` are over all deployments, those of a project over its own; `waiting` has
///              those that are blocked, longest first, and `resuming` those that resume.
struct OrganisationMachines {
    private(set) var deployments: [Deployment] = []
    private var numbers: [String: UInt32] = [:]
    private(set) var lastRun: UInt32 = 0
    private(set) var lastOrder: UInt32 = 0
    /// What all runs come to.
    private(set) var sums = RunSums()
    private var projects: [UInt32: RunSums] = [:]
    /// Those that are blocked.
    private(set) var waiting: [WaitingPlace] = []
    /// The numbers of those that may run again and have not been seen running.
    private(set) var resuming: [UInt32] = []

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
        if deployment.lease == .resuming {
            if sign > 0 {
                resuming.append(deployment.number)
            } else {
                resuming.removeAll { $0 == deployment.number }
            }
        }
        if deployment.lease == .blocked {
            let place = WaitingPlace(since: deployment.since, number: deployment.number)
            if sign > 0 {
                waiting.insert(place, at: waiting.firstIndex { place < $0 } ?? waiting.count)
            } else {
                waiting.removeAll { $0 == place }
            }
        }
        sums.add(deployment.sums, sign)
        if deployment.project != 0 {
            projects[deployment.project, default: RunSums()].add(deployment.sums, sign)
        }
    }

    /// What the runs of all but one come to.
    ///
    /// - Parameters:
    ///   - name: The deployment that is left out.
    ///   - project: Those of which project, or nil for all.
    /// - Returns: Their sums.
    func sums(without name: String, project: UInt32? = nil) -> RunSums {
        var sums = self.sums
        if let project { sums = projects[project] ?? RunSums() }
        guard let number = numbers[name] else { return sums }
        let known = self[number]
        if project == nil || known.project == project { sums.add(known.sums, -1) }
        return sums
    }

    /// The place for a new one: a new number, or that of the one that ended first; nil when all
    /// are in use.
    ///
    /// - Parameters:
    ///   - most: How many there may be.
    ///   - isHeld: Whether a hold is open that a deployment's machine has to come for.
    /// - Returns: Its number.
    func place(most: Int, isHeld: (Deployment) -> Bool) -> UInt32? {
        if deployments.count < most { return UInt32(deployments.count + 1) }
        return deployments.filter { $0.isOver && !isHeld($0) }.min { left, right in
            // Those that may still come last.
            let late = (left.lease == .resuming, right.lease == .resuming)
            if late.0 != late.1 { return late.1 }
            let (one, two) = (left.run?.endedAt ?? .epoch, right.run?.endedAt ?? .epoch)
            return (one, left.number) < (two, right.number)
        }?.number
    }
}
