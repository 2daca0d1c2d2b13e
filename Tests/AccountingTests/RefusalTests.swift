import Accounting
import Quantities
import Testing

/// Goal: a refusal tells the first reason that applies, in the order of `RefusalReason`.
///
/// Method: for each reason a wallet in which it and everything after it applies.
@Suite struct RefusalTests {
    /// An organisation where every limit is broken: no credits, all caps at zero, an old secret.
    private func worst() -> Workbench {
        let bench = Workbench()
        bench.project()
        bench.key(project: 1)
        for period in CapPeriod.allCases {
            bench.cap(.key, 1, period, "0")
            bench.cap(.project, 1, period, "0")
            bench.cap(.organisation, 0, period, "0")
        }
        return bench
    }

    @Test func `the reasons stand in order of precedence and keep their numbers`() {
        // What lies in rings never moves.
        #expect(RefusalReason.allCases.map(\.rawValue) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(
            RefusalReason.allCases.sorted { $0.precedence < $1.precedence } == [
                .unknownOrganisation, .accountClosed, .invalidKey, .planRequired,
                .purchaseRequired, .unknownHold, .spendCapExceeded, .insufficientCredits,
            ]
        )
    }

    @Test(
        arguments: [
            (RefusalReason.unknownOrganisation, 17, true, UInt32(9)),
            (.accountClosed, 1, true, 9),
            (.invalidKey, 1, false, 9),
            (.spendCapExceeded, 1, false, 1),
        ] as [(RefusalReason, UInt32, Bool, UInt32)]
    )
    func `an authorisation tells the first reason`(
        reason: RefusalReason,
        org: UInt32,
        isClosed: Bool,
        generation: UInt32
    ) {
        let bench = worst()
        if isClosed {
            _ = bench.book.closeOrganisation(1, reason: "", at: bench.now, into: bench.buffer)
        }
        bench.org = org
        let outcome = bench.hold("1", project: 1, key: 1, generation: generation)
        guard case .refused(let told, _) = outcome else {
            Issue.record("it was granted")
            return
        }
        #expect(told == reason)
    }

    @Test func `caps go before the balance, key before project before organisation, day first`() {
        let bench = worst()
        for scope in [Scope.key, .project, .organisation] {
            let id: UInt32 = scope == .organisation ? 0 : 1
            for period in CapPeriod.allCases {
                let word = bench.hold("1", project: 1, key: 1).word
                #expect(word == "spendCapExceeded \(scope) \(id) \(period)")
                bench.cap(scope, id, period, nil)
            }
        }
        #expect(bench.hold("1", project: 1, key: 1).word == "insufficientCredits organisation 0")
    }

    @Test func `an extension tells the first reason`() {
        let bench = worst()
        bench.grant("10")
        for period in CapPeriod.allCases {
            for (scope, id) in [(Scope.key, UInt32(1)), (.project, 1), (.organisation, 0)] {
                bench.cap(scope, id, period, nil)
            }
        }
        let hold = bench.held("10", project: 1, key: 1)
        bench.cap(.organisation, 0, .day, "1")
        #expect(bench.extend(hold, to: "11").word == "spendCapExceeded organisation 0 day")
        bench.cap(.organisation, 0, .day, nil)
        #expect(bench.extend(hold, to: "11").word == "insufficientCredits organisation 0")
        #expect(bench.extend(99, to: "11").word == "unknownHold")
        _ = bench.book.revokeKey(1, org: 1, at: bench.now, into: bench.buffer)
        #expect(bench.extend(hold, to: "11").word == "invalidKey")
        #expect(bench.extend(99, to: "11").word == "unknownHold")
        _ = bench.book.closeOrganisation(1, reason: "", at: bench.now, into: bench.buffer)
        #expect(bench.extend(hold, to: "11").word == "accountClosed")
        bench.org = 17
        #expect(bench.extend(hold, to: "11").word == "unknownOrganisation")
    }

    @Test func `a refusal names the limit with its numbers and its end`() {
        let bench = Workbench(at: "2026-03-18T10:00:00Z", zone: "Test/East")
        bench.grant("500")
        bench.cap(.week, "100")
        bench.debit("60")
        _ = bench.held("30")
        guard case .refused(.spendCapExceeded, .some(let limit)) = bench.hold("10.5") else {
            Issue.record("the cap did not bite")
            return
        }
        #expect(limit.scope == .organisation && limit.id == 0 && limit.period == .week)
        #expect(limit.amount == credits("100"))
        #expect(limit.spent == credits("60"))
        #expect(limit.held == credits("30"))
        #expect(limit.asked == credits("10.5"))
        #expect(limit.resetsAt == time("2026-03-23T00:00:00+05:45"))
        guard case .refused(.insufficientCredits, .some(let balance)) = worstBalance() else {
            Issue.record("the balance did not bite")
            return
        }
        #expect(balance.amount == credits("12"))
        #expect(balance.held == credits("2"))
        #expect(balance.asked == credits("10.1"))
        #expect(balance.period == nil && balance.resetsAt == nil)
    }

    private func worstBalance() -> Authorization {
        let bench = Workbench()
        bench.grant("12")
        _ = bench.held("2")
        return bench.hold("10.1")
    }

    @Test func `what costs nothing runs, whatever was spent and whatever the balance`() {
        let bench = Workbench()
        bench.cap(.day, "1")
        bench.debit("2")
        #expect(bench.hold("0").word == "granted 0")
        #expect(bench.hold("0.000000000001").word == "spendCapExceeded organisation 0 day")
    }

    @Test(arguments: ["UTC", "Test/East", "Test/West"])
    func `windows end at the account's own midnights, Mondays and first days`(zone: String) {
        let bench = Workbench(at: "2026-12-30T12:00:00Z", zone: zone)
        let offset = ["UTC": "Z", "Test/East": "+05:45", "Test/West": "-08:00"][zone, default: ""]
        #expect(bench.book.windowEnd(of: 1, .day) == time("2026-12-31T00:00:00" + offset))
        #expect(bench.book.windowEnd(of: 1, .week) == time("2027-01-04T00:00:00" + offset))
        #expect(bench.book.windowEnd(of: 1, .month) == time("2027-01-01T00:00:00" + offset))
        #expect(bench.book.windowEnd(of: 1, .total) == nil)
        #expect(bench.book.windowEnd(of: 17, .day) == nil)
    }
}
