import Quantities

/// What a scope has spent in its present windows.
///
/// Layout:      the present day, and what each longer window had before it began.
/// Invariants:  day <= week, day <= month, month <= total; all count from the account's own
///              midnights, Mondays and first days of a month.
/// Cost:        a debit changes the day alone: one amount instead of four, for each scope it is in.
public struct Spend: Sendable, Hashable {
    /// On the present day.
    public private(set) var day = Amount.zero
    private var totalBefore = Amount.zero
    private var weekBefore = Amount.zero
    private var monthBefore = Amount.zero

    /// In the present week.
    @inline(__always)
    public var week: Amount { weekBefore + day }
    /// In the present month.
    @inline(__always)
    public var month: Amount { monthBefore + day }
    /// Ever.
    @inline(__always)
    public var total: Amount { totalBefore + day }

    /// Nothing was spent yet.
    init() {}

    /// What is known of the present windows.
    init(day: Amount, week: Amount, month: Amount, total: Amount) {
        self.day = day
        weekBefore = week - day
        monthBefore = month - day
        totalBefore = total - day
    }

    @inline(__always)
    mutating func add(_ charge: Amount) {
        day += charge
    }

    mutating func turn(from old: CivilDay, to new: CivilDay) {
        guard new != old else { return }
        weekBefore = new.weekStart == old.weekStart ? week : .zero
        monthBefore = new.monthStart == old.monthStart ? month : .zero
        totalBefore = total
        day = .zero
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

    /// What fills a place without a key.
    static let blank = KeyState(project: 0, generation: 0, revoked: true)

    init(project: UInt32, generation: UInt32, revoked: Bool) {
        self.revoked = revoked
        self.project = project
        self.generation = generation
    }
}

/// A spend cap.
public struct Cap: Sendable, Hashable {
    /// How much.
    public internal(set) var amount: Amount
    /// The project's or key's number; 0 for the organisation.
    public internal(set) var id: UInt32
    /// What it caps.
    public internal(set) var scope: Scope
    /// Over which time it counts.
    public internal(set) var period: CapPeriod

    /// What fills a place without a cap.
    static let blank = Cap(scope: .organisation, id: 0, period: .total, amount: .max)

    init(scope: Scope, id: UInt32, period: CapPeriod, amount: Amount) {
        self.scope = scope
        self.id = id
        self.period = period
        self.amount = amount
    }
}
