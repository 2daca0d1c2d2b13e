import Simulation
import Testing

/// Goal:        the daemon keeps its promises in every world that a seed can name.
///
/// Method:      whole runs of the simulation, short ones here; `make simulate SEEDS=10000` for
///              more and longer ones. A failure names the one command that replays it.
@Suite struct SimulationTests {
    private static let steps = 1500

    /// Drawn anew in every run of the tests.
    private static let fresh = (0..<5).map { _ in UInt64.random(in: 1_000_000..<1_000_000_000) }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a known seed keeps every promise`(seed: UInt64) {
        expectPromises(seed)
    }

    @Test(arguments: fresh)
    func `a fresh seed keeps every promise`(seed: UInt64) {
        expectPromises(seed)
    }

    /// So long that the journal goes beyond its first segments.
    private static let longSteps = 20_000

    @Test(arguments: [20_920, UInt64.random(in: 1_000_000..<1_000_000_000)])
    func `a long run keeps every promise`(seed: UInt64) {
        expectPromises(seed, steps: SimulationTests.longSteps)
    }

    private func expectPromises(_ seed: UInt64, steps: Int = SimulationTests.steps) {
        let outcome = simulate(SimulationPlan(seed: seed, steps: steps))
        let broken = outcome.violation.map(\.description) ?? ""
        #expect(
            outcome.violation == nil,
            "\(broken)\nReplay it: make simulate SEED=\(seed) STEPS=\(steps)"
        )
    }

    @Test(arguments: [3, 17, 28] as [UInt64])
    func `a seed runs the same way twice`(seed: UInt64) {
        let plan = SimulationPlan(seed: seed, steps: SimulationTests.steps)
        let (first, second) = (simulate(plan), simulate(plan))
        #expect(first.history == second.history)
        #expect(first.statistics.steps == second.statistics.steps)
        #expect(first.statistics.reports > 0)
    }

    @Test func `two seeds run in different ways`() {
        let first = simulate(SimulationPlan(seed: 101, steps: 400))
        let second = simulate(SimulationPlan(seed: 102, steps: 400))
        #expect(first.history != second.history)
    }

    @Test func `a few seeds meet every kind of fault`() {
        var met: [String: Int] = [:]
        for seed in 201...220 as ClosedRange<UInt64> {
            let outcome = simulate(SimulationPlan(seed: seed, steps: SimulationTests.steps))
            for (name, count) in outcome.statistics.fields { met[name, default: 0] += count }
        }
        let rare: Set = [
            "lease takeovers", "flipped bits", "of them, the first ahead", "of them, all stored",
        ]
        let missing = met.filter { $0.value == 0 && !rare.contains($0.key) }.keys.sorted()
        #expect(missing.isEmpty, "nothing happened of \(missing)")
    }
}
