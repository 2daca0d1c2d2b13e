import Glibc
import Quantities

/// What opening a journal found and did.
public struct JournalRecovery: Sendable, Hashable {
    /// The position of the oldest byte that is left.
    public var firstPosition: UInt64
    /// Where the journal goes on: the end of the last valid block.
    public var endPosition: UInt64
    /// How many blocks are valid.
    public var blocks: Int
    /// How many segments are left.
    public var segments: Int
    /// The bytes of a torn tail that were cut: written, but never acknowledged.
    ///
    /// Counted are blocks whose header is there; scraps without one cannot be told from what an
    /// earlier life of the file left.
    public var tornBytes: UInt64
    /// The bytes that were not known to be durable and were therefore written and synced again.
    public var renewedBytes: UInt64
}

/// Brings a journal's directory from any state that a crash can leave into a good one.
///
/// Invariants:  bytes that were acknowledged are never cut; an interrupted recovery can be
///              repeated.
struct Recovery {
    private let storage: any JournalStorage
    private let settings: JournalSettings
    private let knownSynced: UInt64
    private var segments: [Segment] = []
    private var found: JournalRecovery
    /// The end of what blocks, or the caller, say is durable.
    private var evidence: UInt64
    /// Whether the only segment was created just now, and so is known to be empty.
    private var isNew = false

    private static let chunkBytes = 1 << 20

    /// Recovers the journal in a directory that is already locked.
    ///
    /// - Parameters:
    ///   - storage: The directory.
    ///   - settings: The journal's sizes.
    ///   - start: Where a journal begins that does not exist yet.
    ///   - knownSynced: What others know to be durable; cutting below it is corruption.
    /// - Returns: The segments and what was found.
    /// - Throws: `JournalError.corrupted`, `.missingSegment`, `.unknownFormat` or `.disk`.
    static func run(
        storage: any JournalStorage,
        settings: JournalSettings,
        startingAt start: UInt64,
        knownSynced: UInt64
    ) throws(JournalError) -> (segments: [Segment], recovered: JournalRecovery) {
        var recovery = Recovery(storage: storage, settings: settings, knownSynced: knownSynced)
        try recovery.openSegments(startingAt: start)
        let tail = try recovery.findEnd()
        try recovery.refuseDamage(in: tail)
        try recovery.cut(behind: tail)
        try recovery.renew()
        return (recovery.segments, recovery.found)
    }

    private init(storage: any JournalStorage, settings: JournalSettings, knownSynced: UInt64) {
        self.storage = storage
        self.settings = settings
        self.knownSynced = knownSynced
        self.evidence = knownSynced
        self.found = JournalRecovery(
            firstPosition: 0,
            endPosition: 0,
            blocks: 0,
            segments: 0,
            tornBytes: 0,
            renewedBytes: 0
        )
    }

    // MARK: - Steps

    private mutating func openSegments(startingAt start: UInt64) throws(JournalError) {
        let names = try storage.names()
        for name in names.sorted() where SegmentName.isUnfinished(name) {
            try storage.remove(name)
        }
        // Also settles what a process before us may have removed without syncing.
        try storage.syncDirectory()
        let starts = names.compactMap(SegmentName.start(in:)).sorted()
        if starts.isEmpty {
            let start = (start + 7) & ~7
            // An empty directory where there should be data is a loss, not a beginning.
            if knownSynced > start { throw .missingSegment(position: knownSynced) }
            let size = UInt64(settings.segmentBytes)
            segments = [try Segment(createdAt: start, size: size, in: storage)]
            isNew = true
        }
        for start in starts {
            if let last = segments.last, last.end != start {
                throw .missingSegment(position: last.end)
            }
            segments.append(try Segment(openedAt: start, in: storage))
        }
        found.firstPosition = segments[0].start
    }

    /// Goes forward over valid blocks and returns the index of the segment where they end.
    private mutating func findEnd() throws(JournalError) -> Int {
        let scanner = BlockScanner(
            segments[0],
            at: segments[0].firstBlock,
            readAhead: Recovery.chunkBytes
        )
        var index = 0
        while true {
            switch try scanner.next(limit: segments[index].end) {
            case .block(let header):
                evidence = max(evidence, header.synced)
                found.blocks += 1
            case .segmentEnd(let header):
                evidence = max(evidence, header.synced)
                index += 1
                // The end block is written only after the next segment is durable.
                guard index < segments.count else {
                    throw .missingSegment(position: segments[index - 1].end)
                }
                scanner.enter(segments[index], at: segments[index].firstBlock)
            case .invalid, .limit:
                found.endPosition = scanner.position
                return index
            }
        }
    }

    /// Looks for a reason to believe that what is not valid had been durable.
    private mutating func refuseDamage(in tail: Int) throws(JournalError) {
        let end = found.endPosition
        let damage = JournalError.corrupted(segment: segments[tail].name, position: end)
        if knownSynced > end { throw damage }
        for (index, segment) in segments.enumerated() where index >= tail {
            let start = index == tail ? end : segment.firstBlock
            let rest = try survey(segment, from: start)
            if rest.newestSynced > end { throw damage }
            found.tornBytes += rest.claimedEnd - start
        }
    }

    /// Removes what lies behind the end, so that it can never be mistaken for data.
    private mutating func cut(behind tail: Int) throws(JournalError) {
        // Newest first: an interruption leaves no gap.
        while segments.count > tail + 1, let newest = segments.last {
            try storage.remove(newest.name)
            try storage.syncDirectory()
            segments.removeLast()
        }
        found.segments = segments.count
        if isNew { return }
        let segment = segments[tail]
        try segment.file.reserve(segment.size)
        // All of it, also where it reads as zeros: if an opening before this one erased and could
        // not sync, the zeros are in the kernel's memory only.
        try erase(segment, from: found.endPosition)
    }

    /// Writes again what may be in the kernel's memory only, and syncs it.
    ///
    /// Why: the process before us may have died after a failed sync, and then the kernel shows
    /// bytes which it believes to be on disk and which are not. Only writing them again is safe.
    private mutating func renew() throws(JournalError) {
        let end = found.endPosition
        for segment in segments where segment.end > evidence || segment.end > end {
            let buffer = Recovery.buffer(for: segment)
            defer { buffer.deallocate() }
            var position = max(segment.firstBlock, evidence)
            let stop = min(segment.end, end)
            while position < stop {
                let wanted = Int(min(stop - position, UInt64(buffer.count)))
                let chunk = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
                let count = try segment.file.read(into: chunk, at: position - segment.start)
                invariant(count == wanted, "valid blocks are in the file")
                try segment.file.write(UnsafeRawBufferPointer(chunk), at: position - segment.start)
                position += UInt64(wanted)
                found.renewedBytes += UInt64(wanted)
            }
            try segment.file.synchronize()
        }
    }

    // MARK: - Helpers

    /// Goes over everything from a position to the segment's end.
    ///
    /// - Returns: The highest `synced` of a valid block behind the position, and the end of the
    ///   last block that has a header there, valid or not.
    private func survey(
        _ segment: Segment,
        from start: UInt64
    ) throws(JournalError) -> (newestSynced: UInt64, claimedEnd: UInt64) {
        var newestSynced: UInt64 = 0
        var claimedEnd = start
        var position = start
        let buffer = Recovery.buffer(for: segment)
        defer { buffer.deallocate() }
        let probe = BlockScanner(segment, at: start, readAhead: 0)
        while position < segment.end {
            let count = try segment.file.read(into: buffer, at: position - segment.start) & ~7
            if count == 0 { break }
            var words = NonZeroWords(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            while let (offset, word) = words.next() {
                guard UInt32(truncatingIfNeeded: word) == BlockHeader.magic else { continue }
                probe.enter(segment, at: position + UInt64(offset))
                guard let header = try probe.header() else { continue }
                claimedEnd = max(claimedEnd, header.endPosition)
                switch try probe.next(limit: segment.end) {
                case .block, .segmentEnd: newestSynced = max(newestSynced, header.synced)
                case .invalid, .limit: continue
                }
            }
            position += UInt64(count)
        }
        return (newestSynced, claimedEnd)
    }

    /// Zeroes a segment from a position to its end.
    private func erase(_ segment: Segment, from start: UInt64) throws(JournalError) {
        let buffer = Recovery.buffer(for: segment)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        var position = start
        while position < segment.end {
            let count = Int(min(segment.end - position, UInt64(buffer.count)))
            let zeros = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            try segment.file.write(zeros, at: position - segment.start)
            position += UInt64(count)
        }
    }

    private static func buffer(for segment: Segment) -> UnsafeMutableRawBufferPointer {
        .allocate(byteCount: min(chunkBytes, Int(segment.size)), alignment: 4096)
    }
}

/// Walks over the words of a buffer that are not zero, quickly where there are none.
private struct NonZeroWords {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private static let page = [UInt8](repeating: 0, count: 4096)

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func next() -> (offset: Int, word: UInt64)? {
        while offset < bytes.count {
            if skipsPage() { continue }
            let found = offset
            offset += 8
            let word = bytes.load(fromByteOffset: found, as: UInt64.self)
            if word != 0 { return (found, UInt64(littleEndian: word)) }
        }
        return nil
    }

    /// Goes over a page of zeros; most of a segment's rest is such pages.
    private mutating func skipsPage() -> Bool {
        guard offset % NonZeroWords.page.count == 0, let base = bytes.baseAddress,
            offset + NonZeroWords.page.count <= bytes.count,
            memcmp(base + offset, NonZeroWords.page, NonZeroWords.page.count) == 0
        else { return false }
        offset += NonZeroWords.page.count
        return true
    }
}
