import Glibc
import Simulation

/// Runs seeds one after the other and tells of each in a line that a campaign reads.
///
/// Lines: `seed <seed>` before it begins, then `done <seed> <history> <figures...>` or
/// `violation <seed> <step> <text>`.
struct Worker {
    var first: UInt64
    var count: Int
    var steps: Int
    var twice: Bool

    func run() {
        for seed in first..<first + UInt64(count) {
            print("seed \(seed)")
            fflush(nil)
            let outcome = simulate(SimulationPlan(seed: seed, steps: steps))
            if let violation = outcome.violation {
                print("violation \(seed) \(outcome.statistics.steps) \(violation)")
                continue
            }
            if twice {
                let again = simulate(SimulationPlan(seed: seed, steps: steps))
                if again.history != outcome.history {
                    print("violation \(seed) 0 invariant=determinism the histories differ")
                    continue
                }
            }
            let figures = outcome.statistics.fields.map { "\($0.1)" }.joined(separator: " ")
            print("done \(seed) \(outcome.history) \(figures)")
        }
    }
}
