import DaemonHarness
import Foundation
import Quantities
import Testing

/// Machines on the real daemon, over its real socket, with a real PostgreSQL.
///
/// Method: samples tell when they were taken, so that hours pass in seconds; what happens by the
/// clock alone is the books' own test. Numbers are those of the systems cloud-paas and gpu-hourly,
/// with their own files.
@Suite struct MachineTests {
    private func card(_ system: String) throws -> String {
        try String(contentsOfFile: Rates.root + "/config/systems/\(system).yaml", encoding: .utf8)
    }

    /// One sample of a machine.
    private struct Beat {
        var deployment = "web"
        var machine = "gpu-s"
        var boot = "boot-1"
        var uptime: Int64
        var state = "running"
        var at: Timestamp
        var more = ""

        func line(_ sequence: Int) -> String {
            #"{"type":"heartbeat","sequence":\#(sequence),"deployment":"\#(deployment)","#
                + #""org":"acme","machine":"\#(machine)","boot":"\#(boot)","#
                + #""uptime_ms":\#(uptime * 1000),"state":"\#(state)","at":"\#(at)"\#(more)}"#
        }
    }

    private func now() -> Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970) * 1_000_000)
    }

    private func machineLines(_ daemon: TestDaemon) throws -> [JSONValue] {
        try daemon.waitUntilStored()
        return try daemon.admin.transactions("acme").filter { $0["kind"].text == "machine" }
    }

    @Test func `gpu-hourly: a run of nine hours and five minutes costs ten hours`() throws {
        let daemon = try TestDaemon.started(rates: card("gpu-hourly"), balance: "2100")
        let client = try LineClient(daemon)
        try client.hello("fleet")
        let start = now().advanced(byMicroseconds: -32_700_000_000)
        var sequence = 0
        for minute in stride(from: Int64(0), through: 545, by: 5) {
            if minute == 300 {
                daemon.kill()
                try daemon.start()
            }
            let client = minute < 300 ? client : try LineClient(daemon)
            if minute >= 300 { #expect(try client.hello("fleet") == sequence) }
            sequence += 1
            let at = start.advanced(byMicroseconds: minute * 60_000_000)
            var beat = Beat(uptime: minute * 60, at: at)
            if minute == 545 { beat.state = "stopped" }
            client.send(beat.line(sequence))
            try client.waitForAck(sequence)
        }
        #expect(try daemon.posted() == amount("1500"))
        let lines = try machineLines(daemon)
        #expect(lines.count == 10)
        #expect(lines.allSatisfy { $0["amount"].text == "-60" })
        #expect(lines.allSatisfy { $0["detail"].text?.contains("web") ?? false }, "\(lines)")
        let sinceStart = "extract(epoch FROM at - timestamptz '\(start)')"
        let hours = try daemon.database.value(
            "SELECT string_agg((\(sinceStart) / 3600)::numeric(9,3)::text, ' ' ORDER BY at) "
                + "FROM ledger_lines WHERE kind = 'machine'"
        )
        #expect(hours == (0..<10).map { "\($0).000" }.joined(separator: " "))
        try daemon.expectGreenAudit()
    }

    @Test func `gpu-hourly: four of ten run, are told to stop, and three resume`() throws {
        let daemon = try TestDaemon.started(
            rates: card("gpu-hourly"),
            settings: ["usage.ahead_by_minutes": "600"],
            balance: "1500"
        )
        let client = try LineClient(daemon)
        try client.hello("fleet")
        let start = now()
        var granted: [String] = []
        for index in 0..<10 {
            client.send(
                #"{"type":"authorize","request":\#(index),"org":"acme","#
                    + #""machine":"gpu-l-16bit","deployment":"l\#(index)"}"#
            )
            let answer = try client.next("granted", "refused", "rejected")
            if answer["type"].text == "granted" {
                #expect(answer["amount"].text == "350")
                granted.append("l\(index)")
            } else {
                #expect(answer["status"].int == 402)
                #expect(answer["error"]["code"].text == "insufficient_credits")
            }
        }
        #expect(granted == ["l0", "l1", "l2", "l3"])
        var sequence = 0
        func beat(_ client: LineClient, _ name: String, _ uptime: Int64, _ state: String) throws {
            sequence += 1
            var beat = Beat(
                deployment: name,
                machine: "gpu-l-16bit",
                boot: "boot-\(name)",
                uptime: uptime,
                at: start.advanced(byMicroseconds: uptime * 1_000_000)
            )
            beat.state = state
            client.send(beat.line(sequence))
            try client.waitForAck(sequence)
        }
        for name in granted { try beat(client, name, 0, "running") }
        #expect(try daemon.posted() == amount("100"))
        for name in granted { try beat(client, name, 3600, "running") }

        // The orders outlive the daemon and are told to whoever listens next.
        daemon.kill()
        try daemon.start()
        let again = try LineClient(daemon)
        #expect(try again.hello("fleet") == sequence)
        again.send(#"{"type":"subscribe","topics":["orders"]}"#)
        var stops: [JSONValue] = []
        for _ in 0..<4 { stops.append(try again.next("order")) }
        #expect(Set(stops.compactMap { $0["deployment"].text }) == Set(granted))
        #expect(stops.allSatisfy { $0["action"].text == "stop" })
        #expect(stops.allSatisfy { $0["reason"].text == "insufficient_credits" })
        let orders = try daemon.admin.request("GET", "/v1/organisations/acme/orders")
        #expect(orders["orders"].list.count == 4)
        for order in stops {
            again.send(#"{"type":"order_done","order":\#(order["order"].int ?? 0)}"#)
        }
        for name in granted { try beat(again, name, 3660, "stopped") }
        #expect(try daemon.posted() == amount("100"))
        try daemon.admin.grant("1000", to: "acme")
        var resumes: [JSONValue] = []
        for _ in 0..<3 { resumes.append(try again.next("order")) }
        #expect(resumes.compactMap { $0["deployment"].text } == ["l0", "l1", "l2"])
        #expect(resumes.allSatisfy { $0["action"].text == "resume" })
        #expect(try daemon.posted() == amount("1100"))
        for name in ["l0", "l1", "l2"] { try beat(again, name, 3720, "running") }
        #expect(try daemon.posted() == amount("50"))
        let machines = try daemon.admin.request("GET", "/v1/organisations/acme/machines")
        #expect(
            machines["machines"].list.compactMap { $0["status"].text }
                == ["running", "running", "running", "blocked"]
        )
        try daemon.expectGreenAudit()
    }

    @Test(arguments: [1, 7, 60]) func `cloud-paas: a machine's total is exact`(step: Int64) throws {
        let daemon = try TestDaemon.started(rates: card("cloud-paas"), balance: "14.98349925")
        let client = try LineClient(daemon)
        try client.hello("fleet")
        let start = now().advanced(byMicroseconds: -5_430_000_000)
        var uptimes = Array(stride(from: Int64(0), to: 5430, by: Int(step) * 90))
        uptimes.append(5430)
        var sequence = 0
        for uptime in uptimes {
            sequence += 1
            var beat = Beat(
                machine: "standard",
                uptime: uptime,
                at: start.advanced(byMicroseconds: uptime * 1_000_000)
            )
            beat.more =
                #","vcpu":2,"memory_gib":4,"storage_gib":20,"#
                + #""sent_bytes":\#(1_610_612_736 * uptime / 5430)"#
            if uptime == 5430 { beat.state = "stopped" }
            client.send(beat.line(sequence))
        }
        try client.waitForAck(sequence)
        #expect(try daemon.posted() == amount("14.754982583333"))
        let lines = try machineLines(daemon)
        let sum = try lines.reduce(Amount.zero) { $0 + (try amount($1["amount"].text ?? "")) }
        #expect(sum == (try amount("-0.228516666667")))
        try daemon.expectOrderlyStop()
        try daemon.start()
        #expect(try daemon.posted() == amount("14.754982583333"))
        try daemon.expectGreenAudit()
    }

    @Test func `what is wrong with a heartbeat or a start is answered with field and value`() throws
    {
        let daemon = try TestDaemon.started(rates: card("gpu-hourly"), balance: "100")
        let client = try LineClient(daemon)
        try client.hello("fleet")
        func rejected(_ line: String) throws -> String {
            client.send(line)
            let answer = try client.next("rejected", "granted", "refused")
            return "\(answer["code"].text ?? "") \(answer["message"].text ?? "")"
        }
        let good =
            #""deployment":"d","boot":"b","uptime_ms":1,"state":"running""#
        let cases = [
            (#""org":"nobody","machine":"gpu-s",\#(good)"#, "unknown_org", "\"nobody\""),
            (#""org":"acme","machine":"tpu",\#(good)"#, "unknown_machine", "\"tpu\""),
            (#""org":"acme",\#(good)"#, "malformed", "machine"),
            (
                #""org":"acme","machine":"gpu-s","deployment":"","boot":"b","uptime_ms":1,"#
                    + #""state":"running""#,
                "malformed", "deployment"
            ),
            (
                #""org":"acme","machine":"gpu-s",\#(good),"at":"2999-01-01T00:00:00Z""#,
                "bad_time", "2999-01-01"
            ),
            (
                #""org":"acme","machine":"gpu-s",\#(good),"at":"2001-01-01T00:00:00Z""#,
                "bad_time", "2001-01-01"
            ),
        ]
        for (number, (fields, code, value)) in cases.enumerated() {
            let line = #"{"type":"heartbeat","sequence":\#(number + 1),\#(fields)}"#
            let answer = try rejected(line)
            #expect(answer.hasPrefix(code) && answer.contains(value), "\(fields): \(answer)")
        }
        let starts = [
            (#""org":"acme","machine":"tpu","deployment":"d""#, "unknown_machine", "\"tpu\""),
            (#""org":"nobody","machine":"gpu-s","deployment":"d""#, "unknown_org", "\"nobody\""),
            (#""org":"acme","machine":"gpu-s""#, "malformed", "deployment"),
            (
                #""org":"acme","machine":"gpu-s","model":"m","deployment":"d""#, "malformed",
                "\"m\""
            ),
        ]
        for (fields, code, value) in starts {
            let answer = try rejected(#"{"type":"authorize","request":1,\#(fields)}"#)
            #expect(answer.hasPrefix(code) && answer.contains(value), "\(fields): \(answer)")
        }
        #expect(try daemon.posted() == amount("100"))
        // An order of nobody's is nobody's.
        client.send(#"{"type":"order_done","order":12}"#)
        client.send(#"{"type":"order_done","order":18446744073709551615}"#)
        try client.ping()
    }
}
