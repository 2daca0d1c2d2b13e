import DaemonHarness
import Foundation
import Quantities
import Testing

/// What moves money over HTTP: once for each key, exact, and refused with the reason.
@Suite struct MoneyTests {
    private let grants = "/v1/organisations/acme/grants"

    @Test func `a grant is carried out once for each idempotency key`() throws {
        let daemon = try TestDaemon.started()
        let admin = daemon.admin
        let body = #"{"amount":"12.5","class":"purchased","reference":"pi_1"}"#
        let headers = ["Idempotency-Key": "order-1"]
        let first = try admin.call("POST", grants, body, headers: headers)
        #expect(first.status == 201)
        #expect(try first.json()["repeated"].bool == false)
        #expect(try first.json()["wallet"]["posted"].text == "12.5")
        let again = try admin.call("POST", grants, body, headers: headers)
        #expect(again.status == 200)
        #expect(try again.json()["repeated"].bool == true)
        #expect(try again.json()["grant"] == (try first.json()["grant"]))
        let other = body.replacing("12.5", with: "13")
        let conflict = try admin.call("POST", grants, other, headers: headers)
        #expect(conflict.status == 409)
        #expect(conflict.code == "idempotency_conflict")
        #expect(conflict.text.contains("order-1"))

        // Many at once with one key make one grant.
        try inParallel(8) { _ in
            try admin.request(
                "POST",
                "/v1/organisations/acme/grants",
                #"{"amount":"1","class":"purchased"}"#,
                headers: ["Idempotency-Key": "order-2"]
            )
        }
        try daemon.waitUntilStored()
        let lines = try admin.transactions("acme")
        #expect(lines.map { $0["amount"].text } == ["1", "12.5"])
        #expect(lines.map { $0["balance"].text } == ["13.5", "12.5"])
        #expect(lines.map { $0["kind"].text } == ["purchase", "purchase"])
        try daemon.expectGreenAudit()
    }

    @Test func `what is wrong with a call is named, and nothing is changed`() throws {
        let daemon = try TestDaemon.started()
        let admin = daemon.admin
        func refusal(
            _ body: String,
            _ headers: [String: String] = ["Idempotency-Key": "k"]
        ) throws
            -> (Int, String?, String?)
        {
            let answer = try admin.call("POST", grants, body, headers: headers)
            return (answer.status, answer.code, try answer.json()["error"]["field"].text)
        }
        let good = #"{"amount":"1","class":"purchased"}"#
        #expect(try refusal(good, [:]) == (400, "idempotency_key_missing", "Idempotency-Key"))
        for amount in [
            "14.9835", "1", #""-5""#, #""0""#, #""1.1234567890123""#, #""1e3""#, #""abc""#, #""""#,
            #""1,5""#, "true", #""100000000000000000000000000""#,
        ] {
            let found = try refusal(#"{"amount":\#(amount),"class":"purchased"}"#)
            #expect(found == (400, "invalid", "amount"), "\(amount)")
        }
        #expect(try refusal(#"{"class":"purchased"}"#) == (400, "invalid", "amount"))
        #expect(try refusal(#"{"amount":"1","class":"gift"}"#) == (400, "invalid", "class"))
        #expect(
            try refusal(#"{"amount":"1","class":"purchased","expire_at":"x"}"#)
                == (400, "invalid", "expire_at")
        )
        #expect(
            try refusal(#"{"amount":"1","class":"purchased","expires_at":"soon"}"#)
                == (400, "invalid", "expires_at")
        )
        #expect(try refusal("{") == (400, "malformed", nil))

        let unknown = try admin.call(
            "POST",
            "/v1/organisations/nobody/grants",
            good,
            headers: ["Idempotency-Key": "k"]
        )
        #expect(unknown.status == 404)
        #expect(unknown.code == "not_found")
        #expect(unknown.text.contains("nobody"))
        func create(_ body: String) throws -> (Int, String?) {
            let answer = try admin.call("POST", "/v1/organisations", body)
            return (answer.status, answer.code)
        }
        #expect(try create(#"{"name":"acme"}"#) == (409, "exists"))
        #expect(try create(#"{"name":"mars","zone":"Mars/Olympus"}"#) == (400, "invalid"))
        #expect(try create(#"{"name":"a b"}"#) == (400, "invalid"))
        #expect(try admin.call("GET", "/v1/organisations/mars").status == 404)
        // The name is free after a refusal.
        #expect(try create(#"{"name":"mars","zone":"Europe/Berlin"}"#) == (201, nil))
        #expect(try daemon.posted() == .zero)
        #expect(try admin.balance("acme")["wallet"]["lines"].int == 0)
    }

    @Test func `a grant burns in its order, and what is left of it lapses on time`() throws {
        let daemon = try TestDaemon.started(balance: "10")
        let admin = daemon.admin
        try admin.grant(
            "5",
            to: "acme",
            class: "promotional",
            more: #""expires_at":"2090-09-01T00:00:00Z""#
        )
        let client = try LineClient(daemon)
        _ = try client.report(Usage(id: "a", input: 1_500_000))
        let left = try admin.organisation("acme")["grants"].list
        #expect(left.map { $0["class"].text } == ["promotional", "purchased"])
        #expect(left.map { $0["remaining"].text } == ["3.5", "10"])

        let end = Timestamp(
            microseconds: Int64(Date().timeIntervalSince1970 * 1000) * 1000 + 1_500_000
        )
        try admin.grant(
            "2",
            to: "acme",
            class: "promotional",
            more: #""expires_at":"\#(end)""#
        )
        #expect(try daemon.posted() == amount("15.5"))
        // The earlier expiry burns first.
        _ = try client.report(Usage(id: "b", input: 500_000))
        try wait(until: "the grant has lapsed") { try daemon.posted() == amount("13.5") }
        try daemon.waitUntilStored()
        let last = try #require(try admin.transactions("acme").first)
        #expect(last["kind"].text == "expiry")
        #expect(last["amount"].text == "-1.5")
        #expect(last["balance"].text == "13.5")
        try daemon.expectGreenAudit()
    }

    @Test func `a closed organisation forfeits what is left, and everything after is refused`()
        throws
    {
        let daemon = try TestDaemon.started(balance: "10")
        let admin = daemon.admin
        let secret = try admin.createKey("k", of: "acme")
        let client = try LineClient(daemon)
        try client.hello("gateway")
        _ = try client.report(Usage(id: "a", account: key(secret), input: 4_000_000))
        let held = try client.authorize(key(secret), input: 1_000_000)
        #expect(held["type"].text == "granted")

        let closed = try admin.close("acme", reason: "moved away")
        #expect(closed["closed"].bool == true)
        #expect(closed["wallet"]["posted"].text == "0")
        #expect(closed["open_holds"].int == 0)
        #expect(try admin.close("acme") == closed)

        for account in [key(secret), org("acme")] {
            let refused = try client.authorize(account, input: 1)
            #expect(refused["status"].int == 403, "\(refused)")
            #expect(refused["error"]["code"].text == "account_closed")
            #expect(refused["error"]["message"].text == "The account is closed.")
        }
        #expect(try client.report(Usage(id: "b", input: 1))["code"].text == "account_closed")
        client.send(Usage(id: "c", input: 1, sequence: 1).line)
        #expect(try client.next("rejected")["code"].text == "account_closed")
        try client.waitForAck(1)
        let grant = try admin.call(
            "POST",
            grants,
            #"{"amount":"1","class":"purchased"}"#,
            headers: ["Idempotency-Key": "late"]
        )
        #expect(grant.status == 403)
        #expect(grant.code == "account_closed")
        let newKey = try admin.call("POST", "/v1/organisations/acme/keys", #"{"name":"n"}"#)
        #expect(newKey.status == 403)

        try daemon.waitUntilStored()
        let lines = try admin.transactions("acme")
        #expect(lines.map { $0["kind"].text } == ["forfeiture", "usage", "purchase"])
        #expect(lines.map { $0["amount"].text } == ["-6", "-4", "10"])
        #expect(lines.map { $0["balance"].text } == ["0", "6", "10"])
        try daemon.expectGreenAudit()
        daemon.kill()
        try daemon.start()
        #expect(try LineClient(daemon).authorize(org("acme"), input: 1)["status"].int == 403)
        try daemon.expectGreenAudit()
    }
}
