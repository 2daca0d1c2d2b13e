/// For how long something is good, counted from when it begins.
public enum Lifetime: Sendable, Hashable {
    /// So many calendar months: until the same day of that month at the same time of day, or until
    /// the last day of a shorter month.
    case months(Int)
    /// So many calendar days: until the same time of that day.
    case days(Int)
}

/// What a grant of one class is when the call that makes it does not say.
public struct ClassDefaults: Sendable, Hashable {
    /// After which time what is left lapses; nil for never.
    public var expiresAfter: Lifetime?
    /// The longest life that a call may ask for; nil for any.
    public var expiresAtMost: Lifetime?
    /// Burnt earlier when lower; nil for the class's own place in the order.
    public var priority: Int32?

    /// Makes defaults.
    ///
    /// - Parameters:
    ///   - expiresAfter: After which time what is left lapses; nil for never.
    ///   - expiresAtMost: The longest life that a call may ask for; nil for any.
    ///   - priority: Burnt earlier when lower; nil for the class's own place in the order.
    public init(
        expiresAfter: Lifetime? = nil,
        expiresAtMost: Lifetime? = nil,
        priority: Int32? = nil
    ) {
        self.expiresAfter = expiresAfter
        self.expiresAtMost = expiresAtMost
        self.priority = priority
    }
}

/// The defaults of all classes of grants.
public struct GrantDefaults: Sendable, Hashable {
    /// Credits that were paid for.
    public var purchased = ClassDefaults()
    /// Credits that were given away.
    public var promotional = ClassDefaults()
    /// Credits that a plan includes; how long they last is said by the plan.
    public var plan = ClassDefaults()
    /// Credits of a coupon.
    public var coupon = ClassDefaults()
    /// Credits that were given back.
    public var refund = ClassDefaults()
    /// Credits that an operator put right.
    public var adjustment = ClassDefaults()

    /// Nothing is said of any class.
    public init() {}
}
