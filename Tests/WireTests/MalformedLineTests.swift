import Quantities
import Testing
import Wire

/// Goal: a wrong line is answered with the field and the value that are wrong, and by the right
/// kind of fault.
///
/// Method: a table of lines and the exact answers.
@Suite struct MalformedLineTests {
    private static let usage = #""type":"usage","sequence":5,"id":"r","key":"k","model":"m""#

    @Test(arguments: [
        (
            #","input_tokens":-5"#, RejectionCode.badTokenCounts,
            #"field "input_tokens": -5 is not a whole number from 0 to 4294967295"#
        ),
        (
            #","input_tokens":1.0"#, .badTokenCounts,
            #"field "input_tokens": 1.0 is not a whole number from 0 to 4294967295"#
        ),
        (
            #","output_tokens":1e3"#, .badTokenCounts,
            #"field "output_tokens": 1e3 is not a whole number from 0 to 4294967295"#
        ),
        (
            #","output_tokens":4294967296"#, .badTokenCounts,
            #"field "output_tokens": 4294967296 is not a whole number from 0 to 4294967295"#
        ),
        (
            #","output_tokens":"7""#, .badTokenCounts,
            #"field "output_tokens": "7" is not a whole number from 0 to 4294967295"#
        ),
        (
            #","input_tokens":5,"cache_read_input_tokens":3,"cache_write_input_tokens":3"#,
            .badTokenCounts,
            #"field "input_tokens": 5 is less than cache_read_input_tokens 3 + "#
                + "cache_write_input_tokens 3"
        ),
        (
            #","output_tokens":5,"reasoning_output_tokens":6"#, .badTokenCounts,
            #"field "output_tokens": 5 is less than reasoning_output_tokens 6"#
        ),
        (
            #","at":"yesterday""#, .badTime,
            #"field "at": "yesterday" is not an RFC 3339 time such as "2026-03-01T10:00:00Z""#
        ),
        (
            #","at":"2026-02-30T00:00:00Z""#, .badTime,
            #"field "at": "2026-02-30T00:00:00Z" is not an RFC 3339 time such as "#
                + #""2026-03-01T10:00:00Z""#
        ),
        (
            #","at":1772359200"#, .badTime,
            #"field "at": 1772359200 is not an RFC 3339 time such as "2026-03-01T10:00:00Z""#
        ),
        (#","status":"done""#, .malformed, #"field "status": "done" is not "ok" or "error""#),
        (#","cache_hit":1"#, .malformed, #"field "cache_hit": 1 is not true or false"#),
        (#","hold":"7""#, .malformed, #"field "hold": "7" is not a hold such as "7-31""#),
        (#","org":"o""#, .malformed, #"fields "key" and "org" are both given; give one of them"#),
        (#","id":"r2""#, .malformed, #"field "id" is given twice"#),
        (#","project":"""#, .malformed, #"field "project": "" is empty, but must not be"#),
        (#","provider":{"a":1}"#, .malformed, #"field "provider": {"a":1} is not a string"#),
        (
            #","session":"a\nb""#, .malformed,
            #"field "session": "a\nb" is not UTF-8 without control characters"#
        ),
        (
            #","latency_ms":-1"#, .malformed,
            #"field "latency_ms": -1 is not a whole number from 0 to 4294967295"#
        ),
    ])
    func `a wrong value rejects the one usage, with field and value`(
        fields: String,
        code: RejectionCode,
        message: String
    ) throws {
        let decoded = decodeLine(Array("{\(Self.usage)\(fields)}".utf8))
        let rejection = try #require(decoded.rejections.first)
        #expect(rejection == Rejection(code, subject: .sequence(5), message: message))
        #expect(decoded.messages.isEmpty && decoded.fault == nil)
    }

    @Test(arguments: [
        (
            #"{"type":"usage","sequence":5,"key":"k","model":"m"}"#, Rejection.Subject.sequence(5),
            #"field "id" is missing"#
        ),
        (
            #"{"type":"usage","id":"r","key":"k"}"#, .id(Samples.short("r")),
            #"field "model" is missing"#
        ),
        (
            #"{"type":"usage","id":"r","model":"m"}"#, .id(Samples.short("r")),
            #"field "key" is missing, and so is "org"; give one of them"#
        ),
        (
            #"{"type":"usage","sequence":0,"id":"r","key":"k","model":"m"}"#,
            .id(Samples.short("r")),
            #"field "sequence": 0 is not a sequence; they start at 1"#
        ),
        (
            #"{"type":"usage","sequence":18446744073709551616,"id":"r","key":"k","model":"m"}"#,
            .id(Samples.short("r")),
            #"field "sequence": 18446744073709551616 is not a whole number from 0 to "#
                + "18446744073709551615"
        ),
        (#"{"type":"authorize","key":"k","model":"m"}"#, .unknown, #"field "request" is missing"#),
        (
            #"{"type":"authorize","request":7,"key":"k"}"#, .request(.number(7)),
            #"field "model" is missing"#
        ),
        (
            #"{"type":"authorize","request":[],"key":"k","model":"m"}"#, .unknown,
            #"field "request": [] is not a string"#
        ),
        (
            #"{"type":"extend","request":"x"}"#, .request(.text(Samples.short("x"))),
            #"field "hold" is missing"#
        ),
        (
            #"{"type":"release","hold":"0-1"}"#, .unknown,
            #"field "hold": "0-1" is not a hold such as "7-31""#
        ),
        (
            #"{"type":"subscribe","topics":["news"]}"#, .unknown,
            #"field "topics": ["news"] is not an array of "cutoffs" and "orders""#
        ),
        (#"{"type":"subscribe"}"#, .unknown, #"field "topics" is missing"#),
        (#"{"type":"order_done"}"#, .unknown, #"field "order" is missing"#),
        (
            #"{"type":"heartbeat","sequence":3,"deployment":"d","boot":"b","org":"o","#
                + #""machine":"m","uptime_ms":1,"state":"asleep"}"#, .sequence(3),
            #"field "state": "asleep" is not "running" or "stopped""#
        ),
        (
            #"{"type":"heartbeat","sequence":3,"deployment":"d","boot":"b","org":"o","#
                + #""machine":"m","uptime_ms":1,"state":"running","vcpu":0.0005}"#, .sequence(3),
            #"field "vcpu": 0.0005 is not a number from 0 to 4294967.295 with at most 3 decimals"#
        ),
        (
            #"{"type":"heartbeat","sequence":3,"deployment":"d","boot":"b","org":"o","#
                + #""machine":"m","state":"running"}"#, .sequence(3),
            #"field "uptime_ms" is missing"#
        ),
    ])
    func `a missing or wrong field names the message as well as it can`(
        line: String,
        subject: Rejection.Subject,
        message: String
    ) throws {
        let rejection = try #require(decodeLine(Array(line.utf8)).rejections.first)
        #expect(rejection == Rejection(.malformed, subject: subject, message: message))
    }

    @Test func `a text that is too long is too_large, and quoted only in part`() throws {
        let long = String(repeating: "x", count: 65)
        let line = #"{"type":"usage","sequence":5,"id":"\#(long)","key":"k","model":"m"}"#
        let rejection = try #require(decodeLine(Array(line.utf8)).rejections.first)
        let quoted = String(repeating: "x", count: 64) + "..."
        #expect(
            rejection
                == Rejection(
                    .tooLarge,
                    subject: .sequence(5),
                    message: "field \"id\": \"\(quoted)\" has 65 bytes, but at most 64 are allowed"
                )
        )
    }

    @Test(arguments: [#"\s"#, #"\u12"#, #"\u12x4"#, #"\u"#])
    func `an escape that is none is refused, also in a field that nobody reads`(text: String) {
        let line = #"{"type":"ping","comment":"\#(text)"}"#
        #expect(decodeLine(Array(line.utf8)).fault?.code == .malformed)
        // Half of a surrogate pair is JSON.
        let half = #"{"type":"ping","comment":"\ud83c"}"#
        #expect(decodeLine(Array(half.utf8)).messages == [.ping])
    }

    @Test func `wrong UTF-8 in a text that is kept is rejected`() throws {
        var line = Array(#"{"type":"usage","sequence":5,"id":"rX","key":"k","model":"m"}"#.utf8)
        let position = try #require(line.firstIndex(of: UInt8(ascii: "X")))
        line[position] = 0xC0
        let rejection = try #require(decodeLine(line).rejections.first)
        #expect(rejection.code == .malformed && rejection.message.hasPrefix("field \"id\": "))
    }

    @Test(arguments: [
        ("{", "a line is no JSON object: expected a string at byte 1"),
        ("{}", "field \"type\" is missing"),
        (#"{"type":null}"#, "field \"type\" is missing"),
        (#"{"type":7}"#, "field \"type\": 7 is not a string"),
        (
            #"{"type":"ping"} x"#,
            "a line is no JSON object: expected the end of the line at byte 16"
        ),
        (#"{"type":"ping",}"#, "a line is no JSON object: expected a string at byte 15"),
        (#"{"type":"ping" "a":1}"#, "a line is no JSON object: expected ',' or '}' at byte 15"),
        (#"{"type" "ping"}"#, "a line is no JSON object: expected ':' at byte 8"),
        (#"{"type":"ping","a":01}"#, "a line is no JSON object: expected ',' or '}' at byte 20"),
        (
            #"{"type":"ping","a":tru}"#,
            "a line is no JSON object: expected true, false or null at byte 19"
        ),
        (#"{"type":"ping","id":"\x"}"#, "a line is no JSON object: expected an escape at byte 22"),
        (
            #"{"type":"ping","id":"\ud800"}"#,
            "a line is no JSON object: expected a surrogate pair at byte 27"
        ),
        (#"["type"]"#, "a line is no JSON object: expected '{' at byte 0"),
        (#"{"type":"hello","producer":"p"}"#, "field \"protocol\" is missing"),
        (#"{"type":"hello","protocol":1}"#, "field \"producer\" is missing"),
        (
            #"{"type":"hello","protocol":1,"producer":"p","durability":"ram"}"#,
            #"field "durability": "ram" is not "journaled" or "stored""#
        ),
    ])
    func `a line that is no message closes the connection`(line: String, message: String) {
        let decoded = decodeLine(Array(line.utf8))
        #expect(decoded.fault == ConnectionFault(.malformed, message))
        #expect(decoded.messages.isEmpty && decoded.rejections.isEmpty)
    }

    @Test func `an unknown type and version have their own codes`() {
        #expect(
            decodeLine(Array(#"{"type":"usages"}"#.utf8)).fault
                == ConnectionFault(
                    .unknownType,
                    #"field "type": "usages" is not a message that clients send"#
                )
        )
        #expect(
            decodeLine(Array(#"{"type":"hello","protocol":2,"producer":"p"}"#.utf8)).fault
                == ConnectionFault(
                    .unsupportedVersion,
                    #"field "protocol": 2 is not spoken here; this is 1"#
                )
        )
    }

    @Test func `unknown fields may nest to the limit and no deeper`() {
        func line(_ depth: Int) -> [UInt8] {
            let open = String(repeating: "[", count: depth)
            let close = String(repeating: "]", count: depth)
            return Array("{\"x\":\(open)\(close),\"type\":\"ping\"}".utf8)
        }
        #expect(decodeLine(line(15)).messages == [.ping])
        #expect(decodeLine(line(16)).fault?.code == .malformed)
        #expect(decodeLine(line(30_000)).fault?.code == .malformed)
    }

    @Test func `blank lines are nothing`() {
        for line in ["", " ", "\r", "\t \r"] {
            let decoded = decodeLine(Array(line.utf8))
            #expect(decoded.messages.isEmpty && decoded.fault == nil && decoded.rejections.isEmpty)
        }
    }
}
