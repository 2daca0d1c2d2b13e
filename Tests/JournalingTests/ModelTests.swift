import DiskSimulation
import Testing

@testable import Journaling

/// Goal: no random life with faults and crashes breaks a promise.
///
/// Method: an array of blocks says what must be there; seeds are printed with what they found.
@Suite struct ModelTests {
    @Test(arguments: 1...60)
    func `a random life with crashes keeps every promise`(seed: Int) throws {
        try ModelLife(seed: UInt64(seed), faultOdds: 0).live(steps: 400)
    }

    @Test(arguments: 1...60)
    func `a random life with crashes and faults keeps every promise`(seed: Int) throws {
        try ModelLife(seed: UInt64(seed), faultOdds: 20).live(steps: 400)
    }
}

/// A journal beside a model of it, and dice.
private final class ModelLife {
    private let seed: UInt64
    private let faultOdds: UInt64
    private let disk: SimulatedDisk
    private var random: SplitMix
    private var bench: Bench
    private var step = 0

    /// Every block since the beginning, retired ones too, and how many of them are synced.
    private var blocks: [ReadBlock] = []
    private var synced = 0
    /// What is appended and not yet written.
    private var pending: [UInt8] = []
    /// The bodies that failed writes may have left on disk, by the number of the block.
    private var attempts: [Int: [[UInt8]]] = [:]
    /// A checkpoint that somebody else keeps.
    private var checkpoint: UInt64 = 0

    init(seed: UInt64, faultOdds: UInt64) throws {
        self.seed = seed
        self.faultOdds = faultOdds
        disk = SimulatedDisk(seed: seed)
        random = SplitMix(seed: seed &* 7919)
        bench = try Bench(disk)
        disk.setFaultOdds(faultOdds)
    }

    func live(steps: Int) throws {
        for number in 0..<steps {
            step = number
            switch random.below(100) {
            case 0..<35: append()
            case 35..<65: write()
            case 65..<82: sync()
            case 82..<88: tolerate { () throws(JournalError) in try bench.syncer.prepareSegment() }
            case 88..<92: retire()
            case 92..<96: try check()
            case 96..<98: try crash(power: true)
            case 98: try crash(power: false)
            default: try stop()
            }
            let now = bench.journal.positions
            if now.bytesOnDisk > smallSettings.maximumBytes { fail("too much disk space") }
            if now.synced > now.written || now.retired > now.synced { fail("positions cross") }
        }
        try crash(power: true)
        try check()
    }

    private func append() {
        let body = [UInt8](repeating: UInt8(random.below(255) + 1), count: random.below(40) + 1)
        if bench.append(body) { pending += body }
    }

    private func write() {
        if pending.isEmpty { return }
        attempts[blocks.count, default: []].append(pending)
        tolerate { () throws(JournalError) in try bench.writer.writeBlock() }
        if bench.writer.pendingBytes > 0 { return }
        noteWritten()
    }

    private func noteWritten() {
        let end = bench.writer.writtenPosition
        let bytes = UInt64(BlockHeader.blockBytes(body: pending.count))
        blocks.append(ReadBlock(position: end - bytes, end: end, bytes: pending))
        pending = []
    }

    private func sync() {
        let written = blocks.count
        var succeeded = false
        tolerate { () throws(JournalError) in
            try bench.syncer.sync()
            succeeded = true
        }
        if !succeeded { return }
        synced = written
        if bench.journal.positions.synced != bench.journal.positions.written { fail("not synced") }
        if synced > 0, random.below(2) == 0 { checkpoint = blocks[synced - 1].end }
    }

    private func retire() {
        let position = max(checkpoint, bench.journal.positions.retired)
        tolerate { () throws(JournalError) in try bench.journal.retire(below: position) }
    }

    /// An orderly stop: everything written, synced and sealed, then opened again.
    private func stop() throws {
        disk.setFaultOdds(0)
        for _ in 0..<3 {
            tolerate { () throws(JournalError) in
                try bench.syncer.sync()
                try bench.writer.writeBlock()
            }
            if bench.writer.pendingBytes == 0, !pending.isEmpty { noteWritten() }
        }
        tolerate { () throws(JournalError) in
            try bench.syncer.sync()
            synced = blocks.count
            try bench.writer.seal()
        }
        try crash(power: false)
    }

    private func crash(power: Bool) throws {
        if power { disk.cutPower(.random) } else { disk.kill() }
        // Openings fail at random too, in the middle, and are cut off again.
        disk.setFaultOdds(faultOdds)
        for _ in 0..<3 where faultOdds > 0 {
            if tolerate({ () throws(JournalError) in bench = try reopened() }) { break }
            if random.below(2) == 0 { disk.cutPower(.random) } else { disk.kill() }
        }
        disk.setFaultOdds(0)
        disk.kill()
        bench = try reopened()
        try adopt(everything: !power && faultOdds == 0)
        disk.setFaultOdds(faultOdds)
    }

    private func reopened() throws(JournalError) -> Bench {
        try Bench(disk, knownSynced: checkpoint)
    }

    /// Compares what is left with the model and goes on from it.
    private func adopt(everything: Bool) throws {
        let found = try bench.blocks()
        let first = bench.journal.recovered.firstPosition
        let expected = blocks.filter { $0.position >= first }
        let retired = blocks.count - expected.count
        if first > max(checkpoint, 0), first > 0 { fail("retired beyond the checkpoint") }
        for (index, block) in found.enumerated() {
            if index < expected.count, block == expected[index] { continue }
            // A write that failed may still have put the whole block there; then it is the last.
            let tried = attempts[retired + index, default: []].contains(block.bytes)
            if index < found.count - 1 || !tried { fail("other blocks than written") }
        }
        if found.count + retired < synced { fail("a synced block is lost") }
        if everything, found.count < expected.count { fail("a written block is lost") }
        blocks = Array(blocks[..<retired]) + found
        synced = blocks.count
        pending = []
        attempts = [:]
    }

    /// Reads from a random block on and compares.
    private func check() throws {
        disk.setFaultOdds(0)
        defer { disk.setFaultOdds(faultOdds) }
        let first = try SegmentName.start(in: disk.names().sorted()[0]) ?? 0
        let there = blocks[..<synced].filter { $0.position >= first }
        guard !there.isEmpty else { return }
        let index = random.below(there.count)
        let start = random.below(2) == 0 ? there[index].position : there[index].end
        let rest = Array(there[(start == there[index].position ? index : index + 1)...])
        if try bench.blocks(from: start) != rest { fail("a reader sees other blocks") }
    }

    @discardableResult
    private func tolerate(_ action: () throws(JournalError) -> Void) -> Bool {
        do throws(JournalError) {
            try action()
            return true
        } catch {
            if !error.isTransient { fail(error.description) }
            return false
        }
    }

    private func fail(_ message: String) {
        Issue.record("\(message): seed \(seed), fault odds \(faultOdds), step \(step)")
    }
}
