import DaemonHarness
import Glibc

/// The daemon is frozen for longer than its lease runs, and is asked to stop, both under load.
///
/// Method: after each SIGTERM everything that was taken must be in PostgreSQL already, before the
/// next start.
package struct PauseCourse {
    private let plan: CoursePlan
    private let times: Int
    private let seconds: Double
    private let rate: UInt64
    private var stops: [Double] = []

    /// Prepares the course.
    ///
    /// - Parameters:
    ///   - plan: What is sent, and where the books are.
    ///   - times: How often each of the two happens.
    ///   - seconds: How long the daemon is frozen.
    ///   - rate: How many events a second the gateways send.
    package init(_ plan: CoursePlan, times: Int, seconds: Double, rate: UInt64) {
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
            ("SIGSTOP", "\(times) times for \(Summary.seconds(seconds))"),
            (
                "SIGTERM under load",
                "\(stops.count) times, at most \(Summary.seconds(stops.max() ?? 0)) until the end"
            ),
        ]
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
