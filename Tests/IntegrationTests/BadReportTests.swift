import DaemonHarness
import MeterClient
import Quantities
import Testing
import Wire

/// Faults of one message: it is rejected with the field and the value, and the connection goes on.
@Suite struct BadReportTests {
    /// A report, and what its rejection says.
    private struct Case {
        var name: String
        var fields: String
        var code: String
        var says: [String]
    }

    private static let cases: [Case] = [
        Case(
            name: "negative tokens",
            fields: #""org":"acme","model":"plain","input_tokens":-5"#,
            code: "bad_token_counts",
            says: ["input_tokens", "-5"]
        ),
        Case(
            name: "cached > input",
            fields: #""org":"acme","model":"plain","input_tokens":5,"cache_read_input_tokens":6"#,
            code: "bad_token_counts",
            says: ["5", "6"]
        ),
        Case(
            name: "reasoning > output",
            fields: #""org":"acme","model":"plain","output_tokens":5,"reasoning_output_tokens":6"#,
            code: "bad_token_counts",
            says: ["5", "6"]
        ),
        Case(
            name: "a time a year ahead",
            fields: #""org":"acme","model":"plain","input_tokens":5,"at":"2199-01-01T00:00:00Z""#,
            code: "bad_time",
            says: ["\"at\"", "2199-01-01T00:00:00Z"]
        ),
        Case(
            name: "a time years ago",
            fields: #""org":"acme","model":"plain","input_tokens":5,"at":"2019-01-01T00:00:00Z""#,
            code: "bad_time",
            says: ["\"at\"", "2019-01-01T00:00:00Z"]
        ),
        Case(
            name: "a time that is none",
            fields: #""org":"acme","model":"plain","input_tokens":5,"at":"yesterday""#,
            code: "bad_time",
            says: ["\"at\"", "yesterday"]
        ),
        Case(
            name: "unknown model",
            fields: #""org":"acme","model":"gpt-99","input_tokens":5"#,
            code: "unknown_model",
            says: ["model", "gpt-99"]
        ),
        Case(
            name: "wrong key",
            fields: #""key":"mk_wrong","model":"plain","input_tokens":5"#,
            code: "invalid_key",
            says: ["key"]
        ),
        Case(
            name: "unknown organisation",
            fields: #""org":"nobody","model":"plain","input_tokens":5"#,
            code: "unknown_org",
            says: ["org", "nobody"]
        ),
        Case(
            name: "unknown project",
            fields: #""org":"acme","project":"moon","model":"plain","input_tokens":5"#,
            code: "malformed",
            says: ["project", "moon"]
        ),
        Case(
            name: "both key and org",
            fields: #""key":"k","org":"acme","model":"plain","input_tokens":5"#,
            code: "malformed",
            says: ["key", "org"]
        ),
        Case(
            name: "a fraction of a token",
            fields: #""org":"acme","model":"plain","input_tokens":1.5"#,
            code: "bad_token_counts",
            says: ["input_tokens", "1.5"]
        ),
    ]

    @Test func `a wrong report is rejected with the field and the value`() throws {
        let scene = try NeighbourScene()
        let client = try LineClient(scene.daemon)
        try client.hello("wrong")
        for (index, wrong) in Self.cases.enumerated() {
            client.send(#"{"type":"usage","id":"x",\#(wrong.fields)}"#)
            let byID = try client.next("rejected")
            #expect(byID["code"].text == wrong.code, "\(wrong.name): \(byID)")
            #expect(byID["id"].text == "x", "\(wrong.name)")
            for part in wrong.says {
                #expect(byID["message"].text?.contains(part) == true, "\(wrong.name): \(byID)")
            }
            // With a sequence it uses up its number, and an ack covers it.
            client.send(#"{"type":"usage","id":"y","sequence":\#(index + 1),\#(wrong.fields)}"#)
            let bySequence = try client.next("rejected")
            #expect(bySequence["sequence"].int == index + 1, "\(wrong.name): \(bySequence)")
            #expect(bySequence["code"].text == wrong.code, "\(wrong.name)")
            try client.waitForAck(index + 1)
        }
        #expect(client.others.isEmpty)
        try scene.expectUndisturbed()
    }

    @Test func `invalid UTF-8 in a report ends or rejects it, and books nothing`() throws {
        let scene = try NeighbourScene()
        let socket = try LocalSocket(path: scene.daemon.dataPath)
        let begin = #"{"type":"usage","org":"acme","model":"plain","input_tokens":1,"id":""#
        socket.send(Array(begin.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8) + [0x0A])
        let answer = try socket.answer()
        #expect(["rejected", "error"].contains(answer["type"].text), "\(answer)")
        #expect(answer["code"].text == "malformed")
        try scene.expectUndisturbed()
    }

    @Test
    func `tokens that contradict each other are rejected in a binary frame, its others count`()
        throws
    {
        let daemon = try TestDaemon.started(balance: "10")
        let connection = try MeterConnection(path: daemon.dataPath)
        _ = try connection.hello(producer: "binary")
        for sequence in 1...3 {
            let tokens =
                sequence == 2
                ? TokenCounts(input: 5, cacheRead: 4, cacheWrite: 2) : TokenCounts(input: 5)
            let event = UsageEvent(
                id: "e-\(sequence)",
                account: .org("acme"),
                model: "plain",
                tokens: tokens
            )
            try connection.append(.usage(event), sequence: UInt64(sequence))
        }
        var rejections: [Rejection] = []
        while let message = try connection.receive(timeout: .seconds(5)) {
            if case .rejected(let rejection) = message { rejections.append(rejection) }
            if message == .ack(.sequence(3)) { break }
        }
        #expect(rejections.map(\.code) == [.badTokenCounts])
        #expect(rejections.first?.subject == .sequence(2))
        #expect(try daemon.storedLines() == 2)
        #expect(try daemon.posted() == amount("9.99999"))
    }

    @Test func `a gap in the sequence is told, and the number stays free`() throws {
        let scene = try NeighbourScene()
        let client = try LineClient(scene.daemon)
        try client.hello("gap")
        client.send(Usage(id: "a", model: "free", sequence: 5).line)
        let gap = try client.next("rejected")
        #expect(gap["code"].text == "sequence_gap")
        #expect(gap["sequence"].int == 5)
        #expect(gap["message"].text?.contains("1") == true)
        client.send(#"{"type":"usage","id":"b","sequence":1,"org":"nobody","model":"plain"}"#)
        #expect(try client.next("rejected")["code"].text == "unknown_org")
        try client.waitForAck(1)
        try scene.expectUndisturbed()
    }
}
