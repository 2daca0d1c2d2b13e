import DaemonHarness
import Quantities
import Testing

/// The life of a hold, over the wire.
@Suite struct HoldTests {
    @Test func `a hold is placed, extended in slices, and settled by the real charge`() throws {
        let daemon = try TestDaemon.started(
            settings: ["holds.slice_output_tokens": "1000"],
            balance: "0.01"
        )
        let client = try LineClient(daemon)
        // plain: 1 and 2 credits a million; 1,000 in and a slice of 1,000 out make 0.003.
        let granted = try client.authorize(org("acme"), input: 1000, output: 4500)
        #expect(granted["amount"].text == "0.003")
        #expect(granted["final"].bool == false)
        #expect(granted["output_tokens"].int == 1000)
        #expect(granted["valid_ms"].int ?? 0 > 0)
        let hold = try #require(granted["hold"].text)
        func extend(_ output: Int) throws -> JSONValue {
            client.send(
                #"{"type":"extend","request":"x","hold":"\#(hold)","input_tokens":1000,"#
                    + #""output_tokens":\#(output),"max_output_tokens":4500}"#
            )
            return try client.next("granted", "refused", "rejected")
        }
        let second = try extend(1000)
        #expect(second["amount"].text == "0.005")
        #expect(second["final"].bool == false)
        #expect(try daemon.admin.balance("acme")["wallet"]["held"].text == "0.005")
        let last = try extend(3600)
        #expect(last["amount"].text == "0.01")
        #expect(last["output_tokens"].int == 4500)
        #expect(last["final"].bool == true)
        #expect(try client.authorize(org("acme"), input: 1)["type"].text == "refused")

        let settled = Usage(id: "u", input: 1000, output: 4200, hold: hold)
        #expect(try client.report(settled)["type"].text == "ack")
        let wallet = try daemon.admin.balance("acme")["wallet"]
        #expect(wallet["held"].text == "0")
        #expect(wallet["posted"].text == "0.0006")
        #expect(try extend(4300)["code"].text == "unknown_hold")
        try daemon.expectGreenAudit()
    }

    @Test func `the last slice takes what is left and says that it is final`() throws {
        let daemon = try TestDaemon.started(
            settings: ["holds.slice_output_tokens": "1000"],
            balance: "0.004"
        )
        let client = try LineClient(daemon)
        let granted = try client.authorize(org("acme"), input: 1000, output: 100_000)
        let hold = try #require(granted["hold"].text)
        client.send(
            #"{"type":"extend","request":7,"hold":"\#(hold)","input_tokens":1000,"#
                + #""output_tokens":1000}"#
        )
        let last = try client.next("granted", "refused")
        #expect(last["request"].int == 7)
        #expect(last["final"].bool == true, "\(last)")
        #expect(last["amount"].text == "0.004")
        #expect(last["output_tokens"].int == 1500)
        // What the estimates missed is booked all the same.
        _ = try client.report(Usage(id: "u", input: 1000, output: 2000, hold: hold))
        #expect(try daemon.posted() == amount("-0.001"))
        #expect(try daemon.admin.status()["overshoot"].text == "0.001")
        try daemon.expectGreenAudit()
    }

    @Test func `a hold that nobody settles lapses by itself, and its credits are free again`()
        throws
    {
        let daemon = try TestDaemon.started(balance: "0.01")
        let client = try LineClient(daemon)
        let begin = HarnessClock.seconds
        let granted = try client.authorize(org("acme"), input: 10_000, more: #""ttl_ms":300"#)
        let hold = try #require(granted["hold"].text)
        #expect((1...300).contains(granted["valid_ms"].int ?? 0))
        #expect(try client.authorize(org("acme"), input: 1)["type"].text == "refused")
        try wait(until: "the hold has lapsed", within: 5) {
            try daemon.admin.balance("acme")["wallet"]["held"].text == "0"
        }
        #expect(HarnessClock.seconds - begin >= 0.3)
        #expect(try client.authorize(org("acme"), input: 10_000)["type"].text == "granted")
        client.send(#"{"type":"release","hold":"\#(hold)","request":1}"#)
        #expect(try client.next("rejected", "released")["code"].text == "unknown_hold")
        // The request ran all the same: it is booked.
        _ = try client.report(Usage(id: "late", input: 10_000, hold: hold))
        #expect(try daemon.posted() == .zero)
        try daemon.expectGreenAudit()
    }

    @Test func `an organisation holds so much at a time and no more, and is told so`() throws {
        let daemon = try TestDaemon.started(
            settings: ["holds.max_open_per_org": "3"],
            balance: "1"
        )
        let client = try LineClient(daemon)
        var last = JSONValue.null
        for _ in 0..<3 {
            last = try client.authorize(org("acme"), input: 10)
            #expect(last["type"].text == "granted")
        }
        let refusal = try client.authorize(org("acme"), input: 10)
        #expect(refusal["type"].text == "rejected")
        #expect(refusal["code"].text == "overloaded")
        #expect(
            refusal["message"].text
                == "the organisation \"acme\" has 3 open holds and may have no more "
                + "(holds.max_open_per_org): settle or release some"
        )
        let hold = try #require(last["hold"].text)
        client.send(#"{"type":"release","hold":"\#(hold)","request":"r"}"#)
        _ = try client.next("released")
        #expect(try client.authorize(org("acme"), input: 10)["type"].text == "granted")
    }

    @Test func `a settlement of a sequence that comes twice frees and charges once`() throws {
        let daemon = try TestDaemon.started(balance: "1")
        let client = try LineClient(daemon)
        try client.hello("gateway")
        let granted = try client.authorize(org("acme"), input: 10_000)
        let hold = try #require(granted["hold"].text)
        for _ in 0..<3 {
            client.send(Usage(id: "u", input: 5000, sequence: 1, hold: hold).line)
        }
        try client.waitForAck(1)
        try client.ping()
        #expect(try daemon.posted() == amount("0.995"))
        #expect(try daemon.admin.balance("acme")["wallet"]["held"].text == "0")
        #expect(try daemon.storedLines() == 1)
        try daemon.expectGreenAudit()
    }
}
