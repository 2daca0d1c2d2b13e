import Accounting
import Quantities
import Testing

/// Goal: the book and a naive second keeper agree on everything, whatever happens in which order.
/// Method: random commands over months of simulated time; a failure names its seed and step.
@Suite struct AccountBookModelTests {
    @Test(arguments: UInt64(1)...30)
    func `the book and the naive ledger agree after every step`(seed: UInt64) {
        let duel = Duel(seed: seed)
        duel.run(steps: 1500)
        #expect(duel.difference == nil)
        #expect(duel.tally["debit", default: 0] > 100, "the run is worth its name: \(duel.tally)")
    }
}
