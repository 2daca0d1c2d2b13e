import Accounting
import Quantities
import Testing

/// Goal: the worked numbers of the credit systems, as far as accounting goes, to the last digit.
///
/// Non-goals: rating; the charges are the documents' own.
@Suite struct WorkedNumbersTests {
    @Test func `cloud-paas: promotional first, expiry of the rest, forfeiture at the end`() {
        let bench = Workbench(at: "2026-03-01T00:00:00Z")
        // 1. Promotional 5 until September, 10 bought.
        let september = "2026-09-01T00:00:00Z"
        bench.grant("5", .promotional, priority: 10, expires: september)
        bench.grant("10", .purchased, priority: 20, expires: "2027-03-01T00:00:00Z")
        #expect(bench.balance == "15")
        // 2. and 3. Two requests.
        #expect(bench.debit("0.0165") == "1:0.0165")
        #expect(bench.balance == "14.9835")
        #expect(bench.wallet.grants[0].remaining == credits("4.9835"))
        #expect(bench.debit("0.00000075") == "1:0.00000075")
        #expect(bench.balance == "14.98349925")
        // 4. belongs to machines; its sum stands for it.
        #expect(bench.debit("0.228516666667") == "1:0.228516666667")
        #expect(bench.balance == "14.754982583333")
        // 5. The rest of the promotional grant lapses.
        let lines = bench.wallet.lines
        bench.tick(until: "2026-08-31T23:59:59.999999Z")
        #expect(bench.balance == "14.754982583333")
        let before = bench.buffer.count
        bench.tick(until: september)
        #expect(bench.balance == "10")
        #expect(bench.wallet.lines == lines + 1)
        #expect(expiries(bench, from: before) == ["4.754982583333"])
        // 6. Closing forfeits the rest.
        let closed = bench.book.closeOrganisation(
            1,
            reason: "asked",
            at: bench.now,
            into: bench.buffer
        )
        #expect(closed == .done)
        #expect(bench.balance == "0")
        #expect(bench.hold("0.01").word == "accountClosed")
        #expect(bench.debit("0.01") == "accountClosed")
        bench.expectReplayAgrees()
    }

    private func expiries(_ bench: Workbench, from offset: Int) -> [String] {
        let bytes = bench.buffer.bytes
        var walker = RecordWalker(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
        var found: [String] = []
        while let (_, record) = walker.next() {
            if case .grantExpired(let body) = Change.decode(record)?.body {
                found.append(body.amount.description)
            }
        }
        return found
    }

    @Test func `llm-gateway: more than the balance is refused with the balance named`() {
        let bench = Workbench()
        bench.grant("12")
        guard case .refused(.insufficientCredits, .some(let limit)) = bench.hold("12.01") else {
            Issue.record("it was granted")
            return
        }
        #expect(limit.amount.description == "12")
        #expect(bench.hold("12").word == "granted 12")
    }

    @Test(arguments: [
        ("UTC", "2026-04-01T00:00:00Z"), ("Test/West", "2026-04-01T00:00:00-08:00"),
    ])
    func `llm-gateway: a cap of 100 a month, 99.99 spent`(zone: String, turn: String) {
        let bench = Workbench(at: "2026-03-05T00:00:00Z", zone: zone)
        bench.grant("599.99")
        bench.cap(.month, "100")
        bench.debit("99.99")
        #expect(bench.balance == "500")
        #expect(bench.hold("0.02").word == "spendCapExceeded organisation 0 month")
        let hold = bench.held("0.01")
        #expect(bench.debit("0.01", hold: hold) == "1:0.01")
        #expect(bench.hold("0.01").word == "spendCapExceeded organisation 0 month")
        bench.now = time(turn).advanced(byMicroseconds: -1)
        #expect(bench.hold("0.02").word == "spendCapExceeded organisation 0 month")
        bench.now = time(turn)
        #expect(bench.hold("0.02").word == "granted 0.02")
    }

    @Test func `gpu-hourly: ten renewals of 60, four of 350, and three after a purchase`() {
        let bench = Workbench(at: "2026-03-01T10:00:00Z")
        bench.grant("2000")
        #expect(bench.grant("100", .coupon, identity: 5) == .granted(2))
        #expect(bench.grant("100", .coupon, identity: 5) == .repeated(2))
        for _ in 0..<10 { bench.debit("60", hold: bench.held("60")) }
        #expect(bench.balance == "1500")
        var running = 0
        for _ in 0..<10 {
            guard case .granted(let granted) = bench.hold("350") else { continue }
            bench.debit("350", hold: granted.hold.serial)
            running += 1
        }
        #expect(running == 4)
        #expect(bench.balance == "100")
        bench.grant("1000")
        running = 0
        for _ in 0..<4 {
            guard case .granted(let granted) = bench.hold("350") else { continue }
            bench.debit("350", hold: granted.hold.serial)
            running += 1
        }
        #expect(running == 3)
        #expect(bench.balance == "50")
    }

    @Test func `token-packs: the allowance first, a refund, and the month's turn`() {
        let bench = Workbench(at: "2026-03-01T00:00:00Z")
        bench.grant("100000", .plan, priority: 1, expires: "2026-04-01T00:00:00Z")
        bench.grant("1000000", .purchased, priority: 2)
        #expect(bench.debit("150000") == "1:100000 2:50000")
        #expect(bench.balance == "950000")
        bench.grant("20000", .refund, priority: 2)
        #expect(bench.balance == "970000")
        let plan = "2026-04-01T00:00:00Z"
        bench.tick(until: plan)
        bench.grant("100000", .plan, priority: 1, expires: "2026-05-01T00:00:00Z")
        bench.debit("40000")
        bench.tick(until: "2026-05-01T00:00:00Z")
        bench.grant("100000", .plan, priority: 1, expires: "2026-06-01T00:00:00Z")
        #expect(bench.wallet.grants[0].remaining == credits("100000"))
        #expect(bench.balance == "1070000")
        bench.expectReplayAgrees()
    }
}
