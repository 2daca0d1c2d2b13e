import DaemonHarness
import Foundation
import Quantities
import Testing

/// What a machine says wrongly, and what its rate card says late, on the real daemon.
///
/// Method: heartbeats over the daemon's own socket; the ledger tells what was charged.
@Suite struct MachineFaultTests {
    private func now() -> Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970) * 1_000_000)
    }

    private func beat(
        _ sequence: Int,
        uptime: String,
        machine: String,
        more: String = ""
    ) -> String {
        #"{"type":"heartbeat","sequence":\#(sequence),"deployment":"web","org":"acme","#
            + #""machine":"\#(machine)","boot":"b","uptime_ms":\#(uptime),"#
            + #""state":"running"\#(more)}"#
    }

    @Test func `an uptime in another unit is rejected with field and value, and charges nothing`()
        throws
    {
        let path = Rates.root + "/config/systems/gpu-hourly.yaml"
        let card = try String(contentsOfFile: path, encoding: .utf8)
        let daemon = try TestDaemon.started(rates: card, balance: "1000")
        let client = try LineClient(daemon)
        try client.hello("fleet")
        client.send(beat(1, uptime: "0", machine: "gpu-s"))
        try client.waitForAck(1)
        let before = try daemon.posted()
        for (index, uptime) in ["1000000000000000", "18446744073709551615"].enumerated() {
            client.send(beat(index + 2, uptime: uptime, machine: "gpu-s"))
            let answer = try client.next("rejected")
            #expect(answer["code"].text == "bad_time")
            let message = answer["message"].text ?? ""
            #expect(message.contains("\"uptime_ms\"") && message.contains(uptime), "\(message)")
        }
        client.send(beat(4, uptime: "1000", machine: "gpu-s"))
        try client.waitForAck(4)
        #expect(try daemon.posted() == before)
        // What was rejected is not taken after a restart either.
        daemon.kill()
        try daemon.start()
        #expect(try LineClient(daemon).hello("fleet") == 4)
        #expect(try daemon.posted() == before)
        try daemon.expectGreenAudit()
    }

    @Test func `a machine that ran before its first price began is metered from there on`() throws {
        let begin = now().advanced(byMicroseconds: -1_800_000_000)
        let card = """
            rate_card: late
            unit: credits per 1,000,000 tokens
            default: refuse
            models:
              m:
                prices:
                  - from: always
                    input: 1
                    output: 1
            machine_unit: credits per hour and per GiB
            machines:
              box:
                prices:
                  - from: \(begin)
                    vcpu_hour: 1
                    memory_gib_hour: 0
                    storage_gib_hour: 0
                    sent_gib: 0

            """
        let daemon = try TestDaemon.started(rates: card, balance: "10")
        let client = try LineClient(daemon)
        try client.hello("fleet")
        let at = begin.advanced(byMicroseconds: 1_800_000_000)
        let more = #","vcpu":1,"at":"\#(at)""#
        client.send(beat(1, uptime: "7200000", machine: "box", more: more))
        try client.waitForAck(1)
        #expect(try daemon.posted() == amount("9.5"))
        try daemon.waitUntilStored()
        let lines = try daemon.database.value(
            "SELECT count(*) FROM ledger_lines WHERE kind = 'machine' AND from_at = '\(begin)'"
        )
        #expect(lines == "1")
        try daemon.expectGreenAudit()
    }
}
