import Foundation

/// What a row's figures count.
enum Unit: String, Codable, Sendable {
    /// More is better; less is, in all others.
    case perSecond = "per_second"
    case microseconds
    case nanoseconds
    case seconds
    case mebibytes
    case percent
    case count

    var isMoreBetter: Bool { self == .perSecond }

    func text(_ value: Double) -> String {
        switch self {
        case .perSecond where value >= 1e6: String(format: "%.2f M/s", value / 1e6)
        case .perSecond: String(format: "%.1f k/s", value / 1e3)
        case .microseconds: String(format: "%.1f us", value)
        case .nanoseconds: String(format: "%.1f ns", value)
        case .seconds: String(format: "%.2f s", value)
        case .mebibytes: String(format: "%.0f MiB", value)
        case .percent: String(format: "%.3f %%", value)
        case .count: String(format: "%.1f", value)
        }
    }
}

/// What a row must reach.
struct Target: Codable, Sendable {
    /// The ratio to reach; not to exceed, where less is better.
    var ratio: Double?
    /// The figure to reach, or not to exceed; on the machine that the target was set for.
    var figure: Double?
}

/// One line of the table: a figure, and what was measured beside it in the same run.
struct ReportRow: Sendable {
    var what: String
    var unit: Unit
    var figure = Rounds()
    /// What the baseline is, or how the figure was found where there is none.
    var against: String
    var baseline = Rounds()
    /// Round by round, as neighbours in time share the machine's mood.
    private(set) var ratios = Rounds()
    var target: Target?
    /// Whether the ratio says how far the baseline is ahead of this row, not behind.
    var isRatioOfBaseline = false
    /// Other numbers that explain the figure, by name.
    var details: [String: Double] = [:]
    /// What a reader must know before he believes the figure.
    var warnings: [String] = []

    init(_ what: String, _ unit: Unit, against: String, target: Target? = nil) {
        self.what = what
        self.unit = unit
        self.against = against
        self.target = target
    }

    /// Adds a round; a baseline of nothing is none.
    mutating func add(_ figure: Double, baseline: Double = 0) {
        self.figure.add(figure)
        guard baseline > 0 else { return }
        self.baseline.add(baseline)
        if isRatioOfBaseline {
            ratios.add(figure > 0 ? baseline / figure : 0)
        } else {
            ratios.add(figure / baseline)
        }
    }

    private var isRatioMoreBetter: Bool { unit.isMoreBetter || isRatioOfBaseline }

    /// Whether the target is met; nil when there is none.
    var isMet: Bool? {
        guard let target else { return nil }
        var isMet = true
        if let wanted = target.ratio {
            guard !ratios.values.isEmpty else { return false }
            isMet = isRatioMoreBetter ? ratios.median >= wanted : ratios.median <= wanted
        }
        if let wanted = target.figure {
            let value = figure.median
            isMet = isMet && (unit.isMoreBetter ? value >= wanted : value <= wanted)
        }
        return isMet
    }

    var targetText: String {
        guard let target, let isMet else { return "" }
        var parts: [String] = []
        if let ratio = target.ratio {
            parts.append(String(format: "%@ %.2f", isRatioMoreBetter ? ">=" : "<=", ratio))
        }
        if let figure = target.figure {
            parts.append("\(unit.isMoreBetter ? ">" : "<=") \(unit.text(figure))")
        }
        return parts.joined(separator: ", ") + (isMet ? "  met" : "  MISSED")
    }
}

extension ReportRow: Encodable {
    private enum CodingKeys: String, CodingKey {
        case what, unit, figure, against, baseline, ratio, target, isMet, details, warnings
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(what, forKey: .what)
        try container.encode(unit, forKey: .unit)
        try container.encode(figure, forKey: .figure)
        try container.encode(against, forKey: .against)
        if !baseline.values.isEmpty {
            try container.encode(baseline, forKey: .baseline)
            try container.encode(ratios, forKey: .ratio)
        }
        try container.encodeIfPresent(target, forKey: .target)
        try container.encodeIfPresent(isMet, forKey: .isMet)
        try container.encode(details, forKey: .details)
        try container.encode(warnings, forKey: .warnings)
    }
}
