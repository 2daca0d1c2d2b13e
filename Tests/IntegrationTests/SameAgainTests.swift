import DaemonHarness
import MeterClient
import Quantities
import Testing
import Wire

/// What is sent twice: the same counts once, and something else under the same name is told.
@Suite struct SameAgainTests {
    @Test func `the same id again is a repeat, with other content a conflict`() throws {
        let daemon = try TestDaemon.started(balance: "10")
        let client = try LineClient(daemon)
        let first = Usage(id: "r-1", input: 100)
        #expect(try client.report(first)["type"].text == "ack")
        #expect(try client.report(first)["type"].text == "ack")
        var changed = first
        changed.input = 101
        let conflict = try client.report(changed)
        #expect(conflict["code"].text == "conflict")
        #expect(conflict["id"].text == "r-1")
        // Another connection without a producer is the same source.
        let other = try LineClient(daemon)
        #expect(try other.report(changed)["code"].text == "conflict")
        #expect(try other.report(first)["type"].text == "ack")
        #expect(try daemon.storedLines() == 1)
        #expect(try daemon.posted() == amount("9.9999"))
        try daemon.expectGreenAudit()
    }

    @Test func `a report keeps its ack when one in conflict follows at its heels`() throws {
        let daemon = try TestDaemon.started(balance: "10")
        let client = try LineClient(daemon)
        for round in 1...20 {
            let first = Usage(id: "r-\(round)", input: 100)
            var changed = first
            changed.input = 101
            client.send(first.line)
            client.send(changed.line)
            let answers = [
                try client.next("ack", "rejected")["type"].text,
                try client.next("ack", "rejected")["type"].text,
            ]
            #expect(answers.contains("ack") && answers.contains("rejected"), "\(answers)")
        }
        #expect(try daemon.storedLines() == 20)
    }

    @Test func `other words beside the same tokens are other content, too`() throws {
        let daemon = try TestDaemon.started(balance: "10")
        try daemon.admin.createProject("web", of: "acme")
        let client = try LineClient(daemon)
        try client.hello("gateway")
        let fields = [
            #""cache_hit":true"#, #""status":"error""#, #""session":"s-2""#, #""project":"web""#,
            #""provider":"p-2""#, #""reasoning_output_tokens":1"#,
        ]
        for (index, field) in fields.enumerated() {
            let first = Usage(id: "r-\(index)", input: 100, output: 5)
            var changed = first
            changed.more = field
            _ = try client.report(first)
            #expect(try client.report(changed)["code"].text == "conflict", "\(field)")
            #expect(try client.report(first)["type"].text == "ack", "\(field)")
            var numbered = first
            numbered.sequence = index + 1
            client.send(numbered.line)
            try client.waitForAck(index + 1)
            numbered.more = field
            client.send(numbered.line)
            #expect(try client.next("rejected", "ack")["code"].text == "conflict", "\(field)")
        }
        #expect(try daemon.storedLines() == 2 * fields.count)
    }

    @Test func `another model for the same id is other content`() throws {
        let daemon = try TestDaemon.started(balance: "10")
        let client = try LineClient(daemon)
        try client.hello("gateway")
        _ = try client.report(Usage(id: "r-1", input: 100))
        let changed = Usage(id: "r-1", model: "flat", input: 100)
        #expect(try client.report(changed)["code"].text == "conflict")
        client.send(Usage(id: "r-2", input: 100, sequence: 1).line)
        try client.waitForAck(1)
        client.send(Usage(id: "r-2", model: "flat", input: 100, sequence: 1).line)
        #expect(try client.next("rejected", "ack")["code"].text == "conflict")
    }

    @Test func `a sequence that comes again with other content is a conflict, and booked once`()
        throws
    {
        let daemon = try TestDaemon.started(balance: "10")
        let client = try LineClient(daemon)
        try client.hello("gateway")
        for sequence in 1...3 {
            client.send(Usage(id: "s-\(sequence)", input: 100, sequence: sequence).line)
        }
        try client.waitForAck(3)
        client.send(Usage(id: "s-2", input: 999, sequence: 2).line)
        let conflict = try client.next("rejected")
        #expect(conflict["code"].text == "conflict")
        #expect(conflict["sequence"].int == 2)
        client.send(Usage(id: "s-2", input: 100, sequence: 2).line)
        try client.waitForAck(3)
        #expect(try daemon.storedLines() == 3)
        #expect(try daemon.posted() == amount("9.9997"))
        try daemon.expectGreenAudit()
    }

    @Test func `ids are still known after a restart`() throws {
        let daemon = try TestDaemon.started(balance: "10")
        let first = Usage(id: "r-1", input: 100)
        #expect(try LineClient(daemon).report(first)["type"].text == "ack")
        try daemon.waitUntilStored()
        try daemon.expectOrderlyStop()
        try daemon.start()
        let client = try LineClient(daemon)
        #expect(try client.report(first)["type"].text == "ack")
        #expect(try client.report(Usage(id: "r-1", input: 5))["code"].text == "conflict")
        #expect(try daemon.storedLines() == 1)
        try daemon.expectGreenAudit()
    }
}
