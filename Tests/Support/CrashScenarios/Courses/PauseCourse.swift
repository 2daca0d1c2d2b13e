import DaemonHarness
import Glibc

/// The daemon is frozen for longer than its lease runs, PostgreSQL is frozen for as long, and the
/// daemon is asked to stop, all under load.
///
/// Method: while PostgreSQL stands still events are acknowledged and holds granted. After each
/// SIGTERM everything that was taken must be in PostgreSQL already, before the next start.
package struct PauseCourse {
    private let plan: CoursePlan
    private let times: Int
    private let seconds: Double
    private let rate: UInt64
    private let cluster: Cluster?
    private var stops: [Double] = []
    private var acknowledgedMeanwhile: UInt64 = 0
    private var grantedMeanwhile = 0

    /// Prepares the course.
    ///
    /// - Parameters:
    ///   - plan: What is sent, and where the books are.
    ///   - times: How often each of the two happens.
    ///   - seconds: How long the daemon, and PostgreSQL, are frozen.
    ///   - rate: How many events a second the gateways send.
    ///   - cluster: The PostgreSQL that is frozen; nil to leave it alone.
    package init(
        _ plan: CoursePlan,
        times: Int,
        seconds: Double,
        rate: UInt64,
        cluster: Cluster? = nil
    ) {
        self.cluster = cluster
        self.plan = plan
        self.times = times
        self.seconds = seconds
        self.rate = rate
    }

    /// Runs it.
    ///
    /// - Returns: How it ended.
    /// - Throws: When it could not go on.
    package mutating func run() throws -> Summary {
        let rig = try Rig(plan)
        defer { rig.tearDown() }
        for _ in 0..<3 { rig.placeHold() }
        let load = SteadyLoad(rig, rate: rate)
        defer { load.stop() }
        for time in 0..<times where rig.faults.isEmpty {
            usleep(500_000)
            rig.daemon.signal(SIGSTOP)
            usleep(UInt32(seconds * 1e6))
            rig.daemon.signal(SIGCONT)
            usleep(500_000)
            if !rig.daemon.isRunning { rig.fault("the daemon ended:\n\(rig.daemon.logTail())") }
            try freezeCluster(rig, load)
            try stop(rig)
            try rig.recover()
            try rig.checkHolds()
            plan.say("pause and stop \(time + 1)/\(times): \(rig.acknowledged) acknowledged")
        }
        load.stop()
        return try rig.finish(all: false)
    }

    /// What happened, for the table.
    package var rows: [(String, String)] {
        [
            ("seed", "\(plan.seed)"),
            ("SIGSTOP of the daemon", "\(times) times for \(Summary.seconds(seconds))"),
            (
                "SIGSTOP of PostgreSQL",
                cluster == nil
                    ? "none"
                    : "\(times) times for \(Summary.seconds(seconds)); meanwhile "
                        + "\(Summary.grouped(acknowledgedMeanwhile)) events acknowledged, "
                        + "\(grantedMeanwhile) holds granted"
            ),
            (
                "SIGTERM under load",
                "\(stops.count) times, at most \(Summary.seconds(stops.max() ?? 0)) until the end"
            ),
        ]
    }

    private mutating func freezeCluster(_ rig: Rig, _ load: SteadyLoad) throws {
        guard let cluster else { return }
        try cluster.freeze(true)
        // What was asked for right before is not counted.
        usleep(200_000)
        let (acknowledged, granted) = (rig.acknowledged, load.answers.granted)
        usleep(UInt32(seconds * 1e6))
        let acks = rig.acknowledged - acknowledged
        let grants = load.answers.granted - granted
        try cluster.freeze(false)
        acknowledgedMeanwhile += acks
        grantedMeanwhile += grants
        if acks == 0 { rig.fault("nothing was acknowledged while PostgreSQL stood still") }
        if grants == 0 { rig.fault("nothing was granted while PostgreSQL stood still") }
        try rig.waitUntilCaughtUp()
    }

    private mutating func stop(_ rig: Rig) throws {
        let start = HarnessClock.seconds
        let end = try rig.daemon.stop(within: 60)
        stops.append(HarnessClock.seconds - start)
        rig.noteFloors()
        if end != .exited(0) { rig.fault("SIGTERM ended it with \(end)") }
        let acknowledged = rig.acknowledged
        let database = try Database(plan.conninfo)
        let stored = try database.number(
            "SELECT count(*) FROM usage_lines WHERE request_id LIKE 'gateway-%'"
        )
        if stored ?? 0 < acknowledged {
            rig.fault("after SIGTERM \(stored ?? 0) of \(acknowledged) events are stored")
        }
    }
}
