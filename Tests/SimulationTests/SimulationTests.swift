import Simulation
import Testing

@Suite struct SimulationTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a known seed keeps every promise`(seed: UInt64) {
        let outcome = simulate(SimulationPlan(seed: seed, steps: 3000))
        #expect(outcome.violation == nil)
    }
}
