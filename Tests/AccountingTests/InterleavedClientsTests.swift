import Accounting
import Quantities
import Testing

/// Goal: concurrent clients cannot spend more than there is, in whatever order they come; nor are
/// they refused while there is enough.
///
/// Method: 64 clients, each holds, waits and settles, interleaved by a seeded order.
@Suite struct InterleavedClientsTests {
    /// What the clients did until nobody was granted anything any more.
    private struct Run {
        var granted = 0
        var refused = 0
        var lowest = Amount.zero
        var wallet: Organisation
        var overshoot: Amount
    }

    private func run(seed: UInt64, hold: String, charge: String) -> Run {
        var random = SeededRandom(seed: seed)
        let bench = Workbench()
        bench.grant("250", priority: 2)
        bench.grant("750", priority: 1)
        var open = [UInt64?](repeating: nil, count: 64)
        var isDone = [Bool](repeating: false, count: 64)
        var run = Run(wallet: bench.wallet, overshoot: .zero)
        while isDone.contains(false) || open.contains(where: { $0 != nil }) {
            let client = random.below(64)
            bench.wait(1000)
            if let serial = open[client] {
                bench.debit(charge, hold: serial)
                open[client] = nil
            } else if case .granted(let granted) = bench.hold(hold) {
                run.granted += 1
                open[client] = granted.hold.serial
            } else {
                run.refused += 1
                // What others hold may come back: only then is it the end.
                isDone[client] = open.allSatisfy { $0 == nil }
            }
            run.lowest = min(run.lowest, bench.wallet.posted)
        }
        run.wallet = bench.wallet
        run.overshoot = bench.book.overshoot
        bench.expectReplayAgrees()
        return run
    }

    @Test(arguments: UInt64(1)...5)
    func `64 clients on a wallet worth 1,000 requests are granted exactly 1,000`(seed: UInt64) {
        let run = run(seed: seed, hold: "1", charge: "1")
        #expect(run.granted == 1000, "seed \(seed)")
        #expect(run.wallet.posted == .zero)
        #expect(run.lowest == .zero, "never below zero")
        #expect(run.overshoot == .zero)
    }

    @Test(arguments: UInt64(1)...5)
    func `charges below the holds leave the rest to others, never below zero`(seed: UInt64) {
        let run = run(seed: seed, hold: "1", charge: "0.8")
        // After 1,249 charges 0.8 is left, which carries no hold of 1.
        #expect(run.granted == 1249, "seed \(seed)")
        #expect(run.wallet.posted == credits("0.8"))
        #expect(run.lowest == .zero, "never below zero")
        #expect(run.overshoot == .zero)
    }

    @Test(arguments: UInt64(1)...5)
    func `charges above the holds go below zero by what the estimates missed`(seed: UInt64) {
        let run = run(seed: seed, hold: "1", charge: "1.25")
        let charged = Amount(units: credits("1.25").units * Int128(run.granted))
        #expect(run.wallet.posted == credits("1000") - charged)
        #expect(run.wallet.posted >= credits("-16"), "at most 64 times 0.25; seed \(seed)")
        #expect(run.overshoot == -run.wallet.posted)
        #expect(run.wallet.debt == -run.wallet.posted)
    }
}
