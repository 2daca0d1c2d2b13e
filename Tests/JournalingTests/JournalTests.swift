import DiskSimulation
import Testing

@testable import Journaling

/// Goal: what goes in comes out, in order, with the positions that were told.
@Suite struct JournalTests {
    @Test func `a new journal is empty and begins behind its header`() throws {
        let bench = try Bench(SimulatedDisk())
        #expect(bench.journal.positions.written == 64)
        #expect(bench.journal.positions.synced == 64)
        #expect(bench.journal.positions.retired == 0)
        #expect(bench.journal.positions.bytesOnDisk == 512)
        #expect(try bench.bodies().isEmpty)
    }

    @Test func `a journal begins where it is told to`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk, startingAt: 1001)
        #expect(bench.journal.positions.written == 1008 + 64)
        #expect(disk.fileNames == ["journal-00000000000000001008.log"])
    }

    @Test func `blocks come out as they went in`() throws {
        let bench = try Bench(SimulatedDisk())
        for value in 1...20 {
            try bench.write(UInt8(value), count: value)
            if value % 5 == 0 { try bench.syncer.sync() }
        }
        #expect(try bench.bodies() == (1...20).map { Array(repeating: UInt8($0), count: $0) })
    }

    @Test func `a block holds everything that was appended since the last one`() throws {
        let bench = try Bench(SimulatedDisk())
        bench.append([1, 2])
        bench.append([3])
        #expect(bench.writer.pendingBytes == 3)
        try bench.writer.writeBlock()
        #expect(bench.writer.pendingBytes == 0)
        try bench.syncer.sync()
        #expect(try bench.bodies() == [[1, 2, 3]])
    }

    @Test func `nothing pending writes nothing`() throws {
        let bench = try Bench(SimulatedDisk())
        try bench.writer.writeBlock()
        #expect(bench.writer.writtenPosition == 64)
    }

    @Test func `reserved space is used only as far as it is committed`() throws {
        let bench = try Bench(SimulatedDisk())
        let space = bench.writer.reserve(atLeast: 10)
        #expect(space?.count == 64)
        space?.storeBytes(of: 0x0807_0605_0403_0201, as: UInt64.self)
        bench.writer.commit(3)
        #expect(bench.writer.reserve(atLeast: 1)?.count == 61)
        try bench.writer.writeBlock()
        try bench.syncer.sync()
        #expect(try bench.bodies() == [[1, 2, 3]])
    }

    @Test func `a full block takes no more until it is written`() throws {
        let bench = try Bench(SimulatedDisk())
        #expect(bench.append([UInt8](repeating: 1, count: 60)))
        #expect(!bench.append([UInt8](repeating: 2, count: 5)))
        #expect(bench.writer.reserve(atLeast: 5) == nil)
        #expect(bench.append([UInt8](repeating: 3, count: 4)))
        try bench.writer.writeBlock()
        #expect(bench.append([UInt8](repeating: 4, count: 64)))
    }

    @Test func `a written block is not synced before the sync`() throws {
        let bench = try Bench(SimulatedDisk())
        try bench.write(1)
        #expect(bench.journal.positions.written == 112)
        #expect(bench.journal.positions.synced == 64)
        #expect(try bench.bodies().isEmpty)
        try bench.syncer.sync()
        #expect(bench.journal.positions.synced == 112)
        #expect(bench.journal.positions.syncs == 1)
        try bench.syncer.sync()
        #expect(bench.journal.positions.syncs == 1)
    }

    @Test func `a block written while a sync runs is not taken for synced`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try bench.write(1)
        disk.duringSync.once { #expect(throws: Never.self) { try bench.write(2) } }
        try bench.syncer.sync()
        #expect(bench.journal.positions.written > bench.journal.positions.synced)
        #expect(try bench.bodies() == [[UInt8](repeating: 1, count: 16)])
        disk.cutPower(.nothing)
        #expect(try Bench(disk).bodies() == [[UInt8](repeating: 1, count: 16)])
    }

    @Test func `a reopened journal goes on where it ended`() throws {
        let disk = SimulatedDisk()
        var end: UInt64 = 0
        for life in 1...5 {
            let bench = try Bench(disk)
            #expect(bench.journal.recovered.blocks == life - 1)
            if life > 1 { #expect(bench.journal.positions.written == end) }
            try bench.write(UInt8(life))
            try bench.syncer.sync()
            end = bench.journal.positions.written
        }
        let expected = (1...5).map { [UInt8](repeating: UInt8($0), count: 16) }
        #expect(try Bench(disk).bodies() == expected)
    }

    @Test func `what was written survives the death of the process without a sync`() throws {
        let disk = SimulatedDisk()
        try Bench(disk).write(1)
        disk.kill()
        let bench = try Bench(disk)
        #expect(try bench.bodies().count == 1)
        #expect(bench.journal.recovered.renewedBytes == 48)
        // And opening has made it durable.
        disk.cutPower(.nothing)
        #expect(try Bench(disk).bodies().count == 1)
    }

    @Test func `a failed sync and a death do not make a lie of what is shown as written`() throws {
        for seed in 1...20 {
            let disk = SimulatedDisk(seed: UInt64(seed))
            let bench = try Bench(disk)
            try bench.write(1)
            disk.fail(.sync, code: 5)
            #expect(throws: JournalError.self) { try bench.syncer.sync() }
            disk.kill()
            let count = try Bench(disk).bodies().count
            disk.cutPower(.nothing)
            #expect(try Bench(disk).bodies().count == count)
        }
    }

    @Test func `a sealed journal is not written again at the next start`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try bench.write(1)
        try bench.writer.seal()
        #expect(bench.journal.positions.blocks == 1)
        try bench.syncer.sync()
        try bench.writer.seal()
        #expect(bench.journal.positions.blocks == 2)
        disk.kill()
        let again = try Bench(disk)
        // Only the empty block itself, which is 32 bytes.
        #expect(again.journal.recovered.renewedBytes == 32)
        #expect(try again.bodies() == [[UInt8](repeating: 1, count: 16)])
    }

    @Test func `only one opener has a directory at a time`() throws {
        let disk = SimulatedDisk()
        var bench: Bench? = try Bench(disk)
        #expect(throws: JournalError.locked(directory: "simulated")) { try Bench(disk) }
        try bench?.write(1)
        bench = nil
        #expect(throws: Never.self) { try Bench(disk) }
    }

    @Test func `a file left from an interrupted creation is removed`() throws {
        let disk = SimulatedDisk()
        let unfinished = SegmentName.text(512) + ".new"
        _ = try Bench(disk)
        disk.setBytes(of: unfinished, to: [1, 2, 3])
        disk.setBytes(of: "notes.txt", to: [1])
        _ = try Bench(disk)
        #expect(disk.fileNames == [SegmentName.text(0), "notes.txt"])
    }

    @Test(
        arguments: [
            JournalSettings(segmentBytes: 100), JournalSettings(segmentBytes: 1 << 20),
            JournalSettings(maximumBodyBytes: 0), JournalSettings(maximumBodyBytes: 12),
            JournalSettings(maximumUnsyncedBytes: 2 << 20),
            JournalSettings(maximumBytes: 64 << 20), JournalSettings(segmentBytes: -8),
        ]
    )
    func `sizes that do not fit each other are refused`(settings: JournalSettings) {
        #expect(settings.problem != nil)
        #expect(throws: JournalError.self) { try Bench(SimulatedDisk(), settings) }
    }

    @Test func `the default sizes fit each other`() {
        #expect(JournalSettings().problem == nil)
        #expect(smallSettings.problem == nil)
    }

    @Test func `a journal has one writer`() async {
        await #expect(processExitsWith: .failure) {
            let journal = try Journal(storage: SimulatedDisk(), settings: smallSettings)
            _ = journal.takeWriter()
            _ = journal.takeWriter()
        }
    }

    @Test func `more than a block cannot be reserved`() async {
        await #expect(processExitsWith: .failure) {
            _ = try Bench(SimulatedDisk()).writer.reserve(atLeast: 65)
        }
    }

    @Test func `what is not synced cannot be retired`() async {
        await #expect(processExitsWith: .failure) {
            let bench = try Bench(SimulatedDisk())
            try bench.write(1)
            try bench.journal.retire(below: bench.journal.positions.written)
        }
    }
}
