import DaemonHarness
import Foundation
import Quantities
import Testing

/// What the books say of machines beside the wallet: invoices, spend by deployment, suggestions,
/// refunds, alerts, and who is not metered.
///
/// Method: heartbeats on the real daemon, over its real socket, with a real PostgreSQL; each again
/// after a crash.
@Suite struct MachineBooksTests {
    private static let path = "/v1/organisations/acme"

    private func daemon(
        _ system: String,
        balance: String,
        limit: String? = nil
    ) throws -> TestDaemon {
        var card = try String(
            contentsOfFile: Rates.root + "/config/systems/\(system).yaml",
            encoding: .utf8
        )
        card.replace("modes: [prepaid]", with: "modes: [prepaid, invoice, unmetered]")
        if let limit {
            let wish = "\n    deployment_cost: {month: \(limit)}"
            card.replace("\n    silent_source_s", with: wish + "\n    silent_source_s")
        }
        return try TestDaemon.started(rates: card, balance: balance)
    }

    /// Tells of two hours of GPU S, from one hour ago on: 120 credits in two lines.
    private func run(
        _ daemon: TestDaemon,
        hours: Int = 1,
        deployment: String = "web",
        boot: String = "b"
    ) throws {
        let client = try LineClient(daemon)
        try client.hello("fleet-\(deployment)-\(boot)")
        let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970) * 1_000_000)
        let start = now.advanced(byMicroseconds: -3_600_000_000 * Int64(hours))
        for hour in 0...hours {
            let at = start.advanced(byMicroseconds: 3_600_000_000 * Int64(hour))
            let uptime = "\"uptime_ms\":\(hour * 3_600_000)"
            client.send(
                #"{"type":"heartbeat","sequence":\#(hour + 1),"deployment":"\#(deployment)","#
                    + #""org":"acme","machine":"gpu-s","boot":"\#(boot)","#
                    + #"\#(uptime),"state":"running","at":"\#(at)"}"#
            )
            try client.waitForAck(hour + 1)
        }
    }

    private func restart(_ daemon: TestDaemon) throws {
        try daemon.waitUntilStored()
        daemon.kill()
        try daemon.start()
    }

    @Test func `the spend of a deployment is that of its lines, and counts once`() throws {
        let daemon = try daemon("gpu-hourly", balance: "1000")
        try run(daemon)
        try run(daemon, deployment: "api")
        for _ in 0..<2 {
            #expect(try daemon.posted() == amount("760"))
            try daemon.waitUntilStored()
            let spend = try daemon.admin.request("GET", "\(Self.path)/spend?by=deployment&days=7")
            let rows = spend["rows"].list
            #expect(Set(rows.compactMap { $0["name"].text }) == ["web", "api"])
            #expect(rows.allSatisfy { $0["spend"].text == "120" }, "\(rows)")
            #expect(spend["total"].text == "240")
            let outlook = try daemon.admin.request("GET", "\(Self.path)/outlook")
            #expect(outlook["last_day"]["charged"].text == "240", "\(outlook)")
            let ways = try daemon.admin.request("GET", "\(Self.path)/suggestions")
            let idle = ways["suggestions"].list.filter { $0["kind"].text == "idle_machine" }
            #expect(idle.compactMap { $0["saving"].text } == ["120", "120"], "\(ways)")
            try restart(daemon)
        }
        try daemon.expectGreenAudit()
    }

    @Test func `an invoice names machines, and its total is the sum of all debits`() throws {
        let daemon = try daemon("gpu-hourly", balance: "0.5")
        let mode = #"{"mode":"invoice","net_days":30,"purchase_order":"PO-1"}"#
        try daemon.admin.request("PUT", "\(Self.path)/billing", mode)
        try run(daemon)
        #expect(try daemon.posted() == amount("-119.5"))
        try restart(daemon)
        #expect(try daemon.posted() == amount("-119.5"))
        let orders = try daemon.admin.request("GET", "\(Self.path)/orders")
        #expect(orders["orders"].list.isEmpty)
        _ = try daemon.admin.close("acme")
        try daemon.waitUntilStored()
        let found = try daemon.admin.request("GET", "\(Self.path)/invoices")["invoices"].list
        // Around midnight of a month's first day there are two.
        let lines = found.flatMap { $0["lines"].list }
        #expect(lines.allSatisfy { $0["kind"].text == "machine" && $0["name"].text == "gpu-s" })
        let sum = try found.reduce(Amount.zero) { $0 + (try amount($1["total"].text ?? "")) }
        #expect(sum == (try amount("120")), "\(found)")
        try daemon.expectGreenAudit()
    }

    @Test func `an invoice is less what was given back of a machine`() throws {
        let daemon = try daemon("gpu-hourly", balance: "0.5")
        try daemon.admin.request("PUT", "\(Self.path)/billing", #"{"mode":"invoice"}"#)
        try run(daemon)
        try restart(daemon)
        let hour = try #require(try daemon.admin.transactions("acme").first)
        let back = try daemon.admin.call(
            "POST",
            "\(Self.path)/refunds",
            #"{"line":\#(try #require(hour["line"].int)),"amount":"10.5"}"#,
            headers: ["Idempotency-Key": "r-1"]
        )
        #expect(back.status == 201, "\(back.text)")
        #expect(try daemon.posted() == amount("-109"))
        _ = try daemon.admin.close("acme")
        try daemon.waitUntilStored()
        let found = try daemon.admin.request("GET", "\(Self.path)/invoices")["invoices"].list
        let lines = found.flatMap { $0["lines"].list }
        let given = lines.filter { $0["kind"].text == "machine_refund" }
        #expect(given.map { $0["name"].text } == ["gpu-s"], "\(found)")
        #expect(given.map { $0["amount"].text } == ["-10.5"], "\(found)")
        #expect(given.map { $0["requests"].int } == [1], "\(found)")
        let sum = try found.reduce(Amount.zero) { $0 + (try amount($1["total"].text ?? "")) }
        #expect(sum == (try amount("109.5")), "\(found)")
        try daemon.expectGreenAudit()
    }

    @Test func `who is not metered has machines that cost nothing`() throws {
        let daemon = try daemon("gpu-hourly", balance: "1")
        try daemon.admin.request("PUT", "\(Self.path)/billing", #"{"mode":"unmetered"}"#)
        try run(daemon, hours: 2)
        for _ in 0..<2 {
            #expect(try daemon.posted() == amount("1"))
            let all = try daemon.admin.request("GET", "\(Self.path)/machines")
            #expect(all["burn_per_hour"].text == "0")
            #expect(all["runway_s"] == .null, "what costs nothing lasts for ever")
            let list = all["machines"].list
            #expect(list.first?["burn_per_hour"].text == "0")
            #expect(list.compactMap { $0["status"].text } == ["running"])
            #expect(list.first?["hours"].int == 3, "\(list)")
            #expect(list.first?["cost"].text == "0")
            try restart(daemon)
        }
        try daemon.expectGreenAudit()
    }

    @Test func `a machine's charge can be given back, and no more than it was`() throws {
        let daemon = try daemon("gpu-hourly", balance: "1000")
        try run(daemon)
        try daemon.waitUntilStored()
        let lines = try daemon.admin.transactions("acme").filter { $0["kind"].text == "machine" }
        let line = try #require(lines.first?["line"].int)
        func refund(_ more: String, _ key: String) throws -> HTTPAnswer {
            try daemon.admin.call(
                "POST",
                "\(Self.path)/refunds",
                #"{"line":\#(line)\#(more)}"#,
                headers: ["Idempotency-Key": key]
            )
        }
        #expect(try refund(#","amount":"20""#, "a").status == 201)
        try restart(daemon)
        #expect(try refund(#","amount":"41""#, "b").code == "refund_exceeds")
        #expect(try refund("", "c").json()["amount"].text == "40")
        #expect(try daemon.posted() == amount("940"))
        #expect(try refund("", "d").code == "nothing_left")
        // The purchase itself is no charge.
        let grant = try daemon.admin.call(
            "POST",
            "\(Self.path)/refunds",
            #"{"line":1}"#,
            headers: ["Idempotency-Key": "e"]
        )
        #expect(grant.code == "not_a_charge")
        try daemon.expectGreenAudit()
    }

    @Test func `an organisation says from which cost of a deployment on it is told`() throws {
        let daemon = try daemon("gpu-hourly", balance: "1000", limit: "5000")
        let settings = "\(Self.path)/alert-settings"
        let wish = #"{"deployment_cost":{"total":"9000","month":"120"}}"#
        let set = try daemon.admin.request("PUT", settings, wish)
        #expect(set["own"].bool == true)
        #expect(set["deployment_cost"]["month"].text == "120")
        #expect(set["deployment_cost"]["total"].text == "9000")
        #expect(set["deployment_cost"]["day"].text == nil)
        try restart(daemon)
        #expect(try daemon.admin.request("GET", settings) == set)
        try run(daemon)
        try daemon.waitUntilStored()
        let alerts = try daemon.admin.request("GET", "\(Self.path)/alerts")["alerts"].list
        #expect(alerts.map { $0["kind"].text } == ["deployment_cost"], "\(alerts)")
        #expect(alerts.first?["period"].text == "month")
        #expect(alerts.first?["threshold"].text == "120")
        let reset = try daemon.admin.request("DELETE", settings)
        #expect(reset["deployment_cost"]["month"].text == "5000", "the offer's again: \(reset)")
        try daemon.expectGreenAudit()
    }

    @Test func `what a deployment costs raises an alert once, also across a crash`() throws {
        let daemon = try daemon("gpu-hourly", balance: "1000", limit: "120")
        try run(daemon)
        try restart(daemon)
        try run(daemon, hours: 3, boot: "c")
        try daemon.waitUntilStored()
        let alerts = try daemon.admin.request("GET", "\(Self.path)/alerts")["alerts"].list
        let costs = alerts.filter { $0["kind"].text == "deployment_cost" }
        #expect(costs.count == 1, "\(alerts)")
        try daemon.expectGreenAudit()
    }
}
