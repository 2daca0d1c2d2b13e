import Accounting
import PostgresStore
import Quantities
import Rating

/// What an account is told of.
public struct AlertSettingsInfo: Sendable, Hashable {
    /// The rules in force.
    public var rules: AlertRules
    /// Whether they are the account's own, rather than the offer's.
    public var isOwn: Bool

    /// Makes them.
    ///
    /// - Parameters:
    ///   - rules: The rules in force.
    ///   - isOwn: Whether they are the account's own.
    public init(rules: AlertRules, isOwn: Bool) {
        self.rules = rules
        self.isOwn = isOwn
    }
}

/// Which alerts to show.
public struct AlertFilter: Sendable, Hashable {
    /// Only those of one organisation; nil for all.
    public var organisation: String?
    /// Only those with a higher number, of one organisation; with a higher place, of all.
    public var after: UInt64 = 0
    /// Only those with a lower number or place.
    public var before: UInt64?
    /// The newest first, instead of the oldest.
    public var newestFirst = false
    /// Only those that went off at this moment or later.
    public var from: Timestamp?
    /// Only those that have not recovered.
    public var openOnly = false
    /// How many at most.
    public var limit = 50

    /// Shows the first ones.
    public init() {}
}

/// An alert.
public struct AlertInfo: Sendable, Hashable {
    /// The organisation; nil for what concerns all.
    public var organisation: String?
    /// Its number within the organisation: with that, its stable id.
    public var number: UInt64
    /// Its place among those of all organisations, in the order in which they were stored.
    public var place: UInt64
    /// What it is about, in a word.
    public var kind: String
    /// What went off.
    public var point: AlertPoint
    /// The project's, key's or producer's name, where it is about one.
    public var name: String?
    /// What was found.
    public var value: Amount
    /// What it is measured by, such as the cap; zero where there is nothing.
    public var limit: Amount
    /// The day in the account's zone that it is about.
    public var day: CivilDay
    /// A word for people.
    public var text: String
    /// When it went off.
    public var raisedAt: Timestamp
    /// When it had recovered; nil while it has not.
    public var clearedAt: Timestamp?
}

extension AlertInfo {
    init(_ record: AlertRecord) {
        self.init(
            organisation: record.organisation,
            number: record.alert,
            place: record.place,
            kind: record.point.kind.word,
            point: record.point,
            name: record.name,
            value: record.value,
            limit: record.limit,
            day: record.day,
            text: record.text,
            raisedAt: record.raisedAt,
            clearedAt: record.clearedAt
        )
    }
}

extension Pricing {
    /// What the offer tells accounts of that have no wishes of their own.
    var alertDefaults: AlertRules {
        let alerts = offer.alerts
        let limits = alerts.deploymentCost.map { limit in
            AlertRules.DeploymentLimit(period: CapPeriod(limit.period), amount: limit.amount)
        }
        let rules = AlertRules(
            lowBalance: alerts.lowBalance,
            capPercents: alerts.capPercents.map { UInt8(clamping: $0) },
            daily: alerts.dailySummary,
            weekly: alerts.weeklySummary,
            deploymentCost: limits
        )
        guard let rules else { invariantBroken("an offer was checked when it was read") }
        return rules
    }
}

extension CapPeriod {
    fileprivate init(_ period: AlertsOffer.Period) {
        switch period {
        case .day: self = .day
        case .week: self = .week
        case .month: self = .month
        case .total: self = .total
        }
    }
}
