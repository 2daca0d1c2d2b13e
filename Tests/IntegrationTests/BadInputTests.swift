import DaemonHarness
import Foundation
import MeterClient
import Quantities
import Testing
import Wire

/// What meterd answers to what it should never have been sent; only that connection hears of it.
@Suite struct BadInputTests {
    /// A daemon beside which a well-behaved client goes on working.
    private struct Scene {
        let daemon: TestDaemon
        let neighbour: LineClient

        init() throws {
            daemon = try TestDaemon.started(balance: "10")
            neighbour = try LineClient(daemon)
            try neighbour.hello("neighbour")
        }

        /// Nothing was booked but the neighbour's own report, and the neighbour never noticed.
        func expectUndisturbed(_ location: SourceLocation = #_sourceLocation) throws {
            neighbour.send(Usage(id: "n", input: 1, sequence: 1).line)
            try neighbour.waitForAck(1)
            try neighbour.ping()
            #expect(neighbour.others.isEmpty, sourceLocation: location)
            #expect(try daemon.storedLines() == 1, sourceLocation: location)
            #expect(try daemon.posted() == amount("9.999999"), sourceLocation: location)
            #expect(daemon.isRunning, sourceLocation: location)
            try daemon.expectGreenAudit(location)
        }
    }

    /// A binary frame's header.
    private func header(
        version: UInt8 = 1,
        type: UInt8,
        length: UInt32,
        count: UInt32 = 1
    ) -> [UInt8] {
        var bytes: [UInt8] = [0xD7, version, type, 0]
        for word in [length, count, 0] {
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(shift)))
            }
        }
        return bytes
    }

    /// Sends bytes, waits for the end of the connection, and gives the fault that was answered.
    private func fault(
        _ bytes: [UInt8],
        to daemon: TestDaemon,
        encoding: WireEncoding
    ) throws -> ConnectionFault? {
        let socket = try LocalSocket(path: daemon.dataPath)
        socket.send(bytes)
        let answer = try socket.rest()
        var reader = DaemonReader(encoding)
        reader.receive { target in
            target.copyBytes(from: answer)
            return min(answer.count, target.count)
        }
        var last: ConnectionFault?
        while let message = try reader.next() {
            if case .error(let fault) = message { last = fault }
        }
        return last
    }

    // MARK: - The connection is at fault

    @Test func `a truncated frame is not taken when its sender goes away`() throws {
        let scene = try Scene()
        let socket = try LocalSocket(path: scene.daemon.dataPath)
        socket.send(header(type: 0x03, length: 800, count: 10) + Array(repeating: 1, count: 100))
        socket.finishSending()
        #expect(try socket.rest().isEmpty)
        let line = try LocalSocket(path: scene.daemon.dataPath)
        line.send(Array(Usage(id: "cut", input: 1).line.utf8.dropLast(3)))
        line.finishSending()
        #expect(try line.rest().isEmpty)
        try scene.expectUndisturbed()
    }

    @Test func `a frame longer than allowed is too_large`() throws {
        let scene = try Scene()
        let bytes = header(type: 0x03, length: 2 << 20)
        let found = try fault(bytes, to: scene.daemon, encoding: .binary)
        #expect(found?.code == .tooLarge)
        #expect(found?.message.contains("\(2 << 20)") == true, "\(String(describing: found))")
        try scene.expectUndisturbed()
    }

    @Test func `a line of 10 MB is too_large and never held in memory`() throws {
        let scene = try Scene()
        let socket = try LocalSocket(path: scene.daemon.dataPath)
        let long = Array(#"{"type":"ping","x":""#.utf8) + Array(repeating: 0x61, count: 10 << 20)
        let sent = socket.send(long)
        #expect(sent < long.count, "the daemon must stop reading")
        let answer = String(decoding: try socket.rest(), as: UTF8.self)
        #expect(answer.contains(#""code":"too_large""#), "\(answer)")
        try scene.expectUndisturbed()
    }

    @Test func `another version of the protocol is unsupported_version`() throws {
        let scene = try Scene()
        let frame = header(version: 9, type: 0x0A, length: 0)
        let found = try fault(frame, to: scene.daemon, encoding: .binary)
        #expect(found?.code == .unsupportedVersion)
        #expect(found?.message.contains("9") == true)
        let hello = Array(#"{"type":"hello","protocol":2,"producer":"p"}"#.utf8) + [0x0A]
        let line = try fault(hello, to: scene.daemon, encoding: .jsonLines)
        #expect(line?.code == .unsupportedVersion)
        #expect(line?.message.contains("2") == true)
        try scene.expectUndisturbed()
    }

    @Test func `a message of an unknown type is unknown_type`() throws {
        let scene = try Scene()
        let found = try fault(
            header(type: 0x7F, length: 0),
            to: scene.daemon,
            encoding: .binary
        )
        #expect(found?.code == .unknownType)
        let line = try fault(
            Array(#"{"type":"bogus"}"#.utf8) + [0x0A],
            to: scene.daemon,
            encoding: .jsonLines
        )
        #expect(line?.code == .unknownType)
        #expect(line?.message.contains("bogus") == true)
        try scene.expectUndisturbed()
    }

    @Test func `garbage is malformed`() throws {
        let scene = try Scene()
        let garbage: [[UInt8]] = [
            [0x00], [0x16, 0x03, 0x01, 0x02, 0x00], Array("GET / HTTP/1.1\r\n\r\n".utf8),
            Array(repeating: 0xFF, count: 4096), header(type: 0x0A, length: 1) + [0x01],
        ]
        for bytes in garbage {
            let padded = bytes + Array(repeating: 0x20, count: 16)
            let found = try fault(padded, to: scene.daemon, encoding: .binary)
            #expect(found?.code == .malformed, "\(bytes.prefix(8))")
        }
        try scene.expectUndisturbed()
    }

    @Test func `a line that is no JSON object is malformed`() throws {
        let scene = try Scene()
        let nested = String(repeating: "[", count: 50)
        for line in [
            #"{"type":"ping""#, "{]", #"{"typ":"ping"}"#, #"{"type":5}"#, "{} {}",
            #"{"x":\#(nested)"#,
        ] {
            let bytes = Array(line.utf8) + [0x0A]
            let found = try fault(bytes, to: scene.daemon, encoding: .jsonLines)
            #expect(found?.code == .malformed, "\(line)")
        }
        try scene.expectUndisturbed()
    }

    @Test func `usage with a sequence before hello is not_allowed`() throws {
        let scene = try Scene()
        let line = Array(Usage(id: "early", input: 1, sequence: 1).line.utf8) + [0x0A]
        let found = try fault(line, to: scene.daemon, encoding: .jsonLines)
        #expect(found?.code == .notAllowed)
        try scene.expectUndisturbed()
    }

    @Test func `a second connection of a producer is producer_in_use, and the first goes on`()
        throws
    {
        let scene = try Scene()
        let hello = #"{"type":"hello","protocol":1,"producer":"neighbour"}"#
        let found = try fault(Array(hello.utf8) + [0x0A], to: scene.daemon, encoding: .jsonLines)
        #expect(found?.code == .producerInUse)
        #expect(found?.message.contains("neighbour") == true)
        try scene.expectUndisturbed()
    }

    // MARK: - One message is at fault

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
        let scene = try Scene()
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
        let scene = try Scene()
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
        let scene = try Scene()
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
