import CrashScenarios
import DaemonHarness
import Glibc
import Testing

/// Goal: what a gateway was told is safe is in the books exactly once, whatever is killed or cut.
///
/// Method: a real daemon under load is attacked, briefly; `make crash` does the same at length. The
/// proof reads the tables with plain SQL and compares them with what was planned. Each run has its
/// own seed, which is printed when a proof fails.
@Suite(.serialized, .timeLimit(.minutes(10))) struct CrashTests {
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
        try withCluster { cluster in
            let plan = plan(40_000, try cluster.makeDatabase("outage"))
            var course = OutageCourse(plan, cluster: cluster, seconds: 2, rate: 1500)
            expect(try course.run())
        }
    }

    @Test func `PostgreSQL killed while gateways stream, alone and with the daemon, loses nothing`()
        throws
    {
        try withCluster { cluster in
            #expect(try cluster.fsync() == "on")
            let plan = plan(30_000, try cluster.makeDatabase("kill"))
            var course = KillCourse(plan, rounds: 3, cluster: cluster)
            let summary = try course.run()
            expect(summary)
            #expect(course.count >= 3)
            #expect(summary.recoveries.count >= 2, "the daemon was killed twice")
        }
    }

    @Test func `machines, plans, top-ups, refunds and orders are exact whatever is killed`() throws
    {
        try withCluster { cluster in
            let plan = plan(20_000, try cluster.makeDatabase("systems"))
            let systems = try Systems(plan)
            var course = KillCourse(plan, rounds: 4, cluster: cluster, systems: systems)
            expect(try course.run())
            #expect(systems.ordersTold >= 16)
        }
    }

    @Test(.enabled(if: compiler != nil, "there is no C compiler"))
    func `a power cut takes nothing acknowledged, and a disk that lies is found out`() throws {
        let folder = try ScratchFolder()
        let library = "\(folder.path)/powercut.so"
        let build = try ChildProcess(
            [
                try #require(Self.compiler), "-std=c11", "-O2", "-shared", "-fPIC", "-o", library,
                "\(Self.root)/Tests/Support/PowerCut/powercut.c", "-ldl", "-lpthread",
            ],
            environment: ["PATH": "/usr/bin:/bin"],
            log: "\(folder.path)/log"
        )
        #expect(try build.waitForEnd(within: 60) == .exited(0))
        let database = try ScratchDatabase()
        var course = PowerCourse(plan(20_000, database.conninfo), rounds: 4, library: library)
        expect(try withExtendedLifetime(database) { try course.run() })
        #expect(course.cuts == 4)
        #expect(course.writesLost > 0)

        let other = try ScratchDatabase()
        var lie = PowerCourse(plan(20_000, other.conninfo), rounds: 4, library: library)
        let noticed = withExtendedLifetime((other, folder)) { lie.runOnLyingDisk() }
        #expect(!noticed.isEmpty)
    }

    @Test(.enabled(if: SmallDisk.objection == nil, "only root can mount a file system"))
    func `a full disk is back-pressure, and service comes back by itself`() throws {
        let disk = try SmallDisk(folder: "\(Self.root)/.build/crash-test-disk", mebibytes: 12)
        try withCluster { cluster in
            let plan = plan(1 << 40, try cluster.makeDatabase("disk"))
            var course = FullDiskCourse(plan, cluster: cluster, disk: disk, rate: 20_000)
            expect(try course.run())
        }
        withExtendedLifetime(disk) {}
    }

    private static let root =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// Swift brings a clang.
    private static let compiler: String? = {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = path.split(separator: ":").map(String.init) + ["/usr/bin"]
        return ["clang", "cc", "gcc"].lazy
            .flatMap { name in folders.map { "\($0)/\(name)" } }
            .first { access($0, X_OK) == 0 }
    }()

    /// Runs a body with a PostgreSQL that may be stopped and killed.
    private func withCluster(_ body: (Cluster) throws -> Void) throws {
        let cluster = try Cluster(
            script: "\(Self.root)/.ci/postgres",
            folder: "\(Self.root)/.build/postgres-crash-test",
            fresh: true
        )
        defer {
            do {
                try cluster.remove()
            } catch {
                Issue.record("the private PostgreSQL is left behind: \(error)")
            }
        }
        try body(cluster)
    }
}
