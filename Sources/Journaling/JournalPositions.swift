import Quantities
import Synchronization

/// How far the journal is, readable from every thread at any moment.
///
/// Units:       positions are bytes since the journal's beginning, headers and gaps included.
/// Invariants:  retired <= synced <= written; each only grows.
/// Order:       stored releasing, loaded acquiring: whoever sees a position sees the bytes before
///              it in the file.
public final class JournalPositions: Sendable {
    private let writtenCell: Atomic<UInt64>
    private let syncedCell: Atomic<UInt64>
    private let retiredCell: Atomic<UInt64>
    private let bytesOnDiskCell = Atomic<UInt64>(0)
    private let blocksCell = Atomic<UInt64>(0)
    private let syncsCell = Atomic<UInt64>(0)
    private let failedSyncsCell = Atomic<UInt64>(0)
    private let rewrittenCell = Atomic<UInt64>(0)

    init(end: UInt64, oldest: UInt64) {
        writtenCell = Atomic(end)
        syncedCell = Atomic(end)
        retiredCell = Atomic(oldest)
    }

    /// The end of the last block that was handed to the kernel; survives the process's death.
    public var written: UInt64 { writtenCell.load(ordering: .acquiring) }
    /// The end of the last block that is durable; survives a power cut.
    public var synced: UInt64 { syncedCell.load(ordering: .acquiring) }
    /// What lies before is not needed any more.
    public var retired: UInt64 { retiredCell.load(ordering: .acquiring) }
    /// The bytes that all segment files take, with the one that is kept for reuse.
    public var bytesOnDisk: UInt64 { bytesOnDiskCell.load(ordering: .relaxed) }
    /// How many blocks were written since the journal was opened.
    public var blocks: UInt64 { blocksCell.load(ordering: .relaxed) }
    /// How many syncs succeeded since the journal was opened.
    public var syncs: UInt64 { syncsCell.load(ordering: .relaxed) }
    /// How many syncs failed since the journal was opened.
    public var failedSyncs: UInt64 { failedSyncsCell.load(ordering: .acquiring) }
    /// How many bytes were written again after failed syncs.
    public var rewrittenBytes: UInt64 { rewrittenCell.load(ordering: .relaxed) }

    func advanceWritten(to position: UInt64) {
        invariant(position > written, "the written position grows")
        writtenCell.store(position, ordering: .releasing)
        blocksCell.wrappingAdd(1, ordering: .relaxed)
    }

    func advanceSynced(to position: UInt64) {
        invariant(position > synced && position <= written, "only what is written is synced")
        syncedCell.store(position, ordering: .releasing)
        syncsCell.wrappingAdd(1, ordering: .relaxed)
    }

    func advanceRetired(to position: UInt64) {
        invariant(position >= retired && position <= synced, "only what is synced is retired")
        retiredCell.store(position, ordering: .releasing)
    }

    func countFailedSync() { failedSyncsCell.wrappingAdd(1, ordering: .releasing) }

    func countRewritten(_ bytes: Int) {
        rewrittenCell.wrappingAdd(UInt64(bytes), ordering: .relaxed)
    }

    func setBytesOnDisk(_ bytes: UInt64) { bytesOnDiskCell.store(bytes, ordering: .relaxed) }
}
