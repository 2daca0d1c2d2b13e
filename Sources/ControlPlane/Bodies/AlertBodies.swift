import Accounting
import Engine
import Quantities

/// From which cost of a deployment on an account is told, for each period; absent for never.
public struct DeploymentCostBody: Codable, Sendable, Equatable {
    /// In a day of the account's zone.
    public var day: Amount?
    /// In a week from Monday on.
    public var week: Amount?
    /// In a calendar month.
    public var month: Amount?
    /// Ever.
    public var total: Amount?

    /// Says from which costs on.
    ///
    /// - Parameters:
    ///   - day: In a day of the account's zone.
    ///   - week: In a week from Monday on.
    ///   - month: In a calendar month.
    ///   - total: Ever.
    public init(
        day: Amount? = nil,
        week: Amount? = nil,
        month: Amount? = nil,
        total: Amount? = nil
    ) {
        self.day = day
        self.week = week
        self.month = month
        self.total = total
    }

    init(_ limits: [AlertRules.DeploymentLimit]) {
        func limit(_ period: CapPeriod) -> Amount? {
            limits.first { $0.period == period }?.amount
        }
        self.init(
            day: limit(.day),
            week: limit(.week),
            month: limit(.month),
            total: limit(.total)
        )
    }
}

/// What an account is told of.
public struct AlertSettingsBody: Codable, Sendable, Equatable {
    /// Whether these are the account's own wishes, rather than the offer's.
    public var own: Bool
    /// Balances below which it is told.
    public var lowBalance: [Amount]
    /// Percents of every spend cap from which on it is told.
    public var capPercent: [Int]
    /// From which cost of a deployment on it is told.
    public var deploymentCost: DeploymentCostBody
    /// Whether each day is summed up at its end.
    public var dailySummary: Bool
    /// Whether each week is summed up at its end.
    public var weeklySummary: Bool

    init(_ info: AlertSettingsInfo) {
        self.own = info.isOwn
        self.lowBalance = info.rules.lowBalance
        self.capPercent = info.rules.capPercents.map { Int($0) }
        self.deploymentCost = DeploymentCostBody(info.rules.deploymentCost)
        self.dailySummary = info.rules.daily
        self.weeklySummary = info.rules.weekly
    }
}

/// An alert.
public struct AlertBody: Codable, Sendable, Equatable {
    /// Its stable id: the organisation and the number, or `-` and the number for what concerns all.
    public var id: String
    /// Its number within the organisation.
    public var number: UInt64
    /// Its place among those of all organisations, in the order in which they were stored.
    public var place: UInt64
    /// The organisation; absent for what concerns all.
    public var organisation: String?
    /// What it is about.
    public var kind: String
    /// For a cap: `org`, `project` or `key`.
    public var scope: String?
    /// The project's, key's or producer's name.
    public var name: String?
    /// Over which time it counts.
    public var period: String?
    /// The balance that was fallen below.
    public var threshold: Amount?
    /// The percents of the cap.
    public var percent: Int?
    /// What was found: a balance, a spend.
    public var value: Amount?
    /// The cap.
    public var cap: Amount?
    /// The day in the account's zone that it is about; of a week its Monday.
    public var day: String
    /// A word for people.
    public var text: String?
    /// When it went off.
    public var raisedAt: Timestamp
    /// When it had recovered; absent while it has not.
    public var clearedAt: Timestamp?

    init(_ info: AlertInfo) {
        self.id = "\(info.organisation ?? "-")/\(info.number)"
        self.number = info.number
        self.place = info.place
        self.organisation = info.organisation
        self.kind = info.kind
        self.name = info.name
        self.day = "\(info.day)"
        self.text = info.text.isEmpty ? nil : info.text
        self.raisedAt = info.raisedAt
        self.clearedAt = info.clearedAt
        switch info.point.kind {
        case .lowBalance:
            self.threshold = info.point.threshold
            self.value = info.value
        case .capThreshold:
            self.scope = info.point.scope.alertWord
            self.period = info.point.period.word
            self.percent = Int(info.point.threshold.units / Amount(credits: 1).units)
            self.value = info.value
            self.cap = info.limit
        case .dailySummary, .weeklySummary: self.value = info.value
        case .deploymentCost:
            self.period = info.point.period.word
            self.threshold = info.point.threshold
            self.value = info.value
        case .silentSource: break
        case .topUpFailed, .topUpLimitReached: self.value = info.value
        }
    }
}

/// A page of alerts.
public struct AlertsBody: Codable, Sendable, Equatable {
    /// The alerts.
    public var alerts: [AlertBody]
    /// What to give as `after` for the next page, the oldest first; absent on the last.
    public var nextAfter: UInt64?
    /// What to give as `before` for the next page, the newest first; absent on the last.
    public var nextBefore: UInt64?
}

extension Scope {
    fileprivate var alertWord: String {
        switch self {
        case .organisation: "org"
        case .project: "project"
        case .key: "key"
        }
    }
}
