/// The 16 bytes before every binary payload.
///
/// Layout:      offset size field
///              0      1    magic, 0xD7
///              1      1    version, 1
///              2      1    type
///              3      1    flags, 0
///              4      4    payload length in bytes, without this header
///              8      4    count of records in the payload; 1 where there are no records
///              12     4    reserved, 0
public struct FrameHeader: Sendable, Hashable {
    /// The first byte of every frame: no '{', no ASCII, and no lead byte of usual text.
    public static let magic: UInt8 = 0xD7
    /// The header's length.
    public static let size = 16

    /// The frame format's version.
    public var version: UInt8
    /// What the payload holds, as it travels.
    public var rawType: UInt8
    /// Reserved, 0.
    public var flags: UInt8
    /// The payload's length in bytes.
    public var payloadLength: UInt32
    /// How many records the payload holds.
    public var count: UInt32
    var reserved: UInt32

    /// What the payload holds, or nil when this version does not know it.
    public var type: FrameType? { FrameType(rawValue: rawType) }

    init(reading bytes: RawSpan) {
        version = bytes.byte(1)
        rawType = bytes.byte(2)
        flags = bytes.byte(3)
        payloadLength = bytes.u32(4)
        count = bytes.u32(8)
        reserved = bytes.u32(12)
    }

    /// What is wrong with the header itself.
    func fault(limit: Int) -> ConnectionFault? {
        guard version == UInt8(WireEncoding.version) else {
            return ConnectionFault(
                .unsupportedVersion,
                "frame version \(version) is not spoken here; this is \(WireEncoding.version)"
            )
        }
        guard payloadLength <= limit else {
            return ConnectionFault(
                .tooLarge,
                "a frame of \(payloadLength) bytes is longer than \(limit) bytes"
            )
        }
        guard flags == 0, reserved == 0 else {
            return ConnectionFault(.malformed, "a frame's flags and reserved bytes are zero")
        }
        return nil
    }
}

/// What a frame holds; clients send types below 0x80, the daemon the others.
@frozen
public enum FrameType: UInt8, Sendable, Hashable, CaseIterable {
    /// `hello`.
    case hello = 0x01
    /// The definition of an interned name.
    case name = 0x02
    /// Usage records.
    case usage = 0x03
    /// Heartbeat records.
    case heartbeat = 0x04
    /// `authorize`.
    case authorize = 0x05
    /// `extend`.
    case extend = 0x06
    /// `release`.
    case release = 0x07
    /// `subscribe`.
    case subscribe = 0x08
    /// `order_done`.
    case orderDone = 0x09
    /// `ping`.
    case ping = 0x0A
    /// `authorize` of a machine.
    case authorizeMachine = 0x0B
    /// `welcome`.
    case welcome = 0x81
    /// `ack`.
    case ack = 0x82
    /// `rejected`.
    case rejected = 0x83
    /// `granted`.
    case granted = 0x84
    /// `refused`.
    case refused = 0x85
    /// `released`.
    case released = 0x86
    /// `subscribed`.
    case subscribed = 0x87
    /// `cutoff`.
    case cutoff = 0x88
    /// `restored`.
    case restored = 0x89
    /// `order`.
    case order = 0x8A
    /// `pong`.
    case pong = 0x8B
    /// `error`.
    case error = 0x8C
}

extension WireBuffer {
    /// Appends a frame's header, to be completed by `endFrame`.
    mutating func beginFrame(_ type: FrameType, count: UInt32 = 1) -> Int {
        let start = appendZeros(FrameHeader.size)
        store(FrameHeader.magic, at: start)
        store(UInt8(WireEncoding.version), at: start + 1)
        store(type.rawValue, at: start + 2)
        store(count, at: start + 8)
        return start
    }

    /// Writes the payload's length into the header.
    mutating func endFrame(_ start: Int) {
        store(UInt32(count - start - FrameHeader.size), at: start + 4)
    }
}
