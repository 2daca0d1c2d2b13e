import Quantities

/// Makes written blocks durable, on a queue of its own beside the writer.
///
/// Queue:       one stage at a time; at the same time as the writer and the readers.
public final class JournalSyncer {
    private let journal: Journal
    private let positions: JournalPositions

    init(_ journal: Journal) {
        self.journal = journal
        self.positions = journal.positions
    }

    /// Syncs everything that is written at the time of the call, and publishes the synced position.
    ///
    /// After an error the synced position has not moved; the next call first writes again, from
    /// memory, every block whose writing had begun before the failure. A failed sync marks pages
    /// that it dropped as clean: without that, a second sync would succeed and lie.
    ///
    /// - Throws: `JournalError.disk`.
    public func sync() throws(JournalError) {
        let start = positions.synced
        let target = positions.written
        guard target > start else { return }
        do throws(JournalError) {
            try rewrite(upTo: target)
            var next = start
            while let segment = journal.segments.first(from: next, to: target) {
                try segment.file.synchronize()
                next = segment.end
            }
        } catch {
            positions.countFailedSync()
            throw error
        }
        journal.unsynced.release(upTo: target)
        positions.advanceSynced(to: target)
    }

    /// Creates the next segment ahead of its need, as the journal's `prepareSegment()` does.
    ///
    /// - Throws: `JournalError.disk`.
    public func prepareSegment() throws(JournalError) {
        try journal.prepareSegment()
    }

    private func rewrite(upTo target: UInt64) throws(JournalError) {
        let failures = positions.failedSyncs
        guard failures > 0 else { return }
        try journal.unsynced.visit(upTo: target, stampedBelow: failures) {
            (block) throws(JournalError) in
            let segment = journal.segments.holding(block.header.position)
            try segment.file.write(block.bytes, at: block.header.position - segment.start)
            positions.countRewritten(block.bytes.count)
        }
    }
}
