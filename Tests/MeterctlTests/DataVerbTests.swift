@testable import ControlFixture
import ControlPlane
import Foundation
@testable import meterctl
import Quantities
import Synchronization
import Testing

/// Goal: send, authorize, watch and demo keep their promises towards the daemon.
///
/// Method: a small data socket that counts what it gets, and can drop a connection.
@Suite struct DataVerbTests {
    static func meter<Result>(
        _ meter: FakeMeter = FakeMeter(),
        _ body: (FakeMeter) async throws -> Result
    ) async throws -> Result {
        defer { meter.stop() }
        return try await body(meter)
    }

    private func trace(_ count: Int) throws -> String {
        var text = TraceSource.header + "\n"
        for number in 0..<count { text += "2023-11-16 18:17:03.9799600,\(number),10\n" }
        let path = NSTemporaryDirectory() + "trace-\(UInt64.random(in: 0...UInt64.max)).csv"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func `a trace is sent whole, and a second time adds nothing`() async throws {
        let path = try trace(5000)
        defer { unlink(path) }
        try await DataVerbTests.meter { meter in
            let line =
                "send --trace \(path) --org acme --model m --producer code-1 --data-socket "
                + meter.path
            let first = await Terminal.run(line)
            #expect(first.code == 0, "\(first.error)")
            #expect(
                first.out.hasPrefix(
                    """
                    producer       code-1
                    sent           5,000
                    acked          5,000
                    rejected       0
                    already there  0
                    took
                    """
                )
            )
            #expect(meter.state.withLock { $0.usage.map(\.sequence) } == Array(1...5000))
            let second = await Terminal.run(line + " --json")
            #expect(second.code == 0)
            #expect(
                second.out.hasPrefix(
                    #"{"acked":5000,"already_there":5000,"nanoseconds":"#
                )
            )
            #expect(meter.state.withLock { $0.usage.count } == 5000)
            #expect(meter.state.withLock { $0.duplicates } == 5000)
        }
    }

    @Test func `a connection that is lost is resumed without loss or repeat`() async throws {
        let path = try trace(3000)
        defer { unlink(path) }
        try await DataVerbTests.meter { meter in
            meter.state.withLock { $0.dropAfter = 1234 }
            let result = await Terminal.run(
                "send --trace \(path) --org acme --model m --producer p --json --data-socket "
                    + meter.path
            )
            #expect(result.code == 0, "\(result.error)")
            #expect(result.out.contains(#""reconnects":1"#), "\(result.out)")
            #expect(meter.state.withLock { $0.usage.map(\.sequence) } == Array(1...3000))
        }
    }

    @Test func `rejections are told, counted and end with 1`() async throws {
        let path = try trace(7)
        defer { unlink(path) }
        try await DataVerbTests.meter { meter in
            let result = await Terminal.run(
                "send --trace \(path) --org acme --model unknown --producer p --data-socket "
                    + meter.path
            )
            #expect(result.code == 1)
            #expect(result.out.contains("acked          0\nrejected       7\n"))
            let told = "rejected: unknown_model: model \"unknown\" is not on the rate card\n"
            #expect(
                result.error == String(repeating: told, count: 5)
                    + "rejected: more; they are counted at the end\n"
                    + "meterctl: 7 events were rejected.\n"
            )
        }
    }

    @Test func `protocol lines are numbered on from the first sequence`() async throws {
        let path = NSTemporaryDirectory() + "lines-\(UInt64.random(in: 0...UInt64.max)).jsonl"
        let line = #"{"type":"usage","id":"r","org":"acme","model":"m","input_tokens":1}"#
        try Data((line + "\n" + line + "\n").utf8).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        try await DataVerbTests.meter { meter in
            meter.state.withLock { $0.sequences["p"] = 8819 }
            let result = await Terminal.run(
                "send \(path) --producer p --first-sequence 8820 --data-socket \(meter.path)"
            )
            #expect(result.code == 0, "\(result.error)")
            #expect(meter.state.withLock { $0.usage.map(\.sequence) } == [8820, 8821])
        }
    }

    @Test func `a granted request is shown, and released when asked`() async throws {
        try await DataVerbTests.meter { meter in
            let result = await Terminal.run(
                "authorize --org acme --model m --release --data-socket \(meter.path)"
            )
            #expect(result.code == 0, "\(result.error)")
            #expect(
                result.out == """
                    granted        yes
                    hold           1-7
                    amount         0.045 credits
                    output tokens  1,024
                    valid          600,000 ms

                    """
            )
            #expect(meter.state.withLock { $0.released } == 1)
            let json = await Terminal.run(
                "authorize --org acme --model m --json --data-socket \(meter.path)"
            )
            #expect(
                json.out == #"{"amount":"0.045","final":false,"hold":"1-7","output_tokens":1024,"#
                    + #""type":"granted","valid_ms":600000}"# + "\n"
            )
        }
    }

    @Test func `a refused request prints the body to give and ends with 1`() async throws {
        try await DataVerbTests.meter { meter in
            let result = await Terminal.run(
                "authorize --org acme --model refused --data-socket \(meter.path)"
            )
            #expect(result.code == 1)
            #expect(
                result.out == #"{"error":{"message":"Insufficient credits. Current balance: "#
                    + #"0 credits.","type":"insufficient_quota","code":"insufficient_credits"}}"#
                    + "\n"
            )
            #expect(result.error == "meterctl: Refused with HTTP status 402.\n")
        }
    }

    @Test func `watch shows pushes and rates`() async throws {
        try await ServerFixture.with { client, _, _ in
            try await DataVerbTests.meter { meter in
                meter.state.withLock { $0.isCutOff = true }
                var out = ""
                // Two looks at the daemon make a rate; a busy machine may need longer for them.
                for seconds in [2, 4, 8, 16] where !out.contains("backlog") {
                    let result = await Terminal.run(
                        "watch --seconds \(seconds) --data-socket \(meter.path)",
                        socket: client.socketPath
                    )
                    #expect(result.code == 0, "\(result.error)")
                    out = result.out
                }
                #expect(
                    out.contains("2026-03-01T10:00:00Z  cutoff    org acme  insufficient_credits\n")
                )
                #expect(
                    out.contains(
                        "accepted 0/s  applied 0/s  journaled 0/s  stored 0/s  granted 0/s  "
                            + "refused 0/s  backlog 100\n"
                    )
                )
                let json = await Terminal.run(
                    "watch --seconds 1 --json --data-socket \(meter.path)",
                    socket: client.socketPath
                )
                #expect(
                    json.out.contains(
                        #"{"at":"2026-03-01T10:00:00Z","id":"acme","#
                            + #""reason":"insufficient_credits","scope":"org","type":"cutoff"}"#
                    )
                )
            }
        }
    }
}
