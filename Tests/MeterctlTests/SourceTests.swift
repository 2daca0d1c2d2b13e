import Foundation
import MeterClient
@testable import meterctl
import Quantities
import Testing

/// Goal: files are read line by line, and what is wrong is said with its line.
///
/// Method: small files with every mistake.
@Suite struct SourceTests {
    /// Writes a file that is gone when the body has run.
    static func file<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        let path = NSTemporaryDirectory() + "meterctl-\(UInt64.random(in: 0...UInt64.max))"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        return try body(path)
    }

    private func trace(_ text: String, clock: TraceSource.Clock = .now) throws -> [UsageEvent] {
        try SourceTests.file(text) { path in
            var source = try TraceSource(
                path: path,
                account: .org("acme"),
                model: "m",
                clock: clock,
                idPrefix: "p",
                firstSequence: 5
            )
            var events: [UsageEvent] = []
            while let sourced = try source.next() {
                if case .usage(let usage) = sourced.event { events.append(usage) }
            }
            return events
        }
    }

    @Test func `a trace's lines are requests with ids that a repeat gives again`() throws {
        let text = """
            TIMESTAMP,ContextTokens,GeneratedTokens
            2023-11-16 18:17:03.9799600,4808,10\r
            2023-11-16 18:17:04.0319600,3180,8

            """
        let events = try trace(text, clock: .trace)
        #expect(events.map(\.id) == ["p-5", "p-6"])
        #expect(events.map(\.tokens.input) == [4808, 3180])
        #expect(events.map(\.tokens.output) == [10, 8])
        #expect(events.first?.at?.description == "2023-11-16T18:17:03.97996Z")
        let undated = try trace(text)
        #expect(undated.allSatisfy { $0.at == nil })
    }

    @Test func `a last line without an end counts`() throws {
        let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,2"
        #expect(try trace(text).count == 1)
    }

    @Test(arguments: [
        ("", ":1: \"\" is not the head of a trace: TIMESTAMP,ContextTokens,GeneratedTokens"),
        (
            "a,b\n",
            ":1: \"a,b\" is not the head of a trace: "
                + "TIMESTAMP,ContextTokens,GeneratedTokens"
        ),
        ("H\n2023-11-16 18:17:03,1\n", ":2: \"2023-11-16 18:17:03,1\" has 2 columns, not 3."),
        ("H\nnoon,1,2\n", ":2: \"noon,1,2\" has no time in its first column."),
        (
            "H\n2023-11-16 18:17:03,-1,2\n",
            ":2: \"2023-11-16 18:17:03,-1,2\" has no token counts (0 to 4294967295) in its other "
                + "columns."
        ),
        ("H\n\n2023-11-16 18:17:03,1,2\n", ":3: \"\" is empty."),
    ])
    func `a wrong trace is refused with its line`(text: String, message: String) throws {
        let text = text.replacingOccurrences(of: "H\n", with: TraceSource.header + "\n")
        do {
            _ = try trace(text)
            Issue.record("\(text) was taken.")
        } catch let failure as Failure {
            #expect(failure.status == .usage)
            #expect(failure.message.hasSuffix(message), "\(failure.message)")
        }
    }

    @Test func `lines across blocks are whole`() throws {
        let lines = (0..<40_000).map { "line number \($0)" }
        try SourceTests.file(lines.joined(separator: "\n") + "\n") { path in
            var reader = try LineReader(path: path)
            for line in lines {
                #expect(try reader.next().map { String(decoding: $0, as: UTF8.self) } == line)
            }
            #expect(try reader.next() == nil)
            #expect(reader.number == lines.count)
            #expect(reader.doneBytes == reader.totalBytes)
        }
    }

    @Test func `protocol lines become events with all their fields`() throws {
        let text = """
            {"type":"usage","sequence":7,"id":"r-1","key":"mk_1","project":"web","session":"s",\
            "model":"m","provider":"p","input_tokens":10,"cache_read_input_tokens":4,\
            "output_tokens":2,"status":"error","cache_hit":true,"latency_ms":12,\
            "at":"2026-03-01T10:00:00Z","hold":"1-7"}

            {"type":"heartbeat","sequence":8,"deployment":"d","org":"acme","machine":"gpu",\
            "boot":"b","uptime_ms":1000,"state":"stopped"}
            """
        try SourceTests.file(text) { path in
            var source = try UsageLineSource(path: path)
            var usage = UsageEvent(
                id: "r-1",
                account: .key("mk_1"),
                model: "m",
                tokens: TokenCounts(input: 10, cacheRead: 4, output: 2)
            )
            usage.project = "web"
            usage.session = "s"
            usage.provider = "p"
            usage.failed = true
            usage.cacheHit = true
            usage.latencyMilliseconds = 12
            usage.at = Timestamp(rfc3339: "2026-03-01T10:00:00Z".utf8)
            usage.hold = HoldNumber(text: "1-7")
            let first = try source.next()
            #expect(first?.event == .usage(usage))
            #expect(first?.sequence == 7)
            var sample = MachineSample(
                deployment: "d",
                boot: "b",
                org: "acme",
                machine: "gpu",
                uptimeMilliseconds: 1000
            )
            sample.isRunning = false
            let second = try source.next()
            #expect(second?.event == .machine(sample))
            #expect(second?.sequence == 8)
            #expect(try source.next() == nil)
        }
    }

    @Test(arguments: [
        "{", #"{"type":"usage","id":"r-1"}"#, #"{"type":"ping"}"#,
        #"{"type":"usage","sequence":1,"id":"r","org":"a","model":"m","input_tokens":-1}"#,
    ])
    func `a wrong line is refused with its number`(line: String) throws {
        try SourceTests.file("\n" + line + "\n") { path in
            var source = try UsageLineSource(path: path)
            do {
                _ = try source.next()
                Issue.record("\(line) was taken.")
            } catch let failure as Failure {
                #expect(failure.status == .usage)
                #expect(failure.message.hasPrefix("\(path):2: "), "\(failure.message)")
            }
        }
    }
}
