import DaemonHarness
import Foundation
import MeterClient
import Quantities
import Testing
import Wire

/// A producer that comes and goes: nothing is lost, nothing counts twice.
@Suite struct ResumeTests {
    /// A minute ago, as both encodings can say it.
    private static let begin = Timestamp(
        microseconds: Int64(Date().timeIntervalSince1970 - 60) * 1_000_000 + 123_456
    )

    private func event(_ number: Int) -> MeterEvent {
        var usage = UsageEvent(
            id: "e-\(number)",
            account: .org("acme"),
            model: ["plain", "flat", "free"][number % 3],
            tokens: TokenCounts(
                input: UInt32(number * 10),
                cacheRead: UInt32(number),
                output: UInt32(number % 7)
            )
        )
        usage.session = number % 2 == 0 ? "session-\(number % 5)" : nil
        usage.provider = number % 3 == 0 ? "provider-a" : nil
        usage.failed = number % 11 == 0
        usage.cacheHit = number % 13 == 0
        usage.latencyMilliseconds = UInt32(number)
        usage.at = Self.begin
        return .usage(usage)
    }

    /// Connects again; the name may be taken until the end of the last connection is noticed.
    private func connect(
        _ daemon: TestDaemon,
        _ encoding: WireEncoding
    ) throws -> (MeterConnection, Welcome) {
        var made: (MeterConnection, Welcome)?
        try wait(until: "the producer's name is free", within: 5) {
            let connection = try MeterConnection(path: daemon.dataPath, encoding: encoding)
            do {
                made = (connection, try connection.hello(producer: "gateway"))
            } catch MeterClientError.closedByDaemon(let fault) where fault.code == .producerInUse {
                return false
            }
            return true
        }
        return try #require(made)
    }

    @Test(arguments: [WireEncoding.binary, .jsonLines])
    func `a producer that is cut off in mid-stream resumes after the welcome`(
        encoding: WireEncoding
    ) throws {
        let daemon = try TestDaemon.started(balance: "100")
        let total = 3000
        var rounds = 0
        var last = 0
        while last < total {
            rounds += 1
            let (connection, welcome) = try connect(daemon, encoding)
            #expect(welcome.lastSequence >= UInt64(last), "what was safe stays safe")
            last = Int(welcome.lastSequence)
            guard last < total else { break }
            // It sends the more the longer, overlapping with what may be safe already, and goes
            // away without waiting for anything.
            let end = min(total, last + 200 * rounds)
            for number in max(1, last - 20)...end {
                try connection.append(event(number), sequence: UInt64(number))
            }
            try connection.flush(timeout: .seconds(5))
        }
        #expect(rounds > 2)
        #expect(try daemon.storedLines() == total)
        #expect(
            try daemon.database.count(
                "SELECT count(DISTINCT sequence) FROM usage_lines WHERE sequence <= \(total)"
            ) == total
        )
        try daemon.expectGreenAudit()
        try daemon.expectOrderlyStop()
    }

    @Test func `the stream of the client library survives restarts of the daemon`() throws {
        let daemon = try TestDaemon.started(balance: "100")
        var settings = MeterStreamSettings(path: daemon.dataPath, producer: "library")
        settings.longestBackoff = .milliseconds(100)
        let stream = MeterStream(settings)
        for number in 1...1000 {
            guard case .usage(let usage) = event(number) else { continue }
            try stream.send(usage)
            if number == 400 { try daemon.expectOrderlyStop() }
            if number == 700 { try daemon.start() }
        }
        #expect(stream.drain(timeout: .seconds(10)))
        stream.close()
        #expect(try daemon.storedLines() == 1000)
        try daemon.expectGreenAudit()
    }

    @Test func `both encodings make the same ledger of the same events`() throws {
        let daemon = try TestDaemon.started(balance: "100")
        try daemon.admin.createOrganisation("other")
        try daemon.admin.grant("100", to: "other")
        let events = (1...200).map { event($0) }
        for (name, encoding) in [("acme", WireEncoding.binary), ("other", .jsonLines)] {
            let connection = try MeterConnection(path: daemon.dataPath, encoding: encoding)
            _ = try connection.hello(producer: "gateway-\(name)")
            for (index, event) in events.enumerated() {
                guard case .usage(var usage) = event else { continue }
                usage.account = .org(name)
                try connection.append(.usage(usage), sequence: UInt64(index + 1))
            }
            while let message = try connection.receive(timeout: .seconds(5)) {
                if message == .ack(.sequence(UInt64(events.count))) { break }
            }
        }
        try daemon.waitUntilStored()
        let columns = """
            line, day, at, amount, balance, input_tokens, cache_read_input_tokens,
            cache_write_input_tokens, output_tokens, reasoning_output_tokens, sequence, project,
            key, model, price, first_grant, provider, latency_ms, tier, failed, cache_hit, hold,
            session, request_id
            """
        let tables = try ["acme", "other"].map { name in
            try daemon.database.query(
                """
                SELECT \(columns) FROM usage_lines WHERE org =
                    (SELECT org FROM organisations WHERE name = '\(name)') ORDER BY line
                """
            )
        }
        #expect(tables[0].count == 200)
        #expect(tables[0] == tables[1])
        try daemon.expectGreenAudit()
    }
}
