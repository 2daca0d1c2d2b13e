import DaemonHarness
import Glibc

/// kill -9 at random moments, while gateways stream.
///
/// Method: in each round the gateways may send a share of all events; somewhere in it the daemon
/// is killed: at a random moment, right after an acknowledgement, or right after a hold was
/// granted; and in some rounds once more while it recovers. After each start memory must have every
/// hold, and each welcome must cover what was acknowledged.
package struct KillCourse {
    private enum Moment: CaseIterable {
        case anyTime
        case inBurst
        case afterAck
        case afterHold
    }

    private let plan: CoursePlan
    private let rounds: Int
    private var random: SeededRandom
    private var kills: [Moment: Int] = [:]
    private var killsInRecovery = 0

    /// Prepares the course.
    ///
    /// - Parameters:
    ///   - plan: What is sent, and where the books are.
    ///   - rounds: How many times the daemon is killed while gateways stream.
    package init(_ plan: CoursePlan, rounds: Int) {
        self.plan = plan
        self.rounds = rounds
        random = SeededRandom(seed: plan.seed)
    }

    /// Runs it.
    ///
    /// - Returns: How it ended.
    /// - Throws: When it could not go on.
    package mutating func run() throws -> Summary {
        let rig = try Rig(plan)
        defer { rig.tearDown() }
        for round in 0..<rounds {
            let moment = Moment.allCases.randomElement(using: &random) ?? .anyTime
            let burden = stream(rig, round: round, until: moment)
            rig.kill()
            kills[moment, default: 0] += 1
            if random.next() % 3 == 0 { try killWhileRecovering(rig) }
            try rig.recover()
            try rig.checkHolds()
            try rig.repeatGrant()
            plan.say(
                "round \(round + 1)/\(rounds): killed \(moment) at \(burden) sent, "
                    + "\(rig.acknowledged) acknowledged, ready after "
                    + "\(Summary.seconds(rig.recoveries.last ?? 0))"
            )
            if !rig.faults.isEmpty { break }
        }
        return try rig.finish()
    }

    /// What happened, for the table.
    package var rows: [(String, String)] {
        let all = kills.values.reduce(0, +)
        return [
            ("seed", "\(plan.seed)"),
            ("rounds", "\(rounds)"),
            (
                "kills -9",
                "\(all + killsInRecovery): \(kills[.anyTime, default: 0]) at any time, "
                    + "\(kills[.inBurst, default: 0]) in a burst, "
                    + "\(kills[.afterAck, default: 0]) right after an ack, "
                    + "\(kills[.afterHold, default: 0]) right after a hold, "
                    + "\(killsInRecovery) while recovering"
            ),
        ]
    }

    /// Lets the gateways send their share of the round, up to the moment of the kill.
    private mutating func stream(_ rig: Rig, round: Int, until moment: Moment) -> UInt64 {
        if random.next() % 4 != 0 { rig.placeHold() }
        if random.next() % 4 == 0 { rig.releaseHold() }
        let events = rig.workload.events
        let first = events * UInt64(round) / UInt64(rounds)
        let last = events * UInt64(round + 1) / UInt64(rounds)
        let grantsBeside = random.next() % 2 == 0
        let length = Double(150 + random.next() % 450) / 1000
        let fraction = Double(random.next() % 1000) / 1000
        let start = HarnessClock.seconds
        if moment == .inBurst { rig.allow(last) }
        while HarnessClock.seconds - start < length * fraction {
            let elapsed = (HarnessClock.seconds - start) / length
            if moment != .inBurst { rig.allow(first + UInt64(Double(last - first) * elapsed)) }
            usleep(1000)
        }
        // It takes about as long as a sync, and so is often cut off by the kill.
        if grantsBeside { rig.askForGrant() }
        if grantsBeside { usleep(UInt32(random.next() % 8000)) }
        switch moment {
        case .anyTime, .inBurst: break
        case .afterAck:
            let before = rig.acknowledged
            rig.allow(last)
            let deadline = HarnessClock.seconds + 2
            while rig.acknowledged == before, HarnessClock.seconds < deadline {}
        case .afterHold:
            rig.placeHold()
        }
        return rig.sent
    }

    /// Starts the daemon and kills it again before it is ready.
    private mutating func killWhileRecovering(_ rig: Rig) throws {
        try rig.daemon.launch()
        let typical = rig.recoveries.max() ?? 0.2
        usleep(UInt32(typical * 1e6 * Double(random.next() % 1000) / 1000))
        rig.kill()
        killsInRecovery += 1
    }
}
