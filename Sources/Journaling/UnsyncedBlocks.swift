import Quantities
import Synchronization

/// The memory in which blocks are built and kept until they are durable.
///
/// Layout:      | free | retained ... retained | open region | free |      (a ring)
///                      ^ head                 ^ tail
///              An entry is a stamp of 8 bytes, 32 bytes for the end block of the segment before
///              (zeros when the block does not open a segment), then the block. The open region is
///              always contiguous and has room for the longest block; where it does not fit, the
///              ring wraps. The stamp is how many syncs had failed before the entry's first byte
///              was written to the file.
/// Invariants:  retained entries are never changed; head and tail meet only when nothing is
///              retained.
/// Order:       the mutex orders the writer's bytes before the syncer's reads, and these before the
///              writer's reuse.
/// Why:         after a failed `fdatasync` the kernel may have dropped the pages and marked them
///              clean, so that only memory still knows what must be written again.
final class UnsyncedBlocks: @unchecked Sendable {
    // SAFETY: the writer touches only the open region, the syncer only reads between head and tail;
    // both borders move under the mutex. Attacked by `JournalThreadsTests`.

    private struct Borders {
        var head = 0
        var tail = 0
        /// Where the entries end and go on at 0, while they do.
        var wrap: Int?
    }

    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private let regionBytes: Int
    private let borders = Mutex(Borders())

    /// The bytes of an entry in front of its block.
    static let leadBytes = endOffset + BlockHeader.bytes
    /// Where in an entry the end block stands.
    static let endOffset = 8

    /// The bytes that the open region needs.
    static func regionBytes(_ maximumBodyBytes: Int) -> Int {
        leadBytes + BlockHeader.blockBytes(body: maximumBodyBytes)
    }

    init(capacity: Int, maximumBodyBytes: Int) {
        self.capacity = capacity & ~7
        self.regionBytes = UnsyncedBlocks.regionBytes(maximumBodyBytes)
        invariant(2 * regionBytes <= self.capacity, "the memory holds at least two blocks")
        self.base = .allocate(byteCount: self.capacity, alignment: 4096)
    }

    deinit {
        base.deallocate()
    }

    /// The region at an offset that `place(after:)` gave, or at 0 in the beginning.
    func region(at offset: Int) -> UnsafeMutableRawPointer {
        invariant(offset >= 0 && offset + regionBytes <= capacity, "a region is in the memory")
        return base + offset
    }

    /// Where the next region can begin once the open one is retained with so many bytes, or nil.
    ///
    /// Only for the writer. The answer stays good: the syncer only ever frees.
    func place(after bytes: Int) -> Int? {
        borders.withLock { borders in
            let end = borders.tail + bytes
            // Strictly below the head, so that head and tail do not meet while entries are
            // retained.
            if borders.tail < borders.head {
                return end + regionBytes < borders.head ? end : nil
            }
            if end + regionBytes <= capacity { return end }
            return regionBytes < borders.head ? 0 : nil
        }
    }

    /// Retains the open region's first bytes as an entry; the next region begins at `next`.
    func retain(_ bytes: Int, next: Int) {
        borders.withLock { borders in
            invariant(bytes <= regionBytes, "an entry is no longer than its region")
            if next != borders.tail + bytes { borders.wrap = borders.tail + bytes }
            borders.tail = next
        }
    }

    /// Goes through the retained blocks that a failed sync may have lost, oldest first.
    ///
    /// Only for the syncer. A block can be lost by a sync that failed after its writing had begun,
    /// also when it was published only later; its stamp is below the number of failures then.
    ///
    /// - Parameters:
    ///   - position: Where to stop.
    ///   - failures: How many syncs have failed.
    ///   - body: Gets each block, with the end block before it where there is one.
    /// - Throws: What the body throws.
    func visit(
        upTo position: UInt64,
        stampedBelow failures: UInt64,
        _ body: (_ block: Retained) throws(JournalError) -> Void
    ) throws(JournalError) {
        let now = borders.withLock { $0 }
        var offset = now.head
        while let entry = entry(at: &offset, of: now), entry.block.endPosition <= position {
            let bytes = UnsafeRawPointer(base + offset)
            offset += entry.bytes
            guard bytes.load(as: UInt64.self) < failures else { continue }
            let end = bytes + UnsyncedBlocks.endOffset
            if let header = BlockHeader(at: end) {
                try body(Retained(header: header, start: end))
            }
            try body(Retained(header: entry.block, start: bytes + UnsyncedBlocks.leadBytes))
        }
    }

    /// Frees the entries that end at or before a position; only for the syncer.
    func release(upTo position: UInt64) {
        let now = borders.withLock { $0 }
        var offset = now.head
        while let entry = entry(at: &offset, of: now), entry.block.endPosition <= position {
            offset += entry.bytes
        }
        // A wrap that was passed may stay: no entry begins there in a later round, because no
        // region has room there.
        borders.withLock { $0.head = offset }
    }

    private func entry(at offset: inout Int, of now: Borders) -> (block: BlockHeader, bytes: Int)? {
        if offset == now.wrap { offset = 0 }
        if offset == now.tail { return nil }
        guard let block = BlockHeader(at: base + offset + UnsyncedBlocks.leadBytes) else {
            invariantBroken("a retained entry holds a block")
        }
        return (block, UnsyncedBlocks.leadBytes + block.blockBytes)
    }
}

/// A block in memory, as it must stand on disk.
struct Retained {
    let header: BlockHeader
    let start: UnsafeRawPointer

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: header.blockBytes)
    }
}
