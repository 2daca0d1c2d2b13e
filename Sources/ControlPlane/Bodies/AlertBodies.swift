import Accounting
import Engine
import Quantities

/// What an account is told of.
public struct AlertSettingsBody: Codable, Sendable, Equatable {
    /// Whether these are the account's own wishes, rather than the offer's.
    public var own: Bool
    /// Balances below which it is told.
    public var lowBalance: [Amount]
    /// Percents of every spend cap from which on it is told.
    public var capPercent: [Int]
    /// Whether each day is summed up at its end.
    public var dailySummary: Bool
    /// Whether each week is summed up at its end.
    public var weeklySummary: Bool

    init(_ info: AlertSettingsInfo) {
        self.own = info.isOwn
        self.lowBalance = info.rules.lowBalance
        self.capPercent = info.rules.capPercents.map { Int($0) }
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

/// A page of alerts, the oldest first.
public struct AlertsBody: Codable, Sendable, Equatable {
    /// The alerts.
    public var alerts: [AlertBody]
    /// What to give as `after` for the next page; absent on the last.
    public var nextAfter: UInt64?
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
