import Quantities

/// How a machine is charged.
public enum RunMode: UInt8, Sendable, CaseIterable {
    /// Whole hours in advance.
    case hourly = 1
    /// What is allocated, continuously.
    case continuous = 2
}

/// What a machine is doing.
public enum RunState: UInt8, Sendable, CaseIterable {
    case running = 1
    case stopped = 2
}

/// What a machine was given, in thousandths of a vCPU and of a GiB.
public struct RunAllocation: Sendable, Hashable {
    /// Virtual processors.
    public var vcpu: UInt32
    /// Memory.
    public var memory: UInt32
    /// Storage.
    public var storage: UInt32

    /// What a machine was given.
    ///
    /// - Parameters:
    ///   - vcpu: Virtual processors, in thousandths.
    ///   - memory: Memory, in thousandths of a GiB.
    ///   - storage: Storage, in thousandths of a GiB.
    public init(vcpu: UInt32 = 0, memory: UInt32 = 0, storage: UInt32 = 0) {
        self.vcpu = vcpu
        self.memory = memory
        self.storage = storage
    }
}

/// What a run has cost since its start: exactly, and rounded once.
///
/// The parts are the rating's own; here they are kept and handed back.
public struct RunCost: Sendable, Hashable {
    /// The whole units of 10^-12 credit.
    public var units: Int128
    /// The rest, in the rating's parts of a unit.
    public var fraction: UInt64
    /// The same, rounded half to even.
    public var rounded: Amount

    /// What a run has cost.
    ///
    /// - Parameters:
    ///   - units: The whole units.
    ///   - fraction: The rest.
    ///   - rounded: The same, rounded.
    public init(units: Int128, fraction: UInt64, rounded: Amount) {
        self.units = units
        self.fraction = fraction
        self.rounded = rounded
    }

    /// Nothing.
    public static let zero = RunCost(units: 0, fraction: 0, rounded: .zero)
}

/// The charge of one hour.
public struct HourPrice: Sendable, Hashable {
    /// The charge.
    public var amount: Amount
    /// The number of the price that applied when the hour began.
    public var price: UInt32

    /// A charge.
    ///
    /// - Parameters:
    ///   - amount: The charge.
    ///   - price: The number of the price.
    public init(amount: Amount, price: UInt32) {
        self.amount = amount
        self.price = price
    }
}

/// A piece of time under one price.
public struct RunStretch: Sendable, Hashable {
    /// Until when.
    public var until: Timestamp
    /// What the run has cost up to then.
    public var cost: RunCost
    /// The number of the price.
    public var price: UInt32

    /// A piece of time.
    ///
    /// - Parameters:
    ///   - until: Until when.
    ///   - cost: What the run has cost up to then.
    ///   - price: The number of the price.
    public init(until: Timestamp, cost: RunCost, price: UInt32) {
        self.until = until
        self.cost = cost
        self.price = price
    }
}

/// What machines cost by the rate card in force.
///
/// Why: hours are due by the clock in the midst of any command, so that the book has to ask for a
/// price itself, as it asks the calendar for a day. Only live decisions ask; their results are in
/// the records, and a replay asks nobody.
public protocol MachinePrices: Sendable {
    /// How a machine is charged, or nil when it has no price at a moment.
    ///
    /// - Parameters:
    ///   - machine: The machine's number.
    ///   - moment: The moment.
    /// - Returns: The mode, or nil.
    func mode(of machine: UInt32, at moment: Timestamp) -> RunMode?
    /// The charge of an hour, or nil when the machine has no price at its beginning.
    ///
    /// - Parameters:
    ///   - machine: The machine's number.
    ///   - state: The state in which the hour begins.
    ///   - moment: When the hour begins.
    /// - Returns: The charge, or nil.
    func hour(of machine: UInt32, _ state: RunState, at moment: Timestamp) -> HourPrice?
    /// A run's cost after some time, in pieces that end where a price does.
    ///
    /// - Parameters:
    ///   - cost: The cost up to `from`.
    ///   - machine: The machine's number.
    ///   - state: What it did all the while.
    ///   - allocation: What it was given all the while.
    ///   - from: From when.
    ///   - to: Until when, after `from`.
    /// - Returns: The pieces; nil when there is no price or the cost does not fit.
    func stretches(
        after cost: RunCost,
        machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        from: Timestamp,
        to: Timestamp
    ) -> [RunStretch]?
    /// A run's cost after bytes were sent.
    ///
    /// - Parameters:
    ///   - cost: The cost before.
    ///   - machine: The machine's number.
    ///   - sentBytes: How many more.
    ///   - moment: When they were reported.
    /// - Returns: The cost under its price; nil when there is no price or the cost does not fit.
    func traffic(
        after cost: RunCost,
        machine: UInt32,
        sentBytes: UInt64,
        at moment: Timestamp
    ) -> RunStretch?
    /// How fast a machine costs, in 10^-15 credit an hour; 0 without a price.
    ///
    /// - Parameters:
    ///   - machine: The machine's number.
    ///   - state: What it does.
    ///   - allocation: What it was given.
    ///   - moment: When.
    /// - Returns: The rate.
    func burnRate(
        of machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        at moment: Timestamp
    ) -> Int128
}

/// A card without machines.
public struct NoMachinePrices: MachinePrices {
    /// Knows none.
    public init() {}

    /// None.
    public func mode(of machine: UInt32, at moment: Timestamp) -> RunMode? { nil }

    /// None.
    public func hour(of machine: UInt32, _ state: RunState, at moment: Timestamp) -> HourPrice? {
        nil
    }

    /// None.
    public func stretches(
        after cost: RunCost,
        machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        from: Timestamp,
        to: Timestamp
    ) -> [RunStretch]? { nil }

    /// None.
    public func traffic(
        after cost: RunCost,
        machine: UInt32,
        sentBytes: UInt64,
        at moment: Timestamp
    ) -> RunStretch? { nil }

    /// None.
    public func burnRate(
        of machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        at moment: Timestamp
    ) -> Int128 { 0 }
}

/// The rules of runs that configuration sets.
public struct RunRules: Sendable, Hashable {
    /// How long a run goes on without a sample.
    public var graceMicroseconds: Int64 = 120_000_000
    /// So much of the present burn a continuous run must leave in the wallet.
    public var marginMicroseconds: Int64 = 300_000_000
    /// So long a machine may run on after an hour was refused, before that hour is booked as debt.
    public var stopMicroseconds: Int64 = 300_000_000
    /// How long a started or resumed machine may take until its first sample.
    public var leaseMicroseconds: Int64 = 600_000_000
    /// After so long at the latest what a continuous run has cost becomes a line.
    public var bookMicroseconds: Int64 = 60_000_000
    /// How far back a first sample may say that its machine was started.
    public var lateMicroseconds: Int64 = 35 * 86_400_000_000
    /// How far ahead of the present a sample may lie.
    public var aheadMicroseconds: Int64 = 5 * 60_000_000
    /// How many deployments an organisation may have.
    public var mostPerOrganisation = 1000

    /// All defaults.
    public init() {}
}
