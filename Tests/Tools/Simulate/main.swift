import ArgumentParser
import Glibc
import Simulation

/// Simulates the whole daemon, seed by seed.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meterd-simulate",
        abstract: "Runs the whole daemon behind simulated doors, one run for each seed."
    )

    @Option(help: "Run this seed alone, and tell what it did.")
    var seed: UInt64?

    @Option(help: "How many seeds to run.")
    var seeds = 100

    @Option(help: "The first of them.")
    var firstSeed: UInt64 = 1

    @Option(help: "How many steps each run takes before it is let come to an end.")
    var steps = 4000

    @Option(help: "How many processes share the seeds.")
    var jobs = 1

    @Flag(help: .hidden)
    var worker = false

    @Flag(help: "Run each seed twice and compare the histories.")
    var twice = false

    mutating func run() throws {
        if let seed {
            try one(seed)
        } else if worker {
            Worker(first: firstSeed, count: seeds, steps: steps, twice: twice).run()
        } else {
            var campaign = Campaign(
                first: firstSeed,
                count: seeds,
                steps: steps,
                jobs: jobs,
                twice: twice
            )
            guard campaign.run() else { throw ExitCode(1) }
        }
    }

    private func one(_ seed: UInt64) throws {
        let outcome = simulate(SimulationPlan(seed: seed, steps: steps, isTracing: true))
        for line in outcome.trace { print("  \(line)") }
        for (name, figure) in outcome.statistics.fields where figure > 0 {
            print("  \(name): \(figure)")
        }
        print("history \(String(outcome.history, radix: 16))")
        if let violation = outcome.violation {
            print("VIOLATION seed=\(seed) step=\(outcome.statistics.steps) \(violation)")
            print("Replay it: make simulate SEED=\(seed) STEPS=\(steps)")
            throw ExitCode(1)
        }
        print("OK seeds=1 steps=\(outcome.statistics.steps)")
    }
}

Simulate.main()
