import Quantities

/// The period for which a plan includes credits.
public enum PlanPeriod: String, Sendable, Hashable, CaseIterable {
    /// A calendar month in the account's time zone.
    case month
}

/// The credits that a plan includes.
public struct IncludedCredits: Sendable, Hashable {
    /// How many in each period, above zero.
    public var amount: Amount
    /// The period.
    public var period: PlanPeriod
    /// Whether what is left lapses at the period's end; else it stays in the wallet.
    public var lapses: Bool

    /// Makes included credits.
    ///
    /// - Parameters:
    ///   - amount: How many in each period, above zero.
    ///   - period: The period.
    ///   - lapses: Whether what is left lapses at the period's end.
    public init(amount: Amount, period: PlanPeriod = .month, lapses: Bool) {
        self.amount = amount
        self.period = period
        self.lapses = lapses
    }
}

/// What an account on a plan may do, and what it is given.
public struct Plan: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Whether requests may run at all.
    public var apiAccess: Bool
    /// Whether credits may be bought.
    public var mayPurchase: Bool
    /// Whether requests may run only after a first purchase.
    public var needsPurchase: Bool
    /// The credits of each period; nil for none.
    public var includedCredits: IncludedCredits?

    /// Makes a plan.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - apiAccess: Whether requests may run at all.
    ///   - mayPurchase: Whether credits may be bought.
    ///   - needsPurchase: Whether requests may run only after a first purchase.
    ///   - includedCredits: The credits of each period; nil for none.
    public init(
        name: String,
        apiAccess: Bool = true,
        mayPurchase: Bool = true,
        needsPurchase: Bool = false,
        includedCredits: IncludedCredits? = nil
    ) {
        self.name = name
        self.apiAccess = apiAccess
        self.mayPurchase = mayPurchase
        self.needsPurchase = needsPurchase
        self.includedCredits = includedCredits
    }
}
