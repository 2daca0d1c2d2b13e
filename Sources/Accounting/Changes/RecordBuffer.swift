import Quantities

/// A reusable byte buffer that journal records are written into, one after the other.
///
/// Layout:      records of a multiple of 8 bytes, each beginning with its own length.
/// Cost:        grows to the largest batch ever held, then allocates nothing any more.
/// Queue:       owned by one shard at a time; not thread-safe.
public final class RecordBuffer {
    /// The memory behind the records.
    @exclusivity(unchecked) @usableFromInline private(set) var base: UnsafeMutableRawPointer
    @exclusivity(unchecked) @usableFromInline private(set) var capacity: Int
    /// How many bytes are used.
    @exclusivity(unchecked) public private(set) var count = 0

    /// Makes an empty buffer.
    ///
    /// - Parameter capacity: How many bytes to begin with.
    public init(capacity: Int = 16_384) {
        self.capacity = max(capacity, 1024)
        self.base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    /// The records so far.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Forgets all records and keeps the memory.
    public func removeAll() {
        count = 0
    }

    /// Opens room for one record and counts it as used.
    ///
    /// - Parameter length: The record's length, rounded up to 8 here.
    /// - Returns: Where to write it; the bytes are zero.
    func open(_ length: Int) -> UnsafeMutableRawPointer {
        let rounded = (length + 7) & ~7
        if count + rounded > capacity { grow(to: count + rounded) }
        let start = base + count
        start.initializeMemory(as: UInt8.self, repeating: 0, count: rounded)
        count += rounded
        return start
    }

    /// Appends bytes as they are, for records that were made elsewhere.
    ///
    /// - Parameter record: Whole records, a multiple of 8 bytes.
    public func append(_ record: UnsafeRawBufferPointer) {
        guard let source = record.baseAddress else { return }
        invariant(record.count % 8 == 0, "records are a multiple of 8 bytes")
        open(record.count).copyMemory(from: source, byteCount: record.count)
    }

    private func grow(to needed: Int) {
        var larger = capacity
        while larger < needed { larger *= 2 }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        memory.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = memory
        capacity = larger
    }
}
