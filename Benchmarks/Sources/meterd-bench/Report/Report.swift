import Foundation

/// What a row's figures count.
enum Unit: String, Codable, Sendable {
    /// More is better.
    case perSecond = "per_second"
    /// Less is better.
    case microseconds

    func text(_ value: Double) -> String {
        switch self {
        case .perSecond where value >= 1e6: String(format: "%.2f M/s", value / 1e6)
        case .perSecond: String(format: "%.1f k/s", value / 1e3)
        case .microseconds: String(format: "%.1f us", value)
        }
    }
}

/// What a row must reach.
struct Target: Codable, Sendable {
    /// The ratio to reach, or for latencies not to exceed.
    var ratio: Double
    /// The figure to reach on the machine that the target was set for.
    var figure: Double?
}

/// One line of the table: a figure, and what was measured beside it in the same run.
struct ReportRow: Codable, Sendable {
    var what: String
    var unit: Unit
    var figure = Rounds()
    /// What the baseline is.
    var against: String
    var baseline = Rounds()
    /// Round by round, as neighbours in time share the machine's mood.
    private(set) var ratios = Rounds()
    var target: Target?
    /// Other numbers that explain the figure, by name.
    var details: [String: Double] = [:]

    init(_ what: String, _ unit: Unit, against: String, target: Target? = nil) {
        self.what = what
        self.unit = unit
        self.against = against
        self.target = target
    }

    mutating func add(_ figure: Double, baseline: Double) {
        self.figure.add(figure)
        self.baseline.add(baseline)
        ratios.add(baseline > 0 ? figure / baseline : 0)
    }

    /// Whether the target is met; nil when there is none.
    var isMet: Bool? {
        guard let target else { return nil }
        switch unit {
        case .perSecond: return ratios.median >= target.ratio && figure.median >= target.figure ?? 0
        case .microseconds: return ratios.median <= target.ratio
        }
    }

    var targetText: String {
        guard let target, let isMet else { return "" }
        let sign = unit == .perSecond ? ">=" : "<="
        let figure = target.figure.map { ", > \(unit.text($0))" } ?? ""
        return String(format: "%@ %.2f", sign, target.ratio) + figure
            + (isMet ? "  met" : "  MISSED")
    }
}

/// Everything that one run has found.
struct Report: Codable, Sendable {
    var machine: Machine
    var options: Options
    var rows: [ReportRow] = []
    /// Sentences that a reader of the figures must know.
    var notes: [String] = []

    /// Writes all of it as JSON.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(self), as: UTF8.self)
        try TextFile.write(text + "\n", to: path)
    }

    /// What was measured where.
    var heading: String { "\(machine.text)\n\(options.text)" }

    /// The table and its notes, for people.
    var text: String {
        var lines = table([["what", "figure", "baseline", "ratio", "target"]] + rows.map(cells))
        lines.append("")
        lines += [
            "median (lowest-highest) of \(options.rounds) rounds; ratios round by round; "
                + "details of the last round",
            "",
        ]
        lines += rows.map { "\($0.what)\n    against \($0.against)\(detailText($0))" }
        lines += notes.map { "note: \($0)" }
        return lines.joined(separator: "\n")
    }

    private func cells(_ row: ReportRow) -> [String] {
        guard row.baseline.highest > 0 else {
            return [row.what, spread(row.figure, row.unit), "-", "-", row.targetText]
        }
        return [
            row.what, spread(row.figure, row.unit), spread(row.baseline, row.unit),
            String(
                format: "%.2f (%.2f-%.2f)",
                row.ratios.median,
                row.ratios.lowest,
                row.ratios.highest
            ),
            row.targetText,
        ]
    }

    private func spread(_ rounds: Rounds, _ unit: Unit) -> String {
        let low = unit.text(rounds.lowest).prefix { $0 != " " }
        let high = unit.text(rounds.highest).prefix { $0 != " " }
        return "\(unit.text(rounds.median)) (\(low)-\(high))"
    }

    private func detailText(_ row: ReportRow) -> String {
        guard !row.details.isEmpty else { return "" }
        let pairs = row.details.sorted { $0.key < $1.key }.map {
            String(format: "%@ %.2f", $0.key, $0.value)
        }
        return "\n    " + pairs.joined(separator: ", ")
    }

    private func table(_ rows: [[String]]) -> [String] {
        let columns = rows.first?.count ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.enumerated().flatMap { index, row -> [String] in
            let line = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }.joined(separator: "  ")
            guard index == 0 else { return [line] }
            return [line, widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")]
        }
    }
}
