import DiskSimulation
import Testing

@testable import Journaling

/// Goal: damage to what was acknowledged is told from a torn tail, and never repaired silently.
@Suite struct CorruptionTests {
    private let name = SegmentName.text(0)

    /// Three blocks of 16 bytes, each synced before the next: at 64, 112 and 160.
    private func threeBlocks(_ disk: SimulatedDisk) throws {
        let bench = try Bench(disk)
        for value in 1...3 {
            try bench.write(UInt8(value))
            try bench.syncer.sync()
        }
    }

    @Test func `a torn last record is cut off and the one before survives`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try bench.write(1)
        try bench.write(2)
        disk.cutPower(.prefixes([48, 40]))
        let again = try Bench(disk)
        #expect(try again.bodies() == [[UInt8](repeating: 1, count: 16)])
        #expect(again.journal.recovered.tornBytes == 48)
        #expect(again.journal.recovered.endPosition == 112)
        #expect(disk.bytes(of: name)[112...].allSatisfy { $0 == 0 })
    }

    @Test func `any flipped bit in a block that later blocks vouch for is reported`() throws {
        for offset in 64..<160 {
            // The second block's padding is none: each of its bits counts.
            let disk = SimulatedDisk()
            try threeBlocks(disk)
            disk.flipBit(offset % 8, of: offset, in: name)
            let position: UInt64 = offset < 112 ? 64 : 112
            #expect(throws: JournalError.corrupted(segment: name, position: position)) {
                try Bench(disk)
            }
        }
    }

    @Test func `damage is reported also when only a later segment vouches for it`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        for value in 1...6 {
            try bench.write(UInt8(value), count: 40)
            try bench.syncer.sync()
        }
        // The first segment's last block and its end block: only the second segment is left.
        let last = 64 + 4 * 72
        for offset in last..<512 { disk.flipBit(0, of: offset, in: name) }
        #expect(throws: JournalError.corrupted(segment: name, position: UInt64(last))) {
            try Bench(disk, afterDeathOf: bench)
        }
    }

    @Test(arguments: [UInt64(1), 4, UInt64(Int64.max) + 1, UInt64.max - 7, UInt64.max])
    func `a segment that begins where none can begin is damage`(start: UInt64) {
        let disk = SimulatedDisk()
        let name = SegmentName.text(start)
        disk.setBytes(of: name, to: SegmentHeader(start: start, size: 512).encoded)
        #expect(throws: JournalError.corrupted(segment: name, position: start)) {
            try Bench(disk)
        }
    }

    @Test func `without the seal damage to the last block looks like a torn tail`() throws {
        let disk = SimulatedDisk()
        try threeBlocks(disk)
        disk.flipBit(0, of: 200, in: name)
        #expect(try Bench(disk).bodies().count == 2)
    }

    @Test func `with the seal damage to the last block is reported`() throws {
        let disk = SimulatedDisk()
        try threeBlocks(disk)
        try Bench(disk).writer.seal()
        disk.flipBit(0, of: 200, in: name)
        #expect(throws: JournalError.corrupted(segment: name, position: 160)) { try Bench(disk) }
    }

    @Test func `an end before what others know to be durable is reported`() throws {
        let disk = SimulatedDisk()
        try threeBlocks(disk)
        disk.flipBit(0, of: 200, in: name)
        #expect(throws: JournalError.corrupted(segment: name, position: 160)) {
            try Bench(disk, knownSynced: 208)
        }
        #expect(try Bench(disk, knownSynced: 160).bodies().count == 2)
    }

    @Test func `an empty directory where there should be data is reported`() {
        #expect(throws: JournalError.missingSegment(position: 5000)) {
            try Bench(SimulatedDisk(), knownSynced: 5000)
        }
        #expect(throws: Never.self) {
            try Bench(SimulatedDisk(), startingAt: 5000, knownSynced: 5000)
        }
    }

    @Test(arguments: [UInt64(512), 1024])
    func `a missing segment is reported`(start: UInt64) throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        for value in 1...15 {
            try bench.write(UInt8(value), count: 40)
            try bench.syncer.sync()
        }
        disk.lose(SegmentName.text(start))
        #expect(throws: JournalError.missingSegment(position: start)) {
            try Bench(disk, afterDeathOf: bench)
        }
    }

    @Test(arguments: 0..<64)
    func `any flipped bit in a segment's header is reported`(offset: Int) throws {
        let disk = SimulatedDisk()
        try threeBlocks(disk)
        disk.flipBit(offset % 8, of: offset, in: name)
        #expect(throws: JournalError.corrupted(segment: name, position: 0)) { try Bench(disk) }
    }

    @Test func `a reader reports damage below its limit`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        for value in 1...3 { try bench.write(UInt8(value)) }
        try bench.syncer.sync()
        let reader = try bench.journal.reader(from: 64)
        disk.flipBit(3, of: 150, in: name)
        #expect(throws: JournalError.corrupted(segment: name, position: 112)) {
            try readAll(reader, upTo: bench.journal.positions.synced)
        }
        #expect(reader.position == 112)
    }

    @Test func `bytes of an earlier life of the file are never taken for blocks`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        for value in 1...5 { try bench.write(UInt8(value), count: 40) }
        try bench.syncer.sync()
        // What a segment file that is used again would hold: valid blocks of other positions.
        let old = disk.bytes(of: name)
        let fresh = SegmentHeader(start: 512, size: 512).encoded + old[64...]
        disk.lose(name)
        disk.setBytes(of: SegmentName.text(512), to: fresh)
        let again = try Bench(disk, afterDeathOf: bench)
        #expect(again.journal.recovered.blocks == 0)
        #expect(again.journal.positions.written == 576)
    }

    @Test func `a cut block does not come back when a new one ends where it began`() throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        try bench.write(1)
        try bench.write(2)
        try bench.write(3)
        // The second block is lost; the third has survived behind the gap.
        disk.cutPower(.prefixes([48, 0, 48]))
        let again = try Bench(disk)
        #expect(again.journal.recovered.tornBytes == 96)
        try again.write(9)
        try again.syncer.sync()
        disk.cutPower(.nothing)
        #expect(try Bench(disk).bodies().map { $0[0] } == [1, 9])
    }

    @Test func `a cut block does not come back when the cutting was not synced`() throws {
        for seed in 1...30 {
            let disk = SimulatedDisk(seed: UInt64(seed))
            let bench = try Bench(disk)
            try bench.write(1)
            try bench.write(2)
            try bench.write(3)
            disk.cutPower(.prefixes([48, 0, 48]))
            disk.fail(.sync, code: 5)
            #expect(throws: JournalError.self) { try Bench(disk) }
            disk.kill()
            let again = try Bench(disk)
            try again.write(9)
            try again.syncer.sync()
            disk.cutPower(.nothing)
            #expect(try Bench(disk).bodies().map { $0[0] } == [1, 9])
        }
    }
}
