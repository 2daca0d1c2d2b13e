import Accounting
import Quantities
import Testing

/// Goal: a charge goes back to where it came from, once, whatever has become of that meanwhile.
@Suite struct RefundTests {
    /// A source as the database tells it: the grant, what it paid, and when it ends.
    private func source(
        _ grant: GrantNumber,
        _ amount: String,
        expires: String? = nil
    ) -> ChargeSource {
        if grant == 0 { return ChargeSource(debt: credits(amount)) }
        return ChargeSource(
            RefundPart(
                grant: grant,
                amount: credits(amount),
                isNew: false,
                grantClass: .purchased,
                priority: 100,
                effectiveAt: time("2026-03-01T00:00:00Z"),
                expiresAt: expires.map(time) ?? .never
            )
        )
    }

    private func charge(
        _ line: UInt64,
        stored: UInt64,
        refunded: String = "0",
        _ sources: ChargeSource...
    ) -> StoredCharge {
        StoredCharge(
            line: line,
            request: "r",
            sources: sources,
            refunded: credits(refunded),
            storedLines: stored
        )
    }

    private func call(_ amount: String? = nil, key: UInt128) -> RefundCall {
        RefundCall(
            amount: amount.map(credits),
            actor: "ann",
            reason: "it failed",
            identity: key,
            content: 1
        )
    }

    /// The parts in words: `grant:amount`, debt first; else the outcome.
    private func refund(
        _ bench: Workbench,
        _ charge: StoredCharge,
        _ amount: String? = nil,
        key: UInt128
    ) -> String {
        let call = call(amount, key: key)
        let outcome = bench.book.refund(charge, call, org: 1, at: bench.now, into: bench.buffer)
        guard case .refunded(let body) = outcome else { return "\(outcome)" }
        let debt = body.debtPaid.isZero ? [] : ["debt:\(body.debtPaid)"]
        return (debt + body.parts.map { "\($0.grant):\($0.amount)" }).joined(separator: " ")
    }

    @Test func `token-packs: 20,000 return, and the wallet is at 970,000`() {
        let bench = Workbench()
        bench.grant("100000", .plan, priority: 5, expires: "2026-04-01T00:00:00Z")
        bench.grant("1000000")
        #expect(bench.debit("130000") == "1:100000 2:30000")
        #expect(bench.debit("20000") == "2:20000")
        #expect(bench.balance == "950000")
        #expect(refund(bench, charge(4, stored: 4, source(2, "20000")), key: 1) == "2:20000")
        #expect(bench.balance == "970000")
        #expect(bench.wallet.lines == 5)
        #expect(bench.wallet.spend.total == credits("150000"), "what ran has run")
        bench.expectReplayAgrees()
    }

    @Test func `the last source gets its part back first, and a used up grant has it again`() {
        let bench = Workbench()
        bench.grant("3", expires: "2026-05-01T00:00:00Z")
        bench.grant("10")
        #expect(bench.debit("5") == "1:3 2:2")
        #expect(bench.wallet.grants.count == 1)
        let all = charge(
            3,
            stored: 3,
            source(1, "3", expires: "2026-05-01T00:00:00Z"),
            source(2, "2")
        )
        #expect(refund(bench, all, "3", key: 1) == "2:2 1:1")
        #expect(bench.wallet.grants.map(\.remaining) == [credits("1"), credits("10")])
        #expect(refund(bench, all, "2.000000000001", key: 2) == "exceeds(left: 2)")
        #expect(refund(bench, all, key: 3) == "1:2")
        #expect(refund(bench, all, key: 4) == "exceeds(left: 0)")
        #expect(bench.balance == "13")
        bench.expectReplayAgrees()
    }

    @Test func `what a grant gets back whose time is over lapses at once`() {
        let bench = Workbench()
        bench.grant("3", .plan, priority: 5, expires: "2026-04-01T00:00:00Z")
        bench.grant("10")
        bench.debit("2")
        bench.tick(until: "2026-04-01T00:00:00Z")
        #expect(bench.balance == "10")
        _ = bench.notices()
        let lapsed = charge(3, stored: 4, source(1, "2", expires: "2026-04-01T00:00:00Z"))
        #expect(refund(bench, lapsed, key: 1) == "1:2")
        #expect(bench.balance == "10")
        #expect(bench.wallet.lines == 6, "the refund, and its end")
        #expect(bench.notices().isEmpty)
        #expect(refund(bench, lapsed, key: 2) == "exceeds(left: 0)")
        bench.expectReplayAgrees()
    }

    @Test func `debt is paid first, and debt that was paid meanwhile comes as a new grant`() {
        let bench = Workbench()
        bench.grant("3")
        #expect(bench.debit("5") == "1:3 0:2")
        let all = charge(2, stored: 2, source(1, "3"), source(0, "2"))
        #expect(refund(bench, all, "1", key: 1) == "debt:1")
        #expect(bench.balance == "-1")
        #expect(bench.wallet.debt == credits("1"))
        bench.grant("4")
        #expect(bench.balance == "3")
        // 1 of the 2 that were debt is left to give back; another grant has paid for it.
        #expect(refund(bench, all, key: 2) == "3:1 1:3")
        #expect(bench.balance == "7")
        #expect(bench.wallet.grants.first { $0.number == 3 }?.grantClass == .refund)
        bench.expectReplayAgrees()
    }

    @Test func `a hold still finds what it kept of a grant that was used up and came back`() {
        let bench = Workbench()
        bench.grant("5")
        let hold = bench.held("4")
        #expect(bench.debit("5") == "1:5")
        #expect(bench.wallet.available == credits("-4"))
        #expect(refund(bench, charge(2, stored: 2, source(1, "5")), key: 1) == "1:5")
        #expect(bench.wallet.grants[0].held == credits("4"))
        #expect(bench.wallet.available == credits("1"))
        #expect(bench.release(hold))
        #expect(bench.wallet.grants[0].held == .zero)
        bench.expectReplayAgrees()
    }

    @Test func `a reading that does not show the last refund gives nothing back twice`() {
        let bench = Workbench()
        bench.grant("10")
        bench.debit("4")
        let early = charge(2, stored: 2, source(1, "4"))
        #expect(refund(bench, early, "3", key: 1) == "1:3")
        #expect(refund(bench, early, "1.5", key: 2) == "exceeds(left: 1)")
        let later = charge(2, stored: 3, refunded: "3", source(1, "4"))
        #expect(refund(bench, later, "0.5", key: 3) == "1:0.5")
        #expect(refund(bench, early, "0.5", key: 4) == "stale")
        #expect(refund(bench, later, "0.6", key: 5) == "exceeds(left: 0.5)")
        #expect(refund(bench, early, "3", key: 1) == "repeated(1)")
        bench.expectReplayAgrees()
    }

    @Test func `of a purchase goes back what is left and not kept`() {
        let bench = Workbench()
        bench.grant("10")
        bench.grant("7", .promotional, priority: 1)
        bench.debit("8")
        let hold = bench.held("2")
        func give(_ grant: GrantNumber, _ amount: String?, _ key: UInt128) -> String {
            let outcome = bench.book.returnPurchase(
                grant,
                call(amount, key: key),
                org: 1,
                at: bench.now,
                into: bench.buffer
            )
            guard case .returned(let body) = outcome else { return "\(outcome)" }
            return "\(body.amount)"
        }
        #expect(give(1, "7.1", 1) == "exceeds(left: 7)")
        #expect(give(1, nil, 2) == "7")
        #expect(give(1, nil, 2) == "repeated(1)")
        #expect(give(2, nil, 3) == "notPurchased")
        #expect(give(9, nil, 4) == "notPurchased")
        #expect(bench.balance == "2")
        #expect(bench.release(hold))
        #expect(give(1, nil, 5) == "2")
        #expect(
            bench.notices() == [
                "restored organisation 0",
                "cutoff organisation 0: "
                    + "insufficient_credits",
            ]
        )
        bench.expectReplayAgrees()
    }
}
