import MeterClient
import Quantities
import Wire

/// Reads the protocol's own JSON lines, of type `usage` and `heartbeat`.
///
/// The lines are checked by the daemon's own reader, so that what is wrong is said with its line
/// before anything of it is sent.
struct UsageLineSource: EventSource, ~Copyable {
    private var lines: LineReader
    private let decoder = JSONClientDecoder()

    /// Opens a file of JSON lines; "-" is standard input.
    init(path: String) throws {
        self.lines = try LineReader(path: path)
    }

    var progress: SourceProgress {
        SourceProgress(doneBytes: lines.doneBytes, totalBytes: lines.totalBytes)
    }

    mutating func next() throws -> SourcedEvent? {
        while var line = try lines.next() {
            let step = decode(&line)
            switch step {
            case .nothing: continue
            case .rejected(let rejection): throw wrong(rejection.message)
            case .fault(let fault): throw wrong(fault.message)
            case .message(.usage(let report)): return usage(report, in: line)
            case .message(.heartbeat(let report)): return heartbeat(report, in: line)
            case .message: throw wrong("only lines of type usage and heartbeat can be sent")
            }
        }
        return nil
    }

    private func decode(_ line: inout [UInt8]) -> ClientStep {
        var span = line.mutableSpan
        var bytes = span.mutableBytes
        return decoder.decode(&bytes)
    }

    private func usage(_ report: UsageReport, in line: [UInt8]) -> SourcedEvent {
        let account = text(report.account, line) ?? ""
        var event = UsageEvent(
            id: text(report.id, line),
            account: report.accountKind == .key ? .key(account) : .org(account),
            model: text(report.model, line) ?? "",
            tokens: report.tokens
        )
        event.project = text(report.project, line)
        event.provider = text(report.provider, line)
        if !report.session.isEmpty { event.session = text(report.session, line) }
        event.failed = report.failed
        event.cacheHit = report.cacheHit
        event.latencyMilliseconds = report.latencyMilliseconds
        event.at = report.at
        event.hold = report.hold
        let sequence = report.sequence == 0 ? nil : report.sequence
        return SourcedEvent(event: .usage(event), sequence: sequence)
    }

    private func heartbeat(_ report: HeartbeatReport, in line: [UInt8]) -> SourcedEvent {
        var sample = MachineSample(
            deployment: text(report.deployment, line),
            boot: text(report.boot, line),
            org: text(report.org, line) ?? "",
            machine: text(report.machine, line) ?? "",
            uptimeMilliseconds: report.uptimeMilliseconds
        )
        sample.isRunning = report.state == .running
        sample.vcpuThousandths = report.vcpuThousandths
        sample.memoryThousandths = report.memoryThousandths
        sample.storageThousandths = report.storageThousandths
        sample.sentBytes = report.sentBytes
        sample.at = report.at
        let sequence = report.sequence == 0 ? nil : report.sequence
        return SourcedEvent(event: .machine(sample), sequence: sequence)
    }

    private func text(_ range: ByteRange, _ line: [UInt8]) -> String {
        String(decoding: line[range.bounds], as: UTF8.self)
    }

    private func text(_ name: WireName, _ line: [UInt8]) -> String? {
        switch name {
        case .text(let range): text(range, line)
        case .absent, .index: nil
        }
    }

    private func wrong(_ what: String) -> Failure {
        Failure(.usage, "\(lines.name):\(lines.number): \(what)")
    }
}
