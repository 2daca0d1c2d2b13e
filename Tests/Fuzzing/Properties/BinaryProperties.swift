import Quantities
import Wire

/// Goal: binary frames, however broken, are refused or mean one thing.
///
/// Input: a client's stream when it begins with a frame's first byte; else the daemon's stream
/// behind the first byte.
///
/// Properties: what is accepted is within its bounds; encoded again it is the same, in a frame of
/// its own, in a batch, and as JSON; cutting the stream into pieces changes nothing.
enum BinaryProperties {
    static func check(_ input: UnsafeRawBufferPointer) throws(BrokenPromise) {
        guard let first = input.first else { return }
        if first == FrameHeader.magic {
            try checkClient(input)
        } else {
            try DaemonProperties.check(input.from(1), .binary, piece: 1 + Int(first))
        }
    }

    private static func checkClient(_ input: UnsafeRawBufferPointer) throws(BrokenPromise) {
        let heard = try HeardFrames(input.bytes)
        let again = try heard.frames.withBytes { (bytes) throws(BrokenPromise) in
            try HeardFrames(bytes)
        }
        try promise(again.fault == nil, "what we encode, we refuse: \(again.fault?.message ?? "")")
        try promise(again.rejected == 0, "what we encode, we reject")
        try promise(again.spellings == heard.spellings, "\(heard.spellings) became others")
        let same = heard.frames.copy == again.frames.copy
        try promise(same, "encoding what was encoded gives other bytes")
    }
}

/// What a connection hears in a stream of frames, read as the daemon's ingest reads it.
final class HeardFrames {
    private(set) var spellings: [Spelling] = []
    private(set) var rejected = 0
    private(set) var fault: ConnectionFault?
    /// The messages, encoded again.
    private(set) var frames = WireBuffer()
    private var decoder = BinaryClientDecoder()
    private var names = NameBook()

    init(_ stream: RawSpan) throws(BrokenPromise) {
        let framer = BinaryFramer()
        var offset = 0
        while fault == nil {
            let rest = stream.extracting(offset..<stream.byteCount)
            switch framer.next(in: rest) {
            case .needMore(let least):
                try promise(least > rest.byteCount, "needs \(least) bytes and has them")
                return
            case .fault(let fault):
                self.fault = fault
            case .frame(let header, let length):
                try promise(length <= rest.byteCount, "a frame of \(length) bytes is not there")
                let frame = rest.extracting(0..<length)
                try takeFrame(header, frame)
                offset += length
                guard fault == nil else { return }
                let short = framer.next(in: rest.extracting(0..<(length - 1)))
                guard case .needMore(let least) = short, least <= length else {
                    throw BrokenPromise("a frame without its last byte is \(short)")
                }
            }
        }
    }

    private func takeFrame(_ header: FrameHeader, _ frame: RawSpan) throws(BrokenPromise) {
        switch decoder.decode(header, frame) {
        case .single(let step): try take(step, frame)
        case .usage(let reader): try takeAll(reader, frame)
        case .heartbeats(var reader):
            while true {
                switch reader.next(in: frame) {
                case .heartbeat(let report): try take(.message(.heartbeat(report)), frame)
                case .rejected(let rejection): try take(.rejected(rejection), frame)
                case .fault(let fault):
                    self.fault = fault
                    return
                case .end: return
                }
            }
        }
        for kind in NameKind.allCases {
            try promise(Int(decoder.names[kind]) == names.count(kind), "names are miscounted")
        }
    }

    private func takeAll(
        _ start: UsageFrameReader,
        _ frame: RawSpan
    ) throws(BrokenPromise) {
        var reader = start
        var report = UsageReport()
        var batch: [UsageReport] = []
        reading: while true {
            switch reader.next(in: frame, into: &report) {
            case .usage:
                batch.append(report)
                try take(.message(.usage(report)), frame)
            case .rejected:
                try promise(reader.rejection != nil, "a record is rejected without a reason")
                rejected += 1
            case .fault:
                fault = reader.fault
                try promise(fault != nil, "a frame is at fault without a reason")
                break reading
            case .end: break reading
            }
        }
        try check(batch, frame)
    }

    /// The reports in one frame are the reports in frames of their own.
    private func check(_ batch: [UsageReport], _ frame: RawSpan) throws(BrokenPromise) {
        guard batch.count > 1 else { return }
        var buffer = WireBuffer()
        var encoder = UsageBatchEncoder(in: &buffer)
        for report in batch {
            let fits = encoder.append(report, texts: frame, to: &buffer)
            try promise(fits, "a batch that came in one frame does not fit one")
        }
        encoder.finish(&buffer)
        let (decoder, names) = (decoder, names)
        try buffer.withBytes { (bytes) throws(BrokenPromise) in
            var decoder = decoder
            guard case .frame(let header, let length) = BinaryFramer().next(in: bytes),
                length == bytes.byteCount,
                case .usage(var reader) = decoder.decode(header, bytes)
            else { throw BrokenPromise("a batch is no frame of usage") }
            for report in batch {
                var other = UsageReport()
                guard reader.next(in: bytes, into: &other) == .usage else {
                    throw BrokenPromise("a report of a batch is not accepted again")
                }
                let (one, two) = (
                    try Spelling(.usage(report), in: frame, names),
                    try Spelling(.usage(other), in: bytes, names)
                )
                try promise(one == two, "\(one) became \(two) in a batch")
            }
            var extra = UsageReport()
            try promise(reader.next(in: bytes, into: &extra) == .end, "a batch has too much")
        }
    }

    private func take(_ step: ClientStep, _ frame: RawSpan) throws(BrokenPromise) {
        switch step {
        case .rejected: rejected += 1
        case .fault(let fault): self.fault = fault
        case .nothing: throw BrokenPromise("a frame says nothing")
        case .message(let message):
            if case .name(let name) = message { names.add(name.kind, name.text.text(in: frame)) }
            let spelling = try Spelling(message, in: frame, names)
            spellings.append(spelling)
            ClientEncoder(.binary).append(message, texts: frame, to: &frames)
            try checkAsLine(message, spelling, frame)
        }
    }

    /// The same in JSON is accepted, and says the same.
    private func checkAsLine(
        _ message: ClientMessage,
        _ spelling: Spelling,
        _ frame: RawSpan
    ) throws(BrokenPromise) {
        var renaming = Renaming(frame, textsOf: names)
        guard let renamed = renaming.renamed(message) else { return }
        var line = WireBuffer()
        ClientEncoder(.jsonLines).append(renamed, texts: renaming.bytes.span.bytes, to: &line)
        let heard = try HeardLine(line.copy.dropLast())
        try promise(heard.spelling == spelling, "\(spelling) is \(heard) in JSON")
    }
}

extension WireBuffer {
    /// A copy of the bytes.
    var copy: [UInt8] { withBytes { span in span.withUnsafeBytes { Array($0) } } }
}
