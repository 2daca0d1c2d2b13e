import Quantities
import Wire

/// Goal: lines, however broken, are refused or mean one thing.
///
/// Input: a client's lines; behind a first byte of `<` and a second one, the daemon's lines.
///
/// Properties: what is accepted is JSON by a grammar of our own, and within its bounds; encoded
/// again it is the same, in JSON and in binary; cutting the lines into pieces changes nothing.
enum LineProperties {
    static func check(_ input: UnsafeRawBufferPointer) throws(BrokenPromise) {
        if input.first == UInt8(ascii: "<"), input.count > 1 {
            let piece = 1 + Int(input[1])
            return try DaemonProperties.check(input.from(2), .jsonLines, piece: piece)
        }
        var framer = LineFramer()
        var offset = 0
        while case .line(let length) = framer.next(in: input.from(offset).bytes) {
            let line = input[offset..<(offset + length)]
            try promise(!line.contains(0x0A), "a line has a line end within")
            _ = try HeardLine(line)
            offset += length + 1
        }
        try promise(!input.from(offset).contains(0x0A), "a whole line was left")
    }
}

/// What a connection hears in one line.
struct HeardLine: CustomStringConvertible {
    private(set) var spelling: Spelling?
    private(set) var refusal: String?

    var description: String { spelling?.description ?? refusal ?? "nothing" }

    init(_ line: some Sequence<UInt8>) throws(BrokenPromise) {
        let original = Array(line)
        var bytes = original
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        switch JSONClientDecoder().decode(&raw) {
        case .nothing:
            let isBlank = original.allSatisfy { [0x20, 0x09, 0x0D].contains($0) }
            try promise(isBlank, "a line that is not blank says nothing")
        case .rejected(let rejection): refusal = "rejected: \(rejection.message)"
        case .fault(let fault): refusal = "refused: \(fault.message)"
        case .message(let message):
            try promise(JSONGrammar.accepts(original), "what is accepted is not JSON")
            let spelling = try Spelling(message, in: bytes.span.bytes, NameBook())
            self.spelling = spelling
            try HeardLine.checkAgain(message, spelling, bytes)
            try HeardLine.checkAsFrames(message, spelling, bytes)
        }
    }

    private static func checkAgain(
        _ message: ClientMessage,
        _ spelling: Spelling,
        _ bytes: [UInt8]
    ) throws(BrokenPromise) {
        var line = WireBuffer()
        ClientEncoder(.jsonLines).append(message, texts: bytes.span.bytes, to: &line)
        var again = Array(line.copy.dropLast())
        try promise(JSONGrammar.accepts(again), "what we encode is not JSON")
        var span = again.mutableSpan
        var raw = span.mutableBytes
        guard case .message(let other) = JSONClientDecoder().decode(&raw) else {
            throw BrokenPromise("\(spelling), encoded by us, is not accepted")
        }
        let otherSpelling = try Spelling(other, in: again.span.bytes, NameBook())
        try promise(otherSpelling == spelling, "\(spelling) became \(otherSpelling)")
    }

    private static func checkAsFrames(
        _ message: ClientMessage,
        _ spelling: Spelling,
        _ bytes: [UInt8]
    ) throws(BrokenPromise) {
        var renaming = Renaming(indexing: bytes.span.bytes)
        guard let renamed = renaming.renamed(message) else { return }
        var decoder = BinaryClientDecoder()
        var names = NameBook()
        for definition in renaming.definitions {
            names.add(definition.kind, definition.text.text(in: bytes.span.bytes))
        }
        for message in renaming.definitions.map({ .name($0) }) + [renamed] {
            var frame = WireBuffer()
            ClientEncoder(.binary).append(message, texts: bytes.span.bytes, to: &frame)
            let heard = try frame.withBytes { (bytes) throws(BrokenPromise) in
                guard let heard = hear(bytes, &decoder) else {
                    throw BrokenPromise("\(spelling) is not accepted in binary")
                }
                return try Spelling(heard, in: bytes, names)
            }
            if case .name = message { continue }
            try promise(heard == spelling, "\(spelling) is \(heard) in binary")
        }
    }

    private static func hear(
        _ bytes: RawSpan,
        _ decoder: inout BinaryClientDecoder
    ) -> ClientMessage? {
        guard case .frame(let header, _) = BinaryFramer().next(in: bytes) else { return nil }
        switch decoder.decode(header, bytes) {
        case .single(.message(let message)): return message
        case .single: return nil
        case .usage(var reader):
            var report = UsageReport()
            return reader.next(in: bytes, into: &report) == .usage ? .usage(report) : nil
        case .heartbeats(var reader):
            if case .heartbeat(let report) = reader.next(in: bytes) { return .heartbeat(report) }
            return nil
        }
    }
}
