@testable import ControlFixture
import ControlPlane
import Engine
import Quantities
import Synchronization
import Testing

/// Goal: what was booked and how the daemon is doing is answered as HTTP.md says.
///
/// Method: calls over a real Unix socket to a small engine, comparing bodies byte for byte.
@Suite struct LedgerRouteTests {
    @Test func `the ledger and the usage log are read newest first`() async throws {
        try await RouteTests.play([
            RouteTests.create,
            RouteTests.Step(
                "POST /v1/organisations/acme/grants",
                #"{"amount":"12","class":"purchased","reference":"invoice 7"}"#,
                key: "k1",
                201,
                #"""
                {"grant":1,"repeated":false,"wallet":{"available":"12","debt":"0","held":"0",\#
                "lines":1,"posted":"12"}}
                """#
            ),
            RouteTests.Step("METER", 0, ""),
            RouteTests.Step(
                "GET /v1/organisations/acme/transactions",
                200,
                #"""
                {"transactions":[{"amount":"-0.014574","applied_at":"2026-03-01T10:00:00.25Z",\#
                "balance":"11.985426","detail":"claude-sonnet","key":"main","kind":"usage",\#
                "line":2},{"amount":"12","applied_at":"2026-03-01T10:00:00.25Z",\#
                "balance":"12","detail":"invoice 7","kind":"purchase","line":1}]}
                """#
            ),
            RouteTests.Step(
                "GET /v1/organisations/acme/usage",
                200,
                #"""
                {"usage":[{"applied_at":"2026-03-01T10:00:00.25Z","at":"2026-03-01T10:00:00.25Z",\#
                "cache_hit":false,"cache_read_input_tokens":1000,\#
                "cache_write_input_tokens":0,"charge":"0.014574","id":"r-1",\#
                "input_tokens":4808,"key":"main","latency_ms":812,"line":2,\#
                "model":"claude-sonnet","output_tokens":10,"reasoning_output_tokens":0,\#
                "status":"ok"}]}
                """#
            ),
        ])
    }

    @Test func `filters reach the engine, and a full page says how to go on`() async throws {
        try await ServerFixture.with { client, administration, _ in
            _ = try await client.call("POST /v1/organisations", #"{"name":"acme"}"#)
            for number in 1...3 {
                administration.meter("acme", id: "r-\(number)", charge: .init(units: 1))
            }
            let page = try await client.call(
                "GET /v1/organisations/acme/transactions?limit=2&kind=usage"
                    + "&from=2026-03-01T00:00:00+01:00&to=2026-03-02T00%3A00%3A00Z"
            )
            #expect(try page.read(TransactionsBody.self).nextBefore == 2)
            let filter = administration.state.withLock { $0.filters.last }
            #expect(filter?.kind == "usage")
            #expect(filter?.limit == 2)
            #expect(filter?.from?.description == "2026-02-28T23:00:00Z")
            #expect(filter?.to?.description == "2026-03-02T00:00:00Z")
            let last = try await client.call(
                "GET /v1/organisations/acme/transactions?limit=2&before=2"
            )
            #expect(try last.read(TransactionsBody.self).nextBefore == nil)
            _ = try await client.call(
                "GET /v1/organisations/acme/usage?key=main&model=m&status=error&before=9&limit=1"
            )
            let usage = administration.state.withLock { $0.usageFilters.last }
            #expect(usage?.key == "main")
            #expect(usage?.model == "m")
            #expect(usage?.failed == true)
            #expect(usage?.beforeLine == 9)
        }
    }

    @Test func `status, rates, audit and health are answered`() async throws {
        try await RouteTests.play([
            RouteTests.Step(
                "GET /v1/status",
                200,
                #"""
                {"connections":3,"duplicates":5,"granted":600,"journal":{"bytes":67108864,\#
                "maximum_bytes":8589934592,"retired":0,"stored":57344,"synced":61440,\#
                "written":65536},"node":"gateway-1","open_holds":1,"organisations":2,\#
                "overshoot":"0.25","positions":{"accepted":1000,"applied":990,\#
                "journaled":980,"stored":900},"postgres_connected":true,\#
                "rate_card":"llm-gateway 9f2c41d7","ready":true,"refused":7,"rejected":4,\#
                "started_at":"2026-03-01T10:00:00.25Z","troubles":[],"version":"0.1.0"}
                """#
            ),
            RouteTests.Step("GET /v1/rates", 200, "name: llm-gateway\nmodels: []"),
            RouteTests.Step("POST /v1/rates/reload", 200, #"{"rate_card":"llm-gateway 77aa01c2"}"#),
            RouteTests.Step(
                "POST /v1/audit",
                200,
                #"""
                {"balance":"88","drifted":0,"green":true,"lines":8819,"organisations":2,\#
                "violations":[]}
                """#
            ),
            RouteTests.Step(
                "POST /v1/audit",
                #"{"organisation":"nobody"}"#,
                404,
                #"{"error":{"code":"not_found","message":"There is no organisation \"nobody\"."}}"#
            ),
            RouteTests.Step("GET /health", 200, #"{"status":"ok"}"#),
            RouteTests.Step("GET /ready", 200, #"{"ready":true,"reasons":[]}"#),
        ])
    }

    @Test func `not being ready is a 503 with reasons while liveness stays`() async throws {
        try await ServerFixture.with { client, administration, _ in
            administration.state.withLock {
                $0.report.ready = false
                $0.report.troubles = ["The journal's disk is full."]
            }
            let ready = try await client.call("GET /ready")
            #expect(ready.status == 503)
            #expect(
                ready.text == #"{"ready":false,"reasons":["The journal's disk is full."]}"# + "\n"
            )
            let status = try await client.call("GET /health").status
            #expect(status == 200)
        }
    }

    @Test func `what needs PostgreSQL answers 503 while it is away`() async throws {
        try await ServerFixture.with { client, administration, _ in
            _ = try await client.call("POST /v1/organisations", #"{"name":"acme"}"#)
            administration.state.withLock { $0.unavailable = true }
            for call in [
                "GET /v1/organisations/acme/transactions", "GET /v1/organisations/acme/usage",
                "POST /v1/audit",
            ] {
                let answer = try await client.call(call)
                #expect(answer.status == 503)
                #expect(
                    answer.text == #"""
                        {"error":{"code":"unavailable","message":"PostgreSQL is needed \#
                        for this and is away: the connection was refused. Try again later."}}
                        """#
                        + "\n"
                )
            }
        }
    }

    @Test func `a broken rate card is refused with its field`() async throws {
        try await ServerFixture.with { client, administration, _ in
            administration.state.withLock { $0.brokenCard = true }
            let answer = try await client.call("POST /v1/rates/reload")
            #expect(answer.status == 400)
            let problem = try answer.read(ProblemBody.self)
            #expect(problem.error.field == "models[0].input")
        }
    }
}
