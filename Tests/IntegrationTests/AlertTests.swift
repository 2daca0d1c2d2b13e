import DaemonHarness
import Foundation
import Quantities
import Testing

/// Alerts go off once for each crossing, on the real daemon and over restarts.
@Suite struct AlertTests {
    private let settings = "/v1/organisations/acme/alert-settings"

    private func alerts(_ daemon: TestDaemon, _ query: String = "") throws -> [JSONValue] {
        try daemon.waitUntilStored()
        return try daemon.admin.request("GET", "/v1/organisations/acme/alerts\(query)")["alerts"]
            .list
    }

    private func card(_ alerts: String) -> String {
        Rates.card() + "\noffer:\n  alerts: {\(alerts)}\n"
    }

    @Test func `a low balance is told once for each crossing, also over a restart`() throws {
        let daemon = try TestDaemon(rates: card("low_balance: [5, 1]"))
        try daemon.start()
        let admin = daemon.admin
        try admin.createOrganisation("acme")
        try admin.grant("10", to: "acme")
        let client = try LineClient(daemon)
        func use(_ tokens: Int, _ id: String) throws {
            _ = try client.report(Usage(id: id, input: tokens))
        }
        // 1 credit a million: at exactly 5 nothing is told.
        try use(5_000_000, "a")
        #expect(try alerts(daemon).isEmpty)
        try use(1, "b")
        var found = try alerts(daemon)
        #expect(found.map { $0["kind"].text } == ["low_balance"])
        #expect(found[0]["id"].text == "acme/1")
        #expect(found[0]["threshold"].text == "5")
        #expect(found[0]["value"].text == "4.999999")
        try use(1_000_000, "c")
        #expect(try alerts(daemon).count == 1)

        daemon.kill()
        try daemon.start()
        let again = try LineClient(daemon)
        _ = try again.report(Usage(id: "d", input: 1_000_000))
        #expect(try alerts(daemon).count == 1, "told before, not again")
        try admin.grant("10", to: "acme")
        found = try alerts(daemon)
        #expect(found[0]["cleared_at"].text != nil, "it has recovered")
        _ = try again.report(Usage(id: "e", input: 12_500_000))
        found = try alerts(daemon)
        #expect(found.map { $0["threshold"].text } == ["5", "5", "1"])
        #expect(try alerts(daemon, "?after=1&open=true").map { $0["number"].int } == [2, 3])
        #expect(try alerts(daemon, "?limit=1").map { $0["number"].int } == [1])
        let all = try admin.request("GET", "/v1/alerts")["alerts"].list
        #expect(all.map { $0["id"].text } == ["acme/1", "acme/2", "acme/3"])
        try daemon.expectGreenAudit()
        let metrics = try admin.call("GET", "/metrics").text
        #expect(metrics.contains("meterd_alerts_raised_total 2\n"), "those since the start")
    }

    @Test func `shares of a cap are told once, and again when the cap is raised and reached`()
        throws
    {
        let daemon = try TestDaemon.started(balance: "100")
        let admin = daemon.admin
        try admin.setCap("10", a: "month", of: "acme")
        let wishes = #"{"cap_percent":[50,80],"low_balance":["1"]}"#
        let set = try admin.request("PUT", settings, wishes)
        #expect(set["own"].bool == true)
        #expect(set["cap_percent"].list.map(\.int) == [80, 50])
        let client = try LineClient(daemon)
        _ = try client.report(Usage(id: "a", input: 4_999_999))
        #expect(try alerts(daemon).isEmpty)
        _ = try client.report(Usage(id: "b", input: 1))
        var found = try alerts(daemon)
        #expect(found.map { $0["percent"].int } == [50])
        #expect(found[0]["cap"].text == "10")
        #expect(found[0]["value"].text == "5")
        #expect(found[0]["scope"].text == "org")
        _ = try client.report(Usage(id: "c", input: 4_000_000))
        #expect(try alerts(daemon).map { $0["percent"].int } == [50, 80])
        daemon.kill()
        try daemon.start()
        // Of 20 the 9 that are spent are less than half: both are armed again.
        try admin.setCap("20", a: "month", of: "acme")
        found = try alerts(daemon)
        #expect(found.allSatisfy { $0["cleared_at"].text != nil })
        _ = try LineClient(daemon).report(Usage(id: "d", input: 1_000_000))
        #expect(try alerts(daemon).map { $0["percent"].int } == [50, 80, 50])
        let reset = try admin.request("DELETE", settings)
        #expect(reset["own"].bool == false)
        #expect(try alerts(daemon).allSatisfy { $0["cleared_at"].text != nil })
        try daemon.expectGreenAudit()
    }

    @Test func `a producer that has reported and falls silent is told once, and its return`()
        throws
    {
        let daemon = try TestDaemon(rates: card("silent_source_s: 3"))
        try daemon.start()
        let admin = daemon.admin
        try admin.createOrganisation("acme")
        let client = try LineClient(daemon)
        try client.hello("gateway")
        var usage = Usage(id: "a", input: 1, sequence: 1)
        client.send(usage.line)
        try client.waitForAck(1)
        // Who reports by hand is not waited for.
        let person = try LineClient(daemon)
        try person.hello("meterctl-machine-acme/web")
        person.send(Usage(id: "hand", input: 1, sequence: 1).line)
        try person.waitForAck(1)
        func all() throws -> [JSONValue] { try admin.request("GET", "/v1/alerts")["alerts"].list }
        try wait(until: "the silence is told", within: 15) { try all().count == 1 }
        let silent = try all()[0]
        #expect(silent["kind"].text == "silent_source")
        #expect(silent["name"].text == "gateway")
        #expect(silent["id"].text == "-/1")
        daemon.kill()
        try daemon.start()
        let again = try LineClient(daemon)
        try again.hello("gateway")
        Thread.sleep(forTimeInterval: 5)
        #expect(try all().count == 1, "told before the restart, not again")
        usage.id = "b"
        usage.sequence = 2
        again.send(usage.line)
        try again.waitForAck(2)
        try wait(until: "the return is told", within: 15) {
            try all()[0]["cleared_at"].text != nil
        }
        try daemon.expectGreenAudit()
    }

    @Test func `what is wrong with alert settings is named`() throws {
        let daemon = try TestDaemon.started(balance: "10")
        let cases: [(body: String, field: String)] = [
            (#"{"low_balance":"5"}"#, "low_balance"),
            (#"{"low_balance":[5]}"#, "low_balance"),
            (#"{"low_balance":["0"]}"#, "low_balance"),
            (#"{"low_balance":["-1"]}"#, "low_balance"),
            (#"{"low_balance":["1","2","3","4","5","6","7","8","9"]}"#, "low_balance"),
            (#"{"cap_percent":[0]}"#, "cap_percent"),
            (#"{"cap_percent":[101]}"#, "cap_percent"),
            (#"{"cap_percent":["50"]}"#, "cap_percent"),
            (#"{"cap_percent":[null]}"#, "cap_percent"),
            (#"{"deployment_cost":"5"}"#, "deployment_cost"),
            (#"{"deployment_cost":["5"]}"#, "deployment_cost"),
            (#"{"deployment_cost":{"day":5}}"#, "deployment_cost.day"),
            (#"{"deployment_cost":{"day":"0"}}"#, "deployment_cost.day"),
            (#"{"deployment_cost":{"week":"-1"}}"#, "deployment_cost.week"),
            (#"{"deployment_cost":{"total":"much"}}"#, "deployment_cost.total"),
            (#"{"deployment_cost":{"year":"5"}}"#, "deployment_cost.year"),
            (#"{"daily_summary":"yes"}"#, "daily_summary"),
            (#"{"weekly_summary":1}"#, "weekly_summary"),
            (#"{"email":"a@b"}"#, "email"),
        ]
        for (body, field) in cases {
            let answer = try daemon.admin.call("PUT", settings, body)
            #expect(answer.status == 400, "\(body): \(answer.text)")
            #expect(try answer.json()["error"]["field"].text == field, "\(body): \(answer.text)")
        }
        #expect(try daemon.admin.request("GET", settings)["own"].bool == false)
        for query in ["after=-1", "after=x", "open=maybe", "limit=0", "limit=1001", "from=x"] {
            let answer = try daemon.admin.call("GET", "/v1/organisations/acme/alerts?\(query)")
            #expect(answer.status == 400, "\(query): \(answer.text)")
        }
        for query in ["after=x", "before=0", "order=latest"] {
            let answer = try daemon.admin.call("GET", "/v1/alerts?\(query)")
            #expect(answer.status == 400, "\(query): \(answer.text)")
        }
        #expect(try daemon.admin.call("GET", "/v1/organisations/nobody/alerts").status == 404)
        let unknown = "/v1/organisations/nobody/alert-settings"
        #expect(try daemon.admin.call("PUT", unknown, "{}").status == 404)
    }
}
