import Quantities

/// A reusable byte buffer that journal records are written into, one after the other.
///
/// Its owner may lend it memory, so that records are made where they are wanted: in the ring to the
/// journal. What does not fit there moves to the buffer's own memory.
///
/// Layout:      records of a multiple of 8 bytes, each beginning with its own length.
/// Cost:        grows to the largest batch ever held, then allocates nothing any more.
/// Queue:       owned by one shard at a time; not thread-safe.
public final class RecordBuffer {
    /// The memory behind the records.
    @exclusivity(unchecked) private var base: UnsafeMutableRawPointer
    @exclusivity(unchecked) private var capacity: Int
    /// The buffer's own memory, also while it writes elsewhere.
    private var own: UnsafeMutableRawPointer
    private var ownCapacity: Int
    /// How many bytes are used.
    @exclusivity(unchecked) public private(set) var count = 0

    /// Makes an empty buffer.
    ///
    /// - Parameter capacity: How many bytes to begin with.
    public init(capacity: Int = 16_384) {
        ownCapacity = max(capacity, 1024)
        own = .allocate(byteCount: ownCapacity, alignment: 16)
        base = own
        self.capacity = ownCapacity
    }

    deinit {
        own.deallocate()
    }

    /// Writes the coming records into memory of somebody else, until `takeBack()`.
    ///
    /// - Parameter memory: Aligned to 8; valid until `takeBack()`.
    public func lend(_ memory: UnsafeMutableRawBufferPointer) {
        invariant(count == 0 && base == own, "only an empty buffer is lent memory")
        guard let start = memory.baseAddress else { return }
        base = start
        capacity = memory.count
    }

    /// Whether the records lie in memory that was lent.
    public var isLent: Bool { base != own }

    /// Goes back to the buffer's own memory and forgets what was written into the lent one.
    public func takeBack() {
        base = own
        capacity = ownCapacity
        count = 0
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
        let start = openAsItIs(rounded)
        start.initializeMemory(as: UInt8.self, repeating: 0, count: rounded)
        return start
    }

    /// Opens room for one record whose every byte is going to be written.
    ///
    /// - Parameter length: The record's length, a multiple of 8.
    /// - Returns: Where to write it.
    @inline(__always)
    func openAsItIs(_ length: Int) -> UnsafeMutableRawPointer {
        if count &+ length > capacity { grow(to: count + length) }
        let start = base + count
        count &+= length
        return start
    }

    @inline(never)
    private func grow(to needed: Int) {
        var larger = ownCapacity
        while larger < needed { larger *= 2 }
        if base != own, larger == ownCapacity {
            own.copyMemory(from: base, byteCount: count)
        } else {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
            memory.copyMemory(from: base, byteCount: count)
            own.deallocate()
            own = memory
            ownCapacity = larger
        }
        base = own
        capacity = ownCapacity
    }
}
