import Accounting
import Quantities
import Testing

/// Goal: credits are burnt in the stated order, and every debit says where it came from.
@Suite struct BurnOrderTests {
    @Test func `lower priority, then earlier expiry, then earlier issue`() {
        let bench = Workbench()
        bench.grant("1", priority: 2, expires: "2026-04-01T00:00:00Z")
        bench.grant("1", priority: 1)
        bench.grant("1", priority: 1, expires: "2026-06-01T00:00:00Z")
        bench.grant("1", priority: 1, expires: "2026-05-01T00:00:00Z")
        bench.grant("1", priority: 1, expires: "2026-05-01T00:00:00Z")
        bench.grant("1", priority: -1)
        #expect(bench.debit("6.5") == "6:1 4:1 5:1 3:1 2:1 1:1 0:0.5")
    }

    @Test func `promotional before purchased is a matter of priority, not of class`() {
        let bench = Workbench()
        bench.grant("10", .purchased, priority: 20)
        bench.grant("5", .promotional, priority: 10)
        #expect(bench.debit("6") == "2:5 1:1")
    }

    @Test func `a grant that has not begun pays nothing, not even debt`() {
        let bench = Workbench()
        bench.grant("5", effective: "2026-03-02T00:00:00Z")
        #expect(bench.balance == "0")
        #expect(bench.wallet.lines == 0)
        #expect(bench.debit("1") == "0:1")
        #expect(bench.balance == "-1")
        bench.tick(until: "2026-03-01T23:59:59.999999Z")
        #expect(bench.balance == "-1")
        bench.tick(until: "2026-03-02T00:00:00Z")
        #expect(bench.balance == "4")
        #expect(bench.wallet.debt == .zero)
        #expect(bench.wallet.lines == 2)
        #expect(bench.debit("5") == "1:4 0:1")
        bench.expectReplayAgrees()
    }

    @Test func `a settlement takes what its hold kept, then the burn order, then debt`() {
        let bench = Workbench()
        bench.grant("3", priority: 2)
        let hold = bench.held("2")
        bench.grant("3", priority: 1)
        #expect(bench.debit("1", hold: hold) == "1:1", "not from the grant that came later")
        let second = bench.held("4")
        #expect(bench.debit("7", hold: second) == "2:3 1:2 0:2")
    }

    @Test func `what a hold kept beyond the charge is free again`() {
        let bench = Workbench()
        bench.grant("10")
        let hold = bench.held("9")
        #expect(bench.hold("2").word == "insufficientCredits organisation 0")
        bench.debit("3", hold: hold)
        #expect(bench.wallet.held == .zero)
        #expect(bench.hold("7").word == "granted 7")
    }

    @Test func `a hold is taken from what no other hold keeps, in burn order`() {
        let bench = Workbench()
        bench.grant("2", priority: 1)
        bench.grant("2", priority: 2)
        let first = bench.held("1.5")
        let second = bench.held("1")
        let draws = bench.book.hold(bench.name(second))?.draws
        #expect(draws == SampleRecords.draws((1, 500_000_000_000), (2, 500_000_000_000)))
        #expect(bench.debit("1", hold: second) == "1:0.5 2:0.5")
        #expect(bench.debit("1.5", hold: first) == "1:1.5")
    }

    @Test func `usage without a hold may take what holds keep; the hold falls back`() {
        let bench = Workbench()
        bench.grant("5", priority: 1)
        bench.grant("5", priority: 2)
        let hold = bench.held("5")
        #expect(bench.debit("7") == "1:5 2:2")
        #expect(bench.wallet.available == credits("-2"))
        #expect(bench.debit("4", hold: hold) == "2:3 0:1")
        #expect(bench.balance == "-1")
        bench.expectReplayAgrees()
    }

    @Test func `an extension adds to the same hold, from wherever is free`() {
        let bench = Workbench()
        bench.grant("2", priority: 1)
        bench.grant("2", priority: 2)
        let hold = bench.held("1")
        #expect(bench.extend(hold, to: "2").word == "granted 2")
        #expect(bench.extend(hold, to: "3").word == "granted 3")
        #expect(bench.extend(hold, to: "1").word == "granted 3", "it never shrinks")
        #expect(bench.extend(hold, to: "9").word == "granted 4 final")
        #expect(bench.extend(hold, to: "9").word == "insufficientCredits organisation 0")
        #expect(bench.debit("3.5", hold: hold) == "1:2 2:1.5")
        bench.expectReplayAgrees()
    }

    @Test func `a charge may come from more grants than a byte counts`() {
        let bench = Workbench()
        for _ in 0..<600 { bench.grant("0.01") }
        let draws = bench.debit("6")
        #expect(draws.split(separator: " ").count == 600)
        #expect(bench.balance == "0")
        bench.expectReplayAgrees()
    }

    @Test func `every settlement of an unknown hold is booked all the same`() {
        let bench = Workbench()
        bench.grant("5")
        let hold = bench.held("1")
        #expect(bench.debit("1", hold: hold) == "1:1")
        #expect(bench.debit("1", hold: hold) == "1:1")
        #expect(bench.debit("1", hold: 77) == "1:1")
        #expect(bench.balance == "2")
    }
}
