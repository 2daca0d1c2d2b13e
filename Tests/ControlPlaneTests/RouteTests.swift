@testable import ControlFixture
import ControlPlane
import Engine
import Quantities
import Synchronization
import Testing

/// Goal: every route answers as HTTP.md says.
///
/// Method: calls over a real Unix socket to a small engine, one after the other, comparing status
/// and body byte for byte.
@Suite struct RouteTests {
    struct Step: Sendable {
        var call: String
        var body: String?
        var key: String?
        var status: Int
        var answer: String

        init(_ call: String, _ body: String, key: String? = nil, _ status: Int, _ answer: String) {
            self.init(call, status, answer)
            self.body = body
            self.key = key
        }

        init(_ call: String, _ status: Int, _ answer: String) {
            self.call = call
            self.status = status
            self.answer = answer
        }
    }

    static func play(_ steps: [Step]) async throws {
        try await ServerFixture.with { client, administration, _ in
            for step in steps {
                if step.call == "METER" {
                    administration.meter("acme", id: "r-1", charge: .init(units: 14_574_000_000))
                    continue
                }
                let answer = try await client.call(step.call, step.body, key: step.key)
                #expect(answer.status == step.status, "\(step.call): \(answer.text)")
                #expect(answer.text == step.answer + "\n", "\(step.call)")
            }
        }
    }

    static let emptyWallet =
        #"{"available":"0","debt":"0","held":"0","lines":0,"posted":"0"}"#
    static let noSpend =
        #"{"date":"2026-03-01","day":"0","month":"0","total":"0","week":"0"}"#

    static func organisation(
        closed: Bool = false,
        caps: String = "",
        zone: String = "Europe/Berlin"
    ) -> String {
        #"""
        {"caps":[\#(caps)],"closed":\#(closed),"cutoff_reasons":["insufficient_credits"],\#
        "grants":[],"keys":[],"name":"acme","number":1,"open_holds":0,"projects":[],\#
        "spend":\#(noSpend),"wallet":\#(emptyWallet),"zone":"\#(zone)"}
        """#
    }

    static let create = Step(
        "POST /v1/organisations",
        #"{"name":"acme","zone":"Europe/Berlin"}"#,
        201,
        organisation()
    )

    @Test func `organisations are created, listed in pages, shown and closed`() async throws {
        try await RouteTests.play([
            RouteTests.create,
            Step("GET /v1/organisations/acme", 200, RouteTests.organisation()),
            Step("GET /v1/organisations?limit=1", 200, #"{"organisations":["acme"]}"#),
            Step(
                "POST /v1/organisations/acme/close",
                #"{"reason":"moved away"}"#,
                key: "c1",
                200,
                RouteTests.organisation(closed: true)
            ),
            Step(
                "POST /v1/organisations/acme/close",
                #"{"reason":"moved away"}"#,
                key: "c1",
                200,
                RouteTests.organisation(closed: true)
            ),
            Step(
                "POST /v1/organisations/acme/projects",
                #"{"name":"late"}"#,
                403,
                #"""
                {"error":{"code":"account_closed",\#
                "message":"The organisation \"acme\" is closed."}}
                """#
            ),
        ])
    }

    @Test func `a page of organisations says where the next one begins`() async throws {
        try await ServerFixture.with { client, _, _ in
            for name in ["c", "a", "b"] {
                _ = try await client.call("POST /v1/organisations", #"{"name":"\#(name)"}"#)
            }
            let first = try await client.call("GET /v1/organisations?limit=2")
            #expect(first.text == #"{"next":"b","organisations":["a","b"]}"# + "\n")
            let second = try await client.call("GET /v1/organisations?limit=2&after=b")
            #expect(second.text == #"{"organisations":["c"]}"# + "\n")
        }
    }

    @Test func `projects and keys are made, listed, rotated and revoked`() async throws {
        let key = #"{"generation":1,"name":"main","number":1,"prefix":"mk_main","project":"web","#
        try await RouteTests.play([
            RouteTests.create,
            Step(
                "POST /v1/organisations/acme/projects",
                #"{"name":"web"}"#,
                201,
                #"{"name":"web","number":1}"#
            ),
            Step(
                "POST /v1/organisations/acme/projects",
                #"{"name":"web"}"#,
                409,
                #"{"error":{"code":"exists","message":"The project \"web\" exists already."}}"#
            ),
            Step(
                "GET /v1/organisations/acme/projects",
                200,
                #"{"projects":[{"name":"web","number":1}]}"#
            ),
            Step(
                "POST /v1/organisations/acme/keys",
                #"{"name":"main","project":"web"}"#,
                201,
                #"{"key":\#(key)"revoked":false},"secret":"mk_main_secret1"}"#
            ),
            Step(
                "GET /v1/organisations/acme/keys",
                200,
                #"{"keys":[\#(key)"revoked":false}]}"#
            ),
            Step(
                "POST /v1/organisations/acme/keys/main/rotate",
                200,
                #"""
                {"key":{"generation":2,"name":"main","number":1,"prefix":"mk_main",\#
                "project":"web","revoked":false},"secret":"mk_main_secret2"}
                """#
            ),
            Step(
                "POST /v1/organisations/acme/keys/main/revoke",
                200,
                #"""
                {"generation":2,"name":"main","number":1,"prefix":"mk_main","project":"web",\#
                "revoked":true}
                """#
            ),
        ])
    }

    @Test func `a grant is given once for its idempotency key`() async throws {
        let wallet = #"{"available":"12","debt":"0","held":"0","lines":1,"posted":"12"}"#
        let body = #"{"amount":"12","class":"purchased","reference":"invoice 7"}"#
        try await RouteTests.play([
            RouteTests.create,
            Step(
                "POST /v1/organisations/acme/grants",
                body,
                key: "k1",
                201,
                #"{"grant":1,"repeated":false,"wallet":\#(wallet)}"#
            ),
            Step(
                "POST /v1/organisations/acme/grants",
                body,
                key: "k1",
                200,
                #"{"grant":1,"repeated":true,"wallet":\#(wallet)}"#
            ),
            Step(
                "POST /v1/organisations/acme/grants",
                #"{"amount":"13","class":"purchased"}"#,
                key: "k1",
                409,
                #"""
                {"error":{"code":"idempotency_conflict","message":"The idempotency key \"k1\" \#
                was used before with other content. Use a new key for a new grant."}}
                """#
            ),
            Step(
                "GET /v1/organisations/acme/grants",
                200,
                #"""
                {"grants":[{"active":true,"class":"purchased",\#
                "effective_at":"2026-03-01T10:00:00.25Z","held":"0","number":1,\#
                "priority":100,"remaining":"12"}]}
                """#
            ),
            Step(
                "GET /v1/organisations/acme/balance",
                200,
                #"""
                {"closed":false,"cutoff_reasons":[],"open_holds":0,"organisation":"acme",\#
                "spend":\#(RouteTests.noSpend),"wallet":\#(wallet)}
                """#
            ),
        ])
    }

    @Test func `a grant's times and priority arrive as they were sent`() async throws {
        try await ServerFixture.with { client, administration, _ in
            _ = try await client.call("POST /v1/organisations", #"{"name":"acme"}"#)
            let answer = try await client.call(
                "POST /v1/organisations/acme/grants",
                #"""
                {"amount":"0.000000000001","class":"promotional","priority":-5,\#
                "effective_at":"2026-04-01T00:00:00+02:00",\#
                "expires_at":"2026-05-01T00:00:00Z","note":"spring","reference":null}
                """#,
                key: "k2"
            )
            #expect(answer.status == 201)
            let request = administration.state.withLock {
                $0.accounts["acme"]?.grants["k2"]?.request
            }
            #expect(request?.amount.units == 1)
            #expect(request?.priority == -5)
            #expect(request?.effectiveAt?.description == "2026-03-31T22:00:00Z")
            #expect(request?.expiresAt?.description == "2026-05-01T00:00:00Z")
            #expect(request?.note == "spring")
            #expect(request?.reference == "")
        }
    }

    @Test func `caps are set, changed, listed and cleared`() async throws {
        let cap = #"""
            {"amount":"100","held":"0","period":"month",\#
            "resets_at":"2026-04-01T00:00:00Z","scope":"org","spent":"0"}
            """#
        try await RouteTests.play([
            RouteTests.create,
            Step(
                "PUT /v1/organisations/acme/caps",
                #"{"scope":"org","period":"month","amount":"100"}"#,
                200,
                #"{"caps":[\#(cap)]}"#
            ),
            Step("GET /v1/organisations/acme/caps", 200, #"{"caps":[\#(cap)]}"#),
            Step(
                "DELETE /v1/organisations/acme/caps?scope=org&period=month",
                200,
                #"{"caps":[]}"#
            ),
            Step(
                "POST /v1/organisations/acme/projects",
                #"{"name":"web"}"#,
                201,
                #"{"name":"web","number":1}"#
            ),
            Step(
                "PUT /v1/organisations/acme/caps",
                #"{"scope":"project","name":"web","period":"total","amount":"0"}"#,
                200,
                #"""
                {"caps":[{"amount":"0","held":"0","name":"web","period":"total",\#
                "scope":"project","spent":"0"}]}
                """#
            ),
            Step(
                "PUT /v1/organisations/acme/caps",
                #"{"scope":"key","name":"nobody","period":"day","amount":"1"}"#,
                404,
                #"{"error":{"code":"not_found","message":"There is no key \"nobody\"."}}"#
            ),
        ])
    }
}
