import Quantities

/// A reusable byte buffer that COPY rows are written into.
///
/// Cost:        grows to the largest part ever written, then allocates nothing any more.
/// Queue:       one owner at a time.
final class OutputBuffer {
    private(set) var base: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 262_144) {
        self.capacity = capacity
        self.base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    func removeAll() {
        count = 0
    }

    /// Makes sure that so many bytes can be written, and says where.
    @inline(__always)
    func reserve(_ needed: Int) -> UnsafeMutableRawPointer {
        if count + needed > capacity { grow(to: count + needed) }
        return base + count
    }

    /// Counts bytes as written.
    @inline(__always)
    func commit(_ written: Int) {
        count += written
    }

    func append(_ source: UnsafeRawBufferPointer) {
        let target = reserve(source.count)
        if let start = source.baseAddress {
            target.copyMemory(from: start, byteCount: source.count)
        }
        commit(source.count)
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
