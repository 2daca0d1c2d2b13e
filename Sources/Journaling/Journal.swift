import Quantities
import Synchronization

/// A write-ahead log in segments: bytes in, positions out.
///
/// Invariants:  what was synced is there after any crash, bit for bit and in order, until it is
///              retired; what was only written survives the death of the process.
/// Queue:       the journal itself may be used from any thread; the writer, the syncer and each
///              reader belong to one stage each.
/// Why:         see the room's charter for the format on disk and the decisions.
public final class Journal: Sendable {
    /// How far the journal is.
    public let positions: JournalPositions
    /// What opening found and did.
    public let recovered: JournalRecovery
    /// The journal's sizes.
    public let settings: JournalSettings

    let storage: any JournalStorage
    let segments: SegmentTable
    let unsynced: UnsyncedBlocks
    private let lock: any JournalLock
    private let writerTaken = Atomic<Bool>(false)
    private let syncerTaken = Atomic<Bool>(false)

    /// Opens the journal of a directory, recovering it first, or creates one where there is none.
    ///
    /// - Parameters:
    ///   - storage: The directory.
    ///   - settings: The journal's sizes.
    ///   - startingAt: The first position of a journal that is created; rounded up to 8.
    ///   - knownSynced: What others know to have been durable, such as a checkpoint: an end before
    ///     it is damage, not a torn tail.
    /// - Throws: `JournalError`: `.settings`, `.locked`, `.corrupted`, `.missingSegment`,
    ///   `.unknownFormat` or `.disk`.
    public init(
        storage: any JournalStorage,
        settings: JournalSettings = JournalSettings(),
        startingAt: UInt64 = 0,
        knownSynced: UInt64 = 0
    ) throws(JournalError) {
        if let problem = settings.problem { throw .settings(problem: problem) }
        let lock = try storage.lock()
        let (segments, recovered) = try Recovery.run(
            storage: storage,
            settings: settings,
            startingAt: startingAt,
            knownSynced: knownSynced
        )
        self.lock = lock
        self.storage = storage
        self.settings = settings
        self.recovered = recovered
        self.positions = JournalPositions(
            end: recovered.endPosition,
            oldest: recovered.firstPosition
        )
        self.segments = SegmentTable(
            segments,
            storage: storage,
            settings: settings,
            positions: positions
        )
        self.unsynced = UnsyncedBlocks(
            capacity: settings.maximumUnsyncedBytes,
            maximumBodyBytes: settings.maximumBodyBytes
        )
    }

    /// The one writer, to be taken once.
    ///
    /// - Returns: The writer; it belongs to one stage from now on.
    public func takeWriter() -> sending JournalWriter {
        let taken = writerTaken.exchange(true, ordering: .acquiringAndReleasing)
        invariant(!taken, "a journal has one writer")
        return JournalWriter(self)
    }

    /// The one syncer, to be taken once.
    ///
    /// - Returns: The syncer; it belongs to one stage from now on.
    public func takeSyncer() -> sending JournalSyncer {
        let taken = syncerTaken.exchange(true, ordering: .acquiringAndReleasing)
        invariant(!taken, "a journal has one syncer")
        return JournalSyncer(self)
    }

    /// A reader from a position on; there may be many.
    ///
    /// - Parameter position: Where a block begins or ended.
    /// - Returns: The reader; it belongs to one stage from now on.
    /// - Throws: `JournalError.retired`, `.noBlock` or `.disk`.
    public func reader(from position: UInt64) throws(JournalError) -> sending JournalReader {
        try JournalReader(storage: storage, from: position)
    }

    /// Whether `prepareSegment()` has something to do, unless the journal is full.
    public var wantsSegment: Bool { segments.wantsNext }

    /// Creates the next segment ahead of its need, when the current one is more than half full.
    ///
    /// From any thread; it takes as long as the disk does. If it is never called, or fails, the
    /// writer creates the segment itself when it needs it.
    ///
    /// - Throws: `JournalError.disk`.
    public func prepareSegment() throws(JournalError) {
        try segments.prepare()
    }

    /// Says that what lies before a position is not needed any more, and frees its whole segments.
    ///
    /// - Parameter position: At most the synced position; going back is ignored.
    /// - Throws: `JournalError.disk`; the next call tries again.
    public func retire(below position: UInt64) throws(JournalError) {
        try segments.retire(below: position)
    }
}
