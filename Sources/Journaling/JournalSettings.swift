/// The journal's sizes; all in bytes.
public struct JournalSettings: Sendable, Hashable {
    /// The size of a segment file that is created from now on; existing ones keep theirs.
    public var segmentBytes: Int
    /// The longest body of a block.
    public var maximumBodyBytes: Int
    /// The memory for blocks that are written but not yet synced; when it is full, writing waits.
    public var maximumUnsyncedBytes: Int
    /// The disk space that all segments together may take; when it is full, writing waits.
    public var maximumBytes: UInt64

    /// Makes settings; what is not given has its default.
    ///
    /// - Parameters:
    ///   - segmentBytes: The size of new segment files, a multiple of 8; default 64 MiB.
    ///   - maximumBodyBytes: The longest body of a block, a multiple of 8; default 1 MiB.
    ///   - maximumUnsyncedBytes: Memory for blocks that are not yet synced; default 64 MiB.
    ///   - maximumBytes: Disk space for all segments; default 64 GiB.
    public init(
        segmentBytes: Int = 64 << 20,
        maximumBodyBytes: Int = 1 << 20,
        maximumUnsyncedBytes: Int = 64 << 20,
        maximumBytes: UInt64 = 64 << 30
    ) {
        self.segmentBytes = segmentBytes
        self.maximumBodyBytes = maximumBodyBytes
        self.maximumUnsyncedBytes = maximumUnsyncedBytes
        self.maximumBytes = maximumBytes
    }

    /// What is wrong with the sizes, as a sentence, or nil.
    public var problem: String? {
        if segmentBytes <= 0 || segmentBytes % 8 != 0 {
            return "The segment size must be a positive multiple of 8 bytes."
        }
        if maximumBodyBytes <= 0 || maximumBodyBytes % 8 != 0 || maximumBodyBytes > 1 << 30 {
            return "The block size must be a multiple of 8 bytes, up to 1 GiB."
        }
        // Beside the block there must be room for the headers and for the segment's end block.
        let smallest = SegmentHeader.bytes + maximumBodyBytes + 2 * BlockHeader.bytes
        if segmentBytes < smallest {
            return "A segment must hold a block: at least \(smallest) bytes."
        }
        // One block that waits for the disk, the one that is being filled, and as much for the
        // wrap.
        let memory = 4 * UnsyncedBlocks.regionBytes(maximumBodyBytes)
        if maximumUnsyncedBytes < memory {
            return "The memory for unsynced blocks must hold four: at least \(memory) bytes."
        }
        if maximumBytes < 2 * UInt64(segmentBytes) {
            return "The disk space must hold two segments: at least \(2 * segmentBytes) bytes."
        }
        return nil
    }
}
