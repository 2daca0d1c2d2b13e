import DiskSimulation
import Testing

@testable import Journaling

/// Goal: whatever part of the unsynced writes a power cut leaves, what was synced is there, what
/// comes after it is a prefix of what was written, and the journal goes on.
///
/// Method: every tear offset of every write of three small blocks, with every presence of the
///         others.
@Suite struct CrashPointTests {
    private let bodies: [[UInt8]] = [
        [UInt8](repeating: 1, count: 5), [UInt8](repeating: 2, count: 16),
        [UInt8](repeating: 3, count: 1),
    ]

    @Test(arguments: 0...3)
    func `no tear of three blocks loses a synced one or brings up a wrong one`(
        synced: Int
    ) throws {
        let sizes = bodies.map { BlockHeader.blockBytes(body: $0.count) }
        for torn in synced..<max(3, synced + 1) where torn < 3 {
            for offset in 0...sizes[torn] {
                for others in 0..<8 {
                    // The other unsynced writes are there or not; the torn one has its offset.
                    let lengths = (synced..<3).map { index in
                        index == torn ? offset : (others >> index & 1) * sizes[index]
                    }
                    try check(synced: synced, lengths: lengths)
                }
            }
        }
        if synced == 3 { try check(synced: 3, lengths: []) }
    }

    private func check(synced: Int, lengths: [Int]) throws {
        let disk = SimulatedDisk()
        try crash(disk, synced: synced, lengths: lengths)
        // The valid blocks are those before the first that is not there; padding may be torn off.
        var expected = synced
        while expected < 3,
            lengths[expected - synced] >= BlockHeader.bytes + bodies[expected].count
        {
            expected += 1
        }

        let bench = try Bench(disk)
        if try bench.bodies() != Array(bodies[..<expected]) {
            Issue.record("synced \(synced), left \(lengths): \(try bench.bodies())")
        }
        // And it goes on: new blocks come after the old ones, and nothing old comes back.
        try bench.write(9)
        try bench.syncer.sync()
        disk.cutPower(.nothing)
        let again = try Bench(disk)
        let wanted = bodies[..<expected] + [[UInt8](repeating: 9, count: 16)]
        if try again.bodies() != Array(wanted) {
            Issue.record("going on, synced \(synced), left \(lengths): \(try again.bodies())")
        }
    }

    private func crash(_ disk: SimulatedDisk, synced: Int, lengths: [Int]) throws {
        let bench = try Bench(disk)
        for (index, body) in bodies.enumerated() {
            if index == synced { try bench.syncer.sync() }
            try bench.write(body)
        }
        if synced == 3 { try bench.syncer.sync() }
        disk.cutPower(.prefixes(lengths))
    }

    @Test(arguments: [UInt64(1), 2, 3, 4], [true, false])
    func `death at any disk call loses nothing that was synced`(seed: UInt64, power: Bool) throws {
        var deaths = 0
        for call in 0..<10_000 {
            let disk = SimulatedDisk(seed: seed &* 1000 &+ UInt64(call))
            disk.die(after: call)
            let story = Story()
            do { try story.live(on: disk) } catch { story.error = error }
            let finished = !disk.isDead
            if power { disk.cutPower(.random) } else { disk.kill() }
            try story.check(disk, hint: "seed \(seed), call \(call), power \(power)")
            if finished { break }
            deaths += 1
        }
        #expect(deaths > 100)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `death at any disk call of a recovery can be recovered from`(seed: UInt64) throws {
        for call in 0..<1000 {
            let disk = SimulatedDisk(seed: seed &* 1000 &+ UInt64(call))
            let story = Story()
            disk.die(after: 90 + call % 7)
            do { try story.live(on: disk) } catch { story.error = error }
            disk.cutPower(.random)
            disk.die(after: call)
            var finished = false
            do throws(JournalError) {
                _ = try Bench(disk)
                finished = true
            } catch {
                if !error.isTransient { Issue.record("seed \(seed), call \(call): \(error)") }
            }
            disk.cutPower(.random)
            try story.check(disk, hint: "seed \(seed), recovery call \(call)")
            if finished { break }
        }
    }
}

/// A fixed story over several segments, which remembers what it was promised.
private final class Story {
    var written: [[UInt8]] = []
    var synced = 0
    var retired = 0
    var error: (any Error)?

    func live(on disk: SimulatedDisk) throws(JournalError) {
        let bench = try Bench(disk)
        for number in 0..<30 {
            let body = [UInt8](repeating: UInt8(number + 1), count: 8 + number * 7 % 57)
            // Noted before: a call that fails may still have written everything.
            written.append(body)
            try bench.write(body)
            if number % 3 == 2 {
                try bench.syncer.sync()
                synced = written.count
                try bench.syncer.prepareSegment()
            }
            if number % 10 == 9 {
                retired = synced
                try bench.journal.retire(below: bench.journal.positions.synced)
            }
        }
    }

    func check(_ disk: SimulatedDisk, hint: String) throws {
        let bench: Bench
        do {
            bench = try Bench(disk)
        } catch {
            Issue.record("\(hint): \(error)")
            return
        }
        let found = try bench.bodies()
        // Whole segments from the beginning may be gone; what is left joins the end of the story.
        guard let first = found.first else {
            if synced > retired { Issue.record("\(hint): nothing is left") }
            return
        }
        let start = Int(first[0]) - 1
        let end = start + found.count
        if start > retired || end < synced || found != Array(written[start..<end]) {
            Issue.record("\(hint): \(start)..<\(end) of \(written.count), synced \(synced)")
        }
    }
}
