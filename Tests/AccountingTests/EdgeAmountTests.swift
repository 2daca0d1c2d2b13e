import Accounting
import Quantities
import Testing

/// Goal: an amount at the edge of its range is an outcome, never a trap and never a wrap.
@Suite struct EdgeAmountTests {
    private let most = "99999999999999999999999999.999999999999"

    @Test func `a balance that would not fit is refused, also with grants that have not begun`() {
        let bench = Workbench()
        #expect(bench.grant(most) == .granted(1))
        let refused = CommandOutcome.invalid(
            field: "amount",
            message: "The balance would not fit 26 digits."
        )
        #expect(bench.grant("0.000000000001") == refused)
        bench.debit(most)
        let later = "2026-04-01T00:00:00Z"
        #expect(bench.grant(most, effective: later) == .granted(2))
        #expect(bench.grant("1", effective: later) == refused)
        #expect(bench.grant("1") == refused)
        bench.tick(until: later)
        #expect(bench.balance == most)
        bench.expectReplayAgrees()
    }

    @Test func `a debit that would leave the range is refused, the one before is booked`() {
        let bench = Workbench()
        #expect(bench.debit(most) == "0:\(most)")
        #expect(bench.balance == "-\(most)")
        #expect(bench.debit("0.000000000001") == "outOfRange")
        bench.grant("1")
        #expect(bench.debit("1") == "outOfRange", "what was ever spent would not fit")
        bench.expectReplayAgrees()
    }

    @Test func `debt beside what a hold keeps of an expired grant stays in range`() {
        let bench = Workbench()
        bench.grant(most, expires: "2026-03-01T00:00:10Z")
        let hold = bench.held(most)
        bench.tick(until: "2026-03-01T00:00:10Z")
        #expect(bench.debit("60000000000000000000000000") == "0:60000000000000000000000000")
        #expect(bench.debit("60000000000000000000000000") == "outOfRange")
        #expect(bench.release(hold))
        #expect(bench.balance == "-60000000000000000000000000")
        bench.expectReplayAgrees()
    }

    @Test func `caps, holds and questions at the edge are compared, not added up`() {
        let bench = Workbench()
        bench.cap(.total, most)
        bench.cap(.day, most)
        bench.grant(most)
        bench.debit("90000000000000000000000000")
        bench.grant("90000000000000000000000000")
        bench.tick(until: "2026-03-02T00:00:00Z")
        #expect(bench.hold(most).word == "spendCapExceeded organisation 0 total")
        bench.cap(.total, nil)
        let hold = bench.held("90000000000000000000000000")
        #expect(bench.hold(most).word == "spendCapExceeded organisation 0 day")
        bench.cap(.total, most)
        #expect(bench.extend(hold, to: most).word == "spendCapExceeded organisation 0 total")
        bench.cap(.total, nil)
        #expect(bench.extend(hold, to: most).word == "granted \(most)")
    }

    @Test func `what is available stays in range when usage took what holds keep`() {
        let bench = Workbench()
        bench.grant("90000000000000000000000000")
        _ = bench.held("90000000000000000000000000")
        bench.debit(most)
        #expect(bench.wallet.posted == credits("-9999999999999999999999999.999999999999"))
        #expect(bench.wallet.available == -Amount.max)
        #expect(bench.hold("1").word == "insufficientCredits organisation 0")
    }

    @Test func `the overshoot of many wallets stops at the end of the range`() {
        let bench = Workbench()
        bench.debit(most)
        for org: UInt32 in [17, 33] {
            let zone = "UTC"
            let outcome = bench.book.createOrganisation(
                org,
                name: "",
                zone: zone,
                at: bench.now,
                into: bench.buffer
            )
            #expect(outcome == .done)
            bench.org = org
            bench.debit(most)
        }
        #expect(bench.book.overshoot == .max)
    }

    @Test func `a hold that lasts for ever ends at the end of time`() {
        let bench = Workbench()
        bench.grant("1")
        let hold = bench.held("1", ttl: .max)
        #expect(bench.book.hold(bench.name(hold))?.expiresAt == .never)
        bench.tick(until: "9999-12-31T00:00:00Z")
        #expect(bench.book.openHolds == 1)
    }
}
