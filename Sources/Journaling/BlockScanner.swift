import Quantities

/// Reads a segment's blocks one after the other, checking each, through one reused buffer.
///
/// Cost:        one large read for many blocks; no allocation unless a block outgrows the buffer.
final class BlockScanner {
    /// What stands at the scanner's position.
    enum Found {
        /// A whole and valid block; the scanner is now behind it.
        case block(BlockHeader)
        /// The mark that the segment ends here; the scanner stays in front of it.
        case segmentEnd(BlockHeader)
        /// Bytes that are no valid block; the scanner stays in front of them.
        case invalid
        /// Nothing: the limit is reached.
        case limit
    }

    private(set) var segment: Segment
    private(set) var position: UInt64
    private let readAhead: Int
    private var buffer: UnsafeMutableRawBufferPointer
    private var bufferedFrom: UInt64 = 0
    private var bufferedCount = 0
    private var bodyStart = 0
    private var bodyCount = 0

    /// Begins in a segment.
    ///
    /// - Parameters:
    ///   - segment: The segment.
    ///   - position: Where a block begins in it.
    ///   - readAhead: How many bytes one read asks for, where there are so many; 0 reads only what
    ///     is needed.
    init(_ segment: Segment, at position: UInt64, readAhead: Int) {
        self.segment = segment
        self.position = position
        self.readAhead = readAhead
        self.buffer = .allocate(byteCount: max(readAhead, 4096), alignment: 4096)
    }

    deinit {
        buffer.deallocate()
    }

    /// The body of the block that `next` found last; valid until the next call.
    var body: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[bodyStart..<(bodyStart + bodyCount)])
    }

    /// Goes on in another segment, or at another place.
    func enter(_ segment: Segment, at position: UInt64) {
        invariant(position % 8 == 0, "a block is aligned to eight bytes")
        self.segment = segment
        self.position = position
        bufferedCount = 0
    }

    /// Looks at the block at the position.
    ///
    /// - Parameter limit: A block boundary; nothing at or behind it is read.
    /// - Returns: What is there.
    /// - Throws: `JournalError.disk`.
    func next(limit: UInt64) throws(JournalError) -> Found {
        let limit = min(limit, segment.end)
        guard position < limit else { return .limit }
        guard let header = try header(limit: limit),
            try fill(header.blockBytes, limit: limit),
            header.matchesChecksum(at: bytesHere)
        else { return .invalid }
        if header.endsSegment { return .segmentEnd(header) }
        bodyStart = Int(position - bufferedFrom) + BlockHeader.bytes
        bodyCount = header.length
        position = header.endPosition
        return .block(header)
    }

    /// The header at the position, if it belongs there; the checksum is not looked at.
    ///
    /// - Parameter limit: Nothing at or behind it is read.
    /// - Returns: The header, or nil.
    /// - Throws: `JournalError.disk`.
    func header(limit: UInt64 = .max) throws(JournalError) -> BlockHeader? {
        guard try fill(BlockHeader.bytes, limit: min(limit, segment.end)),
            let header = BlockHeader(at: bytesHere), header.position == position
        else { return nil }
        // Behind every other block there is room for the end block.
        let behind = header.endsSegment ? 0 : UInt64(BlockHeader.bytes)
        return header.endPosition + behind <= segment.end ? header : nil
    }

    private var bytesHere: UnsafeRawPointer {
        guard let base = buffer.baseAddress else { invariantBroken("a scanner has a buffer") }
        return UnsafeRawPointer(base + Int(position - bufferedFrom))
    }

    /// Brings so many bytes from the position on into the buffer; false when there are fewer.
    private func fill(_ count: Int, limit: UInt64) throws(JournalError) -> Bool {
        let bufferedEnd = bufferedFrom + UInt64(bufferedCount)
        if position >= bufferedFrom, position + UInt64(count) <= bufferedEnd { return true }
        guard UInt64(count) <= limit - position else { return false }
        if count > buffer.count {
            // A length that the file does not have is damage, and no reason to ask for memory.
            guard try hasByte(at: position + UInt64(count) - 1) else { return false }
            buffer.deallocate()
            buffer = .allocate(byteCount: count, alignment: 4096)
        }
        let wanted = min(UInt64(max(count, readAhead)), limit - position)
        bufferedFrom = position
        bufferedCount = 0
        bufferedCount = try segment.file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(wanted)]),
            at: position - segment.start
        )
        return bufferedCount >= count
    }

    /// Whether the file reaches as far as a position; what was buffered is given up.
    private func hasByte(at position: UInt64) throws(JournalError) -> Bool {
        bufferedCount = 0
        let byte = UnsafeMutableRawBufferPointer(rebasing: buffer[..<1])
        return try segment.file.read(into: byte, at: position - segment.start) == 1
    }
}
