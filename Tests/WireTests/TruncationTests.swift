import Testing
import Wire

/// Goal: bytes that stop anywhere are waited for or refused, never misread.
///
/// Method: cut every sample at every position.
@Suite struct TruncationTests {
    @Test func `a frame that is cut anywhere needs more bytes`() {
        for sample in Samples.clientMessages(.binary) {
            for length in 0..<sample.bytes.count {
                let cut = Array(sample.bytes[..<length])
                let step = BinaryFramer().next(in: cut.span.bytes)
                guard case .needMore(let atLeast) = step else {
                    Issue.record("\(sample.name) cut at \(length)")
                    continue
                }
                #expect(atLeast > length && atLeast <= sample.bytes.count)
            }
        }
    }

    @Test func `a frame whose payload is cut and whose header agrees is a fault`() {
        for sample in Samples.clientMessages(.binary) where sample.bytes.count > 16 {
            for length in 16..<sample.bytes.count {
                var frame = Array(sample.bytes[..<length])
                frame[4] = UInt8(length - 16)
                let decoded = decodeFrame(frame, names: sample.name != "name")
                #expect(decoded.fault?.code == .malformed, "\(sample.name) cut at \(length)")
            }
        }
    }

    @Test func `a line that is cut anywhere is a fault`() {
        for sample in Samples.clientMessages(.jsonLines) {
            for length in 1..<(sample.bytes.count - 1) {
                let decoded = decodeLine(Array(sample.bytes[..<length]))
                #expect(decoded.fault?.code == .malformed, "\(sample.name) cut at \(length)")
            }
        }
    }

    @Test func `a daemon frame whose payload is cut is a fault or shorter than its texts`() {
        for sample in Samples.daemonMessages {
            var buffer = WireBuffer()
            DaemonEncoder(.binary).append(sample.message, to: &buffer)
            let bytes = buffer.array
            guard bytes.count > 16 else { continue }
            for length in 16..<bytes.count {
                var frame = Array(bytes[..<length])
                frame[4] = UInt8(truncatingIfNeeded: length - 16)
                frame[5] = UInt8((length - 16) >> 8)
                #expect(throws: ConnectionFault.self, "\(sample.name) cut at \(length)") {
                    try decodeDaemon(frame, .binary, piece: 4096)
                }
            }
        }
    }
}
