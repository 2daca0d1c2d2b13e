import MeterClient
import Quantities

/// Reads a trace of requests: `TIMESTAMP,ContextTokens,GeneratedTokens`, one a line.
struct TraceSource: EventSource, ~Copyable {
    /// Which time the events carry.
    enum Clock: String, CaseIterable, Sendable {
        /// None: meterd takes the time at which they arrive.
        case now
        /// That of the trace, read as UTC.
        case trace
    }

    /// The trace's first line.
    static let header = "TIMESTAMP,ContextTokens,GeneratedTokens"

    private var lines: LineReader
    private let account: MeterAccount
    private let model: String
    private let clock: Clock
    private let idPrefix: String
    private var count: UInt64

    /// Opens a trace.
    init(
        path: String,
        account: MeterAccount,
        model: String,
        clock: Clock,
        idPrefix: String,
        firstSequence: UInt64
    ) throws {
        var lines = try LineReader(path: path)
        let first = try lines.next().map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard first == TraceSource.header else {
            throw Failure(
                .usage,
                "\(lines.name):1: \"\(first.prefix(60))\" is not the head of a trace: "
                    + "\(TraceSource.header)"
            )
        }
        self.lines = lines
        self.account = account
        self.model = model
        self.clock = clock
        self.idPrefix = idPrefix
        self.count = firstSequence
    }

    var progress: SourceProgress {
        SourceProgress(doneBytes: lines.doneBytes, totalBytes: lines.totalBytes)
    }

    mutating func next() throws -> SourcedEvent? {
        guard let line = try lines.next() else { return nil }
        // An empty line may only be the end.
        if line.isEmpty {
            guard try lines.next() == nil else { throw wrong(line, "is empty") }
            return nil
        }
        let row = try TraceRow(line) { [line] in self.wrong(line, $0) }
        var event = UsageEvent(
            id: "\(idPrefix)-\(count)",
            account: account,
            model: model,
            tokens: TokenCounts(input: row.input, output: row.output)
        )
        if clock == .trace { event.at = row.time }
        count += 1
        return SourcedEvent(event: .usage(event))
    }

    private func wrong(_ line: [UInt8], _ what: String) -> Failure {
        let text = String(decoding: line.prefix(80), as: UTF8.self)
        return Failure(.usage, "\(lines.name):\(lines.number): \"\(text)\" \(what).")
    }
}

/// One line of a trace.
struct TraceRow: Equatable, Sendable {
    let time: Timestamp
    let input: UInt32
    let output: UInt32

    /// Reads a line; what is wrong with it goes through `failure`.
    init(_ line: [UInt8], failure: (String) -> Failure) throws {
        let cells = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard cells.count == 3 else { throw failure("has \(cells.count) columns, not 3") }
        // The published traces carry no zone; their times are UTC.
        guard let time = Timestamp(rfc3339: cells[0] + Array("Z".utf8)) else {
            throw failure("has no time in its first column")
        }
        guard let input = TraceRow.tokens(cells[1]), let output = TraceRow.tokens(cells[2]) else {
            throw failure("has no token counts (0 to 4294967295) in its other columns")
        }
        self.time = time
        self.input = input
        self.output = output
    }

    private static func tokens(_ cell: ArraySlice<UInt8>) -> UInt32? {
        UInt32(String(decoding: cell, as: UTF8.self))
    }
}
