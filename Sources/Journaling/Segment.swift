import Quantities

/// One segment file, open.
struct Segment: Sendable {
    let start: UInt64
    let size: UInt64
    let file: any JournalFile

    /// The position after the segment's last byte, where the next segment starts.
    var end: UInt64 { start + size }
    /// The position of the first block.
    var firstBlock: UInt64 { start + UInt64(SegmentHeader.bytes) }
    /// The file's name.
    var name: String { SegmentName.text(start) }

    /// Whether the segment has bytes of the range.
    func overlaps(from first: UInt64, to last: UInt64) -> Bool {
        start < last && end > first
    }

    /// Opens a segment file and checks its header.
    ///
    /// - Parameters:
    ///   - start: Its start position, as in its name.
    ///   - storage: Where it is.
    /// - Throws: `JournalError.corrupted`, `.unknownFormat` or `.disk`.
    init(openedAt start: UInt64, in storage: any JournalStorage) throws(JournalError) {
        let name = SegmentName.text(start)
        let file = try storage.open(name)
        // A segment gets its name only after its header is durable: a bad header is damage.
        let damage = JournalError.corrupted(segment: name, position: start)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: SegmentHeader.bytes,
            alignment: 8
        )
        defer { buffer.deallocate() }
        let count = try file.read(into: buffer, at: 0)
        guard count == SegmentHeader.bytes, let header = SegmentHeader(Array(buffer)) else {
            throw damage
        }
        guard header.version == SegmentHeader.version else {
            throw .unknownFormat(segment: name, version: header.version)
        }
        guard header.start == start, header.size >= SegmentHeader.bytes + BlockHeader.bytes,
            header.size % 8 == 0, start % 8 == 0, start <= UInt64(Int64.max),
            header.size <= UInt64(Int64.max) - start
        else { throw damage }
        self.start = start
        self.size = header.size
        self.file = file
    }

    /// Creates a segment, durable before it returns.
    ///
    /// The file gets its final name last, so that a segment's name never stands for half a segment.
    ///
    /// - Parameters:
    ///   - start: Its start position.
    ///   - size: Its bytes.
    ///   - storage: Where it is created.
    ///   - reuses: Whether a file of that size is there under the unfinished name. What it holds
    ///     bears older positions, and so is never taken for blocks.
    /// - Throws: `JournalError.disk`; the unfinished file is gone then.
    init(
        createdAt start: UInt64,
        size: UInt64,
        in storage: any JournalStorage,
        reuses: Bool = false
    ) throws(JournalError) {
        invariant(start % 8 == 0 && size % 8 == 0, "a segment is aligned to eight bytes")
        let name = SegmentName.text(start)
        let unfinished = SegmentName.unfinished(start)
        let file = reuses ? try storage.open(unfinished) : try storage.create(unfinished)
        do throws(JournalError) {
            try file.reserve(size)
            try file.write(SegmentHeader(start: start, size: size).encoded)
            try file.synchronize()
        } catch let fault {
            // So that a full disk is not kept full by a file that nobody uses. If that fails too,
            // the next attempt empties the file and the next opening removes it.
            do throws(JournalError) { try storage.remove(unfinished) } catch { throw fault }
            throw fault
        }
        try storage.rename(unfinished, to: name)
        try storage.syncDirectory()
        self.start = start
        self.size = size
        self.file = file
    }
}

/// How segment files are called: `journal-<start position, 20 digits>.log`.
enum SegmentName {
    private static let unfinishedSuffix = ".new"
    /// A retired segment that waits to become a new one.
    static let spare = "journal-spare"
    private static let prefix = "journal-"
    private static let suffix = ".log"
    private static let digits = 20

    static func text(_ start: UInt64) -> String {
        let number = String(start)
        let zeros = String(repeating: "0", count: digits - number.utf8.count)
        return prefix + zeros + number + suffix
    }

    /// The name of a segment that is not ready yet.
    static func unfinished(_ start: UInt64) -> String {
        text(start) + unfinishedSuffix
    }

    /// The start position in a name, or nil when the file is no segment.
    static func start(in name: String) -> UInt64? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix),
            name.utf8.count == prefix.utf8.count + digits + suffix.utf8.count,
            let start = UInt64(name.dropFirst(prefix.count).dropLast(suffix.count)),
            text(start) == name
        else { return nil }
        return start
    }

    /// Whether a file is the spare or a segment whose creation was interrupted.
    static func isUnfinished(_ name: String) -> Bool {
        if name == spare { return true }
        return name.hasSuffix(unfinishedSuffix)
            && start(in: String(name.dropLast(unfinishedSuffix.count))) != nil
    }
}

extension JournalFile {
    /// Writes an array at the file's beginning.
    func write(_ bytes: [UInt8]) throws(JournalError) {
        // `withUnsafeBytes` keeps the kind of error only in its newest form; a copy is simpler
        // here.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        try write(UnsafeRawBufferPointer(copy), at: 0)
    }
}
