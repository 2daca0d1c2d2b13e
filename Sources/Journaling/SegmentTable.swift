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
    /// Held while files are created and removed; tells whether a removal is not yet durable.
    private let changes = Mutex<Bool>(false)

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
        publishSize()
    }

    /// The last segment of the list.
    var last: Segment {
        guard let last = list.withLock({ $0.last }) else {
            invariantBroken("a journal has a segment")
        }
        return last
    }

    /// The segments that have bytes of a range.
    func overlapping(from first: UInt64, to end: UInt64) -> [Segment] {
        list.withLock { $0.filter { $0.overlaps(from: first, to: end) } }
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
        try changes.withLock { (_: inout Bool) throws(JournalError) -> Segment in
            let newest = last
            if newest.start == current.end { return newest }
            guard hasRoomForAnother else { throw .full(bytesOnDisk: bytes) }
            return try append()
        }
    }

    /// Creates the segment after the last when that is more than half full, if there may be one.
    ///
    /// - Throws: `JournalError.disk`.
    func prepare() throws(JournalError) {
        let newest = last
        guard positions.written > newest.start + newest.size / 2 else { return }
        try changes.withLock { (_: inout Bool) throws(JournalError) in
            guard last.start == newest.start, hasRoomForAnother else { return }
            _ = try append()
        }
    }

    /// Moves the retired position and removes the segments wholly before it, oldest first.
    ///
    /// Each removal is durable before the next one begins, so that a power cut never leaves a gap.
    ///
    /// - Parameter position: At most the synced position.
    /// - Throws: `JournalError.disk`; what was not removed is tried again by the next call.
    func retire(below position: UInt64) throws(JournalError) {
        invariant(position <= positions.synced, "only what is synced is retired")
        try changes.withLock { (unsettled: inout Bool) throws(JournalError) in
            let position = max(position, positions.retired)
            positions.advanceRetired(to: position)
            if unsettled {
                try storage.syncDirectory()
                unsettled = false
            }
            while let oldest = list.withLock({ $0.first }), oldest.end <= position {
                try storage.remove(oldest.name)
                unsettled = true
                list.withLock { _ = $0.removeFirst() }
                publishSize()
                try storage.syncDirectory()
                unsettled = false
            }
        }
    }

    private var bytes: UInt64 {
        list.withLock { list in
            guard let first = list.first, let last = list.last else { return 0 }
            return last.end - first.start
        }
    }

    private var hasRoomForAnother: Bool { bytes + segmentBytes <= maximumBytes }

    private func append() throws(JournalError) -> Segment {
        let start = last.end
        let made = try Segment(createdAt: start, size: segmentBytes, in: storage)
        list.withLock { $0.append(made) }
        publishSize()
        return made
    }

    private func publishSize() {
        positions.setBytesOnDisk(bytes)
    }
}
