import DiskSimulation
import Glibc
import Testing

@testable import Journaling

/// Goal: a disk that refuses costs time, never data.
@Suite struct FaultTests {
    @Test(arguments: [ENOSPC, EIO, EDQUOT])
    func `a block whose write failed is written by the next call`(code: Int32) throws {
        let bench = try Bench(disk(failing: .write, code: code, after: 2))
        try bench.write(1)
        bench.append([2, 2])
        #expect(throws: JournalError.self) { try bench.writer.writeBlock() }
        #expect(bench.writer.writtenPosition == 112)
        // The block is still open.
        bench.append([3])
        try bench.writer.writeBlock()
        try bench.syncer.sync()
        #expect(try bench.bodies() == [[UInt8](repeating: 1, count: 16), [2, 2, 3]])
    }

    @Test func `a full disk stops writing at the segment's end and loses nothing`() throws {
        let disk = SimulatedDisk()
        disk.setCapacity(512)
        let bench = try Bench(disk)
        for value in 1...5 { try bench.write(UInt8(value), count: 40) }
        try bench.syncer.sync()
        #expect(throws: JournalError.disk(operation: .reserve, file: next, code: ENOSPC)) {
            try bench.syncer.prepareSegment()
        }
        bench.append([UInt8](repeating: 6, count: 40))
        for _ in 0..<3 {
            #expect(throws: JournalError.disk(operation: .reserve, file: next, code: ENOSPC)) {
                try bench.write([6])
            }
            // The space that was not enough is given back to others.
            #expect(disk.fileNames == [SegmentName.text(0)])
        }
        disk.setCapacity(1024)
        try bench.writer.writeBlock()
        try bench.syncer.sync()
        #expect(try bench.bodies().count == 6)
        #expect(try bench.bodies().last == [UInt8](repeating: 6, count: 43))
    }

    @Test func `each step of a change of segment may fail and is repeated`() throws {
        let steps: [DiskOperation] = [
            .create, .reserve, .write, .sync, .rename, .syncDirectory,
        ]
        for step in steps {
            for skip in 0..<3 {
                let disk = SimulatedDisk()
                let bench = try Bench(disk)
                for value in 1...5 { try bench.write(UInt8(value), count: 40) }
                try bench.syncer.sync()
                disk.fail(step, after: skip, code: EIO)
                bench.append([UInt8](repeating: 6, count: 40))
                for _ in 0..<4 where bench.writer.pendingBytes > 0 {
                    do throws(JournalError) { try bench.writer.writeBlock() } catch {
                        #expect(error.isTransient)
                    }
                }
                for _ in 0..<3 {
                    do throws(JournalError) { try bench.syncer.sync() } catch {
                        #expect(error.isTransient)
                    }
                }
                disk.cutPower(.nothing)
                #expect(try Bench(disk).bodies().map { $0[0] } == [1, 2, 3, 4, 5, 6], "\(step)")
            }
        }
    }

    @Test func `what a failed sync has dropped is written again before the next one`() throws {
        for seed in 1...30 {
            let disk = SimulatedDisk(seed: UInt64(seed))
            let bench = try Bench(disk)
            for value in 1...7 { try bench.write(UInt8(value), count: 40) }
            disk.fail(.sync, after: seed % 2, code: EIO)
            #expect(throws: JournalError.self) { try bench.syncer.sync() }
            #expect(bench.journal.positions.synced == 64)
            #expect(bench.journal.positions.failedSyncs == 1)
            try bench.syncer.sync()
            // Seven blocks and the end block between two segments.
            #expect(bench.journal.positions.rewrittenBytes == 7 * 72 + 32)
            disk.cutPower(.nothing)
            #expect(try Bench(disk).bodies().count == 7)
        }
    }

    @Test func `a rewriting that fails is repeated too`() throws {
        let disk = SimulatedDisk(seed: 3)
        let bench = try Bench(disk)
        for value in 1...3 { try bench.write(UInt8(value)) }
        disk.fail(.sync, code: EIO)
        #expect(throws: JournalError.self) { try bench.syncer.sync() }
        disk.fail(.write, after: 1, code: EIO)
        #expect(throws: JournalError.self) { try bench.syncer.sync() }
        disk.fail(.sync, code: EIO)
        #expect(throws: JournalError.self) { try bench.syncer.sync() }
        try bench.syncer.sync()
        disk.cutPower(.nothing)
        #expect(try Bench(disk).bodies().count == 3)
    }

    /// A block can be dropped by a failed sync before the writer has told anybody of it.
    @Test func `a block that was dropped before it was published is written again`() throws {
        for seed in 1...20 {
            let disk = SimulatedDisk(seed: UInt64(seed))
            let bench = try Bench(disk)
            try bench.write(1)
            disk.afterWrite.once {
                disk.fail(.sync, code: EIO)
                #expect(throws: JournalError.self) { try bench.syncer.sync() }
                #expect(throws: Never.self) { try bench.syncer.sync() }
            }
            try bench.write(2)
            try bench.syncer.sync()
            disk.cutPower(.nothing)
            #expect(try Bench(disk).bodies().count == 2)
        }
    }

    @Test func `an end block that was dropped before its block was there is written again`() throws
    {
        for seed in 1...20 {
            let disk = SimulatedDisk(seed: UInt64(seed))
            let bench = try Bench(disk)
            for value in 1...5 { try bench.write(UInt8(value), count: 40) }
            try bench.syncer.prepareSegment()
            disk.afterWrite.once {
                disk.fail(.sync, code: EIO)
                #expect(throws: JournalError.self) { try bench.syncer.sync() }
                #expect(throws: Never.self) { try bench.syncer.sync() }
            }
            try bench.write(6, count: 40)
            try bench.syncer.sync()
            try bench.write(7, count: 40)
            try bench.syncer.sync()
            disk.cutPower(.nothing)
            #expect(try Bench(disk).bodies().count == 7)
        }
    }

    @Test func `writing waits when too much is unsynced and goes on after a sync`() throws {
        let bench = try Bench(SimulatedDisk())
        var count = 0
        do throws(JournalError) {
            while count < 100 {
                try bench.write(UInt8(count), count: 40)
                count += 1
            }
        } catch {
            let unsynced = bench.journal.positions.written - bench.journal.positions.synced
            #expect(error == .behind(unsyncedBytes: unsynced))
            #expect(error.isTransient)
        }
        #expect(count > 4 && count < 14)
        // The block that had to wait may still grow, and keeps its bytes.
        bench.append([99])
        #expect(throws: JournalError.self) { try bench.writer.writeBlock() }
        try bench.syncer.sync()
        try bench.writer.writeBlock()
        try bench.syncer.sync()
        #expect(try bench.bodies().count == count + 1)
        #expect(try bench.bodies().last == [UInt8](repeating: UInt8(count), count: 40) + [99])
    }

    @Test func `a recovery that the disk refuses can be repeated`() throws {
        let operations: [DiskOperation] = [
            .list, .open, .read, .reserve, .write, .sync, .syncDirectory, .remove,
        ]
        for operation in operations {
            for skip in 0..<4 {
                let disk = SimulatedDisk()
                let bench = try Bench(disk)
                for value in 1...7 {
                    try bench.write(UInt8(value), count: 40)
                    try bench.syncer.sync()
                }
                disk.kill()
                disk.fail(operation, after: skip, code: EIO)
                do throws(JournalError) { _ = try Bench(disk) } catch {
                    #expect(error.isTransient)
                }
                disk.kill()
                #expect(try Bench(disk).bodies().count == 7, "\(operation) \(skip)")
            }
        }
    }

    @Test func `every fault says what to do next`() {
        let faults: [JournalError] = [
            .settings(problem: "Too small."), .locked(directory: "d"),
            .disk(operation: .write, file: "f", code: ENOSPC),
            .disk(operation: .sync, file: "f", code: EIO),
            .disk(operation: .open, file: "f", code: EACCES),
            .disk(operation: .open, file: "f", code: EROFS),
            .disk(operation: .open, file: "f", code: ENOTDIR),
            .behind(unsyncedBytes: 1), .full(bytesOnDisk: 2),
            .corrupted(segment: "s", position: 3), .missingSegment(position: 4),
            .unknownFormat(segment: "s", version: 5), .retired(position: 6, oldest: 7),
            .noBlock(position: 8),
        ]
        for fault in faults {
            #expect(fault.description.hasSuffix("."))
            #expect(fault.description.contains(". "), "\(fault)")
        }
        let transient = faults.filter(\.isTransient)
        #expect(transient == [faults[2], faults[3], faults[7], faults[8]])
    }

    private let next = SegmentName.text(512) + ".new"

    private func disk(
        failing operation: DiskOperation,
        code: Int32,
        after skip: Int
    ) -> SimulatedDisk {
        let disk = SimulatedDisk()
        disk.fail(operation, after: skip, code: code)
        return disk
    }
}
