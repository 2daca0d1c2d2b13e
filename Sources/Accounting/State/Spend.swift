import Quantities

/// What a scope has spent in its present windows.
///
/// Invariants:  day <= week, day <= month, month <= total; all count from the account's own
///              midnights, Mondays and first days of a month.
public struct Spend: Sendable, Hashable {
    /// On the present day.
    public internal(set) var day = Amount.zero
    /// In the present week.
    public internal(set) var week = Amount.zero
    /// In the present month.
    public internal(set) var month = Amount.zero
    /// Ever.
    public internal(set) var total = Amount.zero

    mutating func add(_ charge: Amount) {
        day += charge
        week += charge
        month += charge
        total += charge
    }

    mutating func turn(from old: CivilDay, to new: CivilDay) {
        guard new != old else { return }
        day = .zero
        if new.weekStart != old.weekStart { week = .zero }
        if new.monthStart != old.monthStart { month = .zero }
    }

    /// What was spent in the present window of a period.
    ///
    /// - Parameter period: Day, week, month or total.
    /// - Returns: The amount.
    @inline(__always)
    public func amount(in period: CapPeriod) -> Amount {
        switch period {
        case .day: day
        case .week: week
        case .month: month
        case .total: total
        }
    }

    func combine(into digest: inout StateDigest) {
        digest.combine(day)
        digest.combine(week)
        digest.combine(month)
        digest.combine(total)
    }
}

/// Why something is cut off; several may hold at once.
public struct CutoffReasons: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8

    /// Wraps the bits.
    ///
    /// - Parameter rawValue: The bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The posted balance is not above zero.
    public static let insufficientCredits = CutoffReasons(rawValue: 1)
    /// A spend cap is used up.
    public static let spendCap = CutoffReasons(rawValue: 2)
    /// The organisation was closed.
    public static let closed = CutoffReasons(rawValue: 4)
    /// The key was revoked.
    public static let revoked = CutoffReasons(rawValue: 8)

    /// The reasons as words of the protocol, most final first.
    public var words: [String] {
        var words: [String] = []
        if contains(.closed) { words.append("account_closed") }
        if contains(.revoked) { words.append("invalid_key") }
        if contains(.spendCap) { words.append("spend_cap_exceeded") }
        if contains(.insufficientCredits) { words.append("insufficient_credits") }
        return words
    }
}

/// What is counted for a project or a key.
public struct ScopeState: Sendable, Hashable {
    /// What it has spent.
    public internal(set) var spend = Spend()
    /// What open holds keep for it.
    public internal(set) var held = Amount.zero
    /// Why it is cut off, if it is.
    public internal(set) var cutoffs = CutoffReasons()
}

/// A key's state; its name and secret are the directory's.
public struct KeyState: Sendable, Hashable {
    /// What is counted for it.
    public internal(set) var scope = ScopeState()
    /// Whether it was revoked.
    public internal(set) var revoked: Bool
    /// The project it is bound to, or 0.
    public internal(set) var project: UInt32
    /// How many secrets it has had.
    public internal(set) var generation: UInt32

    init(project: UInt32, generation: UInt32, revoked: Bool) {
        self.revoked = revoked
        self.project = project
        self.generation = generation
    }
}

/// A spend cap.
public struct Cap: Sendable, Hashable {
    /// What it caps.
    public internal(set) var scope: Scope
    /// The project's or key's number; 0 for the organisation.
    public internal(set) var id: UInt32
    /// Over which time it counts.
    public internal(set) var period: CapPeriod
    /// How much.
    public internal(set) var amount: Amount
}
