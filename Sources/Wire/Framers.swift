/// What a connection's buffer holds next: binary frames.
public enum FrameStep: Sendable, Hashable {
    /// Not yet a whole frame; it needs the buffer to hold at least so many bytes.
    case needMore(atLeast: Int)
    /// A whole frame lies at the start of the bytes; `length` counts its header too.
    case frame(FrameHeader, length: Int)
    /// The bytes are no frame.
    case fault(ConnectionFault)
}

/// Finds the next binary frame; a pure function of the bytes.
public struct BinaryFramer: Sendable, Hashable {
    /// The longest payload that is taken.
    public let limit: Int

    /// Makes a framer.
    ///
    /// - Parameter limits: The connection's limits.
    public init(limits: WireLimits = WireLimits()) {
        limit = limits.frameBytes
    }

    /// Looks at the bytes from the start of a frame.
    ///
    /// A wrong first byte is a fault at once; a too long payload as soon as the header is there.
    ///
    /// - Parameter bytes: What has been received and not yet dealt with.
    /// - Returns: What comes next.
    public func next(in bytes: RawSpan) -> FrameStep {
        guard bytes.byteCount > 0 else { return .needMore(atLeast: FrameHeader.size) }
        let magic = bytes.byte(0)
        guard magic == FrameHeader.magic else {
            return .fault(
                ConnectionFault(
                    .malformed,
                    "a frame starts with byte 0x\(String(FrameHeader.magic, radix: 16)) and JSON "
                        + "lines with '{', not with byte 0x\(String(magic, radix: 16))"
                )
            )
        }
        guard bytes.byteCount >= FrameHeader.size else {
            return .needMore(atLeast: FrameHeader.size)
        }
        let header = FrameHeader(reading: bytes)
        if let fault = header.fault(limit: limit) { return .fault(fault) }
        let length = FrameHeader.size + Int(header.payloadLength)
        guard bytes.byteCount >= length else { return .needMore(atLeast: length) }
        return .frame(header, length: length)
    }
}

/// What a connection's buffer holds next: JSON lines.
public enum LineStep: Sendable, Hashable {
    /// Not yet a whole line.
    case needMore
    /// A line of so many bytes lies at the start; its line end is one byte more.
    case line(length: Int)
    /// The line is too long.
    case fault(ConnectionFault)
}

/// Finds the next line; remembers how far it has looked, so that each byte is looked at once.
public struct LineFramer: Sendable, Hashable {
    /// The longest line that is taken, without its line end.
    public let limit: Int
    private var scanned = 0

    /// Makes a framer.
    ///
    /// - Parameter limits: The connection's limits.
    public init(limits: WireLimits = WireLimits()) {
        limit = limits.lineBytes
    }

    /// Looks at the bytes from the start of a line.
    ///
    /// After `needMore` the same bytes must come again, with more behind them.
    ///
    /// - Parameter bytes: What has been received and not yet dealt with.
    /// - Returns: What comes next.
    public mutating func next(in bytes: RawSpan) -> LineStep {
        let end = min(bytes.byteCount, limit + 1)
        skipWords(in: bytes, to: end)
        while scanned < end {
            if bytes.byte(scanned) == 0x0A {
                defer { scanned = 0 }
                return .line(length: scanned)
            }
            scanned += 1
        }
        guard scanned <= limit else {
            return .fault(ConnectionFault(.tooLarge, "a line is longer than \(limit) bytes"))
        }
        return .needMore
    }

    /// Goes on to the eight bytes with the next line end, or to the last ones.
    private mutating func skipWords(in bytes: RawSpan, to end: Int) {
        while scanned + 8 <= end {
            let word = bytes.u64(scanned) ^ 0x0A0A_0A0A_0A0A_0A0A
            // A high bit where a byte is zero, or stands above one that is.
            guard (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 == 0 else {
                return
            }
            scanned += 8
        }
    }
}
