import Quantities
import Testing
import Wire

/// Goal: what one side encodes, the other decodes to the same.
///
/// Method: encode every sample, decode it, encode the result again, and compare the bytes.
@Suite struct RoundTripTests {
    @Test(arguments: WireEncoding.allCases)
    func `every client message survives both encodings`(encoding: WireEncoding) throws {
        for sample in Samples.clientMessages(encoding) {
            let decoded =
                encoding == .binary
                ? decodeFrame(sample.bytes, names: sample.name != "name")
                : decodeLine(sample.bytes)
            #expect(decoded.fault == nil && decoded.rejections.isEmpty, "\(sample.name)")
            let message = try #require(decoded.messages.first, "\(sample.name)")
            var again = WireBuffer()
            ClientEncoder(encoding).append(message, texts: decoded.bytes.span.bytes, to: &again)
            let bytes = again.array
            #expect(bytes == sample.bytes, "\(sample.name)")
        }
    }

    @Test(arguments: WireEncoding.allCases, [1, 7, 64, 100_000])
    func `every daemon message survives both encodings, however it is cut`(
        encoding: WireEncoding,
        piece: Int
    ) throws {
        var buffer = WireBuffer()
        for sample in Samples.daemonMessages {
            DaemonEncoder(encoding).append(sample.message, to: &buffer)
        }
        let decoded = try decodeDaemon(buffer.array, encoding, piece: piece)
        #expect(decoded == Samples.daemonMessages.map(\.message))
    }

    @Test func `a JSON usage keeps every field`() throws {
        let line = """
            {"at":"2026-03-01T12:00:00.25+02:00","unknown":{"a":[1,{"b":"}"}]},"hold":"7-31",\
            "latency_ms":523,"cache_hit":true,"status":"error","reasoning_output_tokens":20,\
            "output_tokens":50,"cache_write_input_tokens":100,"cache_read_input_tokens":600,\
            "input_tokens":1000,"provider":"anthropic","model":"op\\u0075s",\
            "session":"s\\"\\ud83d\\ude00",\
            "project":null,"key":"key_1","id":"req-1","sequence":17,"type":"usage"}
            """
        let decoded = decodeLine(Array(line.utf8))
        guard case .usage(let report) = try #require(decoded.messages.first) else {
            Issue.record("no usage")
            return
        }
        #expect(report.sequence == 17)
        #expect(decoded.text(report.id) == "req-1")
        #expect(decoded.text(report.session) == "s\"😀")
        #expect(report.accountKind == .key && report.project == .absent)
        guard case .text(let model) = report.model else {
            Issue.record("no model")
            return
        }
        #expect(decoded.text(model) == "opus")
        #expect(
            report.tokens
                == TokenCounts(
                    input: 1000,
                    cacheRead: 600,
                    cacheWrite: 100,
                    output: 50,
                    reasoning: 20
                )
        )
        #expect(report.failed && report.cacheHit && report.latencyMilliseconds == 523)
        #expect(report.at == Samples.march && report.hold == Samples.hold)
    }

    @Test func `a request may be a text, and is echoed as one`() throws {
        let line = #"{"type":"authorize","request":"a \"b\"","org":"acme","model":"opus"}"#
        let decoded = decodeLine(Array(line.utf8))
        guard case .authorize(let request) = try #require(decoded.messages.first) else {
            Issue.record("no authorize")
            return
        }
        var granted = Samples.granted
        granted.request = request.request
        let text = written { DaemonEncoder(.jsonLines).append(granted, to: &$0) }
        #expect(text.hasPrefix(#"{"type":"granted","request":"a \"b\"","hold":"7-31""#))
    }

    @Test func `a usage frame carries many records until it is full`() throws {
        var limits = WireLimits()
        limits.frameBytes = 10 * 88
        var texts = Texts()
        let id = texts.add("req-1")
        var buffer = WireBuffer(capacity: 64)
        var batch = UsageBatchEncoder(in: &buffer, limits: limits)
        var sequence: UInt64 = 1
        while true {
            let report = UsageReport(
                sequence: sequence,
                id: id,
                accountKind: .key,
                account: .index(0),
                model: .index(0),
                tokens: TokenCounts(input: UInt32(sequence))
            )
            guard batch.append(report, texts: texts.bytes.span.bytes, to: &buffer) else { break }
            sequence += 1
        }
        batch.finish(&buffer)
        let decoded = decodeFrame(buffer.array)
        #expect(decoded.messages.count == 10 && decoded.fault == nil)
        let sequences = decoded.messages.map { message -> UInt64 in
            if case .usage(let report) = message { report.sequence } else { 0 }
        }
        #expect(sequences == Array(1...10))
    }

    @Test func `a batch without records leaves no frame behind`() {
        var buffer = WireBuffer()
        let batch = UsageBatchEncoder(in: &buffer)
        batch.finish(&buffer)
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
    }
}
