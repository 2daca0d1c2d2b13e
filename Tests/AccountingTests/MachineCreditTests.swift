import Accounting
import Quantities
import Testing

/// Goal: what the duel has found of machines stays mended: who waits for credits gets them however
/// they come free, nothing that has lapsed is promised, and a place that is over is a place.
///
/// Method: a book under a clock that the test moves; each case as small as it can be.
@Suite struct MachineCreditTests {
    private func bench(credits: String) -> Workbench {
        let bench = Workbench(at: "2026-03-01T10:00:00Z")
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
        uptime seconds: Int64 = 0,
        state: RunState = .running,
        allocation: RunAllocation = RunAllocation()
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
                allocation: allocation
            ),
            at: bench.now,
            into: bench.buffer
        )
    }

    private func start(_ bench: Workbench, _ name: String, machine: UInt32 = 1) -> String {
        let outcome = bench.book.start(
            StartRequest(org: 1, deployment: name, machine: machine),
            at: bench.now,
            into: bench.buffer
        )
        guard case .answer(let answer) = outcome else { return "\(outcome)" }
        return answer.word
    }

    private func orders(_ bench: Workbench) -> [OrderAction] {
        bench.book.openOrders(of: 1).map(\.order.action)
    }

    @Test(arguments: ["release", "debit", "lapse"])
    func `a blocked machine resumes when a hold lets go of what it waits for`(how: String) {
        let bench = bench(credits: "100")
        let hold = bench.held("50")
        sample(bench)
        #expect(orders(bench) == [.stop])
        bench.wait(second)
        switch how {
        case "release": #expect(bench.release(hold))
        case "debit": bench.debit("1", hold: hold)
        default:
            bench.wait(minute)
            bench.tick()
        }
        #expect(orders(bench) == [.resume])
        #expect(bench.wallet.held == credits("60"))
        bench.expectReplayAgrees()
    }

    @Test func `a start that was granted and never came keeps no place`() {
        let bench = bench(credits: "1000")
        bench.book.runRules.mostPerOrganisation = 1
        #expect(start(bench, "a") == "granted 60")
        #expect(start(bench, "b") == "tooMany")
        bench.wait(11 * minute)
        bench.tick()
        #expect(start(bench, "b") == "granted 60")
        #expect(bench.book.deployments(of: 1).map(\.name) == ["b"])
        bench.expectReplayAgrees()
    }

    @Test func `a start that is granted takes back the order to stop`() {
        let bench = bench(credits: "10")
        sample(bench)
        #expect(orders(bench) == [.stop])
        bench.book.openOrders(of: 1).forEach { #expect($0.reason == .insufficientCredits) }
        bench.grant("100")
        #expect(start(bench, "web") == "granted 60")
        #expect(!orders(bench).contains(.stop))
        bench.expectReplayAgrees()
    }

    @Test func `a machine that costs nothing runs in an empty wallet`() {
        let bench = bench(credits: "1")
        bench.debit("1")
        sample(bench, machine: 3)
        #expect(orders(bench).isEmpty)
        #expect(bench.book.deployments(of: 1).first?.lease == .open)
    }

    @Test func `what a machine's hold lets go of a grant that is over is promised to nobody`() {
        let bench = Workbench(at: "2026-03-01T10:00:00Z")
        bench.book.machinePrices = TestMachinePrices()
        bench.book.runRules.leaseMicroseconds = 5 * hour
        bench.grant("350", expires: "2026-03-01T10:30:00Z")
        #expect(start(bench, "a", machine: 2) == "granted 350")
        sample(bench, "b", boot: 2)
        #expect(orders(bench) == [.stop])
        bench.tick(until: "2026-03-01T10:31:00Z")
        // It costs 60 of the 350: the rest lapses, and nothing of it resumes the other one.
        sample(bench, "a", machine: 1, boot: 1)
        #expect(bench.balance == "0")
        bench.tick()
        #expect(!orders(bench).contains(.resume))
        bench.expectReplayAgrees()
    }

    @Test func `whoever has another one's place is told of anew`() {
        let bench = bench(credits: "1000")
        bench.book.runRules.mostPerOrganisation = 1
        let rules = AlertRules(text: "deployment_cost=4:60")
        _ = bench.book.setAlerts(rules, org: 1, at: bench.now, into: bench.buffer)
        sample(bench, "a")
        bench.wait(5 * minute)
        bench.tick()
        sample(bench, "b", boot: 2)
        var told: [String] = []
        var walker = RecordWalker(bench.buffer.bytes)
        while let (_, record) = walker.next() {
            guard case .alertRaised(let body)? = Change.decode(record)?.body else { continue }
            told.append(body.text)
        }
        #expect(told == ["a", "b"])
        bench.expectReplayAgrees()
    }
}
