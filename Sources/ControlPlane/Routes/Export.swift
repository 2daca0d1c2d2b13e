import Engine
import Quantities

/// What is exported.
enum ExportBook: String, CaseIterable, Sendable {
    case ledger
    case usage
}

/// How an export is written.
enum ExportFormat: String, CaseIterable, Sendable {
    /// RFC 4180: a line of heads, then a line each; its line breaks are CR LF.
    case csv
    /// A JSON object a line.
    case jsonl

    var contentType: String {
        switch self {
        case .csv: "text/csv; charset=utf-8; header=present"
        case .jsonl: "application/jsonl"
        }
    }
}

/// Writes a whole book, page by page: one page is in memory at a time.
///
/// The end is the last line that PostgreSQL had when the export began. The last row is the total,
/// so that a file that was cut off shows it.
struct Export: Sendable {
    let administration: any Administration
    let organisation: String
    let book: ExportBook
    let format: ExportFormat
    let from: Timestamp?
    let to: Timestamp?
    let last: UInt64

    private static let pageLines = 2_000

    /// The sums of what was written.
    private struct Totals {
        var lines: UInt64 = 0
        var amount = Amount.zero
        var opening: Amount?
        var closing: Amount?
    }

    /// Writes everything.
    ///
    /// - Parameter write: Takes a piece; waits while the client does not read.
    /// - Throws: What the engine or the connection says; the answer ends unfinished then.
    func run(_ write: ([UInt8]) async throws -> Void) async throws {
        var page = ExportPage(after: 0, through: last, from: from, to: to, limit: Export.pageLines)
        var totals = Totals()
        if format == .csv { try await write(CSV.row(heads)) }
        while true {
            let (bytes, end, count) = try await next(page, &totals)
            if !bytes.isEmpty { try await write(bytes) }
            guard let end, count == page.limit else { break }
            page.after = end
        }
        try await write(try total(totals))
    }

    private var heads: [String] {
        switch book {
        case .ledger:
            [
                "line", "applied_at", "kind", "amount", "balance", "project", "key", "session",
                "detail",
            ]
        case .usage:
            [
                "line", "at", "applied_at", "id", "model", "provider", "project", "key", "session",
                "input_tokens", "cache_read_input_tokens", "cache_write_input_tokens",
                "output_tokens", "reasoning_output_tokens", "charge", "latency_ms", "status",
                "cache_hit",
            ]
        }
    }

    private func next(
        _ page: ExportPage,
        _ totals: inout Totals
    ) async throws -> (bytes: [UInt8], end: UInt64?, count: Int) {
        var bytes: [UInt8] = []
        switch book {
        case .ledger:
            let lines = try await administration.ledgerPage(organisation: organisation, page: page)
            for line in lines {
                if totals.opening == nil { totals.opening = line.balance - line.amount }
                totals.closing = line.balance
                totals.lines += 1
                totals.amount += line.amount
                bytes += try row(TransactionBody(line), Export.cells(line))
            }
            return (bytes, lines.last?.line, lines.count)
        case .usage:
            let lines = try await administration.usagePage(organisation: organisation, page: page)
            for line in lines {
                totals.lines += 1
                totals.amount += line.charge
                bytes += try row(UsageBody(line), Export.cells(line))
            }
            return (bytes, lines.last?.line, lines.count)
        }
    }

    private func row(_ body: some Encodable, _ cells: [String?]) throws -> [UInt8] {
        switch format {
        case .csv: CSV.row(cells)
        case .jsonl: try ControlJSON.bytes(body) + [UInt8(ascii: "\n")]
        }
    }

    private static func cells(_ line: TransactionInfo) -> [String?] {
        [
            "\(line.line)", "\(line.appliedAt)", line.kind, "\(line.amount)", "\(line.balance)",
            CSV.text(line.project), CSV.text(line.key), CSV.text(line.session),
            CSV.text(line.detail),
        ]
    }

    private static func cells(_ line: UsageInfo) -> [String?] {
        let latency = line.latencyMilliseconds
        return [
            "\(line.line)", "\(line.at)", "\(line.appliedAt)", CSV.text(line.id),
            CSV.text(line.model), CSV.text(line.provider), CSV.text(line.project),
            CSV.text(line.key), CSV.text(line.session), "\(line.tokens.input)",
            "\(line.tokens.cacheRead)", "\(line.tokens.cacheWrite)", "\(line.tokens.output)",
            "\(line.tokens.reasoning)", "\(line.charge)", latency == 0 ? nil : "\(latency)",
            line.failed ? "error" : "ok", "\(line.cacheHit)",
        ]
    }

    private func total(_ totals: Totals) throws -> [UInt8] {
        let body = ExportTotalBody(
            total: totals.lines,
            amount: totals.amount,
            openingBalance: totals.opening,
            closingBalance: totals.closing
        )
        switch (format, book) {
        case (.jsonl, _): return try ControlJSON.bytes(body) + [UInt8(ascii: "\n")]
        case (.csv, .ledger):
            return CSV.row([
                "total", nil, "\(totals.lines) lines", "\(totals.amount)",
                totals.closing.map { "\($0)" }, nil, nil, nil, nil,
            ])
        case (.csv, .usage):
            var cells = [String?](repeating: nil, count: heads.count)
            cells[0] = "total"
            cells[3] = "\(totals.lines) lines"
            cells[14] = "\(totals.amount)"
            return CSV.row(cells)
        }
    }
}

/// The last line of an export.
public struct ExportTotalBody: Codable, Sendable, Equatable {
    /// How many lines there were.
    public var total: UInt64
    /// Their sum.
    public var amount: Amount
    /// The balance before the first, for a ledger with lines.
    public var openingBalance: Amount?
    /// The balance after the last, for a ledger with lines.
    public var closingBalance: Amount?
}

/// Rows of comma-separated values after RFC 4180.
enum CSV {
    /// A text that somebody else has chosen, as a cell that no spreadsheet takes for a formula.
    ///
    /// Spreadsheets calculate what begins with one of these characters, also between quotes, and
    /// formulas can fetch and send: an apostrophe before it makes it a text. Never for numbers,
    /// which may begin with a minus sign.
    static func text(_ text: String?) -> String? {
        guard let text, let first = text.utf8.first else { return text }
        switch first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0A,
            0x0D:
            return "'" + text
        default: return text
        }
    }

    /// A row; what is not there is empty.
    static func row(_ cells: [String?]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if let cell { append(cell, to: &bytes) }
        }
        bytes += [0x0D, 0x0A]
        return bytes
    }

    private static func append(_ cell: String, to bytes: inout [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let isPlain = cell.utf8.allSatisfy {
            $0 != quote && $0 != UInt8(ascii: ",") && $0 != 0x0D && $0 != 0x0A
        }
        guard !isPlain else {
            bytes += Array(cell.utf8)
            return
        }
        bytes.append(quote)
        for byte in cell.utf8 {
            if byte == quote { bytes.append(quote) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }
}
