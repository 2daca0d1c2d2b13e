import Accounting
import Quantities
import Testing

/// Goal: each crossing is told once, and again only after it has recovered.
@Suite struct AlertTests {
    /// What went off and recovered, in words.
    private func told(_ bench: Workbench) -> [String] {
        var found: [String] = []
        var walker = RecordWalker(bench.buffer.bytes)
        while let (_, record) = walker.next() {
            switch Change.decode(record)?.body {
            case .alertRaised(let body):
                found.append("\(body.alert) \(body.point.kind) \(body.value) \(body.day)")
            case .alertCleared(let body): found.append("\(body.alert) over at \(body.value)")
            default: break
            }
        }
        return found
    }

    private func set(_ bench: Workbench, _ text: String?) {
        let rules = text.flatMap { AlertRules(text: $0) }
        #expect((text == nil) == (rules == nil))
        let outcome = bench.book.setAlerts(rules, org: 1, at: bench.now, into: bench.buffer)
        #expect(outcome == .done)
    }

    @Test func `gpu-hourly: at 500 nothing is told, below it once`() {
        let bench = Workbench()
        set(bench, "low_balance=500")
        #expect(told(bench).isEmpty, "an empty wallet has not fallen")
        bench.grant("1000")
        bench.debit("500")
        #expect(told(bench).isEmpty)
        bench.debit("0.000000000001")
        bench.debit("100")
        #expect(told(bench) == ["1 lowBalance 499.999999999999 2026-03-01"])
        bench.grant("101")
        #expect(told(bench).last == "1 over at 500.999999999999")
        bench.debit("50")
        #expect(told(bench).last == "2 lowBalance 450.999999999999 2026-03-01")
        #expect(bench.book.raisedAlerts(of: 1).count == 1)
        bench.expectReplayAgrees()
    }

    @Test func `an allowance that lapses as the next one comes is no low balance`() {
        let bench = Workbench(zone: "UTC")
        set(bench, "low_balance=5")
        let team = PlanTerms(name: "team", included: Amount(credits: 9), lapses: true)
        _ = bench.book.setPlan(team, .now, org: 1, at: bench.now, into: bench.buffer)
        bench.debit("1")
        for month in ["2026-04", "2026-05", "2026-06"] {
            bench.tick(until: "\(month)-01T00:00:00Z")
            #expect(bench.balance == "9")
            bench.debit("1")
        }
        #expect(told(bench) == [])
        // One that is not enough is told, and once.
        let free = PlanTerms(name: "free", included: Amount(credits: 4), lapses: true)
        _ = bench.book.setPlan(free, .periodEnd, org: 1, at: bench.now, into: bench.buffer)
        bench.tick(until: "2026-07-01T00:00:00Z")
        bench.tick(until: "2026-08-01T00:00:00Z")
        #expect(told(bench) == ["1 lowBalance 4 2026-07-01"])
        bench.expectReplayAgrees()
    }

    @Test func `what was to be told when the journal lost its tail is told after the start`() {
        let bench = Workbench()
        set(bench, "low_balance=5,2")
        bench.grant("8")
        bench.debit("7")
        #expect(told(bench).count == 2)
        // Every record may be the last one that was written.
        var walker = RecordWalker(bench.buffer.bytes)
        var ends: [Int] = []
        while walker.next() != nil { ends.append(walker.position) }
        for lost in 0...2 {
            let end = ends[ends.count - 1 - lost]
            let book = replay(UnsafeRawBufferPointer(rebasing: bench.buffer.bytes[..<end]))
            let buffer = RecordBuffer()
            _ = book.tick(at: bench.now, into: buffer)
            #expect(book.raisedAlerts(of: 1).count == 2, "\(lost) records lost")
            var rest = RecordWalker(buffer.bytes)
            var raised = 0
            while rest.next() != nil { raised += 1 }
            #expect(raised == lost, "nothing is told twice")
        }
        // A balance that only rose is not told of, however low it is.
        let rich = Workbench()
        set(rich, "low_balance=5")
        rich.grant("1")
        let book = rich.replayed()
        _ = book.tick(at: rich.now, into: RecordBuffer())
        #expect(book.raisedAlerts(of: 1) == [])
    }

    @Test func `an expiry crosses a threshold as a debit does`() {
        let bench = Workbench()
        set(bench, "low_balance=5")
        bench.grant("8", expires: "2026-03-02T00:00:00Z")
        bench.tick(until: "2026-03-02T00:00:00Z")
        #expect(told(bench) == ["1 lowBalance 0 2026-03-02"])
        bench.expectReplayAgrees()
    }

    @Test func `a share of a cap is told when it is reached, and anew in the next window`() {
        let bench = Workbench()
        bench.grant("100")
        bench.cap(.month, "10")
        set(bench, "cap_percent=50,100")
        bench.debit("4.999999999999")
        #expect(told(bench).isEmpty)
        bench.debit("0.000000000001")
        #expect(told(bench) == ["1 capThreshold 5 2026-03-01"])
        bench.debit("6")
        #expect(told(bench).last == "2 capThreshold 11 2026-03-01")
        bench.tick(until: "2026-04-01T00:00:00Z")
        #expect(told(bench).suffix(2) == ["1 over at 0", "2 over at 0"])
        bench.debit("10")
        #expect(told(bench).count == 6)
        bench.cap(.month, nil)
        #expect(bench.book.raisedAlerts(of: 1).isEmpty)
        bench.expectReplayAgrees()
    }

    @Test func `days and weeks that cost something are summed up when they end`() {
        // 2026-03-01 is a Sunday.
        let bench = Workbench(at: "2026-03-01T10:00:00Z")
        bench.grant("100")
        set(bench, "daily;weekly")
        bench.debit("1.5")
        bench.debit("0.25")
        #expect(bench.book.nextDue == time("2026-03-02T00:00:00Z"))
        bench.tick(until: "2026-03-02T00:00:00Z")
        #expect(
            told(bench) == ["1 dailySummary 1.75 2026-03-01", "2 weeklySummary 1.75 2026-02-23"]
        )
        bench.tick(until: "2026-03-05T00:00:00Z")
        #expect(told(bench).count == 2, "nothing was spent")
        bench.debit("3")
        bench.tick(until: "2026-03-06T00:00:00Z")
        bench.debit("4")
        bench.tick(until: "2026-03-20T00:00:00Z")
        #expect(
            told(bench).suffix(3) == [
                "3 dailySummary 3 2026-03-05", "4 dailySummary 4 2026-03-06",
                "5 weeklySummary 7 2026-03-02",
            ]
        )
        #expect(bench.book.raisedAlerts(of: 1).isEmpty, "what is told is over")
        bench.expectReplayAgrees()
    }

    @Test func `wishes of the offer hold until an account has its own`() {
        let bench = Workbench()
        guard let rules = AlertRules(text: "low_balance=5") else { return }
        bench.book.useAlertDefaults(rules)
        bench.grant("10")
        bench.debit("6")
        #expect(told(bench) == ["1 lowBalance 4 2026-03-01"])
        set(bench, "low_balance=2")
        #expect(told(bench).last == "1 over at 4", "it is not wished for any more")
        bench.debit("1")
        #expect(told(bench).count == 2)
        set(bench, nil)
        bench.debit("1")
        #expect(told(bench).last == "2 lowBalance 2 2026-03-01")
    }

    @Test func `what a deployment costs is told once for each window`() {
        let bench = Workbench()
        set(bench, "deployment_cost=1:5")
        func tell(_ spent: String, _ deployment: UInt32 = 1, _ period: CapPeriod = .day) {
            bench.book.tellDeployment(
                deployment,
                spent: credits(spent),
                in: period,
                name: "web",
                org: 1,
                at: bench.now,
                into: bench.buffer
            )
        }
        tell("4.999999999999")
        tell("7", 1, .month)
        #expect(told(bench).isEmpty)
        tell("5")
        tell("6")
        #expect(told(bench) == ["1 deploymentCost 5 2026-03-01"])
        tell("9", 2)
        tell("1")
        tell("5")
        #expect(told(bench).count == 4)
        #expect(bench.book.raisedAlerts(of: 1).map(\.id) == [2, 1])
        bench.expectReplayAgrees()
    }

    @Test func `a top-up that fails is told once until one is paid`() {
        let bench = Workbench()
        func tell(_ event: TopUpEvent) {
            bench.book.tellTopUp(
                event,
                amount: credits("10"),
                text: "card declined",
                org: 1,
                at: bench.now,
                into: bench.buffer
            )
        }
        tell(.failed)
        tell(.failed)
        #expect(told(bench) == ["1 topUpFailed 10 2026-03-01"])
        tell(.paid)
        tell(.failed)
        tell(.limitReached)
        tell(.limitReached)
        #expect(told(bench).count == 4)
        bench.tick(until: "2026-04-01T00:00:00Z")
        bench.debit("0")
        #expect(told(bench).last == "3 over at 0", "another month")
        bench.expectReplayAgrees()
    }

    @Test(arguments: [
        "", "low_balance=100,20;cap_percent=80,50;daily;weekly", "daily",
        "deployment_cost=1:5,3:100.25",
    ])
    func `rules are read back as they were written`(text: String) {
        #expect(AlertRules(text: text)?.text == text)
    }

    @Test(arguments: [
        "low", "low_balance=0", "low_balance=x", "cap_percent=101", "cap_percent=0",
        "low_balance=1,2,3,4,5,6,7,8,9", "deployment_cost=9:1", "deployment_cost=1",
    ])
    func `what is no rule is refused`(text: String) {
        #expect(AlertRules(text: text) == nil)
    }
}
