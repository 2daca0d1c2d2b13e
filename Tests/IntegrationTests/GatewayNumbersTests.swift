import DaemonHarness
import Foundation
import MeterClient
import Quantities
import Testing
import Wire

/// The worked numbers of the system llm-gateway, over the real socket, to the last digit.
@Suite struct GatewayNumbersTests {
    private static let insufficient =
        #"{"error":{"message":"Insufficient credits. Current balance: 12 credits.","#
        + #""type":"insufficient_quota","code":"insufficient_credits"}}"#

    /// What one request is charged, by the change of the balance.
    private func charge(_ usage: Usage, _ daemon: TestDaemon) throws -> Amount {
        let before = try daemon.posted()
        let client = try LineClient(daemon)
        #expect(try client.report(usage)["id"].text == usage.id)
        return before - (try daemon.posted())
    }

    @Test func `token classes, the cliff, failures and cache hits cost what the card says`() throws
    {
        let daemon = try TestDaemon.started(rates: Rates.gateway(), balance: "100")
        let parts = #""cache_read_input_tokens":10000,"cache_write_input_tokens":1000"#
        func sonnet(_ id: String, _ input: Int, _ output: Int, _ more: String = "") -> Usage {
            Usage(id: id, model: "claude-sonnet", input: input, output: output, more: more)
        }
        #expect(try charge(sonnet("a", 12_000, 500, parts), daemon) == amount("0.01725"))
        #expect(try charge(sonnet("b", 200_000, 1000), daemon) == amount("0.615"))
        #expect(try charge(sonnet("c", 200_001, 1000), daemon) == amount("1.222506"))
        let failed = #""status":"error""#
        #expect(try charge(sonnet("d", 200_001, 1000, failed), daemon) == .zero)
        let hit = #""cache_hit":true,"latency_ms":3"#
        #expect(try charge(sonnet("e", 200_001, 1000, hit), daemon) == .zero)
        try daemon.waitUntilStored()

        let log = try daemon.admin.usage("acme")
        #expect(log.map { $0["id"].text } == ["e", "d", "c", "b", "a"])
        #expect(
            log.map { $0["charge"].text } == ["0", "0", "1.222506", "0.615", "0.01725"]
        )
        #expect(log.map { $0["status"].text } == ["ok", "error", "ok", "ok", "ok"])
        #expect(log.map { $0["cache_hit"].bool } == [true, false, false, false, false])
        #expect(log[0]["latency_ms"].int == 3)
        #expect(log[4]["cache_read_input_tokens"].int == 10_000)
        #expect(try daemon.admin.usage("acme", "status=error").count == 1)
        let lines = try daemon.admin.transactions("acme", "kind=usage")
        #expect(lines.first?["balance"].text == "98.145244")
        try daemon.expectGreenAudit()
    }

    @Test(arguments: [WireEncoding.binary, .jsonLines])
    func `a request beyond the balance is refused with the exact body`(
        encoding: WireEncoding
    ) throws {
        let daemon = try TestDaemon.started(rates: Rates.gateway(), balance: "12")
        let connection = try MeterConnection(path: daemon.dataPath, encoding: encoding)
        var call = AuthorizeCall(account: .org("acme"), model: "claude-sonnet")
        // 4,000,001 tokens above the cliff cost more than 12 credits.
        call.maxInputTokens = 4_000_001
        call.maxOutputTokens = 0
        _ = try connection.append(call)
        guard case .refused(let refused) = try connection.receive(timeout: .seconds(5)) else {
            throw HarnessError("not refused")
        }
        #expect(refused.status == 402)
        #expect(refused.body.text == Self.insufficient)
        #expect(refused.limit?.name == .balance)
        #expect(refused.limit?.amount == Amount(credits: 12))
        #expect(try daemon.posted() == Amount(credits: 12))
    }

    @Test func `the refusal's line holds the body in the order that HTTP clients expect`() throws {
        let daemon = try TestDaemon.started(rates: Rates.gateway(), balance: "12")
        let socket = try LocalSocket(path: daemon.dataPath)
        socket.send(
            line: #"{"type":"authorize","request":"r-1","org":"acme","model":"claude-sonnet","#
                + #""max_input_tokens":4000001,"max_output_tokens":0}"#
        )
        let line = try #require(socket.line())
        #expect(line.contains(Self.insufficient.dropFirst().dropLast()), "\(line)")
        #expect(try JSONValue(parsing: line)["request"].text == "r-1")
    }

    /// The first moment of next month somewhere, as RFC 3339 in UTC.
    private func nextMonth(in zone: String) throws -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: zone))
        let month = try #require(calendar.dateInterval(of: .month, for: Date()))
        var style = Date.ISO8601FormatStyle()
        style.timeZone = .gmt
        return month.end.formatted(style)
    }

    @Test(arguments: ["UTC", "America/New_York", "Asia/Kolkata"])
    func `a monthly cap refuses the cent too much, and passes the exact cent`(
        zone: String
    ) throws {
        let daemon = try TestDaemon(rates: Rates.card())
        try daemon.start()
        try daemon.admin.createOrganisation("acme", zone: zone)
        try daemon.admin.grant("500", to: "acme")
        try daemon.admin.setCap("100", a: "month", of: "acme")
        let client = try LineClient(daemon)
        // 1 credit a million: 99,990,000 tokens cost 99.99.
        _ = try client.report(Usage(id: "before", input: 99_990_000))

        let refused = try client.authorize(org("acme"), input: 20_000)
        #expect(refused["type"].text == "refused")
        #expect(refused["status"].int == 402)
        let message =
            "Spend cap exceeded. Organisation cap: 100 credits a month, 99.99 used. "
            + "Resets \(try nextMonth(in: zone))."
        #expect(refused["error"]["message"].text == message)
        #expect(refused["error"]["type"].text == "insufficient_quota")
        #expect(refused["error"]["code"].text == "spend_cap_exceeded")
        #expect(refused["limit"]["name"].text == "organisation_cap")
        #expect(refused["limit"]["spent"].text == "99.99")
        #expect(refused["limit"]["resets_at"].text == (try nextMonth(in: zone)))

        let granted = try client.authorize(org("acme"), input: 10_000)
        #expect(granted["type"].text == "granted")
        #expect(granted["amount"].text == "0.01")
        // What is held counts: now nothing more fits.
        #expect(try client.authorize(org("acme"), input: 1)["type"].text == "refused")
    }
}
