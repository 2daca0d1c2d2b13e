import ArgumentParser
import CrashScenarios
import Glibc

/// Attacks a real daemon, and proves afterwards that nothing was lost and nothing booked twice.
@main
struct CrashCampaign: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meterd-crash",
        abstract: "kill -9, PostgreSQL's outages and cut connections, with a proof at the end.",
        discussion: """
            The daemon is the program in METERD_BINARY. `make crash` runs this with a private
            PostgreSQL. The same seed gives the same events and the same choices.
            """
    )

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case kill
        case outage
        case cut
        case pause
    }

    @Option(help: "The path of the script .ci/postgres.")
    var postgres: String

    @Option(help: "The folder of the private PostgreSQL, which is stopped and started.")
    var cluster: String

    @Option(help: "How many times the daemon is killed.")
    var rounds = 50

    @Option(help: "How many events four gateways send while it is killed.")
    var events: UInt64 = 1_000_000

    @Option(help: "For how many seconds PostgreSQL is away.")
    var outage = 20.0

    @Option(help: "How many COMMITs lose their answer.")
    var commits = 40

    @Option(help: "How many events a second are sent in the parts with a steady load.")
    var rate: UInt64 = 20_000

    @Option(help: "Everything by chance follows from it; without it, from the clock.")
    var seed: UInt64?

    @Option(help: "Which parts to run.")
    var part = Part.allCases

    @Flag(help: "Tell every round.")
    var verbose = false

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let seed = self.seed ?? UInt64(time(nil))
        print("seed \(seed)")
        let cluster = try Cluster(script: postgres, folder: self.cluster)
        var failures = 0
        for part in part {
            let summary = try run(part, seed, cluster)
            for fault in summary.faults { print("  FAULT  \(fault)") }
            failures += summary.holds ? 0 : 1
        }
        print(failures == 0 ? "All proofs hold." : "\(failures) proofs FAILED.")
        if failures > 0 { throw ExitCode(1) }
    }

    private func run(_ part: Part, _ seed: UInt64, _ cluster: Cluster) throws -> Summary {
        let verbose = self.verbose
        var plan = CoursePlan(
            seed: seed,
            events: events,
            conninfo: try cluster.makeDatabase("crash_\(part.rawValue)"),
            say: { if verbose { print("  \($0)") } }
        )
        // A steady load sends as long as it lasts.
        if part != .kill { plan.events = 1 << 40 }
        let start = time(nil)
        let (summary, table): (Summary, String)
        switch part {
        case .kill:
            var course = KillCourse(plan, rounds: rounds)
            summary = try course.run()
            table = summary.table("kill -9 while four gateways stream", course.rows)
        case .outage:
            var course = OutageCourse(plan, cluster: cluster, seconds: outage, rate: rate)
            summary = try course.run()
            table = summary.table("PostgreSQL away", course.rows)
        case .cut:
            var course = CutCourse(
                plan,
                commits: commits,
                others: commits / 4,
                rate: rate
            )
            summary = try course.run()
            table = summary.table("connections cut", course.rows)
        case .pause:
            var course = PauseCourse(plan, times: 3, seconds: 5, rate: rate)
            summary = try course.run()
            table = summary.table("SIGSTOP and SIGTERM under load", course.rows)
        }
        print("\n\(table)  took \(time(nil) - start) s\n")
        return summary
    }
}
