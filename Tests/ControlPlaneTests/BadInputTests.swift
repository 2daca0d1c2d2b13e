@testable import ControlFixture
import ControlPlane
import Engine
import Quantities
import Synchronization
import Testing

/// Goal: bad input is refused with the field and the value, and changes nothing.
///
/// Method: a table of calls, each with the code, the field and the sentence expected.
@Suite struct BadInputTests {
    static let organisations = "POST /v1/organisations"
    static let grants = "POST /v1/organisations/acme/grants"
    static let caps = "PUT /v1/organisations/acme/caps"
    static let ledger = "GET /v1/organisations/acme/transactions"
    static let keyMissing =
        "This call moves money and needs the header Idempotency-Key: a text of your choice, "
        + "new for each new call and the same when one is repeated."

    static let bodies: [Case] = [
        Case(organisations, "{", 400, "malformed", nil, "The body is not valid JSON."),
        Case(organisations, "[]", 400, "malformed", nil, "The body is a list, not a JSON object."),
        Case(organisations, nil, 400, "invalid", "name", "name: is missing"),
        Case(organisations, #"{"name":null}"#, 400, "invalid", "name", "name: is missing"),
        Case(
            organisations,
            #"{"name":7}"#,
            400,
            "invalid",
            "name",
            "name: 7 must be a text in quotes"
        ),
        Case(
            organisations,
            #"{"name":"a","timezone":"UTC"}"#,
            400,
            "invalid",
            "timezone",
            "timezone: is not a known field. Known: name, zone, plan."
        ),
        Case(
            organisations,
            #"{"name":"a","name":"b"}"#,
            400,
            "invalid",
            "name",
            "name: stands there twice"
        ),
        Case(
            organisations,
            #"{"name":"a","zone":"Mars/Olympus"}"#,
            400,
            "invalid",
            "zone",
            "zone: \"Mars/Olympus\" is not an IANA time zone"
        ),
        Case(
            "POST /v1/organisations/acme/keys/main/rotate",
            #"{"force":true}"#,
            400,
            "invalid",
            "force",
            "force: is not a known field. There are none here."
        ),
    ]

    static let money: [Case] = [
        Case(
            grants,
            #"{"amount":"1","class":"purchased"}"#,
            400,
            "idempotency_key_missing",
            "Idempotency-Key",
            keyMissing
        ),
        Case(
            "POST /v1/organisations/acme/close",
            #"{"reason":"x"}"#,
            400,
            "idempotency_key_missing",
            "Idempotency-Key",
            keyMissing
        ),
        Case(
            grants,
            #"{"amount":"1","class":"purchased"}"#,
            key: "a b",
            400,
            "invalid",
            "Idempotency-Key",
            "Idempotency-Key: must be 1 to 255 visible ASCII characters"
        ),
        Case(
            grants,
            #"{"amount":14.9835,"class":"purchased"}"#,
            key: "k",
            400,
            "invalid",
            "amount",
            "amount: 14.9835 must be a decimal string such as \"14.9835\""
        ),
        Case(
            grants,
            #"{"amount":12,"class":"purchased"}"#,
            key: "k",
            400,
            "invalid",
            "amount",
            "amount: 12 must be a decimal string such as \"14.9835\""
        ),
        Case(
            grants,
            #"{"amount":"1e3","class":"purchased"}"#,
            key: "k",
            400,
            "invalid",
            "amount",
            "amount: \"1e3\" is not a decimal number"
        ),
        Case(
            grants,
            #"{"amount":"0.0000000000001","class":"purchased"}"#,
            key: "k",
            400,
            "invalid",
            "amount",
            "amount: \"0.0000000000001\" has more than 12 decimals"
        ),
        Case(
            grants,
            #"{"amount":"100000000000000000000000000","class":"purchased"}"#,
            key: "k",
            400,
            "invalid",
            "amount",
            "amount: \"100000000000000000000000000\" is out of range"
        ),
        Case(
            grants,
            #"{"amount":"-1","class":"purchased"}"#,
            key: "k",
            400,
            "invalid",
            "amount",
            "amount: \"-1\" must be above zero"
        ),
        Case(
            grants,
            #"{"amount":"1","class":"gift"}"#,
            key: "k",
            400,
            "invalid",
            "class",
            "class: \"gift\" is none of purchased, promotional, plan, coupon, refund, adjustment"
        ),
        Case(
            grants,
            #"{"amount":"1","class":"plan","expires_at":"tomorrow"}"#,
            key: "k",
            400,
            "invalid",
            "expires_at",
            "expires_at: \"tomorrow\" is not an RFC 3339 time such as 2026-03-01T10:00:00Z"
        ),
        Case(
            grants,
            #"{"amount":"1","class":"plan","priority":1.5}"#,
            key: "k",
            400,
            "invalid",
            "priority",
            "priority: 1.5 must be a whole number from -2147483648 to 2147483647"
        ),
        Case(
            grants,
            #"{"amount":"1","class":"plan","priority":"1"}"#,
            key: "k",
            400,
            "invalid",
            "priority",
            "priority: \"1\" must be a whole number from -2147483648 to 2147483647"
        ),
        Case(
            "POST /v1/organisations/nobody/grants",
            #"{"amount":"1","class":"plan"}"#,
            key: "k",
            404,
            "not_found",
            nil,
            "There is no organisation \"nobody\"."
        ),
        Case(
            caps,
            #"{"scope":"org","period":"month"}"#,
            400,
            "invalid",
            "amount",
            "amount: is missing"
        ),
        Case(
            caps,
            #"{"scope":"team","period":"month","amount":"1"}"#,
            400,
            "invalid",
            "scope",
            "scope: \"team\" is none of org, project, key"
        ),
        Case(
            caps,
            #"{"scope":"org","name":"x","period":"month","amount":"1"}"#,
            400,
            "invalid",
            "name",
            "name: \"x\" is not needed with the scope org"
        ),
        Case(
            caps,
            #"{"scope":"key","period":"month","amount":"1"}"#,
            400,
            "invalid",
            "name",
            "name: is missing"
        ),
        Case(
            caps,
            #"{"scope":"org","period":"year","amount":"1"}"#,
            400,
            "invalid",
            "period",
            "period: \"year\" is none of day, week, month, total"
        ),
        Case(
            caps,
            #"{"scope":"org","period":"day","amount":"-1"}"#,
            400,
            "invalid",
            "amount",
            "amount: \"-1\" must not be below zero"
        ),
    ]

    static let queries: [Case] = [
        Case(
            ledger + "?knd=usage",
            400,
            "invalid",
            "knd",
            "knd: is not a known query parameter. Known: kind, from, to, before, limit."
        ),
        Case(
            ledger + "?limit=0",
            400,
            "invalid",
            "limit",
            "limit: \"0\" must be a whole number from 1 to 1000"
        ),
        Case(
            ledger + "?limit=ten",
            400,
            "invalid",
            "limit",
            "limit: \"ten\" must be a whole number from 1 to 1000"
        ),
        Case(
            ledger + "?before=-1",
            400,
            "invalid",
            "before",
            "before: \"-1\" must be a whole number from 1 to 9223372036854775807"
        ),
        Case(
            ledger + "?from=yesterday",
            400,
            "invalid",
            "from",
            "from: \"yesterday\" is not an RFC 3339 time such as 2026-03-01T10:00:00Z"
        ),
        Case(
            ledger + "?kind=usage&kind=purchase",
            400,
            "invalid",
            "kind",
            "kind: stands there twice"
        ),
        Case(
            "GET /v1/organisations/acme/usage?status=failed",
            400,
            "invalid",
            "status",
            "status: \"failed\" is none of ok, error"
        ),
        Case(
            "GET /v1/status?verbose=1",
            400,
            "invalid",
            "verbose",
            "verbose: is not a known query parameter. There are none here."
        ),
        Case(
            "GET /v1/organisations/nobody",
            404,
            "not_found",
            nil,
            "There is no organisation \"nobody\"."
        ),
        Case(
            "POST /v1/organisations/acme/keys/nobody/revoke",
            404,
            "not_found",
            nil,
            "There is no key \"nobody\"."
        ),
        Case("GET /v1/wallets", 404, "no_route", nil, "There is no route \"/v1/wallets\"."),
        Case(
            "DELETE /v1/organisations/acme",
            405,
            "method_not_allowed",
            nil,
            "DELETE is not taken here, only GET."
        ),
        Case(
            "POST /v1/organisations/acme/caps",
            405,
            "method_not_allowed",
            nil,
            "POST is not taken here, only DELETE, GET, PUT."
        ),
    ]

    @Test func `every bad call is refused with its field and value`() async throws {
        try await ServerFixture.with { client, administration, _ in
            _ = try await client.call(BadInputTests.organisations, #"{"name":"acme"}"#)
            for bad in BadInputTests.bodies + BadInputTests.money + BadInputTests.queries
                + BadInputTests.terms
            {
                let answer = try await client.call(bad.call, bad.body, key: bad.key)
                let name = Comment(rawValue: bad.testDescription)
                #expect(answer.status == bad.status, name)
                let problem = try answer.read(ProblemBody.self).error
                #expect(problem.code == bad.code, name)
                #expect(problem.field == bad.field, name)
                #expect(problem.message == bad.message, name)
            }
            let account = administration.state.withLock { $0.accounts["acme"] }
            #expect(account?.ledger.isEmpty == true)
            #expect(account?.info.caps.isEmpty == true)
            #expect(account?.info.closed == false)
        }
    }

    @Test func `a body above the limit is refused, told or not`() async throws {
        try await ServerFixture.with { client, _, _ in
            let long = String(repeating: "a", count: 70_000)
            let answer = try await client.call(
                BadInputTests.organisations,
                #"{"name":"\#(long)"}"#
            )
            #expect(answer.status == 413)
            let problem = try answer.read(ProblemBody.self).error
            #expect(problem.code == "too_large")
            #expect(problem.message == "A request's body is at most 65536 bytes.")
        }
    }
}
