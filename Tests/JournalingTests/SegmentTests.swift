import DiskSimulation
import Testing

@testable import Journaling

/// Goal: segments join without a seam, and go when they are not needed.
@Suite struct SegmentTests {
    private func fill(_ bench: Bench, blocks: Int, from first: Int = 1) throws {
        for number in first..<(first + blocks) {
            try bench.write(UInt8(number), count: 40)
            try bench.syncer.sync()
        }
    }

    @Test func `a block that does not fit begins the next segment`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try fill(bench, blocks: 12)
        #expect(disk.fileNames == [0, 512, 1024].map(SegmentName.text))
        let blocks = try bench.blocks()
        #expect(blocks.map { $0.bytes[0] } == Array(1...12))
        // 448 bytes of a segment are for blocks, 72 each, and the last 32 for the end.
        #expect(blocks[4].end == 64 + 5 * 72)
        #expect(blocks[5].position == 512 + 64)
    }

    @Test func `a reopened journal reads over all segments`() throws {
        let disk = SimulatedDisk()
        try fill(try Bench(disk), blocks: 30)
        let bench = try Bench(disk)
        #expect(bench.journal.recovered.segments == 6)
        #expect(bench.journal.recovered.blocks == 30)
        #expect(try bench.blocks().map { $0.bytes[0] } == Array(1...30))
        try fill(bench, blocks: 3, from: 31)
        #expect(try bench.blocks().map { $0.bytes[0] } == Array(1...33))
    }

    @Test func `the next segment is there before it is needed`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try fill(bench, blocks: 2)
        try bench.syncer.prepareSegment()
        #expect(disk.fileNames.count == 1)
        try fill(bench, blocks: 1, from: 3)
        try bench.syncer.prepareSegment()
        try bench.syncer.prepareSegment()
        #expect(disk.fileNames == [0, 512].map(SegmentName.text))
        #expect(bench.journal.positions.bytesOnDisk == 1024)
        // The writer takes it and creates none.
        disk.fail(.create, code: 28)
        try fill(bench, blocks: 4, from: 4)
        #expect(try bench.blocks().count == 7)
    }

    @Test func `a segment that was prepared and not used is no trouble at the next start`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try fill(bench, blocks: 4)
        try bench.syncer.prepareSegment()
        disk.kill()
        let again = try Bench(disk)
        #expect(again.journal.recovered.segments == 1)
        try fill(again, blocks: 8, from: 5)
        #expect(try again.blocks().map { $0.bytes[0] } == Array(1...12))
    }

    @Test func `whole segments below the retired position are removed`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try fill(bench, blocks: 18)
        let blocks = try bench.blocks()
        // The end of the second segment's last block is still in that segment.
        try bench.journal.retire(below: blocks[9].end)
        #expect(disk.segments == [512, 1024, 1536])
        #expect(bench.journal.positions.retired == blocks[9].end)
        try bench.journal.retire(below: blocks[10].end)
        #expect(disk.segments == [1024, 1536])
        // Two segments, and the file that is kept to become the next.
        #expect(bench.journal.positions.bytesOnDisk == 1536)
        // Going back is ignored.
        try bench.journal.retire(below: 0)
        #expect(bench.journal.positions.retired == blocks[10].end)
        let again = try Bench(disk, knownSynced: blocks[17].end, afterDeathOf: bench)
        #expect(again.journal.recovered.firstPosition == 1024)
        #expect(try again.blocks().map { $0.bytes[0] } == Array(11...18))
    }

    @Test func `the segment that is written is never removed`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try fill(bench, blocks: 5)
        try bench.journal.retire(below: bench.journal.positions.synced)
        #expect(disk.fileNames == [SegmentName.text(0)])
    }

    @Test func `a removal that failed is done by the next call`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try fill(bench, blocks: 18)
        let synced = bench.journal.positions.synced
        disk.fail(.rename, code: 5)
        #expect(throws: JournalError.self) { try bench.journal.retire(below: synced) }
        #expect(disk.segments == [0, 512, 1024, 1536])
        disk.fail(.syncDirectory, code: 5)
        #expect(throws: JournalError.self) { try bench.journal.retire(below: synced) }
        #expect(disk.segments == [512, 1024, 1536])
        disk.fail(.remove, code: 5)
        #expect(throws: JournalError.self) { try bench.journal.retire(below: synced) }
        #expect(disk.segments == [512, 1024, 1536])
        try bench.journal.retire(below: synced)
        #expect(disk.segments == [1536])
    }

    @Test func `a retired file becomes the next segment`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try fill(bench, blocks: 10)
        try bench.journal.retire(below: 512)
        #expect(disk.fileNames == [SegmentName.text(512), SegmentName.spare])
        disk.fail(.create, code: 28)
        try fill(bench, blocks: 2, from: 11)
        #expect(disk.fileNames == [512, 1024].map(SegmentName.text))
        // The file still holds whole blocks of its first life behind the new ones.
        #expect(disk.bytes(of: SegmentName.text(1024))[64 + 2 * 72 + 32] == 3)
        let again = try Bench(disk, afterDeathOf: bench)
        #expect(again.journal.recovered.tornBytes == 0)
        #expect(try again.blocks().map { $0.bytes[0] } == Array(6...12))
    }

    @Test func `a spare whose old name may come back is not written to`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try fill(bench, blocks: 10)
        disk.fail(.syncDirectory, code: 5)
        #expect(throws: JournalError.self) { try bench.journal.retire(below: 512) }
        disk.fail(.syncDirectory, code: 5)
        bench.append([UInt8](repeating: 11, count: 40))
        #expect(throws: JournalError.self) { try bench.writer.writeBlock() }
        disk.cutPower(.nothing)
        #expect(try Bench(disk).blocks().map { $0.bytes[0] } == Array(1...10))
    }

    @Test func `a spare left from before is removed at the next start`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try fill(bench, blocks: 10)
        try bench.journal.retire(below: 512)
        let again = try Bench(disk, afterDeathOf: bench)
        #expect(disk.fileNames == [SegmentName.text(512)])
        #expect(again.journal.positions.bytesOnDisk == 512)
    }

    @Test func `a power cut among removals leaves no gap`() throws {
        for seed in 1...40 {
            let disk = SimulatedDisk(seed: UInt64(seed))
            let bench = try Bench(disk)
            try fill(bench, blocks: 18)
            disk.fail(.syncDirectory, after: seed % 2, code: 5)
            for _ in 0..<2 {
                #expect(throws: JournalError.self) {
                    try bench.journal.retire(below: bench.journal.positions.synced)
                }
                disk.fail(.syncDirectory, code: 5)
            }
            disk.cutPower(.random)
            #expect(throws: Never.self) { try Bench(disk) }
        }
    }

    @Test func `writing stops at the disk space that is allowed and goes on after a retire`() throws
    {
        let bench = try Bench(SimulatedDisk())
        var count = 0
        do throws(JournalError) {
            while count < 100 {
                try bench.write(UInt8(count + 1), count: 40)
                try bench.syncer.sync()
                try bench.syncer.prepareSegment()
                count += 1
            }
        } catch {
            #expect(error == .full(bytesOnDisk: 4096))
            #expect(error.isTransient)
        }
        #expect(count == 40)
        #expect(bench.journal.positions.bytesOnDisk == 4096)
        #expect(throws: JournalError.full(bytesOnDisk: 4096)) { try bench.writer.writeBlock() }
        let blocks = try bench.blocks()
        try bench.journal.retire(below: blocks[6].end)
        try bench.writer.writeBlock()
        try bench.syncer.sync()
        #expect(try bench.blocks(from: blocks[39].end).map { $0.bytes[0] } == [41])
    }

    @Test func `a new segment size applies to new segments`() throws {
        let disk = SimulatedDisk()
        try fill(try Bench(disk), blocks: 3)
        var settings = smallSettings
        settings.segmentBytes = 1024
        settings.maximumBytes = 8192
        let bench = try Bench(disk, settings)
        try fill(bench, blocks: 20, from: 4)
        #expect(disk.fileNames == [0, 512, 1536].map(SegmentName.text))
        // A file of the old size is not kept to become a segment of the new one.
        try bench.journal.retire(below: 512)
        #expect(disk.segments == [512, 1536])
        #expect(!disk.fileNames.contains(SegmentName.spare))
        #expect(try Bench(disk, afterDeathOf: bench).blocks().map { $0.bytes[0] } == Array(6...23))
    }
}
