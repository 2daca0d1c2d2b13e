import Testing
import Wire

/// Goal: the framers cut a stream where its messages end, and refuse what is too long.
@Suite struct FramerTests {
    @Test func `the first byte chooses the encoding`() {
        #expect(WireEncoding.chosen(byFirst: UInt8(ascii: "{")) == .jsonLines)
        #expect(WireEncoding.chosen(byFirst: FrameHeader.magic) == .binary)
        #expect(WireEncoding.chosen(byFirst: UInt8(ascii: "G")) == .binary)
    }

    @Test func `a wrong first byte is a fault before the header is complete`() {
        let bytes = Array("GET /".utf8)
        guard case .fault(let fault) = BinaryFramer().next(in: bytes.span.bytes) else {
            Issue.record("no fault")
            return
        }
        #expect(fault.code == .malformed)
        #expect(
            fault.message
                == "a frame starts with byte 0xd7 and JSON lines with '{', not with byte 0x47"
        )
    }

    @Test func `lines are found one by one, whatever pieces they come in`() {
        let stream = Array("{a}\n\n{bb}\r\n{c".utf8)
        var framer = LineFramer()
        var start = 0
        var lines: [Int] = []
        for end in 1...stream.count {
            var received = Array(stream[start..<end])
            while case .line(let length) = framer.next(in: received.span.bytes) {
                lines.append(length)
                received.removeFirst(length + 1)
                start += length + 1
            }
        }
        #expect(lines == [3, 0, 5])
        #expect(start == stream.count - 2)
    }

    @Test func `a line of just the limit passes and one byte more is too large`() {
        var limits = WireLimits()
        limits.lineBytes = 4
        var framer = LineFramer(limits: limits)
        let steps = ["abcd", "abcd\n", "abcde"].map { text in
            let bytes = Array(text.utf8)
            return framer.next(in: bytes.span.bytes)
        }
        let fault = ConnectionFault(.tooLarge, "a line is longer than 4 bytes")
        #expect(steps == [.needMore, .line(length: 4), .fault(fault)])
    }
}
