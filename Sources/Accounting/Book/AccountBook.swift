import Quantities

/// The wallets of one partition: a pure, deterministic state machine.
///
/// Commands and a time go in; outcomes, journal records and notices come out. It reads no clock, no
/// file and no hash order. Each command first decides on changes, then applies and encodes
/// them; recovery applies the same changes again, which gives the same state to the bit.
///
/// Queue:       owned by one shard at a time; not thread-safe.
/// Cost:        its fields are not checked for overlapping access at run time: the checks were a
///              fifth of the data path, and one owner at a time is what the shard's stage gives.
/// Invariants:  those of `Organisation`, for every organisation, after every command.
public final class AccountBook {
    /// How many partitions there are: fixed for ever, because the journal's meaning depends on it.
    @inlinable public static var partitions: UInt32 { 16 }

    /// Which partition of the organisations this is.
    public let partition: UInt32
    /// What was cut off or restored since they were last taken.
    @exclusivity(unchecked) public internal(set) var notices: [Notice] = []
    /// By how much wallets went below zero by usage that had already happened.
    @exclusivity(unchecked) public internal(set) var overshoot = Amount.zero
    /// The highest time that was ever applied; time never goes back.
    @exclusivity(unchecked) public internal(set) var now = Timestamp.epoch

    @exclusivity(unchecked) var organisations = OrganisationTable()
    /// The organisations' deadlines once more: one word each, for a fast scan.
    @exclusivity(unchecked) private(set) var deadlines: [Timestamp] = []
    /// No deadline is before this; may be too early, never too late.
    @exclusivity(unchecked) var earliestDeadline = Timestamp.never
    @exclusivity(unchecked) var zones: [String] = []
    @exclusivity(unchecked) var holds = HoldTable()
    @exclusivity(unchecked) var usageIdentities: IdentityWindow
    @exclusivity(unchecked) var grantIdentities: IdentityWindow
    /// Plan, billing and coupons of those who have any, by organisation number.
    @exclusivity(unchecked) var terms: [UInt32: Terms] = [:]
    /// The terms of plans that any of them refers to.
    @exclusivity(unchecked) var plans: [PlanTerms] = []
    /// What was given back to organisations that ever got something back.
    @exclusivity(unchecked) var moneyBack: [UInt32: MoneyBack] = [:]
    /// What was told to whom, and what accounts wish to be told; organisation 0 for all of them.
    @exclusivity(unchecked) var alerts: [UInt32: AlertState] = [:]
    /// What accounts are told of that have no wishes of their own.
    @exclusivity(unchecked) public internal(set) var alertDefaults = AlertRules()
    /// The organisation of the last record that was replayed, if that took from its balance.
    @exclusivity(unchecked) var unjudged: Int?
    /// How many alerts went off since this book was made.
    @exclusivity(unchecked) public internal(set) var raisedCount: UInt64 = 0
    /// What organisations buy, by their numbers.
    @exclusivity(unchecked) var purchasings: [UInt32: Purchasing] = [:]
    /// Calls that ask for purchases, and payments.
    @exclusivity(unchecked) var purchaseIdentities: IdentityWindow
    @exclusivity(unchecked) var purchaseOrders: [PurchaseOrder] = []
    @exclusivity(unchecked) var topUpTroubles: [TopUpTrouble] = []
    let calendar: any ZoneCalendar
    /// The machines of those who have some, by organisation; never gone through in this order.
    @exclusivity(unchecked) var machines: [UInt32: OrganisationMachines] = [:]
    /// What machines cost by the card in force; only live decisions ask.
    @exclusivity(unchecked) public var machinePrices: any MachinePrices = NoMachinePrices()
    /// The rules of runs.
    ///
    /// Other rules may make something due earlier than was thought, also after a replay, which
    /// knows none.
    @exclusivity(unchecked) public var runRules = RunRules() {
        didSet { if runRules != oldValue { scheduleRuns() } }
    }
    /// Since when samples can come in: nobody's silence counts from before.
    @exclusivity(unchecked) public var listensSince = Timestamp.epoch
    /// Orders that were given since they were last taken.
    @exclusivity(unchecked) public internal(set) var newOrders: [OpenOrder] = []

    /// Makes an empty book.
    ///
    /// - Parameters:
    ///   - partition: Which partition of the organisations this is.
    ///   - calendar: Tells the days of time zones.
    ///   - windowEntries: How many identities are remembered.
    ///   - windowMicroseconds: How long usage identities are remembered.
    public init(
        partition: UInt32,
        calendar: any ZoneCalendar,
        windowEntries: Int = 65_536,
        windowMicroseconds: Int64 = 86_400_000_000
    ) {
        self.partition = partition
        self.calendar = calendar
        self.usageIdentities = IdentityWindow(
            capacity: windowEntries,
            ageMicroseconds: windowMicroseconds
        )
        // Calls that give credits are rare and costly to repeat: they are remembered for 35 days.
        self.grantIdentities = IdentityWindow(
            capacity: windowEntries,
            ageMicroseconds: 35 * 86_400_000_000
        )
        self.purchaseIdentities = IdentityWindow(
            capacity: windowEntries,
            ageMicroseconds: 35 * 86_400_000_000
        )
    }

    /// The partition of an organisation.
    ///
    /// - Parameter org: The organisation's number.
    /// - Returns: The remainder by the number of partitions.
    @inlinable
    public static func partition(of org: UInt32) -> UInt32 {
        org % partitions
    }

    /// The organisation with a number, or nil.
    ///
    /// - Parameter org: Its number.
    /// - Returns: A copy of its present state.
    public func organisation(_ org: UInt32) -> Organisation? {
        guard let slot = slot(of: org) else { return nil }
        return organisations[slot]
    }

    /// The name of an organisation's time zone.
    ///
    /// - Parameter organisation: One of this book's.
    /// - Returns: The IANA name.
    public func zone(of organisation: Organisation) -> String {
        zones[Int(organisation.zone)]
    }

    /// An open hold, or nil.
    ///
    /// - Parameter number: Its name.
    /// - Returns: A copy of it.
    public func hold(_ number: HoldNumber) -> Hold? {
        holds[number]
    }

    /// How many holds are open.
    public var openHolds: Int { holds.count }

    /// All organisations of this partition, by number.
    public var all: [Organisation] {
        organisations.indices.map { organisations[$0] }.filter(\.exists)
    }

    /// Takes the notices that have come up and forgets them here.
    public func takeNotices() -> [Notice] {
        guard !notices.isEmpty else { return [] }
        let taken = notices
        notices.removeAll(keepingCapacity: true)
        return taken
    }

    @inline(__always)
    func slot(of org: UInt32) -> Int? {
        guard org % AccountBook.partitions == partition else { return nil }
        let slot = Int(org / AccountBook.partitions)
        guard slot < organisations.count, organisations[slot].exists else { return nil }
        return slot
    }

    /// Moves time on; it never goes back, whatever the clock does.
    func move(to moment: Timestamp) -> Timestamp {
        if moment > now { now = moment }
        return now
    }

    /// Adds organisations that do not exist yet, up to a slot.
    func addSlots(upTo slot: Int) {
        while organisations.count <= slot {
            organisations.append(Organisation())
            deadlines.append(.never)
        }
    }

    /// Notes when the next thing is due in an organisation.
    @inline(__always)
    func setDeadline(_ slot: Int, _ moment: Timestamp) {
        organisations[slot].deadline = moment
        deadlines[slot] = moment
        earliestDeadline = min(earliestDeadline, moment)
    }

    /// Applies a change and writes its record.
    func commit(_ body: Change.Body, org: UInt32, at moment: Timestamp, into buffer: RecordBuffer) {
        let change = Change(appliedAt: moment, org: org, body: body)
        apply(change)
        change.encode(into: buffer)
    }
}

extension AccountBook {
    /// The highest number that an organisation of this partition has, or 0.
    public var highest: UInt32 {
        organisations.indices.last { organisations[$0].exists }
            .map { organisations[$0].number } ?? 0
    }
}
