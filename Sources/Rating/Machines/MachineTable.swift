import Quantities

/// What became of adding to a run's total.
@frozen
public enum RunOutcome: Sendable, Hashable {
    /// The new total.
    case total(RunTotal)
    /// The machine has no price yet at the moment from which time was to be added.
    case notPriced
    /// The total would leave the range of an amount.
    case overflow
}

/// One hour's charge.
public struct HourCharge: Sendable, Hashable {
    /// The charge.
    public let amount: Amount
    /// The number of the version that applied when the hour began.
    public let version: Int
}

/// The machines of a rate card, made ready for the hot path.
///
/// Layout:      machines -> a run of versions, ascending by date. Version numbers count through all
///              machines, and apart from those of models.
/// Invariants:  all versions of a machine have one mode.
/// Cost:        no allocation and no hashing, but for names; `MachineSpeedTests` prints what it
///              takes.
public struct MachineTable: Sendable {
    struct MachineRow {
        var firstVersion: Int32
        var endVersion: Int32
    }

    struct VersionRow {
        var effectiveFrom: Int64
        var end: Int64
        var content: Int32
    }

    /// The names of the machines, by number.
    public let names: [String]
    /// Every different price content, in the order of first use on the card.
    public let contents: [MachineContent]

    private let machines: [MachineRow]
    private let versions: [VersionRow]
    private let numbers: [String: Int]

    /// Compiles the machines of a card that has no errors.
    init(_ rates: [MachineRates]) {
        var machines: [MachineRow] = []
        var versions: [VersionRow] = []
        var contents: [MachineContent] = []
        var contentNumbers: [MachineContent: Int32] = [:]
        var numbers: [String: Int] = [:]
        for (number, machine) in rates.enumerated() {
            for name in [machine.name] + machine.aliases { numbers[name] = number }
            let first = Int32(versions.count)
            for (index, version) in machine.versions.enumerated() {
                let content = version.content
                let known = contentNumbers[content] ?? Int32(contents.count)
                if known == contents.count {
                    contents.append(content)
                    contentNumbers[content] = known
                }
                let isLast = index + 1 == machine.versions.count
                let end = isLast ? Timestamp.never : machine.versions[index + 1].effectiveFrom
                versions.append(
                    VersionRow(
                        effectiveFrom: version.effectiveFrom.microseconds,
                        end: end.microseconds,
                        content: known
                    )
                )
            }
            machines.append(MachineRow(firstVersion: first, endVersion: Int32(versions.count)))
        }
        names = rates.map(\.name)
        self.contents = contents
        self.machines = machines
        self.versions = versions
        self.numbers = numbers
    }

    // MARK: - Looking things up

    /// The number of a machine, by one of its names; letter case counts.
    ///
    /// - Parameter name: The name that a heartbeat reports.
    /// - Returns: The number, or nil when the card does not know it: there is no default.
    public func machine(named name: String) -> Int? { numbers[name] }

    /// How many versions all machines have together; version numbers lie below it.
    public var versionCount: Int { versions.count }

    /// The numbers of a machine's versions, ascending by date.
    ///
    /// - Parameter machine: The machine's number.
    /// - Returns: The numbers.
    public func versions(of machine: Int) -> Range<Int> {
        Int(machines[machine].firstVersion)..<Int(machines[machine].endVersion)
    }

    /// How a machine is charged, now and ever.
    ///
    /// - Parameter machine: The machine's number.
    /// - Returns: Its mode.
    public func mode(of machine: Int) -> MachineMode {
        content(ofVersion: Int(machines[machine].firstVersion)).mode
    }

    /// The number of the version that applies at a moment, or nil when none does yet.
    ///
    /// - Parameters:
    ///   - machine: The machine's number.
    ///   - time: The moment.
    /// - Returns: The version's number.
    public func version(of machine: Int, at time: Timestamp) -> Int? {
        let row = machines[machine]
        var version = row.endVersion
        while version > row.firstVersion {
            version -= 1
            if versions[Int(version)].effectiveFrom <= time.microseconds { return Int(version) }
        }
        return nil
    }

    /// The index into `contents` of a version's content.
    ///
    /// - Parameter version: The version's number.
    /// - Returns: The index.
    public func contentIndex(ofVersion version: Int) -> Int { Int(versions[version].content) }

    /// What a version charges.
    ///
    /// - Parameter version: The version's number.
    /// - Returns: Its content.
    public func content(ofVersion version: Int) -> MachineContent {
        contents[Int(versions[version].content)]
    }

    /// From when a version applies.
    ///
    /// - Parameter version: The version's number.
    /// - Returns: The moment; `PriceVersion.always` when it has no beginning.
    public func effectiveFrom(ofVersion version: Int) -> Timestamp {
        Timestamp(microseconds: versions[version].effectiveFrom)
    }

    /// Until when a version applies: the beginning of the next one, which is not part of it.
    ///
    /// - Parameter version: The version's number.
    /// - Returns: The moment; `Timestamp.never` for the last version.
    public func end(ofVersion version: Int) -> Timestamp {
        Timestamp(microseconds: versions[version].end)
    }

    // MARK: - Whole hours

    /// The charge of one hour of a run: the price that applies when the hour begins.
    ///
    /// - Parameters:
    ///   - hour: The hour, from 1.
    ///   - start: When the run began.
    ///   - machine: The machine's number; it is charged by the hour.
    ///   - state: The state in which the hour begins.
    /// - Returns: The charge, or nil when the machine has no price yet at that moment.
    public func charge(
        ofHour hour: Int64,
        startedAt start: Timestamp,
        machine: Int,
        state: MachineState = .running
    ) -> HourCharge? {
        let time = WholeHours.beginning(ofHour: hour, startedAt: start)
        guard let version = version(of: machine, at: time) else { return nil }
        guard case .hourly(let prices) = content(ofVersion: version) else {
            invariantBroken("only a machine that is charged by the hour has hours")
        }
        return HourCharge(amount: prices[state].amount, version: version)
    }

    // MARK: - Continuously

    /// A run's total after time in one state with one allocation, split exactly where a price
    /// begins to apply.
    ///
    /// Time that does not move forward adds nothing. Whoever needs the price versions one by one
    /// goes from `version(of:at:)` to `end(ofVersion:)` and adds each stretch; the total is the
    /// same.
    ///
    /// - Parameters:
    ///   - total: The total up to `from`.
    ///   - from: From when; the price of this moment must be there.
    ///   - to: Until when.
    ///   - machine: The machine's number; it is charged continuously.
    ///   - allocation: What it was allocated all the while.
    ///   - state: The state that it was in all the while.
    /// - Returns: The new total, or why there is none.
    public func total(
        _ total: RunTotal,
        from: Timestamp,
        to: Timestamp,
        machine: Int,
        allocation: MachineAllocation,
        state: MachineState
    ) -> RunOutcome {
        guard from < to else { return .total(total) }
        guard var version = version(of: machine, at: from) else { return .notPriced }
        var total = total
        var from = from.microseconds
        while true {
            let row = versions[version]
            let end = min(row.end, to.microseconds)
            let (time, overflow) = end.subtractingReportingOverflow(from)
            let content = contents[Int(row.content)]
            invariant(content.mode == .continuous, "a machine by the hour has no total by time")
            let rate = content.burnRate(state, allocation)
            guard !overflow, let next = total.adding(time, at: rate) else { return .overflow }
            total = next
            if end == to.microseconds { return .total(total) }
            from = end
            version += 1
        }
    }

    /// A run's total after bytes were sent.
    ///
    /// When they were sent is not known, only when they were reported: all of them have the price
    /// of that moment.
    ///
    /// - Parameters:
    ///   - total: The total up to now.
    ///   - sentBytes: How many more bytes were sent.
    ///   - time: When they were reported.
    ///   - machine: The machine's number; it is charged continuously.
    /// - Returns: The new total, or why there is none.
    public func total(
        _ total: RunTotal,
        sentBytes: UInt64,
        at time: Timestamp,
        machine: Int
    ) -> RunOutcome {
        guard let version = version(of: machine, at: time) else { return .notPriced }
        let price = content(ofVersion: version).sentGib
        guard let sum = total.adding(sentBytes: sentBytes, at: price) else { return .overflow }
        return .total(sum)
    }
}
