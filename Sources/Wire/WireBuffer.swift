import Quantities

/// A growing row of bytes that messages are written into, and that is used again and again.
///
/// Layout:      | written | free |      0 <= count <= capacity
/// Cost:        appending allocates only when the capacity is exceeded; `removeAll` keeps it, so a
///              connection in steady state allocates nothing.
/// Why:         noncopyable and without a class's exclusivity checks, as every answer passes here.
public struct WireBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    /// How many bytes there is memory for.
    public private(set) var capacity: Int
    /// How many bytes are written.
    public private(set) var count = 0

    /// Makes an empty buffer.
    ///
    /// - Parameter capacity: How many bytes to start with, at least 64.
    public init(capacity: Int = 4096) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    /// Whether nothing is written.
    public var isEmpty: Bool { count == 0 }

    /// Calls with the bytes written so far.
    ///
    /// - Parameter body: Reads them; they must not be kept.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws.
    public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count).bytes)
    }

    /// Calls with the bytes written so far, which may be changed in place.
    ///
    /// - Parameter body: Reads and changes them; they must not be kept.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws.
    public mutating func withMutableBytes<Result, Failure: Error>(
        _ body: (inout MutableRawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var span = UnsafeMutableRawBufferPointer(start: base, count: count).mutableBytes
        return try body(&span)
    }

    /// The bytes as a string; wrong UTF-8 is repaired.
    public var text: String {
        withBytes { span in span.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
    }

    /// Forgets the bytes and keeps the memory.
    public mutating func removeAll() {
        count = 0
    }

    /// Forgets the first bytes and moves the rest to the front.
    ///
    /// - Parameter prefix: How many bytes have been dealt with.
    public mutating func removeFirst(_ prefix: Int) {
        invariant(prefix >= 0 && prefix <= count, "only written bytes can be removed")
        base.copyMemory(from: base + prefix, byteCount: count - prefix)
        count -= prefix
    }

    /// Forgets the bytes after a length.
    ///
    /// - Parameter length: How many bytes stay.
    public mutating func truncate(to length: Int) {
        invariant(length >= 0 && length <= count, "a buffer is not truncated to more than it has")
        count = length
    }

    /// Lets a body write into free space, as `read` does, and counts what it wrote.
    ///
    /// - Parameters:
    ///   - minimum: How much free space there must be.
    ///   - body: Writes into the space and returns how many bytes it wrote.
    /// - Throws: What the body throws.
    public mutating func appendWith<Failure: Error>(
        minimum: Int,
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        reserve(minimum)
        let free = UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
        let written = try body(free)
        invariant(written >= 0 && written <= free.count, "no more is written than there is space")
        count += written
    }

    /// Makes room for so many more bytes.
    ///
    /// - Parameter bytes: How many.
    public mutating func reserve(_ bytes: Int) {
        if capacity - count < bytes { grow(to: count + bytes) }
    }

    private mutating func grow(to needed: Int) {
        let larger = max(needed, capacity * 2)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        memory.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = memory
        capacity = larger
    }

    /// Appends zeros and returns where they start, to be filled by `store`.
    mutating func appendZeros(_ bytes: Int) -> Int {
        reserve(bytes)
        (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        count += bytes
        return count - bytes
    }

    /// Overwrites written bytes with a little-endian number.
    mutating func store<Number: FixedWidthInteger & BitwiseCopyable>(
        _ number: Number,
        at offset: Int
    ) {
        invariant(
            offset >= 0 && offset + MemoryLayout<Number>.size <= count,
            "only written bytes are overwritten"
        )
        base.storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self)
    }

    /// Overwrites written bytes with others.
    mutating func write(_ bytes: RawSpan, at offset: Int) {
        invariant(
            offset >= 0 && offset + bytes.byteCount <= count,
            "only written bytes are overwritten"
        )
        bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            (base + offset).copyMemory(from: from, byteCount: source.count)
        }
    }

    /// Appends bytes.
    ///
    /// - Parameter bytes: What to append.
    public mutating func append(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { append(unsafe: $0) }
    }

    /// Appends one byte.
    mutating func append(byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends a text as it is.
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(unsafe: UnsafeRawBufferPointer($0)) }
    }

    /// Appends a string's UTF-8 as it is.
    mutating func append(utf8 text: String) {
        var text = text
        text.withUTF8 { append(unsafe: UnsafeRawBufferPointer($0)) }
    }

    private mutating func append(unsafe bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        (base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }
}
