/// Finds and decodes the daemon's messages in what a client has received.
///
/// Pure: bytes go in, messages come out, and no more than `received` is kept.
public struct DaemonReader: ~Copyable {
    private let encoding: WireEncoding
    private let frames: BinaryFramer
    private var lines: LineFramer
    private let json: JSONDaemonDecoder
    private var consumed = 0
    private var received: WireBuffer

    /// Makes a reader for one connection.
    ///
    /// - Parameters:
    ///   - encoding: What the client chose.
    ///   - limits: The longest line is taken to be as long as the longest frame, because lists of
    ///     cutoffs are longer than anything that clients send.
    public init(_ encoding: WireEncoding, limits: WireLimits = WireLimits()) {
        var limits = limits
        limits.lineBytes = max(limits.lineBytes, limits.frameBytes)
        self.encoding = encoding
        frames = BinaryFramer(limits: limits)
        lines = LineFramer(limits: limits)
        json = JSONDaemonDecoder(limits: limits)
        received = WireBuffer(capacity: 64 << 10)
    }

    /// Takes in bytes by letting a body write them, as `read` does.
    ///
    /// - Parameter body: Writes into the space and returns how many bytes it wrote.
    /// - Throws: What the body throws.
    public mutating func receive<Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        if consumed > 0 {
            received.removeFirst(consumed)
            consumed = 0
        }
        try received.appendWith(minimum: 32 << 10, body)
    }

    /// The next message; nil when more bytes are needed.
    ///
    /// - Throws: `ConnectionFault` when the bytes are no message of the daemon.
    public mutating func next() throws(ConnectionFault) -> DaemonMessage? {
        switch encoding {
        case .binary: try nextFrame()
        case .jsonLines: try nextLine()
        }
    }

    private mutating func nextFrame() throws(ConnectionFault) -> DaemonMessage? {
        let frames = frames
        let start = consumed
        let result = try received.withBytes { bytes throws(ConnectionFault) in
            let rest = bytes.extracting(start..<bytes.byteCount)
            switch frames.next(in: rest) {
            case .needMore:
                return (message: DaemonMessage?.none, length: 0)
            case .fault(let fault):
                throw fault
            case .frame(let header, let length):
                let frame = rest.extracting(0..<length)
                return (message: try BinaryDaemonDecoder().decode(header, frame), length: length)
            }
        }
        consumed += result.length
        return result.message
    }

    private mutating func nextLine() throws(ConnectionFault) -> DaemonMessage? {
        while true {
            let start = consumed
            var framer = lines
            let step = received.withBytes { bytes in
                framer.next(in: bytes.extracting(start..<bytes.byteCount))
            }
            lines = framer
            switch step {
            case .needMore: return nil
            case .fault(let fault): throw fault
            case .line(let length):
                consumed += length + 1
                if let message = try line(start..<(start + length)) { return message }
            }
        }
    }

    private mutating func line(
        _ range: Range<Int>
    ) throws(ConnectionFault) -> DaemonMessage? {
        let json = json
        return try received.withMutableBytes { bytes throws(ConnectionFault) in
            try bytes.withUnsafeMutableBytes { all throws(ConnectionFault) in
                var line = UnsafeMutableRawBufferPointer(rebasing: all[range]).mutableBytes
                return try json.decode(&line)
            }
        }
    }
}
