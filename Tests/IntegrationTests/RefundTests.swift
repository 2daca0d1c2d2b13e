import DaemonHarness
import Foundation
import Quantities
import Synchronization
import Testing

/// Charges go back to where they came from, at most once, on the real daemon.
@Suite struct RefundTests {
    private let refunds = "/v1/organisations/acme/refunds"

    private func refund(
        _ daemon: TestDaemon,
        _ body: String,
        key: String = Administrator.newIdempotencyKey
    ) throws -> HTTPAnswer {
        try daemon.admin.call("POST", refunds, body, headers: ["Idempotency-Key": key])
    }

    /// The wallet of token-packs after its second worked number: a month's allowance of 100,000 is
    /// used up, and 50,000 of a pack of 1,000,000.
    private func tokenPacks() throws -> (daemon: TestDaemon, client: LineClient) {
        let card = """
            rate_card: test
            unit: credits per 1,000,000 tokens
            default: refuse
            models:
              token:
                prices: [{from: always, input: 1000000, output: 1000000}]
            offer:
              refunds: {unused_purchased: true}
            """
        let daemon = try TestDaemon(rates: card)
        try daemon.start()
        try daemon.admin.createOrganisation("acme")
        let expires = Date().addingTimeInterval(86_400).formatted(.iso8601)
        try daemon.admin.grant(
            "100000",
            to: "acme",
            class: "promotional",
            more: #""expires_at":"\#(expires)""#
        )
        try daemon.admin.grant("1000000", to: "acme")
        let client = try LineClient(daemon)
        var usage = Usage(id: "month", account: org("acme"), input: 130_000)
        usage.model = "token"
        _ = try client.report(usage)
        usage.id = "failed"
        usage.input = 20_000
        _ = try client.report(usage)
        #expect(try daemon.posted() == amount("950000"))
        return (daemon, client)
    }

    @Test func `a failed operation of 20,000 returns them, and the wallet is at 970,000`() throws {
        let (daemon, _) = try tokenPacks()
        let first = try refund(daemon, #"{"request_id":"failed","reason":"it failed"}"#, key: "r-1")
        #expect(first.status == 201, "\(first.text)")
        let answer = try first.json()
        #expect(answer["amount"].text == "20000")
        #expect(answer["parts"].list.map { $0["grant"].int } == [2])
        #expect(answer["wallet"]["posted"].text == "970000")
        let again = try refund(daemon, #"{"request_id":"failed","reason":"it failed"}"#, key: "r-1")
        #expect(again.status == 200)
        #expect(try again.json()["repeated"].bool == true)
        #expect(try refund(daemon, #"{"request_id":"failed"}"#, key: "r-1").status == 409)
        let empty = try refund(daemon, #"{"request_id":"failed"}"#)
        #expect(empty.status == 409)
        #expect(empty.code == "nothing_left")

        // The rest of the month's 130,000: the pack first, then the allowance.
        let month = try refund(daemon, #"{"line":3,"amount":"40000"}"#)
        #expect(try month.json()["parts"].list.map { $0["amount"].text } == ["30000", "10000"])
        try daemon.waitUntilStored()
        let line = try #require(try daemon.admin.transactions("acme").first)
        #expect(line["kind"].text == "refund")
        #expect(line["detail"].text?.hasPrefix("line 3") == true)
        #expect(line["balance"].text == "1010000")
        try daemon.expectGreenAudit()

        daemon.kill()
        try daemon.start()
        #expect(try daemon.posted() == amount("1010000"))
        let known = try refund(
            daemon,
            #"{"request_id":"failed","reason":"it failed"}"#,
            key: "r-1"
        )
        #expect(try known.json()["repeated"].bool == true)
        let over = try refund(daemon, #"{"line":3,"amount":"90000.000000000001"}"#)
        #expect(over.code == "refund_exceeds", "\(over.text)")
        #expect(try refund(daemon, #"{"line":3}"#).json()["amount"].text == "90000")
        #expect(try daemon.posted() == amount("1100000"))
        try daemon.expectGreenAudit()
    }

    @Test func `many refunds at once give a charge back once`() throws {
        let (daemon, _) = try tokenPacks()
        let codes = Mutex<[Int]>([])
        try inParallel(8) { _ in
            let answer = try refund(daemon, #"{"request_id":"failed"}"#)
            codes.withLock { $0.append(answer.status) }
        }
        let answers = codes.withLock { $0.sorted() }
        #expect(answers.count { $0 == 201 } == 1, "\(answers)")
        #expect(answers.count { $0 == 409 } == 7, "\(answers)")
        #expect(try daemon.posted() == amount("970000"))
        try daemon.expectGreenAudit()
    }

    @Test func `unused purchased credits go back where the offer says so, and no others`() throws {
        let (daemon, client) = try tokenPacks()
        var ask = #"{"type":"authorize","request":"h","org":"acme","model":"token","#
        ask += #""max_input_tokens":50000,"max_output_tokens":0}"#
        client.send(ask)
        #expect(try client.next("granted")["hold"].text != nil)
        let over = try refund(daemon, #"{"grant":2,"amount":"900000.1"}"#)
        #expect(over.code == "refund_exceeds", "what a hold keeps stays: \(over.text)")
        let done = try refund(daemon, #"{"grant":2,"reason":"asked","reference":"re_1"}"#)
        #expect(done.status == 201)
        #expect(try done.json()["amount"].text == "900000")
        #expect(try daemon.posted() == amount("50000"))
        #expect(try refund(daemon, #"{"grant":1}"#).code == "not_a_purchase")
        try daemon.waitUntilStored()
        let line = try #require(try daemon.admin.transactions("acme").first)
        #expect(line["kind"].text == "purchase_refund")
        #expect(line["amount"].text == "-900000")
        try daemon.expectGreenAudit()

        let closed = try TestDaemon.started(balance: "10")
        let never = try closed.admin.call(
            "POST",
            refunds,
            #"{"grant":1}"#,
            headers: ["Idempotency-Key": "k"]
        )
        #expect(never.status == 409)
        #expect(never.code == "refund_not_offered")
    }

    @Test func `what is wrong with a refund is named`() throws {
        let daemon = try TestDaemon.started(balance: "10")
        let huge = String(repeating: "x", count: 2000)
        let cases: [(body: String, status: Int, code: String, field: String?)] = [
            ("{}", 400, "invalid", "line"),
            (#"{"line":0}"#, 400, "invalid", "line"),
            (#"{"line":-1}"#, 400, "invalid", "line"),
            (#"{"line":"1"}"#, 400, "invalid", "line"),
            (#"{"line":1,"grant":1}"#, 400, "invalid", "grant"),
            (#"{"request_id":""}"#, 400, "invalid", "request_id"),
            (#"{"request_id":"a","day":"2026-02-30"}"#, 400, "invalid", "day"),
            (#"{"request_id":"a","day":"yesterday"}"#, 400, "invalid", "day"),
            (#"{"line":1,"day":"2026-03-01"}"#, 400, "invalid", "day"),
            (#"{"line":1,"amount":"0"}"#, 400, "invalid", "amount"),
            (#"{"line":1,"amount":5}"#, 400, "invalid", "amount"),
            (#"{"line":1,"amount":"-5"}"#, 400, "invalid", "amount"),
            (#"{"line":1,"reason":"\#(huge)"}"#, 400, "invalid", "reason"),
            (#"{"line":1,"actor":"\#(huge)"}"#, 400, "invalid", "actor"),
            (#"{"line":1,"who":"me"}"#, 400, "invalid", "who"),
            (#"{"line":1,"reference":"x"}"#, 400, "invalid", "reference"),
            (#"{"line":99}"#, 404, "not_found", nil),
            (#"{"request_id":"nobody"}"#, 404, "not_found", nil),
            (#"{"line":1}"#, 409, "not_a_charge", nil),
        ]
        for (body, status, code, field) in cases {
            let answer = try refund(daemon, body)
            #expect(answer.status == status, "\(body): \(answer.text)")
            #expect(answer.code == code, "\(body): \(answer.text)")
            #expect(try answer.json()["error"]["field"].text == field, "\(body)")
        }
        let unkeyed = try daemon.admin.call("POST", refunds, #"{"line":1}"#)
        #expect(unkeyed.code == "idempotency_key_missing")
        #expect(try daemon.posted() == amount("10"))
    }

    @Test func `the balance of any time is the ledger's`() throws {
        let daemon = try TestDaemon.started(balance: "10")
        let client = try LineClient(daemon)
        for index in 1...40 { _ = try client.report(Usage(id: "u-\(index)", input: 500_000)) }
        try daemon.waitUntilStored()
        func balance(_ at: String) throws -> JSONValue {
            try daemon.admin.request("GET", "/v1/organisations/acme/balance?at=\(at)")
        }
        let lines = try daemon.admin.transactions("acme")
        #expect(lines.count == 41)
        for line in lines {
            let at = try #require(line["applied_at"].text)
            let last = lines.first { $0["applied_at"].text == at }
            let found = try balance(at)
            #expect(found["posted"] == last?["balance"] ?? .null, "\(at)")
            #expect(found["line"] == last?["line"] ?? .null, "\(at)")
        }
        let now = try balance(Date().formatted(.iso8601))
        #expect(now["at"].text != nil)
        #expect(try balance("2020-01-01T00:00:00Z")["posted"].text == "0")
        #expect(try balance("2020-01-01T00:00:00Z")["line"].int == 0)
        // 20 credits were spent of 10: the rest is debt.
        let last = try #require(lines.first?["applied_at"].text)
        #expect(try balance(last)["posted"].text == "-10")
        #expect(try balance(last)["debt"].text == "10")
        for bad in ["2999-01-01T00:00:00Z", "yesterday", ""] {
            let path = "/v1/organisations/acme/balance?at=\(bad)"
            let answer = try daemon.admin.call("GET", path)
            #expect(answer.status == 400, "\(bad): \(answer.text)")
            #expect(try answer.json()["error"]["field"].text == "at")
        }
    }
}
