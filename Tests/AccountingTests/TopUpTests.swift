import Accounting
import Quantities
import Testing

/// Goal: a wallet asks for credits by itself when it needs them, once, and never ahead of it.
@Suite struct TopUpTests {
    @Test func `nothing is asked for at the threshold and one top-up a hair below it`() {
        let bench = Workbench()
        bench.grant("7")
        #expect(bench.topUp(below: "5", credits: "50", price: "50") == .done)
        bench.debit("2")
        #expect(bench.balance == "5")
        #expect(bench.open == [])
        bench.debit("0.000001")
        #expect(bench.balance == "4.999999")
        #expect(bench.open == ["1: 50 for 50 USD"])
        bench.debit("1")
        bench.debit("9")
        bench.tick()
        #expect(bench.open == ["1: 50 for 50 USD"])
        #expect(bench.book.takePurchaseOrders().map(\.purchase.number) == [1])

        #expect(bench.fail(1) == .failed)
        #expect(bench.book.takeTopUpTroubles().last?.isFailure == true)
        bench.debit("1")
        #expect(bench.open == [])
        // The back-off is one minute after the first failure, two after the second.
        bench.tick(until: "2026-03-01T00:00:59.999999Z")
        #expect(bench.open == [])
        bench.tick(until: "2026-03-01T00:01:00Z")
        #expect(bench.open == ["2: 50 for 50 USD"])
        #expect(bench.fail(2) == .failed)
        bench.tick(until: "2026-03-01T00:02:59Z")
        #expect(bench.open == [])
        bench.tick(until: "2026-03-01T00:03:00Z")
        #expect(bench.open == ["3: 50 for 50 USD"])

        #expect(bench.confirm(3, "pi_1") == .confirmed(receipt: 1))
        #expect(bench.balance == "43.999999")
        #expect(bench.open == [])
        bench.expectReplayAgrees()
    }

    @Test func `nobody is asked to pay what has failed before it was handed over`() {
        let bench = Workbench()
        bench.grant("7")
        bench.topUp(below: "5", credits: "50", price: "50")
        bench.debit("3")
        #expect(bench.open == ["1: 50 for 50 USD"])
        #expect(bench.fail(1) == .failed)
        #expect(bench.book.takePurchaseOrders() == [])
        bench.expectReplayAgrees()
    }

    @Test func `a balance that fell while it was off is judged when it is switched on`() {
        let bench = Workbench()
        bench.grant("10")
        bench.topUp(below: "5", credits: "50", price: "50", on: false)
        bench.debit("8")
        #expect(bench.open == [])
        bench.topUp(below: "5", credits: "50", price: "50")
        #expect(bench.open.count == 1)
        // What is under way stays so, and is credited.
        bench.topUp(below: "5", credits: "50", price: "50", on: false)
        #expect(bench.open.count == 1)
        #expect(bench.confirm(1, "pi_1") == .confirmed(receipt: 1))
        bench.debit("51")
        #expect(bench.open == [])
        bench.expectReplayAgrees()
    }

    /// The sixth top-up of a month, token-packs 6: five of EUR 10, limit EUR 50.
    @Test func `five top-ups fit the month's limit and the sixth is refused once a month`() {
        let bench = Workbench(zone: "UTC")
        bench.grant("200000")
        bench.topUp(below: "200000", credits: "2500000", price: "10", limit: "50")
        for number in UInt32(1)...5 {
            bench.debit(number == 1 ? "1" : "2500000")
            #expect(bench.open == ["\(number): 2500000 for 10 USD"])
            #expect(bench.confirm(number, "pi_\(number)") == .confirmed(receipt: number))
        }
        _ = bench.book.takeTopUpTroubles()
        bench.debit("2500000")
        bench.debit("1")
        bench.tick(until: "2026-03-31T23:59:59Z")
        bench.debit("1")
        #expect(bench.open == [])
        let troubles = bench.book.takeTopUpTroubles()
        #expect(troubles.count == 1)
        guard case .limitReached(_, let body) = troubles.first else {
            Issue.record("\(troubles)")
            return
        }
        #expect(body.limit == credits("50") && body.asked == credits("50"))
        #expect(body.price == credits("10"))
        // In the next month of the account there is room again, without anybody asking.
        bench.tick(until: "2026-04-01T00:00:00Z")
        #expect(bench.open == ["6: 2500000 for 10 USD"])
        // Who was told hears that it is over, without waiting for a payment.
        #expect(bench.book.takeTopUpTroubles().map(\.isOver) == [true])
        bench.expectReplayAgrees()
    }

    @Test func `closing an account ends what was wrong with its top-up`() {
        let bench = Workbench()
        bench.topUp(below: "1", credits: "2", price: "10")
        #expect(bench.fail(1) == .failed)
        #expect(bench.book.takeTopUpTroubles().last?.isFailure == true)
        _ = bench.book.closeOrganisation(
            bench.org,
            reason: "left",
            at: bench.now,
            into: bench.buffer
        )
        #expect(bench.book.takeTopUpTroubles().map(\.isOver) == [true])
        #expect(bench.book.raisedAlerts(of: bench.org) == [])
        bench.expectReplayAgrees()
    }

    @Test func `what failed does not count for the month's limit`() {
        let bench = Workbench()
        bench.topUp(below: "1", credits: "2", price: "10", limit: "10")
        #expect(bench.open.count == 1)
        bench.fail(1)
        bench.tick(until: "2026-03-01T00:10:00Z")
        #expect(bench.open == ["2: 2 for 10 USD"])
        bench.confirm(2, "pi_1")
        bench.debit("2")
        #expect(bench.open == [])
        // A higher limit is judged at once.
        bench.topUp(below: "1", credits: "2", price: "10", limit: "20")
        #expect(bench.open == ["3: 2 for 10 USD"])
        bench.expectReplayAgrees()
    }

    @Test func `too little to reach the threshold is followed by another`() {
        let bench = Workbench()
        bench.topUp(below: "5", credits: "3", price: "3")
        bench.confirm(1, "pi_1")
        #expect(bench.open == ["2: 3 for 3 USD"])
        bench.confirm(2, "pi_2")
        #expect(bench.open == [])
        #expect(bench.balance == "6")
    }

    @Test func `a grant that lapses below the threshold asks, too`() {
        let bench = Workbench()
        bench.grant("10", expires: "2026-03-02T00:00:00Z")
        bench.grant("4")
        bench.topUp(below: "5", credits: "50", price: "50")
        bench.tick(until: "2026-03-02T00:00:00Z")
        #expect(bench.open == ["1: 50 for 50 USD"])
    }

    /// What a crash took away between the usage and the purchase is asked for after it.
    @Test func `a purchase that was lost with the journal's tail is asked for again`() {
        let bench = Workbench()
        bench.grant("6")
        bench.topUp(below: "5", credits: "50", price: "50")
        bench.debit("2")
        let records = bench.buffer.bytes
        var walker = RecordWalker(records)
        var last = 0
        while walker.position < records.count {
            last = walker.position
            guard walker.next() != nil else { break }
        }
        let torn = replay(UnsafeRawBufferPointer(rebasing: records[0..<last]))
        #expect(torn.purchasing(of: 1)?.open.isEmpty == true)
        #expect(torn.nextDue <= bench.now)
        _ = torn.tick(at: bench.now, into: RecordBuffer())
        #expect(torn.purchasing(of: 1)?.open.count == 1)
    }

    @Test func `a setting that can never work is refused by field and value`() {
        let bench = Workbench()
        #expect(bench.topUp(below: "-1", credits: "5", price: "5").field == "threshold")
        #expect(bench.topUp(below: "1", credits: "0", price: "5").field == "amount")
        #expect(bench.topUp(below: "1", credits: "1", price: "-5").field == "price")
        #expect(
            bench.topUp(below: "1", credits: "1", price: "5", limit: "4.99").field
                == "monthly_limit"
        )
    }

    @Test func `closing an account fails what is open and asks for nothing more`() {
        let bench = Workbench()
        bench.topUp(below: "5", credits: "50", price: "50")
        #expect(bench.open.count == 1)
        let outcome = bench.book.closeOrganisation(
            1,
            reason: "x",
            at: bench.now,
            into: bench.buffer
        )
        #expect(outcome == .done)
        #expect(bench.open == [])
        bench.tick(until: "2026-04-01T00:00:00Z")
        #expect(bench.open == [])
        #expect(bench.confirm(1, "pi_1") == .settled)
        bench.expectReplayAgrees()
    }

    @Test func `the back-off doubles up to its bound`() {
        let backOff = TopUpBackOff(firstMicroseconds: 60, mostMicroseconds: 500)
        let waits = (UInt32(1)...6).map {
            backOff.end(after: $0, from: .epoch).microseconds
        }
        #expect(waits == [60, 120, 240, 480, 500, 500])
        let one = TopUpBackOff(firstMicroseconds: 600, mostMicroseconds: 500)
        #expect(one.end(after: .max, from: .epoch).microseconds == 500)
    }
}
