import DaemonHarness
import Glibc

/// The power of the journal's disk goes under load: what no finished sync covered is lost or torn.
///
/// Method: the daemon is killed at a random moment, or right after an acknowledgement; then its
/// files are put into a state that a disk could have left them in. In some rounds a plain kill
/// comes before, so that the next process works on what was never synced. Everything acknowledged
/// must be there; and a disk that lies about its syncs must be found out.
package struct PowerCourse {
    private let plan: CoursePlan
    private let rounds: Int
    private let library: String
    private var random: SeededRandom
    private var losses = PowerCut.Losses()
    private var plainKills = 0

    /// Prepares the course.
    ///
    /// - Parameters:
    ///   - plan: What is sent, and where the books are.
    ///   - rounds: How often the power goes.
    ///   - library: The compiled Tests/Support/PowerCut/powercut.c.
    package init(_ plan: CoursePlan, rounds: Int, library: String) {
        self.plan = plan
        self.rounds = rounds
        self.library = library
        random = SeededRandom(seed: plan.seed)
    }

    /// Runs it.
    ///
    /// - Returns: How it ended.
    /// - Throws: When it could not go on.
    package mutating func run() throws -> Summary {
        try run(lies: false)
    }

    /// Runs it on a disk whose syncs do nothing.
    ///
    /// - Returns: What was noticed of it: the course has no other way to show that it would see a
    ///   missing sync. Empty when the lie went unnoticed.
    package mutating func runOnLyingDisk() -> [String] {
        do {
            return try run(lies: true).faults
        } catch {
            return ["\(error)".split(separator: "\n").last.map(String.init) ?? "it ended"]
        }
    }

    /// How often the power was cut.
    package var cuts: Int { losses.cuts }

    /// How many writes were lost, whole or in part.
    package var writesLost: Int { losses.writes }

    /// What happened, for the table.
    package var rows: [(String, String)] {
        [
            ("seed", "\(plan.seed)"),
            ("power cuts", "\(losses.cuts), and \(plainKills) plain kills right before one"),
            (
                "taken from the disk",
                "\(losses.writes) writes (\(losses.torn) of them torn at sectors), "
                    + "\(Summary.grouped(losses.bytes)) bytes, \(losses.names) changes of names"
            ),
        ]
    }

    private mutating func run(lies: Bool) throws -> Summary {
        let (library, seed) = (self.library, plan.seed)
        let daemon = try Rig.daemon(
            plan,
            settings: ["journal.segment_bytes": "2 MiB", "journal.max_unsynced_bytes": "8 MiB"]
        )
        var power = try PowerCut(
            library: library,
            folder: "\(daemon.statePath)/journal",
            log: "\(daemon.folder.path)/undo.log",
            seed: seed
        )
        for (name, value) in power.environment(lies: lies) { daemon.setVariable(name, value) }
        let rig = try Rig(plan, daemon)
        defer { rig.tearDown() }
        for round in 0..<rounds {
            try placeSafeHold(rig)
            try stream(rig, round: round)
            if random.next() % 3 == 0 {
                rig.kill()
                try power.mendLog()
                try rig.recover()
                plainKills += 1
                usleep(UInt32(random.next() % 30_000))
            }
            rig.kill()
            try power.cut()
            losses = power.losses
            try rig.recover()
            try rig.checkHolds()
            try rig.repeatGrant()
            plan.say(
                "power cut \(round + 1)/\(rounds): \(losses.writes) writes lost so far, "
                    + "\(rig.acknowledged) acknowledged"
            )
            if !rig.faults.isEmpty { break }
        }
        return try rig.finish()
    }

    /// Places a hold that must survive: grants are answered before their sync, but what is
    /// acknowledged after one lies behind it in the journal.
    private mutating func placeSafeHold(_ rig: Rig) throws {
        guard random.next() % 2 == 0 else { return }
        rig.placeHold()
        rig.allow(rig.sent + 40)
        try wait(until: "what follows a hold is acknowledged", within: 20, step: 500) {
            rig.producers.allSatisfy { $0.hasCaughtUp && $0.acknowledged == $0.sent }
        }
    }

    /// Lets the gateways send a share of all events, up to the moment of the cut.
    private mutating func stream(_ rig: Rig, round: Int) throws {
        let events = rig.workload.events
        let first = max(rig.sent, events * UInt64(round) / UInt64(rounds))
        let last = max(first, events * UInt64(round + 1) / UInt64(rounds))
        let length = Double(20 + random.next() % 200) / 1000
        let fraction = Double(random.next() % 1000) / 1000
        let afterAck = random.next() % 2 == 0
        let start = HarnessClock.seconds
        while HarnessClock.seconds - start < length * fraction {
            let elapsed = (HarnessClock.seconds - start) / length
            rig.allow(first + UInt64(Double(last - first) * elapsed))
            usleep(500)
        }
        if random.next() % 3 == 0 {
            rig.askForGrant()
            usleep(UInt32(random.next() % 8000))
        }
        guard afterAck else { return }
        let before = rig.acknowledged
        rig.allow(last)
        let deadline = HarnessClock.seconds + 1
        while rig.acknowledged == before, HarnessClock.seconds < deadline {}
    }
}
