import Quantities
import Synchronization

/// The segments there are, and the only one who creates and removes them.
///
/// Invariants:  the segments join: each starts where the one before ends.
/// Queue:       any; creations and removals wait for each other, look-ups wait for neither.
final class SegmentTable: Sendable {
    private let storage: any JournalStorage
    private let segmentBytes: UInt64
    private let maximumBytes: UInt64
    private let positions: JournalPositions
    /// The list, held only for a look.
    private let list: Mutex<[Segment]>
    /// Held while files are created and removed.
    private let changes = Mutex(Changes())

    private struct Changes {
        /// Whether a removal is not yet durable.
        var isUnsettled = false
        /// Whether a retired file is kept to become the next segment.
        var hasSpare = false
    }

    init(
        _ segments: [Segment],
        storage: any JournalStorage,
        settings: JournalSettings,
        positions: JournalPositions
    ) {
        invariant(!segments.isEmpty, "a journal has a segment")
        self.storage = storage
        self.segmentBytes = UInt64(settings.segmentBytes)
        self.maximumBytes = settings.maximumBytes
        self.positions = positions
        self.list = Mutex(segments)
        publishSize(Changes())
    }

    /// The last segment of the list.
    var last: Segment {
        guard let last = list.withLock({ $0.last }) else {
            invariantBroken("a journal has a segment")
        }
        return last
    }

    /// The first segment that has bytes of a range, or nil.
    func first(from start: UInt64, to end: UInt64) -> Segment? {
        list.withLock { $0.first { $0.overlaps(from: start, to: end) } }
    }

    /// The segment that holds a position.
    func holding(_ position: UInt64) -> Segment {
        let found = list.withLock { $0.last { $0.start <= position } }
        guard let found, position < found.end else {
            invariantBroken("a retained block is in a segment")
        }
        return found
    }

    /// The segment after another: the one that was prepared, or else a new one.
    ///
    /// - Parameter current: The segment that is full.
    /// - Returns: A segment that is durable and empty.
    /// - Throws: `JournalError.full` or `.disk`.
    func following(_ current: Segment) throws(JournalError) -> Segment {
        // A typed throw out of a mutex's closure needs the closure's kind spelt out.
        try changes.withLock { (changes: inout Changes) throws(JournalError) -> Segment in
            let newest = last
            if newest.start == current.end { return newest }
            guard hasRoom(changes) else { throw .full(bytesOnDisk: positions.bytesOnDisk) }
            return try append(&changes)
        }
    }

    /// Whether `prepare()` would create a segment, if there may be one.
    var wantsNext: Bool { isHalfFull(last) }

    private func isHalfFull(_ segment: Segment) -> Bool {
        positions.written > segment.start + segment.size / 2
    }

    /// Creates the segment after the last when that is more than half full, if there may be one.
    ///
    /// - Throws: `JournalError.disk`.
    func prepare() throws(JournalError) {
        let newest = last
        guard isHalfFull(newest) else { return }
        try changes.withLock { (changes: inout Changes) throws(JournalError) in
            guard last.start == newest.start, hasRoom(changes) else { return }
            _ = try append(&changes)
        }
    }

    /// Moves the retired position and removes the segments wholly before it, oldest first.
    ///
    /// Each removal is durable before the next one begins, so that a power cut never leaves a gap.
    /// One file is kept to become the next segment: a sync of bytes that the file system has had
    /// before costs half of one of space that was only reserved.
    ///
    /// - Parameter position: At most the synced position.
    /// - Throws: `JournalError.disk`; what was not removed is tried again by the next call.
    func retire(below position: UInt64) throws(JournalError) {
        invariant(position <= positions.synced, "only what is synced is retired")
        try changes.withLock { (changes: inout Changes) throws(JournalError) in
            let position = max(position, positions.retired)
            positions.advanceRetired(to: position)
            try settle(&changes)
            while let oldest = list.withLock({ $0.first }), oldest.end <= position {
                if !changes.hasSpare, oldest.size == segmentBytes {
                    try storage.rename(oldest.name, to: SegmentName.spare)
                    changes.hasSpare = true
                } else {
                    try storage.remove(oldest.name)
                }
                changes.isUnsettled = true
                list.withLock { _ = $0.removeFirst() }
                publishSize(changes)
                try settle(&changes)
            }
        }
    }

    private func settle(_ changes: inout Changes) throws(JournalError) {
        if !changes.isUnsettled { return }
        try storage.syncDirectory()
        changes.isUnsettled = false
    }

    private func bytes(_ changes: Changes) -> UInt64 {
        let spare = changes.hasSpare ? segmentBytes : 0
        return list.withLock { list in
            guard let first = list.first, let last = list.last else { return spare }
            return last.end - first.start + spare
        }
    }

    private func hasRoom(_ changes: Changes) -> Bool {
        changes.hasSpare || bytes(changes) + segmentBytes <= maximumBytes
    }

    private func append(_ changes: inout Changes) throws(JournalError) -> Segment {
        // Before a spare is written to, its old name must be gone for good.
        try settle(&changes)
        let start = last.end
        let reuses = changes.hasSpare
        if reuses {
            try storage.rename(SegmentName.spare, to: SegmentName.unfinished(start))
            changes.hasSpare = false
        }
        defer { publishSize(changes) }
        let made = try Segment(createdAt: start, size: segmentBytes, in: storage, reuses: reuses)
        list.withLock { $0.append(made) }
        return made
    }

    private func publishSize(_ changes: Changes) {
        positions.setBytesOnDisk(bytes(changes))
    }
}
