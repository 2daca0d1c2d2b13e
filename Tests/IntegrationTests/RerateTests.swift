import DaemonHarness
import Foundation
import Quantities
import Testing

/// Goal: a wrong price is corrected by lines of its own, to the last digit, once, and back again.
///
/// Method: the differences are worked out here by hand from what was reported.
@Suite struct RerateTests {
    private static let old = Rates.card(
        models: """
              big:
                prices:
                  - from: always
                    input: 3
                    cache_read: 0.3
                    output: 15
                    tiers: [{above_input_tokens: 200000, input: 6, output: 22.5}]
            """
    )
    /// `plain` costs more, `big` less and from a lower cliff on, `flat` is not on it.
    private static let new = """
        rate_card: new
        unit: credits per 1,000,000 tokens
        default: refuse
        models:
          plain:
            prices: [{from: always, input: 1.5, output: 2}]
          free:
            prices: [{from: always, input: 0, output: 0}]
          big:
            prices:
              - from: always
                input: 2
                cache_read: 0.1
                output: 10
                tiers: [{above_input_tokens: 100000, input: 4, output: 20}]
        """

    private struct Scene {
        let daemon: TestDaemon
        let from = "2020-01-01T00:00:00Z"

        init() throws {
            daemon = try TestDaemon.started(rates: RerateTests.old, balance: "100")
            let admin = daemon.admin
            try admin.createOrganisation("beta")
            try admin.grant("1", to: "beta")
            try admin.createOrganisation("idle")
            try admin.createProject("web", of: "acme")
            let secret = try admin.createKey("k", of: "acme", project: "web")
            let client = try LineClient(daemon)
            try client.hello("gateway")
            var reports = [
                // 2,000,000 x (1.5 - 1): 1 more.
                Usage(id: "p1", account: key(secret), input: 2_000_000),
                Usage(id: "p2", account: org("acme"), input: 1_000_000, output: 1_000_000),
                // 3 x 0.15 + 15 x 0.001 = 0.465; now 4 x 0.15 + 20 x 0.001 = 0.62: the cliff.
                Usage(id: "b1", account: org("acme"), model: "big", input: 150_000, output: 1000),
                // 0.09 x 3 + 0.3 x 0.01 = 0.273; now 0.18 + 0.001 = 0.181.
                Usage(id: "b2", account: org("acme"), model: "big", input: 100_000),
                Usage(id: "b3", account: org("acme"), model: "big", input: 900_000),
                Usage(id: "f1", account: org("acme"), model: "flat", input: 1_000_000),
                // Owes already, and owes more: 4 at 1, now 6.
                Usage(id: "p3", account: org("beta"), input: 4_000_000),
            ]
            reports[3].more = #""cache_read_input_tokens":10000"#
            reports[4].more = #""status":"error""#
            for (index, report) in reports.enumerated() {
                var report = report
                report.sequence = index + 1
                client.send(report.line)
            }
            try client.waitForAck(reports.count)
            try daemon.waitUntilStored()
        }

        var now: String {
            Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)).description
        }

        func body(
            from: String? = nil,
            to: String? = nil,
            card: String = RerateTests.new,
            org: String? = nil
        ) throws -> String {
            var fields = ["from": from ?? self.from, "to": to ?? now, "card": card]
            if let org { fields["organisation"] = org }
            return String(decoding: try JSONEncoder().encode(fields), as: UTF8.self)
        }

        func preview(_ body: String) throws -> HTTPAnswer {
            try daemon.admin.call("POST", "/v1/rerates/preview", body)
        }

        func apply(_ body: String, id: String = "fix") throws -> HTTPAnswer {
            let headers = ["Idempotency-Key": id]
            return try daemon.admin.call("POST", "/v1/rerates", body, headers: headers)
        }

        func undo(_ id: String = "fix") throws -> HTTPAnswer {
            let headers = ["Idempotency-Key": "u"]
            return try daemon.admin.call("POST", "/v1/rerates/\(id)/undo", "", headers: headers)
        }
    }

    /// acme: 1 + 0.5 + (0.62 - 0.465) + (0.181 - 0.273); beta: 2.
    private static let differences = ["acme": "1.563", "beta": "2"]

    private func check(_ report: JSONValue) {
        #expect(report["organisations"].list.count == 2)
        for sum in report["organisations"].list {
            #expect(sum["difference"].text == RerateTests.differences[sum["name"].text ?? ""])
        }
        #expect(report["total"]["difference"].text == "3.563")
        #expect(report["total"]["requests"].int == 7)
        #expect(report["total"]["changed"].int == 5)
        #expect(report["total"]["unpriced"].int == 1)
    }

    @Test func `a preview tells what would change, and changes nothing`() throws {
        let scene = try Scene()
        let report = try scene.preview(try scene.body()).json()
        check(report)
        // 2 + 3 + 0.465 + 0.273 + 0 + 3 for acme, 4 for beta.
        #expect(report["total"]["old"].text == "12.738")
        #expect(report["total"]["new"].text == "16.301")
        #expect(report["booked"].int == 0)
        let only = try scene.preview(try scene.body(org: "beta")).json()
        #expect(only["total"]["requests"].int == 1)
        #expect(only["total"]["difference"].text == "2")
        #expect(try scene.daemon.posted() == amount("91.262"))
        #expect(try scene.daemon.admin.request("GET", "/v1/rerates")["rerates"].list.isEmpty)
        try scene.daemon.expectGreenAudit()
    }

    @Test func `applied once, seen everywhere, and undone once, over crashes`() throws {
        let scene = try Scene()
        let daemon = scene.daemon
        let body = try scene.body()
        let applied = try scene.apply(body).json()
        check(applied)
        // acme: plain with and without key, big; beta: plain.
        #expect(applied["booked"].int == 4)
        #expect(try daemon.posted() == amount("89.699"))
        #expect(try daemon.posted("beta") == amount("-5"))
        try daemon.waitUntilStored()
        let lines = try daemon.admin.transactions("acme", "kind=correction")
        #expect(
            lines.compactMap { $0["amount"].amount }.reduce(.zero, +) == (try amount("-1.563"))
        )
        #expect(lines.allSatisfy { $0["detail"].text?.hasPrefix("fix ") == true })
        let spend = try daemon.admin.request("GET", "/v1/organisations/acme/spend?by=model")
        let plain = try #require(spend["rows"].list.first { $0["name"].text == "plain" })
        #expect(plain["charged"].text == "5")
        #expect(plain["corrected"].text == "1.5")
        #expect(plain["spend"].text == "6.5")
        try daemon.expectGreenAudit()

        daemon.kill()
        try daemon.start()
        let again = try scene.apply(body).json()
        #expect(again["booked"].int == 0)
        #expect(again["booked_before"].int == 4)
        #expect(try daemon.posted() == amount("89.699"))
        try daemon.expectGreenAudit()

        let undone = try scene.undo().json()
        #expect(undone["booked"].int == 4)
        #expect(undone["total"]["difference"].text == "-3.563")
        #expect(try daemon.posted() == amount("91.262"))
        #expect(try daemon.posted("beta") == amount("-3"))
        daemon.kill()
        try daemon.start()
        #expect(try scene.undo().json()["booked_before"].int == 4)
        #expect(try daemon.posted() == amount("91.262"))
        let refused = try scene.apply(body)
        #expect(refused.status == 400)
        #expect(refused.text.contains("undone"))
        let list = try daemon.admin.request("GET", "/v1/rerates")["rerates"].list
        #expect(list.map { $0["id"].text } == ["undo.fix", "fix"])
        #expect(list.map { $0["amount"].text } == ["-3.563", "3.563"])
        #expect(list[1]["undone_by"].text == "undo.fix")
        try daemon.expectGreenAudit()
        // Under a new name the period is free again.
        #expect(try scene.apply(body, id: "fix-2").json()["booked"].int == 4)
        #expect(try daemon.posted() == amount("89.699"))
        try daemon.expectGreenAudit()
    }

    @Test func `an interrupted re-rating goes on where it was`() throws {
        let scene = try Scene()
        let daemon = scene.daemon
        let body = try scene.body()
        #expect(try scene.apply(body).status == 200)
        try daemon.waitUntilStored()
        // As if the daemon had died before two of the corrections, in books that still agree.
        #expect(try daemon.stop() == .exited(0))
        let database = daemon.database
        let line = "(SELECT max(line) FROM ledger_lines WHERE org = 2)"
        try database.query("DELETE FROM ledger_lines WHERE org = 2 AND line = \(line)")
        try database.query("DELETE FROM corrections WHERE org = 2")
        try database.query("UPDATE rollups SET corrected = 0 WHERE org = 2")
        try database.query(
            "UPDATE wallets SET lines = lines - 1, balance = balance + 2, debt = debt - 2"
                + " WHERE org = 2"
        )
        try daemon.start()
        #expect(try daemon.posted("beta") == amount("-3"))
        try daemon.expectGreenAudit()
        let resumed = try scene.apply(body).json()
        #expect(resumed["booked"].int == 1)
        #expect(resumed["booked_before"].int == 3)
        #expect(try daemon.posted("beta") == amount("-5"))
        #expect(try daemon.posted() == amount("89.699"))
        try daemon.expectGreenAudit()
    }

    @Test func `what cannot be rated again is refused with the reason, and nothing is booked`()
        throws
    {
        let scene = try Scene()
        let admin = scene.daemon.admin
        func refusal(_ answer: HTTPAnswer) throws -> (Int, String?, String?) {
            (answer.status, answer.code, try answer.json()["error"]["field"].text)
        }
        let later = "2090-01-01T00:00:00Z"
        #expect(try refusal(scene.preview(scene.body(to: later))) == (400, "invalid", "to"))
        #expect(
            try refusal(scene.preview(scene.body(to: "2019-01-01T00:00:00Z")))
                == (400, "invalid", "to")
        )
        #expect(try refusal(scene.preview(scene.body(card: "x: 1"))) == (400, "invalid", "card"))
        #expect(try refusal(scene.preview(scene.body(org: "no"))) == (404, "not_found", nil))
        #expect(try refusal(scene.preview(#"{"from":"x"}"#)) == (400, "invalid", "from"))
        #expect(try refusal(scene.preview("{}")) == (400, "invalid", "from"))
        let good = try scene.body()
        let unnamed = try admin.call("POST", "/v1/rerates", good)
        #expect(try refusal(unnamed) == (400, "idempotency_key_missing", "Idempotency-Key"))
        #expect(try refusal(scene.apply(good, id: "a/b")) == (400, "invalid", "Idempotency-Key"))
        #expect(try refusal(scene.apply(good, id: "undo.x")) == (400, "invalid", "Idempotency-Key"))
        #expect(try refusal(scene.undo("nothing")) == (404, "not_found", nil))
        #expect(try scene.daemon.posted() == amount("91.262"))

        #expect(try scene.apply(good).status == 200)
        // The same name for something else, and another one over the same time.
        let other = try scene.body(card: RerateTests.old)
        #expect(try refusal(scene.apply(other)) == (400, "invalid", "Idempotency-Key"))
        #expect(try refusal(scene.apply(good, id: "second")) == (400, "invalid", "from"))
        #expect(try refusal(scene.undo("undo.fix")) == (404, "not_found", nil))
        try admin.close("beta")
        let undone = try scene.undo().json()
        // What is closed stays closed.
        #expect(undone["booked"].int == 3)
        #expect(undone["not_booked"].int == 1)
        try scene.daemon.expectGreenAudit()
        #expect(try refusal(scene.undo("undo.fix")) == (400, "invalid", "id"))
    }
}
