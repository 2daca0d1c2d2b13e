/// Runs one seed.
///
/// - Parameter plan: Which, and how long.
/// - Returns: How it went.
package func simulate(_ plan: SimulationPlan) -> SimulationOutcome {
    do throws(Violation) {
        return try Simulation(plan).run()
    } catch {
        return SimulationOutcome(
            seed: plan.seed,
            statistics: Statistics(),
            history: 0,
            violation: error,
            trace: []
        )
    }
}
