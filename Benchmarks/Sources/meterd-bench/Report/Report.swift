import Foundation

/// Everything that one run has found.
struct Report: Encodable, Sendable {
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

    /// What a smoke run can tell though it is no measurement: counts do not depend on the machine.
    func checkCounts() throws {
        for row in rows where options.isSmoke && row.what == HeapAllocations.name {
            guard row.figure.median <= HeapAllocations.smokeLimit else {
                throw BenchError(
                    "\(row.what): \(row.unit.text(row.figure.median)), "
                        + "more than \(row.unit.text(HeapAllocations.smokeLimit))"
                )
            }
        }
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
        for row in rows {
            let word = row.baseline.values.isEmpty ? "how" : "against"
            lines.append("\(row.what)\n    \(word): \(row.against)\(detailText(row))")
            lines += row.warnings.map { "    BEWARE: \($0)" }
        }
        lines += notes.map { "note: \($0)" }
        return lines.joined(separator: "\n")
    }

    private func cells(_ row: ReportRow) -> [String] {
        guard !row.baseline.values.isEmpty else {
            return [row.what, spread(row.figure, row.unit), "-", "-", row.targetText]
        }
        return [
            row.what, spread(row.figure, row.unit), spread(row.baseline, row.unit),
            ratios(row.ratios), row.targetText,
        ]
    }

    private func ratios(_ rounds: Rounds) -> String {
        let format = rounds.median < 0.05 ? "%.4f" : "%.2f"
        let (median, low, high) = (rounds.median, rounds.lowest, rounds.highest)
        guard rounds.values.count > 1 else { return String(format: format, median) }
        return String(format: "\(format) (\(format)-\(format))", median, low, high)
    }

    private func spread(_ rounds: Rounds, _ unit: Unit) -> String {
        guard rounds.values.count > 1 else { return unit.text(rounds.median) }
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
