import DaemonHarness
import MeterClient
import Quantities
import Testing
import Wire

/// The journal is bounded: what happens when PostgreSQL stays away until it is full.
@Suite struct JournalBoundTests {
    /// Sends usage until the daemon takes no more, and gives the fault.
    private func fill(_ daemon: TestDaemon) throws -> ConnectionFault {
        let connection = try MeterConnection(path: daemon.dataPath)
        var sequence = try connection.hello(producer: "filler").lastSequence
        do {
            // 8 MiB of records are some 40,000 reports; ten times as many never fit.
            while sequence < 400_000 {
                for _ in 0..<500 {
                    sequence += 1
                    let event = UsageEvent(
                        id: "f-\(sequence)",
                        account: .org("acme"),
                        model: "plain",
                        tokens: TokenCounts(input: 1)
                    )
                    try connection.append(.usage(event), sequence: sequence)
                }
                try connection.flush(timeout: .seconds(5))
            }
            while try connection.receive(timeout: .seconds(5)) != nil {}
        } catch MeterClientError.closedByDaemon(let fault) {
            return fault
        } catch MeterClientError.disconnected {
            // Sending failed first; the daemon's last words were received before.
            return try lastWords(connection)
        }
        throw HarnessError("\(sequence) reports were taken without an end")
    }

    private func lastWords(_ connection: MeterConnection) throws -> ConnectionFault {
        do {
            while try connection.receive(timeout: .seconds(1)) != nil {}
        } catch MeterClientError.closedByDaemon(let fault) {
            return fault
        }
        throw HarnessError("the connection ended without a reason")
    }

    @Test func `a full journal refuses with overloaded, keeps its bound, and drains by itself`()
        throws
    {
        let daemon = try TestDaemon.started(
            settings: [
                "journal.max_bytes": "8 MiB", "journal.segment_bytes": "2 MiB",
                "journal.max_unsynced_bytes": "8 MiB",
            ],
            balance: "10"
        )
        try daemon.waitUntilStored()
        try daemon.database.cutOff()
        let fault = try fill(daemon)
        #expect(fault.code == .overloaded)
        let status = try daemon.admin.status()
        #expect(status["ready"].bool == false)
        #expect(status["postgres_connected"].bool == false)
        #expect(status["troubles"].list.count >= 2, "\(status["troubles"])")
        let bytes = try #require(status["journal"]["bytes"].int)
        #expect(bytes <= 8 << 20)
        #expect(bytes > 4 << 20)

        // Nobody is told a yes that could not be kept.
        let client = try LineClient(daemon)
        #expect(try client.authorize(org("acme"), input: 1)["code"].text == "overloaded")
        client.send(#"{"type":"hello","protocol":1,"producer":"another"}"#)
        #expect(try client.next("error", "welcome")["code"].text == "overloaded")
        let grant = try daemon.admin.call(
            "POST",
            "/v1/organisations/acme/grants",
            #"{"amount":"1","class":"purchased"}"#,
            headers: ["Idempotency-Key": "while-full"]
        )
        #expect(grant.status == 503)
        #expect(grant.code == "overloaded")
        #expect(try daemon.admin.call("GET", "/v1/organisations/acme/transactions").status == 503)
        #expect(try daemon.admin.call("GET", "/ready").status == 503)
        #expect(try daemon.admin.call("GET", "/health").status == 200)
        // What memory knows is still told.
        #expect(try daemon.posted() < Amount(credits: 10))

        try daemon.database.restore()
        try wait(until: "it is ready again", within: 20) {
            try daemon.admin.call("GET", "/ready").status == 200
        }
        try daemon.waitUntilStored()
        #expect(try daemon.admin.status()["troubles"].list == [])
        let connection = try MeterConnection(path: daemon.dataPath)
        let last = try connection.hello(producer: "filler").lastSequence
        #expect(last > 10_000)
        #expect(try daemon.storedLines() == Int(last))
        #expect(try daemon.posted() == Amount(units: 10_000_000_000_000 - Int128(last) * 1_000_000))
        try daemon.admin.grant("1", to: "acme", key: "while-full")
        try daemon.expectGreenAudit()
        try daemon.expectOrderlyStop()
    }
}
