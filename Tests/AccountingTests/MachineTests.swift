import Accounting
import Quantities
import Testing

/// Goal: machines are charged for what they show, to the last digit, whatever samples are lost,
/// late or repeated; who cannot pay is told to stop, and to resume.
///
/// Method: a book under a clock that the test moves, with the worked numbers of the credit systems,
/// and random samplings against one sum.
@Suite struct MachineTests {
    private func bench(_ start: String, credits: String) -> Workbench {
        let bench = Workbench(at: start)
        bench.book.machinePrices = TestMachinePrices()
        bench.grant(credits)
        return bench
    }

    @discardableResult
    private func sample(
        _ bench: Workbench,
        _ name: String = "web",
        machine: UInt32 = 1,
        boot: UInt128 = 1,
        uptime seconds: Int64,
        state: RunState = .running,
        allocation: RunAllocation = RunAllocation(),
        sent: UInt64? = nil
    ) -> SampleOutcome {
        bench.book.sample(
            MachineSample(
                org: 1,
                deployment: name,
                machine: machine,
                boot: boot,
                uptime: UInt64(seconds) * 1000,
                at: bench.now,
                state: state,
                allocation: allocation,
                sentBytes: sent
            ),
            at: bench.now,
            into: bench.buffer
        )
    }

    /// All charges of machines so far, in order, with the moment that each begins at.
    private func charges(_ bench: Workbench) -> [(from: Timestamp, amount: Amount)] {
        var found: [(Timestamp, Amount)] = []
        var walker = RecordWalker(bench.buffer.bytes)
        while let (_, record) = walker.next() {
            guard case .machineChanged(let body)? = Change.decode(record)?.body,
                let charge = body.charge, charge.amount.isPositive
            else { continue }
            found.append((charge.from, charge.amount))
        }
        return found
    }

    @Test func `a run of nine hours and five minutes has ten entries, at the start and each hour`()
    {
        let bench = bench("2026-03-01T10:00:00Z", credits: "2100")
        for minute in 0...545 {
            bench.wait(until: "2026-03-01T10:00:00Z")
            bench.wait(Int64(minute) * 60 * second)
            bench.tick()
            sample(bench, uptime: Int64(minute) * 60, state: minute == 545 ? .stopped : .running)
        }
        let all = charges(bench)
        #expect(all.count == 10)
        #expect(all.allSatisfy { $0.amount == credits("60") })
        #expect(
            all.map(\.from)
                == (10...19).map { time("2026-03-01T\($0):00:00Z") }
        )
        #expect(bench.balance == "1500")
    }

    @Test func `four of ten are charged, told to stop an hour later, and three resume`() {
        let bench = bench("2026-03-01T20:00:00Z", credits: "1500")
        var granted: [String] = []
        for index in 0..<10 {
            let answer = bench.book.start(
                StartRequest(org: 1, deployment: "l\(index)", machine: 2),
                at: bench.now,
                into: bench.buffer
            )
            switch answer {
            case .answer(.granted): granted.append("l\(index)")
            case .answer(.refused(.insufficientCredits, let report)):
                #expect(report?.asked == credits("350"))
            default: Issue.record("\(answer)")
            }
        }
        #expect(granted == ["l0", "l1", "l2", "l3"])
        for (index, name) in granted.enumerated() {
            sample(bench, name, machine: 2, boot: UInt128(index) + 1, uptime: 0)
        }
        #expect(bench.balance == "100")
        #expect(bench.wallet.held == .zero)
        for minute in 1..<60 {
            bench.wait(minute == 0 ? 0 : 60 * second)
            bench.tick()
            for (index, name) in granted.enumerated() {
                sample(
                    bench,
                    name,
                    machine: 2,
                    boot: UInt128(index) + 1,
                    uptime: Int64(minute) * 60
                )
            }
        }
        #expect(bench.book.openOrders(of: 1).isEmpty)
        bench.tick(until: "2026-03-01T21:00:00Z")
        let stops = bench.book.openOrders(of: 1)
        #expect(stops.map(\.deployment) == granted)
        #expect(stops.allSatisfy { $0.order.action == .stop && $0.reason == .insufficientCredits })
        #expect(bench.balance == "100")
        bench.wait(5 * second)
        for (index, name) in granted.enumerated() {
            sample(
                bench,
                name,
                machine: 2,
                boot: UInt128(index) + 1,
                uptime: 3605,
                state: .stopped
            )
        }
        #expect(bench.book.openOrders(of: 1).isEmpty)
        bench.tick(until: "2026-03-01T21:30:00Z")
        bench.grant("1000")
        bench.tick()
        let resumes = bench.book.openOrders(of: 1)
        #expect(resumes.map(\.deployment) == ["l0", "l1", "l2"])
        #expect(resumes.allSatisfy { $0.order.action == .resume })
        #expect(bench.balance == "1100")
        #expect(bench.wallet.available == credits("50"))
        bench.wait(10 * second)
        for index in 0..<3 {
            sample(bench, "l\(index)", machine: 2, boot: UInt128(index) + 1, uptime: 5410)
        }
        #expect(bench.balance == "50")
        #expect(bench.wallet.held == .zero)
        #expect(bench.book.openOrders(of: 1).isEmpty)
    }

    private static let size = RunAllocation(vcpu: 2000, memory: 4000, storage: 20_000)

    @Test(arguments: 0..<200) func `a total is the same whatever the sampling`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let bench = bench("2026-03-01T10:00:00Z", credits: "15")
        let sent: UInt64 = 1_610_612_736
        bench.book.runRules.graceMicroseconds = 7200 * second
        var moments: [Int64] = []
        for second in stride(from: Int64(0), to: 5430, by: 60) where random.below(10) < 7 {
            moments.append(second)
        }
        moments.append(5430)
        // Some are late: they come after a later one, and some come twice.
        var order = moments
        for index in 1..<max(2, order.count - 1) where random.below(4) == 0 {
            order.swapAt(index, index - 1)
        }
        for (index, uptime) in order.enumerated() {
            // The clock stands at the latest moment that was told so far.
            let now = order[...index].max() ?? 0
            bench.wait(until: "2026-03-01T10:00:00Z")
            bench.wait(now * second)
            let at = time("2026-03-01T10:00:00Z").advanced(byMicroseconds: uptime * second)
            for _ in 0...random.below(2) {
                _ = bench.book.sample(
                    MachineSample(
                        org: 1,
                        deployment: "web",
                        machine: 3,
                        boot: 7,
                        uptime: UInt64(uptime) * 1000,
                        at: at,
                        allocation: Self.size,
                        sentBytes: sent * UInt64(uptime) / 5430
                    ),
                    at: bench.now,
                    into: bench.buffer
                )
            }
        }
        bench.book.bringUp(1, to: bench.now, into: bench.buffer)
        let sum = charges(bench).reduce(Amount.zero) { $0 + $1.amount }
        #expect(sum == credits("0.228516666667"), "seed \(seed)")
        #expect(bench.wallet.posted == credits("15") - credits("0.228516666667"))
    }

    @Test func `silence ends a run at its last sample and the grace`() {
        let bench = bench("2026-03-01T10:00:00Z", credits: "1000")
        sample(bench, uptime: 0)
        bench.wait(600 * second)
        bench.tick()
        let run = bench.book.deployments(of: 1).first?.run
        #expect(run?.endedAt == time("2026-03-01T10:02:00Z"))
        // The same boot comes back within the hour that is paid, and goes on in it.
        sample(bench, uptime: 600)
        #expect(bench.balance == "940")
        #expect(bench.book.deployments(of: 1).first?.run?.number == 2)
        bench.tick(until: "2026-03-01T10:12:01Z")
        bench.tick(until: "2026-03-01T11:10:00Z")
        sample(bench, boot: 2, uptime: 60)
        #expect(bench.balance == "880")
    }

    @Test func `a sample of an earlier boot says nothing`() {
        let bench = bench("2026-03-01T10:00:00Z", credits: "1000")
        sample(bench, uptime: 0)
        bench.wait(60 * second)
        sample(bench, boot: 2, uptime: 1)
        #expect(sample(bench, boot: 1, uptime: 60) == .unchanged)
        #expect(sample(bench, boot: 2, uptime: 1) == .unchanged)
        #expect(bench.balance == "880")
    }

    @Test func `what runs on without credits is booked as debt after the deadline`() {
        let bench = bench("2026-03-01T10:00:00Z", credits: "10")
        sample(bench, uptime: 0)
        #expect(bench.balance == "10")
        #expect(bench.book.openOrders(of: 1).map(\.order.action) == [.stop])
        for minute in 1...6 {
            bench.wait(60 * second)
            bench.tick()
            sample(bench, uptime: Int64(minute) * 60)
        }
        #expect(bench.balance == "-50")
        #expect(bench.wallet.debt == credits("50"))
    }

    @Test func `a continuous run is told to stop at its margin, and goes on after a credit`() {
        // 0.062 an hour: the margin of 300 s is 0.005166666667.
        let bench = bench("2026-03-01T10:00:00Z", credits: "0.01")
        var orders: [Int64] = []
        for minute in 0...9 {
            if minute > 0 { bench.wait(60 * second) }
            bench.tick()
            let uptime = Int64(minute) * 60
            sample(bench, machine: 3, uptime: uptime, allocation: Self.size)
            if bench.book.openOrders(of: 1).first?.order.action == .stop { orders.append(uptime) }
        }
        // 0.01 - 0.062 x 300 / 3600 = 0.004833: less than the margin; at 240 s 0.005867.
        #expect(orders.first == 300)
        sample(bench, machine: 3, uptime: 541, state: .stopped, allocation: Self.size)
        #expect(bench.book.openOrders(of: 1).isEmpty)
        bench.grant("1")
        bench.tick()
        #expect(bench.book.openOrders(of: 1).map(\.order.action) == [.resume])
        #expect(bench.wallet.held == credits("0.005166666667"))
        bench.wait(30 * second)
        sample(bench, machine: 3, uptime: 571, allocation: Self.size)
        #expect(bench.book.openOrders(of: 1).isEmpty)
        #expect(bench.wallet.held == .zero)
    }

    @Test func `closing ends all runs and forgets all orders`() {
        let bench = bench("2026-03-01T10:00:00Z", credits: "100")
        sample(bench, "a", uptime: 0)
        sample(bench, "b", boot: 2, uptime: 0)
        #expect(bench.book.openOrders(of: 1).count == 1)
        _ = bench.book.closeOrganisation(1, reason: "", at: bench.now, into: bench.buffer)
        #expect(bench.book.openOrders(of: 1).isEmpty)
        #expect(bench.balance == "0")
        #expect(sample(bench, "a", uptime: 60) == .accountClosed)
        bench.tick(until: "2026-03-02T10:00:00Z")
    }

    @Test func `an organisation has no more deployments than it may, and over ones make room`() {
        let bench = bench("2026-03-01T10:00:00Z", credits: "1000")
        bench.book.runRules.mostPerOrganisation = 2
        sample(bench, "a", uptime: 0)
        sample(bench, "b", boot: 2, uptime: 0)
        #expect(sample(bench, "c", boot: 3, uptime: 0) == .tooMany)
        bench.wait(60 * second)
        sample(bench, "b", boot: 2, uptime: 60)
        bench.wait(70 * second)
        bench.tick()
        #expect(sample(bench, "c", boot: 3, uptime: 0) == .taken)
        #expect(bench.book.deployments(of: 1).map(\.name) == ["c", "b"])
        #expect(bench.book.deployments(of: 1).first?.run?.number == 3)
    }

    @Test func `an order is done once`() {
        let bench = bench("2026-03-01T10:00:00Z", credits: "10")
        sample(bench, uptime: 0)
        let order = bench.book.openOrders(of: 1).first?.order.number ?? 0
        #expect(bench.book.orderDone(order, org: 1, at: bench.now, into: bench.buffer))
        #expect(!bench.book.orderDone(order, org: 1, at: bench.now, into: bench.buffer))
        #expect(!bench.book.orderDone(9, org: 2, at: bench.now, into: bench.buffer))
    }

    @Test(arguments: [
        (Int64(0), false), (-1, false), (1, true), (60 * second, true),
    ])
    func `a run ends when nothing was heard for longer than the grace`(over: Int64, ends: Bool) {
        let bench = bench("2026-03-01T10:00:00Z", credits: "1000")
        sample(bench, uptime: 0)
        bench.wait(120 * second + over)
        bench.tick()
        let ended = bench.book.deployments(of: 1).first?.run?.endedAt
        #expect(ended == (ends ? time("2026-03-01T10:02:00Z") : .never))
        sample(bench, uptime: 120)
        #expect(bench.book.deployments(of: 1).first?.run?.number == (ends ? 2 : 1))
        bench.expectReplayAgrees()
    }

    @Test func `a stop at the moment that was told last is news, and a start is none`() {
        let bench = bench("2026-03-01T10:00:00Z", credits: "1000")
        sample(bench, uptime: 0)
        bench.wait(60 * second)
        sample(bench, uptime: 60)
        #expect(sample(bench, uptime: 60) == .unchanged)
        #expect(sample(bench, uptime: 60, state: .stopped) == .taken)
        // Repeats and reordered ones change nothing.
        #expect(sample(bench, uptime: 60, state: .stopped) == .unchanged)
        #expect(sample(bench, uptime: 60) == .unchanged)
        #expect(bench.book.deployments(of: 1).first?.run?.state == .stopped)
        bench.tick(until: "2026-03-01T10:01:30Z")
        bench.wait(3600 * second)
        bench.tick()
        #expect(bench.balance == "940")
        bench.expectReplayAgrees()
    }

    @Test func `an hour that was refused is not paid`() {
        let bench = bench("2026-03-01T10:00:00Z", credits: "70")
        func paid() -> Timestamp? { bench.book.deployments(of: 1).first?.run?.paidUntil }
        for minute in 0...60 {
            if minute > 0 { bench.wait(60 * second) }
            bench.tick()
            sample(bench, uptime: Int64(minute) * 60)
            if minute == 30 { #expect(paid() == time("2026-03-01T11:00:00Z")) }
        }
        #expect(bench.book.openOrders(of: 1).map(\.order.action) == [.stop])
        #expect(paid() == time("2026-03-01T11:00:00Z"))
        bench.wait(30 * second)
        sample(bench, uptime: 3630, state: .stopped)
        #expect(paid() == nil)
        #expect(bench.balance == "10")
        sample(bench, "poor", boot: 2, uptime: 0)
        #expect(bench.book.deployments(of: 1).last?.run?.paidUntil == nil)
    }

    @Test func `what a deployment has cost is told once a window, and after a replay`() {
        let bench = bench("2026-03-01T10:00:00Z", credits: "10000")
        let rules = AlertRules(text: "deployment_cost=1:120,3:1500")
        _ = bench.book.setAlerts(rules, org: 1, at: bench.now, into: bench.buffer)
        for minute in 0...(34 * 60) {
            if minute > 0 { bench.wait(60 * second) }
            bench.tick()
            sample(bench, uptime: Int64(minute) * 60)
            if minute == 700 { bench.expectReplayAgrees() }
        }
        var told: [String] = []
        var walker = RecordWalker(bench.buffer.bytes)
        while let (_, record) = walker.next() {
            guard let change = Change.decode(record) else { continue }
            switch change.body {
            case .alertRaised(let body):
                told.append("\(change.appliedAt) \(body.point.period) \(body.value) \(body.text)")
            case .alertCleared(let body):
                told.append("\(change.appliedAt) \(body.point.period) over at \(body.value)")
            default: continue
            }
        }
        // Fourteen hours of 60 on the first day; the 25th hour makes 1,500 of the month.
        #expect(
            told == [
                "2026-03-01T11:00:00Z day 120 web",
                "2026-03-02T00:00:00Z day over at 0",
                "2026-03-02T01:00:00Z day 120 web",
                "2026-03-02T10:00:00Z month 1500 web",
            ]
        )
        let spend = bench.book.deployments(of: 1).first?.spend(on: bench.book.all[0].today.day)
        #expect(spend?.month == credits("2100"))
        bench.expectReplayAgrees()
    }
}
