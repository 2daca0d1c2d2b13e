import ArgumentParser
import CrashScenarios
import DaemonHarness
import Glibc

/// Attacks a real daemon, and proves afterwards that nothing was lost and nothing booked twice.
@main
struct CrashCampaign: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meterd-crash",
        abstract: "Real faults against a real daemon under load, with a proof at the end of each.",
        discussion: """
            kill     kill -9 of the daemon, of all of PostgreSQL, and of both, in turn
            systems  the same while machines run and are ordered about, and plans, coupons,
                     purchases, top-ups and refunds are asked for twice and more
            outage   PostgreSQL crashes and stays away, also while the daemon starts
            cut      connections cut around COMMIT and elsewhere; sessions ended in a COPY
            pause    SIGSTOP of the daemon and of PostgreSQL for seconds; SIGTERM under load
            disk     the journal's file system is full, by the journal or another file (root only)
            power    what no finished fdatasync covers is lost or torn; at last on a disk that lies,
                     which must be noticed

            After each part the tables are read with plain SQL and compared with what was planned:
            every event acknowledged is stored, once, for the exact amount, and the daemon's audit
            is green. The daemon is the program in METERD_BINARY. `make crash` runs this with a
            private PostgreSQL that syncs. The same seed gives the same events and the same choices.
            """
    )

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case kill
        case systems
        case outage
        case cut
        case pause
        case disk
        case power
    }

    @Option(help: "The path of the script .ci/postgres.")
    var postgres: String

    @Option(help: "The folder of the private PostgreSQL, which is stopped, killed and started.")
    var cluster: String

    @Option(help: "How many times somebody is killed; a quarter as often the power is cut.")
    var rounds = 200

    @Option(help: "How many events four gateways send meanwhile.")
    var events: UInt64 = 1_000_000

    @Option(help: "For how many seconds PostgreSQL is away.")
    var outage = 15.0

    @Option(help: "How many COMMITs lose their answer; half as many sessions end in a COPY.")
    var commits = 40

    @Option(help: "How many events a second are sent in the parts with a steady load.")
    var rate: UInt64 = 20_000

    @Option(help: "Where the small file system is mounted; without it, the part is skipped.")
    var disk: String?

    @Option(help: "The compiled powercut.c; without it, the part is skipped.")
    var powercut: String?

    @Option(help: "Everything by chance follows from it; without it, from the clock.")
    var seed: UInt64?

    @Option(help: "Which parts to run; all by default.")
    var part = Part.allCases

    @Flag(help: "Tell every round.")
    var verbose = false

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let start = time(nil)
        let cluster = try Cluster(script: postgres, folder: self.cluster)
        let (seed, fsync) = (self.seed ?? UInt64(start), try cluster.fsync())
        print("seed \(seed), PostgreSQL with fsync = \(fsync)")
        if fsync != "on" { throw ValidationError("PostgreSQL must run with fsync = on") }
        let campaign = Campaign(options: self, seed: seed, cluster: cluster)
        var lines: [String] = []
        var failures = 0
        for part in part {
            if let reason = campaign.reasonToSkip(part) {
                print("\n\(part.rawValue): skipped, as \(reason)\n")
                lines.append("| \(part.rawValue) | skipped: \(reason) | | | | | | | |")
                continue
            }
            let (summary, line) = try campaign.run(part)
            for fault in summary.faults { print("  FAULT  \(fault)") }
            fflush(nil)
            failures += summary.holds ? 0 : 1
            lines.append(line)
        }
        print(([Summary.heading] + lines).joined(separator: "\n"))
        print("\nseed \(seed), \(time(nil) - start) s in all")
        print(failures == 0 ? "All proofs hold." : "\(failures) proofs FAILED.")
        if failures > 0 { throw ExitCode(1) }
    }
}
