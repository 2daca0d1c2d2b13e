import CrashScenarios
import DaemonHarness
import Glibc

/// The parts of a campaign, with what they were asked to do.
struct Campaign {
    let options: CrashCampaign
    let seed: UInt64
    let cluster: Cluster

    /// Why a part cannot run here; nil when it can.
    func reasonToSkip(_ part: CrashCampaign.Part) -> String? {
        switch part {
        case .kill, .systems, .outage, .cut, .pause: nil
        case .disk: options.disk == nil ? "no folder to mount on was given" : SmallDisk.objection
        case .power: options.powercut == nil ? "powercut.c is not compiled" : nil
        }
    }

    /// Runs a part and prints its table.
    ///
    /// - Parameter part: Which.
    /// - Returns: How it ended, and its line of the table of all parts.
    /// - Throws: When it could not go on.
    func run(_ part: CrashCampaign.Part) throws -> (Summary, String) {
        let start = time(nil)
        let (summary, title, what, rows) =
            switch part {
            case .kill: try kill()
            case .systems: try systems()
            case .outage: try outage()
            case .cut: try cut()
            case .pause: try pause()
            case .disk: try disk()
            case .power: try power()
            }
        print("\n\(summary.table(title, rows))  took \(time(nil) - start) s\n")
        return (summary, summary.line(part.rawValue, what))
    }

    private typealias Outcome = (Summary, String, String, [(String, String)])

    private func plan(_ name: String, steady: Bool) throws -> CoursePlan {
        let verbose = options.verbose
        var plan = CoursePlan(
            seed: seed,
            events: options.events,
            conninfo: try cluster.makeDatabase("crash_\(name)"),
            say: { if verbose { print("  \($0)") } }
        )
        // A steady load sends as long as it lasts.
        if steady { plan.events = 1 << 40 }
        return plan
    }

    private func kill() throws -> Outcome {
        let plan = try plan("kill", steady: false)
        var course = KillCourse(plan, rounds: options.rounds, cluster: cluster)
        let summary = try course.run()
        let what = "\(options.rounds) rounds, \(course.count) kills: daemon, PostgreSQL, both"
        return (summary, "kill -9 while four gateways stream", what, course.rows)
    }

    private func systems() throws -> Outcome {
        let plan = try plan("systems", steady: false)
        let systems = try Systems(plan)
        let rounds = options.rounds
        var course = KillCourse(plan, rounds: rounds, cluster: cluster, systems: systems)
        let summary = try course.run()
        let what = "\(rounds) rounds, \(course.count) kills beside machines, plans and payments"
        return (summary, "kill -9 beside machines and payments", what, course.rows + systems.rows)
    }

    private func outage() throws -> Outcome {
        let plan = try plan("outage", steady: true)
        var course = OutageCourse(
            plan,
            cluster: cluster,
            seconds: options.outage,
            rate: options.rate
        )
        let summary = try course.run()
        let what = "PostgreSQL away for \(options.outage) s, and at the daemon's start"
        return (summary, "PostgreSQL away", what, course.rows)
    }

    private func cut() throws -> Outcome {
        let plan = try plan("cut", steady: true)
        let others = options.commits / 2
        var course = CutCourse(plan, commits: options.commits, others: others, rate: options.rate)
        let summary = try course.run()
        let what =
            "\(options.commits) COMMITs cut, \(course.copiesEnded) sessions ended in a COPY, "
            + "\(others) cuts elsewhere"
        return (summary, "connections cut", what, course.rows)
    }

    private func pause() throws -> Outcome {
        let plan = try plan("pause", steady: true)
        var course = PauseCourse(plan, times: 3, seconds: 5, rate: options.rate, cluster: cluster)
        let summary = try course.run()
        let what = "3 SIGSTOPs of the daemon, 3 of PostgreSQL, 5 s each; 3 SIGTERMs"
        return (summary, "SIGSTOP and SIGTERM under load", what, course.rows)
    }

    private func disk() throws -> Outcome {
        guard let folder = options.disk else { throw HarnessError("no folder to mount on") }
        let plan = try plan("disk", steady: true)
        let disk = try SmallDisk(folder: folder, mebibytes: 32)
        var course = FullDiskCourse(plan, cluster: cluster, disk: disk, rate: 3 * options.rate)
        let summary = try withExtendedLifetime(disk) { try course.run() }
        let what = "journal on a full \(disk.kind): by itself, by another, with a kill"
        return (summary, "the journal's disk is full", what, course.rows)
    }

    private func power() throws -> Outcome {
        guard let library = options.powercut else { throw HarnessError("no powercut.c") }
        let rounds = max(1, options.rounds / 4)
        let plan = try plan("power", steady: false)
        var course = PowerCourse(plan, rounds: rounds, library: library)
        var summary = try course.run()
        var control = PowerCourse(
            try self.plan("power_lie", steady: false),
            rounds: 5,
            library: library
        )
        let noticed = control.runOnLyingDisk()
        if noticed.isEmpty { summary.add(fault: "a disk that lies about its syncs went unnoticed") }
        let rows = course.rows + [("a disk that lies", noticed.first ?? "WENT UNNOTICED")]
        let what = "\(rounds) power cuts; a lying disk is noticed"
        return (summary, "power cuts", what, rows)
    }
}
