import Quantities

/// The section `alerts:` of an offer: what accounts are told of that have no wishes of their own,
/// and what operators are told of.
public struct AlertsOffer: Sendable, Hashable {
    /// Over which time the cost of a deployment counts.
    public enum Period: String, Sendable, Hashable, CaseIterable {
        case day
        case week
        case month
        case total
    }

    /// From which cost of a deployment on it is told.
    public struct DeploymentCost: Sendable, Hashable {
        /// Over which time it counts.
        public var period: Period
        /// From which cost on.
        public var amount: Amount

        /// Makes a limit.
        ///
        /// - Parameters:
        ///   - period: Over which time it counts.
        ///   - amount: From which cost on.
        public init(period: Period, amount: Amount) {
            self.period = period
            self.amount = amount
        }
    }

    /// How many entries a list may have.
    public static let most = 8

    /// Balances below which it is told.
    public var lowBalance: [Amount] = []
    /// Percents of every spend cap from which on it is told.
    public var capPercents: [Int] = []
    /// Whether each day that cost something is summed up at its end.
    public var dailySummary = false
    /// Whether each week that cost something is summed up at its end.
    public var weeklySummary = false
    /// From which costs of a deployment on it is told.
    public var deploymentCost: [DeploymentCost] = []
    /// After how many seconds without a report a producer that has reported before is silent; nil
    /// for never.
    public var silentSourceSeconds: Int?

    /// Nobody is told of anything.
    public init() {}
}
