/// A text of at most 64 bytes, held in place: a plain value that crosses rings without a heap.
///
/// Layout:      eight words, first byte lowest, zero beyond the text, and the length.
/// Invariants:  the unused bytes are zero, so that equal texts are equal values.
@frozen
public struct ShortText: Sendable, Hashable, BitwiseCopyable {
    var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
    /// How many bytes the text has.
    public private(set) var length: UInt8

    /// The longest text, in bytes: two identifiers of the usual 32 hexadecimal digits.
    public static let maximumLength = 64

    /// The empty text.
    public init() {
        words = (0, 0, 0, 0, 0, 0, 0, 0)
        length = 0
    }

    /// Copies a part of a frame, or nil when it is longer than 64 bytes.
    ///
    /// - Parameters:
    ///   - range: Where the text lies.
    ///   - bytes: The frame or line that the range belongs to.
    public init?(_ range: ByteRange, in bytes: RawSpan) {
        self.init()
        guard range.length <= ShortText.maximumLength else { return nil }
        bytes.extracting(range.bounds).withUnsafeBytes { source in
            withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: source) }
        }
        length = UInt8(range.length)
    }

    /// Copies a string, or nil when it is longer than 64 bytes of UTF-8.
    ///
    /// - Parameter text: Any text.
    public init?(_ text: some StringProtocol) {
        self.init()
        guard text.utf8.count <= ShortText.maximumLength else { return nil }
        withUnsafeMutableBytes(of: &words) { target in
            for (index, byte) in text.utf8.enumerated() { target[index] = byte }
        }
        length = UInt8(text.utf8.count)
    }

    /// The byte at a position below `length`.
    subscript(index: Int) -> UInt8 {
        withUnsafeBytes(of: words) { $0[index] }
    }

    /// Calls with the text's bytes.
    ///
    /// - Parameter body: Reads them; they are gone afterwards.
    /// - Returns: What the body returns.
    public func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        withUnsafeBytes(of: words) { all in
            body(UnsafeRawBufferPointer(rebasing: all[..<Int(length)]).bytes)
        }
    }

    /// Compares bytes.
    ///
    /// - Parameters:
    ///   - left: One text.
    ///   - right: The other text.
    /// - Returns: Whether the texts are the same.
    public static func == (left: ShortText, right: ShortText) -> Bool {
        left.length == right.length && left.words.0 == right.words.0
            && left.words.1 == right.words.1 && left.words.2 == right.words.2
            && left.words.3 == right.words.3 && left.words.4 == right.words.4
            && left.words.5 == right.words.5 && left.words.6 == right.words.6
            && left.words.7 == right.words.7
    }

    /// Takes the bytes into a hash.
    ///
    /// - Parameter hasher: The hash so far.
    public func hash(into hasher: inout Hasher) {
        withBytes { span in span.withUnsafeBytes { hasher.combine(bytes: $0) } }
        hasher.combine(length)
    }
}

extension ShortText: CustomStringConvertible {
    /// The text as a string.
    public var description: String {
        withBytes { span in span.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
    }
}

/// How a client named its request, echoed unchanged in the answer.
///
/// Binary requests are numbers; JSON lines take a number or a text of at most 64 bytes.
@frozen
public enum RequestToken: Sendable, Hashable, BitwiseCopyable {
    /// None was given, or none could be read.
    case absent
    /// A number.
    case number(UInt64)
    /// A text (JSON lines only).
    case text(ShortText)
}
