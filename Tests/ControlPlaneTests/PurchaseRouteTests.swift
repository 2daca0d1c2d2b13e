@testable import ControlFixture
import ControlPlane
import Engine
import Quantities
import Testing

/// Goal: purchases, receipts and top-ups answer as HTTP.md says.
@Suite struct PurchaseRouteTests {
    typealias Step = RouteTests.Step

    static let open =
        #"{"asked_at":"2026-03-01T10:00:00.25Z","automatic":false,"connector":"manual","#
        + #""credits":"1000000","currency":"EUR","id":"acme/1","pack":"starter","price":"5","#
        + #""purchase":1,"state":"open"}"#
    static let paid =
        #"{"asked_at":"2026-03-01T10:00:00.25Z","automatic":false,"connector":"manual","#
        + #""credits":"1000000","currency":"EUR","grant":1,"id":"acme/1","pack":"starter","#
        + #""payment":"pi_1","price":"5","purchase":1,"receipt":1,"#
        + #""settled_at":"2026-03-01T10:00:00.25Z","state":"confirmed"}"#
    static let full =
        #"{"available":"1000000","debt":"0","held":"0","lines":0,"posted":"1000000"}"#

    @Test func `a purchase is asked for, listed, confirmed once and has a receipt`() async throws {
        let path = "/v1/organisations/acme"
        let asked =
            #"{"purchase":\#(Self.open),"repeated":false,"wallet":\#(RouteTests.emptyWallet)}"#
        let again =
            #"{"purchase":\#(Self.open),"repeated":true,"wallet":\#(RouteTests.emptyWallet)}"#
        try await RouteTests.play([
            RouteTests.create,
            Step("POST \(path)/purchases", #"{"pack":"starter"}"#, key: "a", 201, asked),
            Step("POST \(path)/purchases", #"{"pack":"starter"}"#, key: "a", 200, again),
            Step("GET \(path)/purchases?state=open", 200, #"{"purchases":[\#(Self.open)]}"#),
            Step(
                "POST \(path)/purchases/1/confirm",
                #"{"payment":"pi_1"}"#,
                200,
                #"{"purchase":\#(Self.paid),"repeated":false,"wallet":\#(Self.full)}"#
            ),
            Step(
                "POST \(path)/purchases/1/confirm",
                #"{"payment":"pi_1"}"#,
                200,
                #"{"purchase":\#(Self.paid),"repeated":true,"wallet":\#(Self.full)}"#
            ),
            Step("GET \(path)/purchases/1", 200, Self.paid),
            Step("GET \(path)/receipts", 200, #"{"purchases":[\#(Self.paid)]}"#),
            Step("GET \(path)/receipts/1", 200, Self.paid),
            Step("GET \(path)/purchases?state=open", 200, #"{"purchases":[]}"#),
        ])
    }

    @Test func `what is open is listed of all organisations, and nothing else`() async throws {
        let path = "/v1/organisations/acme/purchases"
        try await RouteTests.play([
            RouteTests.create,
            Step("GET /v1/purchases?state=open", 200, #"{"purchases":[],"total":0}"#),
        ])
        try await ServerFixture.with { client, _, _ in
            for name in ["acme", "beta"] {
                _ = try await client.call("POST /v1/organisations", #"{"name":"\#(name)"}"#)
            }
            let pack = #"{"pack":"starter"}"#
            _ = try await client.call("POST \(path)", pack, key: "a")
            _ = try await client.call("POST /v1/organisations/beta/purchases", pack, key: "b")
            _ = try await client.call("POST \(path)", #"{"credits":"1","payment":"p"}"#)
            let all = try await client.call("GET /v1/purchases")
            #expect(all.status == 200)
            let other = Self.open.replacing("acme/1", with: "beta/1")
            #expect(all.text == #"{"purchases":[\#(Self.open),\#(other)],"total":2}"# + "\n")
            let one = try await client.call("GET /v1/purchases?limit=1&state=open")
            #expect(one.text == #"{"purchases":[\#(Self.open)],"total":2}"# + "\n")
            let late = try await client.call("GET /v1/purchases?from=2026-03-02T00:00:00Z")
            #expect(late.text == #"{"purchases":[],"total":0}"# + "\n")
            for (query, field) in [
                ("state=confirmed", "state"), ("state=", "state"), ("limit=0", "limit"),
                ("limit=1001", "limit"), ("from=today", "from"), ("before=3", "before"),
                ("organisation=acme", "organisation"),
            ] {
                let answer = try await client.call("GET /v1/purchases?\(query)")
                #expect(answer.status == 400, "\(query): \(answer.text)")
                #expect(answer.text.contains("\"field\":\"\(field)\""), "\(answer.text)")
            }
            #expect(try await client.call("POST /v1/purchases", "{}").status == 405)
        }
    }

    @Test func `a top-up is set, shown and switched off`() async throws {
        let path = "/v1/organisations/acme/topup"
        func body(_ state: String, limit: String = #""monthly_limit":"50","#) -> String {
            #"{"amount":"1000000","asked":"0","connector":"manual","currency":"EUR","failures":0,"#
                + #""limit_reached":false,"month":"2026-03-01","# + limit
                + #""pack":"starter","price":"5","state":"\#(state)","threshold":"200000"}"#
        }
        try await RouteTests.play([
            RouteTests.create,
            Step(
                "GET \(path)",
                200,
                #"{"asked":"0","failures":0,"limit_reached":false,"month":"2026-03-01","#
                    + #""state":"off"}"#
            ),
            Step("PUT \(path)", #"{"pack":"starter","threshold":"200000"}"#, 200, body("on")),
            Step("DELETE \(path)", 200, body("off")),
            Step("PUT \(path)", #"{"state":"on"}"#, 200, body("on")),
            Step(
                "PUT \(path)",
                #"{"monthly_limit":"10.5"}"#,
                200,
                body("on", limit: #""monthly_limit":"10.5","#)
            ),
            Step("PUT \(path)", #"{"monthly_limit":"none"}"#, 200, body("on", limit: "")),
        ])
    }

    static let bad: [(call: String, body: String, status: Int, code: String, field: String)] = [
        ("POST purchases", "{}", 400, "idempotency_key_missing", "Idempotency-Key"),
        ("POST purchases", #"{"payment":"x"}"#, 400, "invalid", "pack"),
        ("POST purchases", #"{"pack":"huge","payment":"x"}"#, 400, "invalid", "pack"),
        ("POST purchases", #"{"credits":5,"payment":"x"}"#, 400, "invalid", "credits"),
        ("POST purchases", #"{"credits":"5.x","payment":"x"}"#, 400, "invalid", "credits"),
        ("POST purchases", #"{"credit":"5","payment":"x"}"#, 400, "invalid", "credit"),
        ("POST purchases/0/confirm", #"{"payment":"x"}"#, 400, "invalid", "purchase"),
        ("POST purchases/x/confirm", #"{"payment":"x"}"#, 400, "invalid", "purchase"),
        ("POST purchases/9/confirm", #"{"payment":"x"}"#, 404, "not_found", ""),
        ("POST purchases/1/confirm", "{}", 400, "invalid", "payment"),
        ("POST purchases/1/fail", "{}", 400, "invalid", "reason"),
        ("GET purchases?state=shut", "", 400, "invalid", "state"),
        ("GET purchases?limit=0", "", 400, "invalid", "limit"),
        ("GET receipts/7", "", 404, "not_found", ""),
        ("PUT topup", "{}", 400, "invalid", "threshold"),
        ("PUT topup", #"{"threshold":1}"#, 400, "invalid", "threshold"),
        (
            "PUT topup", #"{"threshold":"1","monthly_limit":"much"}"#, 400, "invalid",
            "monthly_limit"
        ),
        ("PUT topup", #"{"threshold":"1","monthly_limit":5}"#, 400, "invalid", "monthly_limit"),
        ("PUT topup", #"{"state":"maybe"}"#, 400, "invalid", "state"),
        ("PUT purchases", "{}", 405, "method_not_allowed", ""),
    ]

    @Test(arguments: bad)
    func `bad input is answered with field and value`(
        call: String,
        body: String,
        status: Int,
        code: String,
        field: String
    ) async throws {
        try await ServerFixture.with { client, _, _ in
            _ = try await client.call("POST /v1/organisations", #"{"name":"acme"}"#)
            let parts = call.split(separator: " ")
            let answer = try await client.call(
                "\(parts[0]) /v1/organisations/acme/\(parts[1])",
                body.isEmpty ? nil : body
            )
            #expect(answer.status == status, "\(answer.text)")
            #expect(answer.text.contains("\"code\":\"\(code)\""), "\(answer.text)")
            if !field.isEmpty {
                #expect(answer.text.contains("\"field\":\"\(field)\""), "\(answer.text)")
            }
        }
    }

    @Test func `what was settled is not settled otherwise`() async throws {
        try await ServerFixture.with { client, _, _ in
            _ = try await client.call("POST /v1/organisations", #"{"name":"acme"}"#)
            let path = "/v1/organisations/acme/purchases"
            let body = #"{"credits":"25","payment":"p1"}"#
            let first = try await client.call("POST \(path)", body)
            #expect(first.status == 201)
            let again = try await client.call("POST \(path)", body)
            #expect(again.status == 200)
            _ = try await client.call("POST \(path)", #"{"credits":"1"}"#, key: "k")
            let used = try await client.call("POST \(path)/2/confirm", #"{"payment":"p1"}"#)
            #expect(used.status == 409 && used.text.contains("payment_used"))
            let fail = try await client.call("POST \(path)/1/fail", #"{"reason":"x"}"#)
            #expect(fail.status == 409 && fail.text.contains("purchase_settled"))
        }
    }
}
