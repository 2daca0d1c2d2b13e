import Quantities

/// What a cap or a cutoff is about.
public enum Scope: UInt8, Sendable, CaseIterable {
    case organisation = 1
    case project = 2
    case key = 3
}

/// Over which time a cap counts.
public enum CapPeriod: UInt8, Sendable, CaseIterable {
    case day = 1
    case week = 2
    case month = 3
    case total = 4
}

/// A spend cap was set, changed or cleared.
public struct CapChanged: Sendable, Hashable {
    /// What it caps.
    public var scope: Scope
    /// The project's or key's number; 0 for the organisation.
    public var id: UInt32
    /// Over which time it counts.
    public var period: CapPeriod
    /// The cap, or nil when it was cleared.
    public var amount: Amount?

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - scope: What it caps.
    ///   - id: The project's or key's number; 0 for the organisation.
    ///   - period: Over which time it counts.
    ///   - amount: The cap, or nil when it was cleared.
    public init(
        scope: Scope,
        id: UInt32,
        period: CapPeriod,
        amount: Amount?
    ) {
        self.scope = scope
        self.id = id
        self.period = period
        self.amount = amount
    }
}

/// A new day began in an account's time zone; day, week and month counters follow from the date.
public struct DayTurned: Sendable, Hashable {
    /// The new day.
    public var today: ZonedDay

    /// Makes the change's content.
    ///
    /// - Parameter today: The new day.
    public init(today: ZonedDay) {
        self.today = today
    }
}
