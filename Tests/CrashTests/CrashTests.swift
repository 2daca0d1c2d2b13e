import CrashScenarios
import DaemonHarness
import Testing

/// Goal: what a gateway was told is safe is in the books exactly once, whatever is killed or cut.
///
/// Method: a real daemon under load is attacked, briefly; `make crash` does the same at length. The
/// proof reads the tables with plain SQL and compares them with what was planned. Each run has its
/// own seed, which is printed when a proof fails.
@Suite(.serialized, .timeLimit(.minutes(3))) struct CrashTests {
    private let seed = UInt64.random(in: 1...1_000_000)

    private func plan(_ events: UInt64, _ conninfo: String) -> CoursePlan {
        var plan = CoursePlan(seed: seed, events: events, conninfo: conninfo)
        plan.patience = 30
        return plan
    }

    private func expect(_ summary: Summary) {
        #expect(summary.faults == [], "seed \(seed)")
        #expect(summary.stored == summary.sent, "seed \(seed)")
        #expect(summary.acknowledged == summary.sent, "seed \(seed)")
        #expect(summary.duplicates == 0 && summary.lost == 0, "seed \(seed)")
        #expect(summary.auditIsGreen, "seed \(seed)")
    }

    @Test func `a daemon killed three times while gateways stream loses and doubles nothing`()
        throws
    {
        let database = try ScratchDatabase()
        var course = KillCourse(plan(40_000, database.conninfo), rounds: 3)
        // The database goes with its owner.
        let summary = try withExtendedLifetime(database) { try course.run() }
        expect(summary)
        #expect(summary.sent == 40_000)
        #expect(summary.recoveries.count == 3)
    }

    @Test func `a COMMIT whose answer was lost is booked once`() throws {
        let database = try ScratchDatabase()
        var course = CutCourse(
            plan(40_000, database.conninfo),
            commits: 2,
            others: 1,
            rate: 4000
        )
        expect(try withExtendedLifetime(database) { try course.run() })
        #expect(course.answersLost == 2)
        #expect(course.answersLostButDone > 0)
    }

    @Test func `without PostgreSQL events are still taken, acknowledged and paid for by holds`()
        throws
    {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let cluster = try Cluster(
            script: "/\(root)/.ci/postgres",
            folder: "/\(root)/.build/postgres-crash-test",
            fresh: true
        )
        defer {
            do {
                try cluster.remove()
            } catch {
                Issue.record("the private PostgreSQL is left behind: \(error)")
            }
        }
        let conninfo = try cluster.makeDatabase("outage")
        var course = OutageCourse(plan(40_000, conninfo), cluster: cluster, seconds: 2, rate: 1500)
        expect(try course.run())
    }
}
