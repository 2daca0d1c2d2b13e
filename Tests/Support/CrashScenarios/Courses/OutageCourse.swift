import DaemonHarness
import Glibc

/// PostgreSQL crashes under load and stays away for a while, and is away when the daemon starts.
///
/// Method: ingest, acknowledgements and holds are counted while it is away; then the backlog must
/// drain. In a second outage the daemon is killed as well, and starts before PostgreSQL does.
package struct OutageCourse {
    private let plan: CoursePlan
    private let cluster: Cluster
    private let seconds: Double
    /// How many events a second the gateways send.
    private let rate: UInt64
    /// What happened, for the table.
    package private(set) var rows: [(String, String)] = []

    /// Prepares the course.
    ///
    /// - Parameters:
    ///   - plan: What is sent, and where the books are.
    ///   - cluster: The PostgreSQL that is stopped.
    ///   - seconds: For how long.
    ///   - rate: How many events a second the gateways send.
    package init(_ plan: CoursePlan, cluster: Cluster, seconds: Double, rate: UInt64) {
        self.plan = plan
        self.cluster = cluster
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
        rows.append(("seed", "\(plan.seed)"))
        for _ in 0..<3 { rig.placeHold() }
        let load = SteadyLoad(rig, rate: rate)
        defer { load.stop() }
        pause(min(2, seconds))
        try outage(rig, load)
        try outageWithKill(rig)
        load.stop()
        return try rig.finish(all: false)
    }

    private mutating func outage(_ rig: Rig, _ load: SteadyLoad) throws {
        try cluster.crash()
        load.resetSlowest()
        let (asked, acknowledged, sent) = (load.answers, rig.acknowledged, rig.sent)
        let start = HarnessClock.seconds
        pause(seconds)
        let away = HarnessClock.seconds - start
        let answers = load.answers
        let acks = rig.acknowledged - acknowledged
        let sentMeanwhile = rig.sent - sent
        let granted = answers.granted - asked.granted
        let failed = answers.failed - asked.failed
        let status = try rig.daemon.admin.status()
        try cluster.start()
        let back = HarnessClock.seconds
        if acks == 0 { rig.fault("nothing was acknowledged while PostgreSQL was away") }
        if granted == 0 { rig.fault("nothing was granted while PostgreSQL was away") }
        if failed > 0 { rig.fault("\(failed) questions had no answer while PostgreSQL was away") }
        if status["postgres_connected"].bool != false {
            rig.fault("the status does not say that PostgreSQL is away: \(status)")
        }
        let backlog =
            (status["journal"]["synced"].int ?? 0) - (status["journal"]["stored"].int ?? 0)
        try rig.waitUntilCaughtUp()
        rows += [
            ("PostgreSQL away", Summary.seconds(away)),
            ("events sent meanwhile", Summary.grouped(sentMeanwhile)),
            ("acknowledged meanwhile", Summary.grouped(acks)),
            (
                "holds granted meanwhile",
                "\(granted), slowest \(Summary.seconds(answers.slowest)), without answer \(failed)"
            ),
            (
                "backlog at its return",
                "\(Summary.grouped(UInt64(max(0, backlog)))) bytes of journal"
            ),
            ("backlog drained after", Summary.seconds(HarnessClock.seconds - back)),
        ]
    }

    private mutating func outageWithKill(_ rig: Rig) throws {
        try cluster.crash()
        pause(min(2, seconds / 2))
        let acknowledged = rig.acknowledged
        rig.kill()
        try rig.daemon.launch()
        pause(2)
        if !rig.daemon.isRunning {
            rig.fault("the daemon did not wait for PostgreSQL:\n\(rig.daemon.logTail())")
        }
        try cluster.start()
        let back = HarnessClock.seconds
        try wait(until: "the daemon is ready after PostgreSQL has come", within: 60) {
            (try? rig.daemon.admin.call("GET", "/ready").status) == 200
        }
        rows.append(
            (
                "started before PostgreSQL",
                "ready \(Summary.seconds(HarnessClock.seconds - back)) after it came, "
                    + "\(Summary.grouped(acknowledged)) were acknowledged before the kill"
            )
        )
        pause(1)
    }

    private func pause(_ seconds: Double) {
        usleep(UInt32(seconds * 1e6))
    }
}
