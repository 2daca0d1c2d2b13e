import DaemonHarness
import Foundation
import Quantities
import Testing

/// Goal: plans, coupons, billing and adjustments on the real daemon, over its sockets, with its
/// PostgreSQL, before and after a restart.
///
/// Method: the shipped systems as they are, and the worked numbers that need no other day.
@Suite struct TermsTests {
    private func system(_ name: String) throws -> TestDaemon {
        let path = Rates.root + "/config/systems/\(name).yaml"
        return try TestDaemon.started(rates: String(contentsOfFile: path, encoding: .utf8))
    }

    private func setPlan(_ plan: String, _ daemon: TestDaemon) throws {
        try daemon.admin.request("PUT", "/v1/organisations/acme/plan", #"{"plan":"\#(plan)"}"#)
    }

    /// Stops it in order or kills it, and starts it again.
    private func restart(_ daemon: TestDaemon, hard: Bool) throws {
        if hard { daemon.kill() } else { try daemon.stop() }
        try daemon.start()
    }

    private func refusal(_ daemon: TestDaemon, _ model: String) throws -> [String?] {
        let client = try LineClient(daemon)
        client.send(
            #"{"type":"authorize","request":"r","org":"acme","model":"\#(model)","#
                + #""max_input_tokens":1000,"max_output_tokens":10}"#
        )
        let answer = try client.next("granted", "refused")
        return [
            answer["type"].text, answer["status"].int.map { "\($0)" },
            answer["error"]["code"].text,
        ]
    }

    @Test(arguments: [false, true])
    func `workspace-api: trial is refused, pro needs a first purchase`(hard: Bool) throws {
        let daemon = try system("workspace-api")
        let model = "workspace-large"
        try setPlan("trial", daemon)
        #expect(try refusal(daemon, model) == ["refused", "403", "plan_required"])
        let bought = try daemon.admin.call(
            "POST",
            "/v1/organisations/acme/grants",
            #"{"amount":"25","class":"purchased"}"#,
            headers: ["Idempotency-Key": "k1"]
        )
        #expect(bought.status == 403)
        #expect(bought.code == "plan_required")
        try setPlan("pro", daemon)
        try restart(daemon, hard: hard)
        #expect(try refusal(daemon, model) == ["refused", "403", "purchase_required"])
        try daemon.admin.grant("25", to: "acme")
        #expect(try daemon.posted() == Amount(credits: 25))
        #expect(try refusal(daemon, model)[0] == "granted")
        try restart(daemon, hard: hard)
        #expect(try refusal(daemon, model)[0] == "granted")
        let balance = try daemon.admin.balance("acme")
        #expect(balance["plan"].text == "pro")
        #expect(balance["credit"]["currency"].text == "EUR")
        try daemon.expectGreenAudit()
    }

    @Test(arguments: [false, true])
    func `gpu-hourly: WELCOME gives 100 once`(hard: Bool) throws {
        let daemon = try system("gpu-hourly")
        try daemon.admin.grant("2000", to: "acme")
        let path = "/v1/organisations/acme/coupons"
        let body = #"{"code":"WELCOME"}"#
        #expect(try daemon.admin.call("POST", path, body).status == 201)
        #expect(try daemon.posted() == Amount(credits: 2100))
        for _ in 0..<2 {
            let again = try daemon.admin.call("POST", path, body)
            #expect(again.status == 409)
            #expect(again.code == "coupon_redeemed")
            try restart(daemon, hard: hard)
        }
        #expect(try daemon.posted() == Amount(credits: 2100))
        #expect(try daemon.admin.call("POST", path, #"{"code":"welcome"}"#).status == 404)
        try daemon.waitUntilStored()
        #expect(try daemon.database.value("SELECT code FROM coupons") == "WELCOME")
        let lines = try daemon.admin.transactions("acme", "kind=coupon")
        #expect(lines.map { $0["amount"].text } == ["100"])
        try daemon.expectGreenAudit()
    }

    @Test(arguments: [false, true])
    func `token-packs: the allowance goes first, and the free plan cannot buy`(hard: Bool) throws {
        let daemon = try system("token-packs")
        try setPlan("team", daemon)
        #expect(try daemon.posted() == Amount(credits: 100_000))
        try daemon.admin.grant("1000000", to: "acme")
        let client = try LineClient(daemon)
        _ = try client.report(Usage(id: "a", model: "any", input: 100_000, output: 50_000))
        #expect(try daemon.posted() == Amount(credits: 950_000))
        // Once in the period, however often it is asked for, and after a restart too.
        try setPlan("team", daemon)
        try restart(daemon, hard: hard)
        try setPlan("team", daemon)
        #expect(try daemon.posted() == Amount(credits: 950_000))
        try setPlan("free", daemon)
        let refused = try daemon.admin.call(
            "POST",
            "/v1/organisations/acme/grants",
            #"{"amount":"1","class":"purchased"}"#,
            headers: ["Idempotency-Key": "k"]
        )
        #expect(refused.code == "plan_required")
        // The free plan's own allowance came with it.
        #expect(try daemon.posted() == Amount(credits: 960_000))
        try daemon.waitUntilStored()
        #expect(try daemon.database.count("SELECT count(*) FROM plan_periods") == 2)
        try daemon.expectGreenAudit()
    }

    @Test func `a refund is off the invoice of its month, in a line of its own`() throws {
        let daemon = try system("llm-gateway")
        let mode = #"{"mode":"invoice","net_days":30}"#
        try daemon.admin.request("PUT", "/v1/organisations/acme/billing", mode)
        let client = try LineClient(daemon)
        for id in ["a", "b"] {
            _ = try client.report(
                Usage(id: id, model: "claude-sonnet", input: 200_001, output: 1000)
            )
        }
        _ = try client.report(Usage(id: "h", model: "claude-haiku", input: 1, output: 1))
        try daemon.waitUntilStored()
        let asked = [
            #"{"request_id":"a","amount":"0.5"}"#, #"{"request_id":"a","amount":"0.25"}"#,
            #"{"request_id":"h"}"#,
        ]
        for (number, body) in asked.enumerated() {
            let answer = try daemon.admin.call(
                "POST",
                "/v1/organisations/acme/refunds",
                body,
                headers: ["Idempotency-Key": "r-\(number)"]
            )
            #expect(answer.status == 201, "\(answer.text)")
        }
        // 2 x 1.222506 + 0.000006, less 0.750006.
        #expect(try daemon.posted() == amount("-1.695012"))
        try daemon.admin.close("acme")
        try daemon.waitUntilStored()
        let invoice = try daemon.admin.request("GET", "/v1/organisations/acme/invoices")[
            "invoices"
        ][0]
        #expect(invoice["total"].text == "1.695012")
        let lines = invoice["lines"].list.map { line in
            ["kind", "name", "requests", "amount"].map { line[$0].text ?? "\(line[$0].int ?? -1)" }
        }
        #expect(
            lines == [
                ["model", "claude-haiku", "1", "0.000006"],
                ["model", "claude-sonnet", "2", "2.445012"],
                ["refund", "claude-haiku", "1", "-0.000006"],
                ["refund", "claude-sonnet", "1", "-0.75"],
            ]
        )
        try daemon.expectGreenAudit()
    }

    @Test(arguments: [false, true])
    func `llm-gateway: an invoiced account owes what it used, to the last digit`(hard: Bool) throws
    {
        let daemon = try system("llm-gateway")
        try setPlan("builder", daemon)
        #expect(try daemon.posted() == Amount(credits: 20))
        let path = "/v1/organisations/acme/billing"
        let set = try daemon.admin.request(
            "PUT",
            path,
            #"{"mode":"invoice","net_days":30,"purchase_order":"PO-4711"}"#
        )
        #expect(set["mode"].text == "invoice")
        try daemon.admin.setCap("100", a: "month", of: "acme")
        let client = try LineClient(daemon)
        for number in 0..<30 {
            _ = try client.report(
                Usage(id: "s\(number)", model: "claude-sonnet", input: 200_001, output: 1000)
            )
        }
        _ = try client.report(Usage(id: "h", model: "claude-haiku", input: 1, output: 1))
        // 30 x 1.222506 + 0.000006, 20 of them from the plan.
        #expect(try daemon.posted() == amount("-16.675186"))
        #expect(try daemon.admin.balance("acme")["wallet"]["debt"].text == "16.675186")
        #expect(try refusal(daemon, "claude-sonnet")[0] == "granted")
        try restart(daemon, hard: hard)
        #expect(try refusal(daemon, "claude-sonnet")[0] == "granted")
        // The cap still holds.
        let big = try LineClient(daemon)
        big.send(
            #"{"type":"authorize","request":"b","org":"acme","model":"claude-opus","#
                + #""max_input_tokens":90000000,"max_output_tokens":0}"#
        )
        #expect(try big.next("refused")["error"]["code"].text == "spend_cap_exceeded")
        // Closing it brings the last invoice.
        try daemon.admin.close("acme")
        try daemon.waitUntilStored()
        let invoices = try daemon.admin.request("GET", "/v1/organisations/acme/invoices")[
            "invoices"
        ].list
        #expect(invoices.count == 1)
        #expect(invoices[0]["total"].text == "36.675186")
        #expect(try daemon.storedCharge() == amount("36.675186"))
        #expect(invoices[0]["purchase_order"].text == "PO-4711")
        #expect(invoices[0]["net_days"].int == 30)
        #expect(
            invoices[0]["lines"].list.map { $0["name"].text } == ["claude-haiku", "claude-sonnet"]
        )
        #expect(
            invoices[0]["lines"].list.map { $0["amount"].text } == ["0.000006", "36.67518"]
        )
        try daemon.expectGreenAudit()
    }

    @Test(arguments: [false, true])
    func `cloud-paas: purchases expire after 12 months, unmetered costs nothing`(hard: Bool) throws
    {
        let daemon = try system("cloud-paas")
        try daemon.admin.grant("10", to: "acme")
        let grants = try daemon.admin.request("GET", "/v1/organisations/acme/grants")["grants"].list
        let expiry = try #require(grants[0]["expires_at"].text)
        let days = try #require(Timestamp(rfc3339: expiry.utf8)).microseconds / 86_400_000_000
        let today = Int64(Date().timeIntervalSince1970) / 86_400
        #expect((365...366).contains(days - today))
        let tooLong = try daemon.admin.call(
            "POST",
            "/v1/organisations/acme/grants",
            #"{"amount":"5","class":"promotional","expires_at":"2099-01-01T00:00:00Z"}"#,
            headers: ["Idempotency-Key": "p"]
        )
        #expect(tooLong.status == 400)
        #expect(tooLong.text.contains("expires_at: 2099-01-01T00:00:00Z is later than"))
        try daemon.admin.request(
            "PUT",
            "/v1/organisations/acme/billing",
            #"{"mode":"unmetered"}"#
        )
        try restart(daemon, hard: hard)
        let client = try LineClient(daemon)
        _ = try client.report(Usage(id: "a", model: "sonnet", input: 12_000, output: 500))
        #expect(try daemon.posted() == Amount(credits: 10))
        try daemon.waitUntilStored()
        #expect(try daemon.admin.usage("acme").map { $0["charge"].text } == ["0"])
        try daemon.expectGreenAudit()
    }

    @Test(arguments: [false, true])
    func `adjustments name who and why, and are made once`(hard: Bool) throws {
        let daemon = try system("llm-gateway")
        try daemon.admin.grant("10", to: "acme")
        func adjust(_ amount: String, _ key: String) throws -> HTTPAnswer {
            try daemon.admin.call(
                "POST",
                "/v1/organisations/acme/adjustments",
                #"{"amount":"\#(amount)","actor":"ada","reason":"ticket 12"}"#,
                headers: ["Idempotency-Key": key]
            )
        }
        #expect(try adjust("5", "up").status == 201)
        #expect(try adjust("-7.5", "down").status == 201)
        #expect(try daemon.posted() == amount("7.5"))
        try restart(daemon, hard: hard)
        #expect(try adjust("5", "up").status == 200)
        #expect(try adjust("-7.5", "down").status == 200)
        #expect(try adjust("-7.4", "down").code == "idempotency_conflict")
        #expect(try daemon.posted() == amount("7.5"))
        try daemon.waitUntilStored()
        let lines = try daemon.admin.transactions("acme", "kind=adjustment")
        #expect(lines.map { $0["amount"].text } == ["-7.5", "5"])
        #expect(lines.map { $0["detail"].text } == ["ada ticket 12", "ada ticket 12"])
        try daemon.expectGreenAudit()
    }

    @Test func `bad input is answered with field and value`() throws {
        let daemon = try system("llm-gateway")
        func tried(_ method: String, _ path: String, _ body: String) throws -> String {
            let answer = try daemon.admin.call(
                method,
                "/v1/organisations/\(path)",
                body,
                headers: ["Idempotency-Key": "bad"]
            )
            return "\(answer.status) \(try answer.json()["error"]["message"].text ?? answer.text)"
        }
        let cases: [(String, String, String, String)] = [
            ("PUT", "acme/plan", #"{"plan":"gold"}"#, #"404 There is no plan "gold"."#),
            ("PUT", "nobody/plan", #"{"plan":"free"}"#, #"404 There is no organisation "nobody""#),
            ("PUT", "acme/plan", "{}", "400 plan: is missing"),
            ("PUT", "acme/plan", #"{"plan":"free","at":"soon"}"#, #"400 at: "soon" is none of"#),
            (
                "PUT", "acme/plan", #"{"plan":"free","at":"period_end"}"#,
                "400 at: The account has no plan"
            ),
            ("POST", "acme/coupons", #"{"code":"X"}"#, #"404 There is no coupon "X"."#),
            ("POST", "acme/coupons", #"{"kode":"X"}"#, "400 code: is missing"),
            ("PUT", "acme/billing", #"{"mode":"barter"}"#, #"400 mode: "barter" is none of"#),
            ("PUT", "acme/billing", #"{"mode":"unmetered"}"#, "400 mode: unmetered is not one of"),
            (
                "PUT", "acme/billing", #"{"mode":"invoice","net_days":400}"#,
                "400 net_days: 400 must be"
            ),
            (
                "PUT", "acme/billing", #"{"mode":"prepaid","purchase_order":"P"}"#,
                "400 purchase_order: only accounts"
            ),
            (
                "POST", "acme/adjustments", #"{"amount":"0","actor":"a","reason":"r"}"#,
                "400 amount: 0 changes nothing."
            ),
            (
                "POST", "acme/adjustments", #"{"amount":"1","actor":"","reason":"r"}"#,
                "400 actor: it is not 1 to 255"
            ),
            ("POST", "acme/adjustments", #"{"amount":"1","actor":"a"}"#, "400 reason: is missing"),
            ("GET", "acme/invoices?limit=0", "", "400 limit: "),
        ]
        for (method, path, body, expected) in cases {
            let found = try tried(method, path, body)
            #expect(found.hasPrefix(expected), "\(method) \(path) \(body): \(found)")
        }
        let made = try daemon.admin.call(
            "POST",
            "/v1/organisations",
            #"{"name":"new","plan":"gold"}"#
        )
        #expect(made.status == 404)
        #expect(try daemon.admin.call("GET", "/v1/organisations/new").status == 404)
        try daemon.admin.request("POST", "/v1/organisations", #"{"name":"new","plan":"builder"}"#)
        #expect(try daemon.posted("new") == Amount(credits: 20))
    }
}
