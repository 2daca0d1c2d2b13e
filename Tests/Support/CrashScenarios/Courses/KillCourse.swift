import DaemonHarness
import Glibc

/// kill -9 of the daemon, of PostgreSQL, and of both, in turn, while gateways stream.
///
/// Method: in each round the gateways may send a share of all events; somewhere in it the victim
/// is killed: at a random moment, right after an acknowledgement, or right after a hold was
/// granted; and in some rounds once more while it recovers. After each start memory must have every
/// hold, each welcome must cover what was acknowledged, and PostgreSQL must be written to again.
package struct KillCourse {
    private enum Moment: CaseIterable {
        case anyTime
        case inBurst
        case afterAck
        case afterHold
    }

    private enum Victim: CaseIterable {
        case daemon
        case postgres
        case both
    }

    private let plan: CoursePlan
    private let rounds: Int
    private var random: SeededRandom
    private var kills: [Moment: Int] = [:]
    private var killsInRecovery = 0
    private let cluster: Cluster?
    private let systems: Systems?
    private var struck: [Victim: Int] = [:]
    private var processesKilled = 0
    private var clusterKillsInRecovery = 0
    private var clusterRecoveries: [Double] = []

    /// Prepares the course.
    ///
    /// - Parameters:
    ///   - plan: What is sent, and where the books are.
    ///   - rounds: How many times a victim is killed while gateways stream.
    ///   - cluster: The PostgreSQL to kill in turn; nil to spare it.
    ///   - systems: What else goes on meanwhile; its daemon is the one that is attacked.
    package init(
        _ plan: CoursePlan,
        rounds: Int,
        cluster: Cluster? = nil,
        systems: Systems? = nil
    ) {
        self.plan = plan
        self.rounds = rounds
        self.cluster = cluster
        self.systems = systems
        random = SeededRandom(seed: plan.seed)
    }

    /// Runs it.
    ///
    /// - Returns: How it ended.
    /// - Throws: When it could not go on.
    package mutating func run() throws -> Summary {
        let rig = try Rig(plan, systems?.daemon)
        defer {
            rig.tearDown()
            systems?.tearDown()
        }
        try systems?.begin()
        for round in 0..<rounds {
            let moment = Moment.allCases.randomElement(using: &random) ?? .anyTime
            try systems?.beginRound(round)
            let burden = stream(rig, round: round, until: moment)
            systems?.ask(round)
            kills[moment, default: 0] += 1
            let victim = cluster == nil ? .daemon : Victim.allCases[round % Victim.allCases.count]
            try strike(victim, rig)
            try rig.checkHolds()
            try rig.repeatGrant()
            for text in try systems?.repeatAsked() ?? [] { rig.fault(text) }
            plan.say(
                "round \(round + 1)/\(rounds): \(victim) killed \(moment) at \(burden) sent, "
                    + "\(rig.acknowledged) acknowledged, ready after "
                    + "\(Summary.seconds(rig.recoveries.last ?? 0)), stored again after "
                    + "\(Summary.seconds(clusterRecoveries.last ?? 0))"
            )
            if !rig.faults.isEmpty { break }
        }
        for text in try systems?.windUp(within: plan.patience) ?? [] { rig.fault(text) }
        return try rig.finish { try systems?.faults($0) ?? [] }
    }

    /// What happened, for the table.
    package var rows: [(String, String)] {
        [
            ("seed", "\(plan.seed)"),
            ("rounds", "\(rounds)"),
            (
                "kill -9 of",
                "the daemon \(struck[.daemon, default: 0]), PostgreSQL "
                    + "\(struck[.postgres, default: 0]) (\(processesKilled) processes), "
                    + "both at once \(struck[.both, default: 0])"
            ),
            (
                "at the moment",
                "any time \(kills[.anyTime, default: 0]), in a burst "
                    + "\(kills[.inBurst, default: 0]), right after an ack "
                    + "\(kills[.afterAck, default: 0]), right after a hold "
                    + "\(kills[.afterHold, default: 0])"
            ),
            (
                "again while recovering",
                "the daemon \(killsInRecovery), PostgreSQL \(clusterKillsInRecovery)"
            ),
            ("PostgreSQL written to again", Summary.spread(clusterRecoveries)),
        ]
    }

    /// The kills of all kinds.
    package var count: Int {
        kills.values.reduce(0, +) + killsInRecovery + clusterKillsInRecovery
    }

    private mutating func strike(_ victim: Victim, _ rig: Rig) throws {
        struck[victim, default: 0] += 1
        // Either may be the first to go.
        let daemonFirst = random.next() % 2 == 0
        let daemonStartsFirst = random.next() % 2 == 0
        if victim == .daemon || (victim == .both && daemonFirst) { rig.kill() }
        if victim != .daemon { processesKilled += try cluster?.kill() ?? 0 }
        if victim == .both, !daemonFirst { rig.kill() }
        if victim == .daemon, random.next() % 3 == 0 { try killWhileRecovering(rig) }
        if victim != .daemon {
            try reviveCluster(rig, behind: victim == .both && daemonStartsFirst)
        }
        if !rig.daemon.isRunning { try rig.recover() }
        if victim != .daemon { try waitUntilWritten(rig) }
    }

    /// Starts PostgreSQL again, in some rounds with another kill in between.
    private mutating func reviveCluster(_ rig: Rig, behind daemon: Bool) throws {
        if random.next() % 4 == 0 {
            let moment = UInt32(random.next() % 200_000)
            if try cluster?.startAndKill(after: moment) == true { clusterKillsInRecovery += 1 }
        }
        guard daemon else {
            try cluster?.start()
            return
        }
        try rig.daemon.launch()
        usleep(UInt32(random.next() % 100_000))
        try cluster?.start()
        try rig.waitUntilReady(within: 60)
    }

    /// What was safe in the journal must reach PostgreSQL.
    private mutating func waitUntilWritten(_ rig: Rig) throws {
        let start = HarnessClock.seconds
        try rig.waitUntilCaughtUp(within: 60)
        clusterRecoveries.append(HarnessClock.seconds - start)
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
