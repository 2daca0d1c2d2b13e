import DaemonHarness
import Foundation
import MeterClient
import Quantities
import Testing
import Wire

@Suite struct TraceTests {
    /// The public trace of a code assistant: input and output tokens of each request.
    static let trace = Rates.root + "/../shared/data/azure-llm-2023-code.csv"

    private func rows() throws -> [(input: UInt32, output: UInt32)] {
        let text = try String(contentsOfFile: Self.trace, encoding: .utf8)
        return try text.split(whereSeparator: \.isNewline).dropFirst().map { line in
            let fields = line.split(separator: ",")
            return (
                input: try #require(UInt32(fields[1])), output: try #require(UInt32(fields[2]))
            )
        }
    }

    private func send(
        _ rows: [(input: UInt32, output: UInt32)],
        _ daemon: TestDaemon
    ) throws -> UInt64 {
        let connection = try MeterConnection(path: daemon.dataPath)
        let welcome = try connection.hello(producer: "trace")
        for (index, row) in rows.enumerated() {
            let event = UsageEvent(
                id: "azure-\(index + 1)",
                account: .org("acme"),
                model: "flat",
                tokens: TokenCounts(input: row.input, output: row.output)
            )
            try connection.append(.usage(event), sequence: UInt64(index + 1))
        }
        try connection.flush(timeout: .seconds(20))
        while let message = try connection.receive(timeout: .seconds(20)) {
            if message == .ack(.sequence(UInt64(rows.count))) { return welcome.lastSequence }
            guard case .ack = message else { throw HarnessError("not an ack: \(message)") }
        }
        throw HarnessError("no ack of everything")
    }

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: trace),
            "SKIPPED: ../shared/data/azure-llm-2023-code.csv is not beside the repository"
        )
    )
    func `the whole trace is charged exactly, and a second sending adds nothing`() throws {
        let daemon = try TestDaemon.started(balance: "1000")
        let rows = try rows()
        #expect(rows.count == 8819)
        // 3 and 15 credits a million are 3,000,000 and 15,000,000 units of 10^-12 a token.
        let units = rows.reduce(Int128(0)) { sum, row in
            sum + Int128(row.input) * 3_000_000 + Int128(row.output) * 15_000_000
        }
        let expected = Amount(units: units)

        #expect(try send(rows, daemon) == 0)
        #expect(try daemon.storedLines() == 8819)
        #expect(try daemon.storedCharge() == expected)
        #expect(try daemon.posted() == Amount(credits: 1000) - expected)

        #expect(try send(rows, daemon) == 8819)
        #expect(try daemon.storedLines() == 8819)
        #expect(try daemon.storedCharge() == expected)
        #expect(try daemon.admin.status()["duplicates"].int == 8819)
        #expect(
            try daemon.database.count(
                "SELECT count(DISTINCT sequence) FROM usage_lines WHERE sequence BETWEEN 1 AND 8819"
            ) == 8819
        )
        try daemon.expectGreenAudit()
        try daemon.expectOrderlyStop()
    }
}
