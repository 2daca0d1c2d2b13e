import DiskSimulation
import Testing

@testable import Journaling

/// Goal: a reader sees each block once, in order, never more than it may, from wherever it begins.
@Suite struct ReaderTests {
    private func filled(_ disk: SimulatedDisk, blocks: Int) throws -> Bench {
        let bench = try Bench(disk)
        for value in 1...blocks {
            try bench.write(UInt8(value), count: 1 + value * 5 % 64)
            try bench.syncer.sync()
        }
        return bench
    }

    @Test func `a reader goes on from the end of any block`() throws {
        let bench = try filled(SimulatedDisk(), blocks: 25)
        let all = try bench.blocks()
        #expect(all.count == 25)
        for (index, block) in all.enumerated() {
            #expect(try bench.blocks(from: block.position) == Array(all[index...]))
            #expect(try bench.blocks(from: block.end) == Array(all[(index + 1)...]))
        }
    }

    @Test func `a reader begins at the start of any segment`() throws {
        let bench = try filled(SimulatedDisk(), blocks: 25)
        let all = try bench.blocks()
        for start: UInt64 in [0, 512, 1024] {
            #expect(try bench.blocks(from: start) == all.filter { $0.position >= start })
        }
    }

    @Test func `a reader stops at its limit, at any of them`() throws {
        let bench = try filled(SimulatedDisk(), blocks: 25)
        let all = try bench.blocks()
        for (index, block) in all.enumerated() {
            let reader = try bench.journal.reader(from: 0)
            #expect(try readAll(reader, upTo: block.end) == Array(all[...index]))
            #expect(reader.position == block.end)
            #expect(try readAll(reader, upTo: all[24].end) == Array(all[(index + 1)...]))
        }
    }

    @Test(arguments: [0, 1, 100, 1 << 20])
    func `a reader that follows sees each block as soon as it is synced`(readAhead: Int) throws {
        let disk = SimulatedDisk()
        let bench = try Bench(disk)
        let reader = try JournalReader(storage: disk, from: 64, readAhead: readAhead)
        for value in 1...60 {
            try bench.write(UInt8(value), count: 1 + value * 5 % 64)
            #expect(try readAll(reader, upTo: bench.journal.positions.synced).isEmpty)
            try bench.syncer.sync()
            let found = try readAll(reader, upTo: bench.journal.positions.synced)
            #expect(found.map { $0.bytes[0] } == [UInt8(value)])
            try bench.journal.retire(below: reader.position)
        }
    }

    @Test func `a reader's position is a checkpoint for a later one`() throws {
        let disk = SimulatedDisk()
        var seen: [UInt8] = []
        var checkpoint: UInt64 = 0
        for life in 0..<10 {
            let bench = try Bench(disk, knownSynced: checkpoint)
            for value in 1...3 { try bench.write(UInt8(life * 3 + value), count: 50) }
            try bench.syncer.sync()
            let reader = try bench.journal.reader(from: checkpoint)
            let found = try reader.withNextBlock(upTo: bench.journal.positions.synced) { $2[0] }
            seen += found.map { [$0] } ?? []
            checkpoint = reader.position
        }
        #expect(seen == Array(1...10))
    }

    @Test func `an empty block is not handed out`() throws {
        let bench = try filled(SimulatedDisk(), blocks: 1)
        try bench.writer.seal()
        try bench.syncer.sync()
        try bench.write(9)
        try bench.syncer.sync()
        #expect(try bench.bodies().map { $0[0] } == [1, 9])
    }

    @Test func `a position that was retired is reported`() throws {
        let bench = try filled(SimulatedDisk(), blocks: 25)
        try bench.journal.retire(below: 1024)
        #expect(throws: JournalError.retired(position: 64, oldest: 1024)) {
            try bench.journal.reader(from: 64)
        }
    }

    @Test func `a reader that is overtaken by a retire is told so`() throws {
        let bench = try filled(SimulatedDisk(), blocks: 25)
        let reader = try bench.journal.reader(from: 0)
        _ = try reader.withNextBlock(upTo: 112) { _, _, _ in }
        try bench.journal.retire(below: 1024)
        #expect(throws: JournalError.retired(position: 512, oldest: 1024)) {
            try readAll(reader, upTo: bench.journal.positions.synced)
        }
    }

    @Test func `a reader whose segment became another one is told that it was retired`() throws {
        let disk = SimulatedDisk()
        let bench = try filled(disk, blocks: 25)
        let reader = try JournalReader(storage: disk, from: 0, readAhead: 0)
        let first = try reader.withNextBlock(upTo: 512) { _, end, _ in end }
        try bench.journal.retire(below: 512)
        for _ in 0..<10 {
            try bench.write(1, count: 60)
            try bench.syncer.sync()
        }
        #expect(!disk.fileNames.contains(SegmentName.spare))
        #expect(throws: JournalError.retired(position: first ?? 0, oldest: 512)) {
            try readAll(reader, upTo: bench.journal.positions.synced)
        }
    }

    @Test func `a reader whose next segment is lost is told so`() throws {
        let disk = SimulatedDisk()
        let bench = try filled(disk, blocks: 25)
        let reader = try bench.journal.reader(from: 0)
        disk.lose(SegmentName.text(512))
        #expect(throws: JournalError.missingSegment(position: 512)) {
            try readAll(reader, upTo: bench.journal.positions.synced)
        }
    }

    @Test(arguments: [UInt64(1 << 40), 72, 77])
    func `a position where no block begins is reported`(position: UInt64) throws {
        let bench = try filled(SimulatedDisk(), blocks: 25)
        #expect(throws: JournalError.noBlock(position: position)) {
            try bench.blocks(from: position)
        }
    }

    @Test func `a block longer than the buffer is read whole`() throws {
        let settings = JournalSettings(
            segmentBytes: 1 << 18,
            maximumBodyBytes: 1 << 16,
            maximumUnsyncedBytes: 1 << 19,
            maximumBytes: 1 << 20
        )
        let disk = SimulatedDisk()
        let bench = try Bench(disk, settings)
        let body = (0..<(1 << 16)).map { UInt8(truncatingIfNeeded: $0 * 31) }
        for _ in 0..<5 { try bench.write(body) }
        try bench.syncer.sync()
        let reader = try JournalReader(storage: disk, from: 0, readAhead: 100)
        let found = try readAll(reader, upTo: bench.journal.positions.synced)
        #expect(found.map(\.bytes) == Array(repeating: body, count: 5))
    }
}
