/// A table for people: columns aligned, two spaces between them, no lines drawn.
struct TextTable: Sendable {
    /// How a column's cells stand above each other.
    enum Alignment: Sendable {
        case left
        case right
        /// By the decimal point, as sums of money are read.
        case decimal
    }

    private let heads: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    /// Makes a table without rows.
    init(_ columns: [(head: String, alignment: Alignment)]) {
        self.heads = columns.map(\.head)
        self.alignments = columns.map(\.alignment)
    }

    /// Adds a row; what is not there is shown as "-".
    mutating func add(_ cells: [String?]) {
        rows.append(cells.map { $0 ?? "-" })
    }

    /// The table's lines, each ending with a line break.
    var text: String {
        var columns: [[String]] = []
        for index in heads.indices {
            let cells = rows.map { $0[index] }
            columns.append(TextTable.align(cells, head: heads[index], alignments[index]))
        }
        var text = ""
        for row in 0...rows.count {
            var line = columns.map { $0[row] }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }

    private static func align(
        _ cells: [String],
        head: String,
        _ alignment: Alignment
    ) -> [String] {
        let cells = alignment == .decimal ? aligned(decimals: cells) : cells
        let width = max(head.count, cells.map(\.count).max() ?? 0)
        return ([head] + cells).map { cell in
            let space = String(repeating: " ", count: width - cell.count)
            return alignment == .left ? cell + space : space + cell
        }
    }

    private static func aligned(decimals cells: [String]) -> [String] {
        let fractions = cells.map { cell in
            cell.firstIndex(of: ".").map { cell[$0...].count } ?? 0
        }
        let longest = fractions.max() ?? 0
        return zip(cells, fractions).map { cell, fraction in
            cell + String(repeating: " ", count: longest - fraction)
        }
    }
}

/// A list of names and values for people: the values stand above each other.
struct TextList: Sendable {
    private var rows: [(name: String, value: String)] = []

    /// Adds a line, unless there is no value.
    mutating func add(_ name: String, _ value: String?) {
        if let value { rows.append((name, value)) }
    }

    /// The lines, each ending with a line break.
    var text: String {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { row in
            let space = String(repeating: " ", count: width - row.name.count + 2)
            return row.name + space + row.value + "\n"
        }.joined()
    }
}
