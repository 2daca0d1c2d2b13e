import Quantities

/// What an alert is about.
///
/// Append-only: numbers are on disk for ever.
public enum AlertKind: UInt8, Sendable, CaseIterable {
    /// The posted balance fell below a threshold.
    case lowBalance = 1
    /// A share of a spend cap is spent.
    case capThreshold = 2
    /// A day has ended.
    case dailySummary = 3
    /// A week has ended.
    case weeklySummary = 4
    /// A deployment has cost so much in a period.
    case deploymentCost = 5
    /// A producer that has reported before is silent.
    case silentSource = 6
    /// A top-up was not paid.
    case topUpFailed = 7
    /// No top-up is asked for any more in this month.
    case topUpLimitReached = 8

    /// Whether it is told and over, rather than lasting until something recovers.
    public var isMomentary: Bool { self == .dailySummary || self == .weeklySummary }
}

/// What is armed and goes off once for each crossing: a kind, whom it is about, and a threshold.
public struct AlertPoint: Sendable, Hashable {
    /// What it is about.
    public var kind: AlertKind
    /// Whose spend or balance it is about.
    public var scope: Scope
    /// The project's, key's, deployment's or producer's number; 0 for the organisation.
    public var id: UInt32
    /// Over which time it counts; `total` where time does not matter.
    public var period: CapPeriod
    /// The balance, the percents, or the cost; zero where there is none.
    public var threshold: Amount

    /// Makes a point.
    ///
    /// - Parameters:
    ///   - kind: What it is about.
    ///   - scope: Whose spend or balance it is about.
    ///   - id: The project's, key's, deployment's or producer's number.
    ///   - period: Over which time it counts.
    ///   - threshold: The balance, the percents, or the cost.
    public init(
        kind: AlertKind,
        scope: Scope = .organisation,
        id: UInt32 = 0,
        period: CapPeriod = .total,
        threshold: Amount = .zero
    ) {
        self.kind = kind
        self.scope = scope
        self.id = id
        self.period = period
        self.threshold = threshold
    }
}

/// An alert went off.
public struct AlertRaised: Sendable, Hashable {
    /// Its number within the organisation, from 1: its stable id.
    public var alert: UInt64
    /// What went off.
    public var point: AlertPoint
    /// What was found: a balance, a spend, a cost.
    public var value: Amount
    /// What it is measured by, such as the cap; zero where there is nothing.
    public var limit: Amount
    /// The day in the account's zone that it is about.
    public var day: CivilDay
    /// A word for people, such as why a top-up failed.
    public var text: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - alert: Its number within the organisation, from 1.
    ///   - point: What went off.
    ///   - value: What was found.
    ///   - limit: What it is measured by.
    ///   - day: The day in the account's zone that it is about.
    ///   - text: A word for people.
    public init(
        alert: UInt64,
        point: AlertPoint,
        value: Amount,
        limit: Amount,
        day: CivilDay,
        text: String
    ) {
        self.alert = alert
        self.point = point
        self.value = value
        self.limit = limit
        self.day = day
        self.text = text
    }
}

/// What had gone off has recovered: it is armed again.
public struct AlertCleared: Sendable, Hashable {
    /// The alert that is over.
    public var alert: UInt64
    /// What is armed again.
    public var point: AlertPoint
    /// What was found.
    public var value: Amount

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - alert: The alert that is over.
    ///   - point: What is armed again.
    ///   - value: What was found.
    public init(alert: UInt64, point: AlertPoint, value: Amount) {
        self.alert = alert
        self.point = point
        self.value = value
    }
}

/// An account's own wishes were set or forgotten.
public struct AlertsSet: Sendable, Hashable {
    /// The rules, or nil when those of the offer hold.
    public var rules: AlertRules?

    /// Makes the change's content.
    ///
    /// - Parameter rules: The rules, or nil when those of the offer hold.
    public init(rules: AlertRules?) {
        self.rules = rules
    }
}

// MARK: - Bytes

extension AlertPoint {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.put(kind.rawValue)
        writer.put(scope.rawValue)
        writer.put(id)
        writer.put(period.rawValue)
        writer.put(threshold)
    }

    fileprivate init(from reader: inout ByteReader) throws(RecordFault) {
        kind = try reader.value(AlertKind.self)
        scope = try reader.value(Scope.self)
        id = try reader.integer(UInt32.self)
        period = try reader.value(CapPeriod.self)
        threshold = try reader.amount()
    }
}

extension AlertRaised {
    func encode(into writer: inout ByteWriter) {
        writer.put(alert)
        point.encode(into: &writer)
        writer.put(value)
        writer.put(limit)
        writer.put(day.number)
        writer.put(text)
    }

    init(from reader: inout ByteReader) throws(RecordFault) {
        alert = try reader.integer(UInt64.self)
        point = try AlertPoint(from: &reader)
        value = try reader.amount()
        limit = try reader.amount()
        day = CivilDay(number: try reader.integer(Int32.self))
        text = try reader.text()
    }
}

extension AlertCleared {
    func encode(into writer: inout ByteWriter) {
        writer.put(alert)
        point.encode(into: &writer)
        writer.put(value)
    }

    init(from reader: inout ByteReader) throws(RecordFault) {
        alert = try reader.integer(UInt64.self)
        point = try AlertPoint(from: &reader)
        value = try reader.amount()
    }
}

extension AlertsSet {
    func encode(into writer: inout ByteWriter) {
        writer.put(rules != nil)
        writer.put(rules?.text ?? "")
    }

    init(from reader: inout ByteReader) throws(RecordFault) {
        let isSet = try reader.flag()
        let text = try reader.text()
        guard let read = AlertRules(text: text) else { throw .badValue }
        rules = isSet ? read : nil
    }
}
