import Accounting
import DiskSimulation
import Journaling
import PostgresStore
import Quantities
import Synchronization
import Testing

@testable import Engine

/// Goal: the store's stage owes nothing when it rests, whatever the last life left behind.
///
/// Method: a journal of small blocks on a simulated disk, a store that only notes what it is asked,
/// and an alarm that is rung by hand.
@Suite struct StoreStageTests {
    @Test func `a journal that ends where a segment begins is stored to its end`() throws {
        let disk = try Shelf.filled(segments: 2)
        // The block that should open the second segment was lost with the power; the mark of the
        // first one's end was not.
        let name = try #require(disk.fileNames.last)
        var bytes = disk.bytes(of: name)
        for index in bytes.indices.dropFirst(64) { bytes[index] = 0 }
        disk.setBytes(of: name, to: bytes)
        let shelf = try Shelf(disk, stored: { StoredPositions($0) })
        try #require(shelf.lastBlockEnd < shelf.journal.positions.synced)
        shelf.runToRest()
        #expect(shelf.position.value == shelf.journal.positions.synced)
        #expect(shelf.store.commits.isEmpty)
    }

    @Test func `partitions that are behind follow, though no record is left for them`() throws {
        let disk = try Shelf.filled(segments: 1, blocks: 20)
        // The first one's transaction came through, and another one's did not.
        let shelf = try Shelf(disk) { end in
            var stored = StoredPositions(end)
            stored[5] = 0
            return stored
        }
        shelf.runToRest()
        #expect(shelf.store.commits.map(\.to) == [shelf.lastBlockEnd])
        #expect(shelf.store.commits.map(\.records) == [0])
        #expect(shelf.position.value == shelf.lastBlockEnd)
    }

    @Test func `a full batch is followed by the next one at once`() throws {
        let disk = try Shelf.filled(segments: 1, blocks: 100)
        let shelf = try Shelf(disk, stored: { _ in StoredPositions(0) }, batchRows: 8)
        shelf.stage.run()
        #expect(shelf.store.commits.isEmpty)
        #expect(shelf.alarm.isSet)
        // Whoever comes meanwhile does not end the waiting.
        shelf.stage.run()
        #expect(shelf.store.commits.isEmpty)
        shelf.alarm.cancel()
        shelf.stage.run()
        // The last few records are worth another wait, as nothing says that no more come.
        #expect(shelf.store.commits.count >= 12)
        #expect(shelf.store.commits.allSatisfy { $0.records <= 8 })
        shelf.runToRest()
        #expect(shelf.store.commits.reduce(0) { $0 + $1.records } == 100)
    }

    @Test func `segments that were stored by the last life go away`() throws {
        let disk = try Shelf.filled(segments: 4)
        let shelf = try Shelf(disk, stored: { StoredPositions($0) })
        let before = shelf.journal.positions.bytesOnDisk
        shelf.runToRest()
        // The last one stays, and one for the next time.
        #expect(before == 4 << 17)
        #expect(shelf.journal.positions.bytesOnDisk == 2 << 17)
        #expect(shelf.store.commits.isEmpty)
    }
}

/// A stage and all that it needs.
private final class Shelf {
    let journal: Journal
    let store = NotingStore()
    let alarm = HandAlarm()
    let position: StorePosition
    let stage: StoreStage
    /// Where the journal's last block ends.
    let lastBlockEnd: UInt64

    private static let settings = JournalSettings(
        segmentBytes: 1 << 17,
        maximumBodyBytes: 1 << 13,
        maximumUnsyncedBytes: 1 << 21
    )

    /// A disk with a journal of one record a block, as it is left by a life that has ended.
    static func filled(segments: Int, blocks: Int = .max) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let journal = try Journal(storage: disk, settings: Shelf.settings)
        let writer = journal.takeWriter()
        let records = RecordBuffer()
        var count = 0
        while count < blocks, disk.fileNames.count < segments || blocks != .max {
            count += 1
            let name = String(repeating: "n", count: 100) + "\(count)"
            Change(
                appliedAt: .epoch,
                org: 0,
                body: .nameDeclared(
                    NameDeclared(kind: .producer, number: UInt32(count), name: name)
                )
            ).encode(into: records)
            let isTaken = writer.append(records.bytes)
            #expect(isTaken)
            try writer.writeBlock()
            records.removeAll()
        }
        disk.kill()
        return disk
    }

    /// Starts behind what is stored, which is told from the journal's end.
    init(
        _ disk: SimulatedDisk,
        stored: (_ end: UInt64) -> StoredPositions,
        batchRows: Int = 65_536
    ) throws {
        journal = try Journal(storage: disk, settings: Shelf.settings)
        let end = journal.recovered.endPosition
        let scout = try journal.reader(from: 0)
        while try scout.withNextBlock(upTo: end, { _, _, _ in }) != nil {}
        lastBlockEnd = scout.position
        let positions = stored(lastBlockEnd)
        let batch = BatchBuilder(sections: 2)
        batch.restore(positions: positions)
        position = StorePosition(positions.lowest)
        stage = StoreStage(
            store: store,
            batch: batch,
            journal: journal,
            reader: try journal.reader(from: positions.lowest),
            position: position,
            furthest: positions.highest,
            counters: EngineCounters(shards: 1),
            health: Health(),
            loops: [],
            settings: StoreStage.Settings(
                batchRows: batchRows,
                lingerMilliseconds: 200,
                retryMilliseconds: 100,
                leaseSeconds: 15
            ),
            time: SystemTime(),
            alarm: alarm,
            onFatal: { Issue.record("\($0)") }
        )
    }

    /// Runs the stage until neither it nor its alarm has anything to do.
    func runToRest() {
        stage.run()
        while alarm.isSet {
            alarm.cancel()
            stage.run()
        }
    }
}

/// Notes what is committed, and says that it is.
private final class NotingStore: LedgerStore {
    private(set) var commits: [(to: UInt64, records: Int)] = []

    func connect() throws(StoreError) {}
    func disconnect() {}

    func migrate() throws(StoreError) -> MigrationReport {
        MigrationReport(from: 1, to: 1, applied: [])
    }

    func acquireLease(
        holder: String,
        seconds: Int,
        takeOver: Bool
    ) throws(StoreError) -> UInt64 { 1 }

    func renewLease(seconds: Int) throws(StoreError) {}
    func releaseLease() throws(StoreError) {}
    func checkpoint() throws(StoreError) -> UInt64 { commits.last?.to ?? 0 }

    func loadAll(
        identitiesSince: Timestamp,
        receive: (LoadedItem) -> Void
    ) throws(StoreError) -> StoredPositions { StoredPositions() }

    func commit(
        _ batch: BatchBuilder,
        from: UInt64,
        to: UInt64
    ) throws(StoreError) -> CommitReport {
        commits.append((to, batch.recordCount))
        batch.markStored()
        return CommitReport(usageLines: 0, ledgerLines: 0, wallets: 0)
    }
}

/// An alarm that goes off when it is told to.
private final class HandAlarm: Alarm {
    private let pending = Atomic<Bool>(false)

    var isSet: Bool { pending.load(ordering: .relaxed) }
    func set(milliseconds: Int) { pending.store(true, ordering: .relaxed) }
    func cancel() { pending.store(false, ordering: .relaxed) }
}
