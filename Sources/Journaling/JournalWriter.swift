import Quantities

/// Collects bytes into blocks and writes them, one after the other.
///
/// Queue:       one stage at a time; not safe from two threads.
/// Cost:        no allocation and no copy: bytes are laid down where the block is written from. One
///              system call per block.
public final class JournalWriter {
    private let journal: Journal
    private let positions: JournalPositions
    private var segment: Segment
    /// Where the next block goes; behind the written position after a change of segment.
    private var position: UInt64
    private var region: UnsafeMutableRawPointer
    private var leadsWithEnd = false

    /// The bytes in the block that is being filled.
    public private(set) var pendingBytes = 0

    init(_ journal: Journal) {
        self.journal = journal
        self.positions = journal.positions
        self.segment = journal.segments.last
        self.position = journal.recovered.endPosition
        self.region = journal.unsynced.region(at: 0)
        invariant(
            position >= segment.firstBlock && position < segment.end,
            "the journal goes on in its last segment"
        )
        openRegion(at: 0)
    }

    /// The end of the last block that was written.
    public var writtenPosition: UInt64 { positions.written }

    /// Space at the end of the block that is being filled, or nil when it has not so much left.
    ///
    /// After nil: `writeBlock()`, then ask again.
    ///
    /// - Parameter count: The bytes that are needed, at most `maximumBodyBytes`.
    /// - Returns: All the space that is left, not cleared; fill some and `commit` it.
    public func reserve(atLeast count: Int) -> UnsafeMutableRawBufferPointer? {
        invariant(
            count >= 0 && count <= journal.settings.maximumBodyBytes,
            "what is reserved fits into a block"
        )
        let left = journal.settings.maximumBodyBytes - pendingBytes
        guard count <= left else { return nil }
        let body = block + BlockHeader.bytes
        return UnsafeMutableRawBufferPointer(start: body + pendingBytes, count: left)
    }

    /// Makes the first bytes of the reserved space part of the block.
    ///
    /// - Parameter count: How many.
    public func commit(_ count: Int) {
        invariant(
            count >= 0 && pendingBytes + count <= journal.settings.maximumBodyBytes,
            "what is committed was reserved"
        )
        pendingBytes += count
    }

    /// Copies bytes into the block that is being filled.
    ///
    /// - Parameter bytes: At most `maximumBodyBytes`.
    /// - Returns: False when the block has not so much space left: `writeBlock()`, then try again.
    public func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let space = reserve(atLeast: bytes.count) else { return false }
        space.copyMemory(from: bytes)
        commit(bytes.count)
        return true
    }

    /// Writes the block that is being filled, if it has any bytes, and begins the next one.
    ///
    /// After an error nothing is lost and nothing is published: the same block may still be filled,
    /// and the same call goes on where it was.
    ///
    /// - Throws: `JournalError.behind`, `.full` or `.disk`.
    public func writeBlock() throws(JournalError) {
        if pendingBytes > 0 { try write() }
    }

    /// Writes an empty block that carries the synced position, at an orderly stop.
    ///
    /// To be called after the last sync. Without it, later damage to the last block could not be
    /// told from a torn tail; with it, it is recognised. Does nothing while something is unsynced.
    ///
    /// - Throws: `JournalError.behind`, `.full` or `.disk`.
    public func seal() throws(JournalError) {
        try writeBlock()
        if positions.synced == positions.written { try write() }
    }

    private var block: UnsafeMutableRawPointer { region + UnsyncedBlocks.leadBytes }
    private var endBlock: UnsafeMutableRawPointer { region + UnsyncedBlocks.endOffset }

    private func write() throws(JournalError) {
        let bytes = BlockHeader.blockBytes(body: pendingBytes)
        let entryBytes = UnsyncedBlocks.leadBytes + bytes
        guard let next = journal.unsynced.place(after: entryBytes) else {
            throw .behind(unsyncedBytes: positions.written - positions.synced)
        }
        // Taken before the first byte goes to the file: a sync that fails from now on may lose it.
        if !leadsWithEnd { region.storeBytes(of: positions.failedSyncs, as: UInt64.self) }
        // The end block needs its room behind this one.
        if position + UInt64(bytes + BlockHeader.bytes) > segment.end { try changeSegment() }
        BlockHeader(length: pendingBytes, position: position, synced: positions.synced)
            .encode(at: block)
        try segment.file.write(
            UnsafeRawBufferPointer(start: block, count: bytes),
            at: position - segment.start
        )
        journal.unsynced.retain(entryBytes, next: next)
        position += UInt64(bytes)
        openRegion(at: next)
        positions.advanceWritten(to: position)
    }

    /// Ends the segment and goes on in the next; the end block stays in front of the open block.
    private func changeSegment() throws(JournalError) {
        invariant(!leadsWithEnd, "an empty segment has room for a block")
        let next = try journal.segments.following(segment)
        BlockHeader(length: 0, endsSegment: true, position: position, synced: positions.synced)
            .encode(at: endBlock)
        do throws(JournalError) {
            try segment.file.write(
                UnsafeRawBufferPointer(start: endBlock, count: BlockHeader.bytes),
                at: position - segment.start
            )
        } catch {
            clearLead()
            throw error
        }
        leadsWithEnd = true
        segment = next
        position = next.firstBlock
    }

    private func openRegion(at offset: Int) {
        region = journal.unsynced.region(at: offset)
        pendingBytes = 0
        leadsWithEnd = false
        clearLead()
    }

    /// Marks that no end block stands in front of the open block.
    private func clearLead() {
        endBlock.storeBytes(of: 0, as: UInt64.self)
    }
}
