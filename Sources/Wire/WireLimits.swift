/// The limits of one connection; each can be narrowed or widened by the daemon's settings.
public struct WireLimits: Sendable, Hashable {
    /// The longest payload of a binary frame: 1 MiB, some 9,000 usage records.
    public var frameBytes = 1 << 20
    /// The longest JSON line, without its line end: 64 KiB, a hundred times a usual message.
    public var lineBytes = 64 << 10
    /// How deep JSON may nest: messages need 3, unknown fields may need a little more.
    public var nesting = 16

    /// The default limits.
    public init() {}

    /// The longest id, session, deployment or boot, in bytes.
    public static let idBytes = ShortText.maximumLength
    /// The longest name and producer, in bytes: a length fits one byte.
    public static let nameBytes = 255
    /// The largest number of vCPUs or GiB that fits, in thousandths.
    public static let thousandths = UInt32.max
    /// How many bytes of a wrong value a rejection quotes.
    static let quotedBytes = 64
}

/// The two encodings of a connection, chosen by its first byte.
@frozen
public enum WireEncoding: UInt8, Sendable, Hashable, CaseIterable {
    /// One JSON object a line.
    case jsonLines
    /// Length-prefixed little-endian frames.
    case binary

    /// The protocol's version, in `hello` and in every frame header.
    public static let version: UInt16 = 1

    /// The encoding that a connection's first byte chooses.
    ///
    /// - Parameter byte: The first byte that the client sent.
    /// - Returns: The encoding of the whole connection.
    @inlinable
    public static func chosen(byFirst byte: UInt8) -> WireEncoding {
        byte == UInt8(ascii: "{") ? .jsonLines : .binary
    }
}
