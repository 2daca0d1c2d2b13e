import Quantities

/// Reads blocks in order, also from the segment that is being written.
///
/// Layout:      the position after a block is where the next one begins, or where the segment's end
///              block stands; a reader goes from there to the next segment by itself.
/// Queue:       one stage at a time; at the same time as the writer and the syncer.
/// Cost:        large reads into a reused buffer.
public final class JournalReader {
    /// The end of the last block that was handed out, or where the reader began; a checkpoint from
    /// which another reader goes on.
    public private(set) var position: UInt64

    private let storage: any JournalStorage
    private let scanner: BlockScanner
    /// Whether a block is known to begin at the scanner's position.
    private var isOnBoundary: Bool

    /// Begins at a position.
    ///
    /// - Parameters:
    ///   - storage: The journal's directory.
    ///   - position: Where a block begins or ended, or where a segment starts.
    ///   - readAhead: How many bytes one read asks for.
    /// - Throws: `JournalError.retired`, `.noBlock`, `.corrupted`, `.unknownFormat` or `.disk`.
    public init(
        storage: any JournalStorage,
        from position: UInt64,
        readAhead: Int = 1 << 20
    ) throws(JournalError) {
        let starts = try storage.names().compactMap(SegmentName.start(in:)).sorted()
        guard let oldest = starts.first, position % 8 == 0 else {
            throw .noBlock(position: position)
        }
        guard let start = starts.last(where: { $0 <= position }) else {
            throw .retired(position: position, oldest: oldest)
        }
        let segment = try Segment(openedAt: start, in: storage)
        guard position < segment.end else { throw .noBlock(position: position) }
        self.storage = storage
        self.position = position
        self.isOnBoundary = position <= segment.firstBlock
        self.scanner = BlockScanner(
            segment,
            at: max(position, segment.firstBlock),
            readAhead: readAhead
        )
    }

    /// Hands the next block to the body, if one ends at or before the limit.
    ///
    /// - Parameters:
    ///   - limit: The synced position, or another end of a block: nothing behind it is read.
    ///   - body: Gets the block's position, its end, and its bytes, valid only during the call.
    /// - Returns: What the body returns, or nil when the limit is reached.
    /// - Throws: `JournalError.corrupted` when bytes before the limit are damaged, `.noBlock` when
    ///   the reader began where no block begins, `.retired`, or `.disk`.
    public func withNextBlock<Result>(
        upTo limit: UInt64,
        _ body: (_ position: UInt64, _ end: UInt64, _ bytes: UnsafeRawBufferPointer) -> Result
    ) throws(JournalError) -> Result? {
        while true {
            switch try scanner.next(limit: limit) {
            case .block(let header):
                isOnBoundary = true
                position = header.endPosition
                // An empty block only seals what is before it.
                if header.length == 0 { continue }
                return body(header.position, header.endPosition, scanner.body)
            case .segmentEnd:
                try enterNextSegment()
            case .invalid:
                throw try fault()
            case .limit:
                return nil
            }
        }
    }

    /// Why no block is where one should be.
    private func fault() throws(JournalError) -> JournalError {
        let starts = try storage.names().compactMap(SegmentName.start(in:))
        // The file of a retired segment may have become another one under our hands.
        if let oldest = starts.min(), oldest > scanner.segment.start {
            return .retired(position: scanner.position, oldest: oldest)
        }
        guard isOnBoundary else { return .noBlock(position: scanner.position) }
        return .corrupted(segment: scanner.segment.name, position: scanner.position)
    }

    private func enterNextSegment() throws(JournalError) {
        let start = scanner.segment.end
        do throws(JournalError) {
            let next = try Segment(openedAt: start, in: storage)
            scanner.enter(next, at: next.firstBlock)
            isOnBoundary = true
        } catch {
            let starts = try storage.names().compactMap(SegmentName.start(in:))
            if starts.contains(start) { throw error }
            guard let oldest = starts.min(), oldest > start else {
                throw .missingSegment(position: start)
            }
            throw .retired(position: start, oldest: oldest)
        }
    }
}
