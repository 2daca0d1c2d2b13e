/// What a system sells and to whom, beside what it charges: the part `offer:` of its file.
///
/// Plain values that say what an operator wrote. They know no wallet and no account; the engine
/// turns them into commands, whose records carry what was decided, so that no replay ever looks
/// anything up in an offer. Each section is a value of its own; one that is absent has its
/// defaults, which are those of the calls without any offer.
public struct Offer: Sendable, Hashable {
    /// What a credit is called and worth.
    public var credit = CreditUnit()
    /// What a grant of each class is when the call does not say.
    public var grants = GrantDefaults()
    /// The plans, in the order of the file.
    public var plans: [Plan] = []
    /// The coupons, in the order of the file.
    public var coupons: [Coupon] = []
    /// How accounts may be billed.
    public var billing = BillingOffer()
    /// How machines are watched, and when they are told to stop.
    public var machineRuns = MachineRuns()
    /// What is given back.
    public var refunds = RefundsOffer()
    /// Who is told of what.
    public var alerts = AlertsOffer()
    /// What is sold, and how it is paid for.
    public var purchases = PurchaseOffer()

    /// An offer without any section.
    public init() {}

    /// The plan with a name, or nil.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The plan.
    public func plan(named name: String) -> Plan? {
        plans.first { $0.name == name }
    }

    /// The coupon with a code, or nil.
    ///
    /// - Parameter code: Its code, as it is written in the file.
    /// - Returns: The coupon.
    public func coupon(code: String) -> Coupon? {
        coupons.first { $0.code == code }
    }
}
