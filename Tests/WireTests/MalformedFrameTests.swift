import Quantities
import Testing
import Wire

/// Goal: broken frames close the connection, wrong values reject the one record.
///
/// Method: take a good frame and spoil one place.
@Suite struct MalformedFrameTests {
    private func sample(_ name: String) throws -> [UInt8] {
        try #require(Samples.clientMessages(.binary).first { $0.name == name }).bytes
    }

    @Test(
        arguments: [
            ("usage", 0, UInt8(ascii: "G"), ConnectionFault.Code.malformed),
            ("usage", 1, 2, .unsupportedVersion),
            ("usage", 2, 0x7F, .unknownType),
            ("usage", 2, 0x82, .unknownType),
            ("usage", 3, 1, .malformed),
            ("usage", 7, 1, .tooLarge),
            ("usage", 8, 2, .malformed),
            ("usage", 8, 0, .malformed),
            ("usage", 12, 1, .malformed),
            ("usage", 16, 80, .malformed),
            ("usage", 16 + 4, 0x20, .malformed),
            ("usage", 16 + 5, 1, .malformed),
            ("usage", 16 + 36, 1, .unknownName),
            ("usage", 16 + 44, 9, .unknownName),
            ("usage", 16 + 76, 1, .malformed),
            ("heartbeat", 16 + 32, 1, .unknownName),
            ("heartbeat", 16 + 4, 0x20, .malformed),
            ("authorize", 16 + 8, 1, .unknownName),
            ("authorize", 16 + 36, 0x10, .malformed),
            ("authorize", 4, 39, .malformed),
            ("extend", 16 + 44, 2, .malformed),
            ("release", 16 + 21, 1, .malformed),
            ("subscribe", 16, 4, .malformed),
            ("hello", 16, 2, .unsupportedVersion),
            ("hello", 16 + 2, 2, .malformed),
            ("hello", 16 + 8, 0x0A, .malformed),
            ("name", 16, 7, .malformed),
            ("name", 16 + 4, 1, .unknownName),
            ("name", 16 + 8, 0xFF, .malformed),
        ] as [(String, Int, UInt8, ConnectionFault.Code)]
    )
    func `a spoiled frame closes the connection`(
        name: String,
        offset: Int,
        byte: UInt8,
        code: ConnectionFault.Code
    ) throws {
        var frame = try sample(name)
        frame[offset] = byte
        let decoded = decodeFrame(frame, names: name != "name")
        #expect(decoded.fault?.code == code)
    }

    @Test(
        arguments: [
            (
                56, UInt8(0xFF), RejectionCode.badTokenCounts,
                #"field "input_tokens": 1000 is less than cache_read_input_tokens 767 + "#
                    + "cache_write_input_tokens 612"
            ),
            (
                68, 51, .badTokenCounts,
                #"field "output_tokens": 50 is less than reasoning_output_tokens 51"#
            ),
            (
                80, 0x0A, .malformed,
                #"field "id": "\neq-1" is not UTF-8 without control characters"#
            ),
            (24, 0, .malformed, #"field "hold": "7-0" names no hold"#),
            (
                23, 0x7F, .badTime,
                #"field "at": 9153086802017097872 microseconds is outside years 1 to 9999"#
            ),
        ] as [(Int, UInt8, RejectionCode, String)]
    )
    func `a wrong value rejects the one record, with field and value`(
        offset: Int,
        byte: UInt8,
        code: RejectionCode,
        message: String
    ) throws {
        var frame = try sample("usage with all fields")
        frame[16 + offset] = byte
        if offset == 56 { frame[16 + 60 + 1] = 2 }
        let decoded = decodeFrame(frame)
        let rejection = try #require(decoded.rejections.first)
        #expect(rejection == Rejection(code, subject: .sequence(17), message: message))
    }

    @Test func `the record behind a rejected one is still read`() throws {
        var texts = Texts()
        let id = texts.add("req-1")
        var buffer = WireBuffer()
        var batch = UsageBatchEncoder(in: &buffer)
        for (sequence, output) in [(1, 5), (2, 1), (3, 5)] as [(UInt64, UInt32)] {
            let report = UsageReport(
                sequence: sequence,
                id: id,
                accountKind: .key,
                account: .index(0),
                model: .index(0),
                tokens: TokenCounts(output: output, reasoning: 3)
            )
            let fits = batch.append(report, texts: texts.bytes.span.bytes, to: &buffer)
            #expect(fits)
        }
        batch.finish(&buffer)
        let decoded = decodeFrame(buffer.array)
        #expect(decoded.messages.count == 2)
        #expect(decoded.rejections.map(\.subject) == [.sequence(2)])
    }

    @Test func `names are contiguous in each kind and at most 65,536`() {
        var decoder = BinaryClientDecoder()
        for _ in 0..<3 { decoder.internOneOfEachKind() }
        #expect(NameKind.allCases.allSatisfy { decoder.names[$0] == 3 })
        for _ in 3..<65_536 { decoder.internOneOfEachKind() }
        #expect(decoder.names[.machine] == 65_536)
        decoder.internOneOfEachKind()
        #expect(decoder.names[.machine] == 65_536)
    }
}
