import Quantities
import Wire

/// What came out of decoding, with the bytes that its ranges belong to.
struct Decoded {
    var messages: [ClientMessage] = []
    var rejections: [Rejection] = []
    var fault: ConnectionFault?
    var bytes: [UInt8]

    func text(_ range: ByteRange) -> String { range.text(in: bytes.span.bytes) }
}

/// Decodes a JSON line.
func decodeLine(_ line: [UInt8]) -> Decoded {
    var bytes = line
    if bytes.last == 0x0A { bytes.removeLast() }
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    let step = JSONClientDecoder().decode(&raw)
    var decoded = Decoded(bytes: bytes)
    decoded.take(step)
    return decoded
}

/// Decodes one binary frame on a connection that has interned one name of each kind.
func decodeFrame(_ frame: [UInt8], names: Bool = true) -> Decoded {
    var decoder = BinaryClientDecoder()
    if names { decoder.internOneOfEachKind() }
    var decoded = Decoded(bytes: frame)
    let bytes = frame.span.bytes
    guard case .frame(let header, let length) = BinaryFramer().next(in: bytes) else {
        if case .fault(let fault) = BinaryFramer().next(in: bytes) { decoded.fault = fault }
        return decoded
    }
    decoded.read(decoder.decode(header, bytes.extracting(0..<length)), bytes)
    return decoded
}

extension BinaryClientDecoder {
    mutating func internOneOfEachKind() {
        for kind in NameKind.allCases {
            var buffer = WireBuffer()
            let text = Array("x".utf8)
            let definition = NameDefinition(
                kind: kind,
                index: names[kind],
                text: ByteRange(offset: 0, length: 1)
            )
            ClientEncoder(.binary).append(.name(definition), texts: text.span.bytes, to: &buffer)
            buffer.withBytes { bytes in
                if case .frame(let header, _) = BinaryFramer().next(in: bytes) {
                    _ = decode(header, bytes)
                }
            }
        }
    }
}

extension Decoded {
    mutating func take(_ step: ClientStep) {
        switch step {
        case .message(let message): messages.append(message)
        case .rejected(let rejection): rejections.append(rejection)
        case .fault(let fault): self.fault = fault
        case .nothing: break
        }
    }

    mutating func read(_ frame: ClientFrame, _ bytes: RawSpan) {
        switch frame {
        case .single(let step):
            take(step)
        case .usage(var reader):
            var report = UsageReport()
            while true {
                switch reader.next(in: bytes, into: &report) {
                case .usage: messages.append(.usage(report))
                case .rejected: rejections += [reader.rejection].compactMap { $0 }
                case .fault:
                    fault = reader.fault
                    return
                case .end: return
                }
            }
        case .heartbeats(var reader):
            while true {
                switch reader.next(in: bytes) {
                case .heartbeat(let report): messages.append(.heartbeat(report))
                case .rejected(let rejection): rejections.append(rejection)
                case .fault(let fault):
                    self.fault = fault
                    return
                case .end: return
                }
            }
        }
    }
}

/// Decodes the daemon's messages from bytes, however they are cut.
func decodeDaemon(
    _ bytes: [UInt8],
    _ encoding: WireEncoding,
    piece: Int
) throws(ConnectionFault) -> [DaemonMessage] {
    var reader = DaemonReader(encoding)
    var messages: [DaemonMessage] = []
    var offset = 0
    while offset < bytes.count {
        let end = min(offset + piece, bytes.count)
        let start = offset
        reader.receive { target in
            target.copyBytes(from: bytes[start..<end])
            return end - start
        }
        offset = end
        while let message = try reader.next() { messages.append(message) }
    }
    return messages
}

/// The text that a body writes into a buffer.
func written(_ body: (inout WireBuffer) -> Void) -> String {
    var buffer = WireBuffer()
    body(&buffer)
    return buffer.text
}

extension String {
    /// Two hexadecimal digits for each byte.
    init(hex bytes: some Sequence<UInt8>) {
        self = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
