import DaemonHarness
import Glibc

/// The connection to PostgreSQL is cut, right after COMMIT and anywhere else, under load.
///
/// Method: a socket before the server's cuts before the COMMIT, after it, and after its answer;
/// the checkpoint tells whether the commit was done all the same. In between all connections are
/// cut at random moments, and sessions are ended by the server during a COPY.
package struct CutCourse {
    private enum Step: CustomStringConvertible {
        case commit(CommitCutter.Moment)
        case anywhere
        case copy

        var description: String {
            switch self {
            case .commit(.before): "before COMMIT"
            case .commit(.after): "right after COMMIT"
            case .commit(.afterAnswer): "before the COMMIT's answer"
            case .anywhere: "anywhere"
            case .copy: "in a COPY"
            }
        }
    }

    private let plan: CoursePlan
    private let steps: [Step]
    private let rate: UInt64
    private var random: SeededRandom
    /// How many sessions were ended in a COPY.
    package private(set) var copiesEnded = 0
    private var counts = CommitCutter.Counts()

    /// How many COMMITs were cut after they had reached the server.
    package var answersLost: Int {
        counts.cut[.after, default: 0] + counts.cut[.afterAnswer, default: 0]
    }

    /// How many of those turned out to be done.
    package var answersLostButDone: Int {
        counts.done[.after, default: 0] + counts.done[.afterAnswer, default: 0]
    }

    /// Prepares the course.
    ///
    /// - Parameters:
    ///   - plan: What is sent, and where the books are.
    ///   - commits: How many COMMITs are cut.
    ///   - others: How often all connections are cut, and how often a session is ended.
    ///   - rate: How many events a second the gateways send.
    package init(_ plan: CoursePlan, commits: Int, others: Int, rate: UInt64) {
        self.plan = plan
        self.rate = rate
        random = SeededRandom(seed: plan.seed)
        // Most often right after the COMMIT, where the outcome is open.
        let moments: [CommitCutter.Moment] = [.after, .afterAnswer, .after, .before]
        let cuts = (0..<commits).map { Step.commit(moments[$0 % moments.count]) }
        let rest = (0..<others).flatMap { _ in [Step.anywhere, .copy] }
        steps = (cuts + rest).shuffled(using: &random)
    }

    /// Runs it.
    ///
    /// - Returns: How it ended.
    /// - Throws: When it could not go on.
    package mutating func run() throws -> Summary {
        let cutter = try CommitCutter(plan.conninfo)
        defer { cutter.stop() }
        // libpq takes the last of two values.
        let connection = "\(plan.conninfo) host=\(cutter.directory) port=5432"
        let daemon = try Rig.daemon(plan, settings: ["postgres.connection": connection])
        let rig = try Rig(plan, daemon)
        defer { rig.tearDown() }
        let load = SteadyLoad(rig, rate: rate)
        defer { load.stop() }
        for (number, step) in steps.enumerated() {
            usleep(UInt32(random.next() % 600_000))
            try take(step, cutter, rig)
            plan.say("cut \(number + 1)/\(steps.count): \(step), \(rig.acknowledged) acknowledged")
            if !rig.faults.isEmpty { break }
        }
        load.stop()
        counts = cutter.counts
        return try rig.finish(all: false)
    }

    /// What happened, for the table.
    package var rows: [(String, String)] {
        func text(_ moment: CommitCutter.Moment) -> String {
            "\(counts.cut[moment, default: 0]), turned out done: \(counts.done[moment, default: 0])"
        }
        return [
            ("seed", "\(plan.seed)"),
            ("COMMITs of batches seen", "\(counts.commits)"),
            ("cut before COMMIT arrived", text(.before)),
            ("cut right after COMMIT", text(.after)),
            ("cut before its answer", text(.afterAnswer)),
            ("cut at any other moment", "\(counts.otherCuts)"),
            ("sessions ended in a COPY", "\(copiesEnded)"),
        ]
    }

    private mutating func take(_ step: Step, _ cutter: CommitCutter, _ rig: Rig) throws {
        switch step {
        case .commit(let moment):
            cutter.cutNextCommit(moment)
            try wait(until: "a COMMIT is cut", within: 120, step: 2000) { !cutter.isWaiting }
        case .anywhere:
            try wait(until: "the daemon is connected", within: 120) { cutter.isConnected }
            usleep(UInt32(random.next() % 100_000))
            cutter.cutAll()
        case .copy:
            try endSession(rig)
        }
    }

    /// Ends the writer's session while it copies; gives up when none is seen.
    private mutating func endSession(_ rig: Rig) throws {
        let database = try Database(plan.conninfo)
        for _ in 0..<2000 {
            let ended = try database.number(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND state = 'active' AND query LIKE 'COPY %'
                """
            )
            if ended != 0 {
                copiesEnded += 1
                return
            }
            usleep(1000)
        }
    }
}
