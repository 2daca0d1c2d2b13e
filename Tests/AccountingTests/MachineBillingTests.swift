import Accounting
import Quantities
import Testing

/// Goal: a machine is billed as its organisation is: nothing is debited where nothing is metered,
/// and who is invoiced is charged whatever the balance, up to the caps.
///
/// Method: a book under a clock that the test moves, an empty wallet, and both ways to charge.
@Suite struct MachineBillingTests {
    private static let size = RunAllocation(vcpu: 2000, memory: 4000, storage: 20_000)

    private func bench(_ mode: BillingMode?, credits: String? = nil) -> Workbench {
        let bench = Workbench(at: "2026-03-01T10:00:00Z")
        bench.book.machinePrices = TestMachinePrices()
        if let credits { bench.grant(credits) }
        if let mode { bill(bench, mode) }
        return bench
    }

    private func bill(_ bench: Workbench, _ mode: BillingMode) {
        let body = BillingChanged(
            mode: mode,
            netDays: 30,
            purchaseOrder: "",
            from: CivilDay(number: 0)
        )
        let outcome = bench.book.setBilling(body, org: 1, at: bench.now, into: bench.buffer)
        #expect(outcome == .done)
    }

    private func start(_ bench: Workbench, machine: UInt32) -> Authorization? {
        let request = StartRequest(
            org: 1,
            deployment: "web",
            machine: machine,
            allocation: Self.size
        )
        let outcome = bench.book.start(request, at: bench.now, into: bench.buffer)
        guard case .answer(let answer) = outcome else { return nil }
        return answer
    }

    private func sample(
        _ bench: Workbench,
        machine: UInt32,
        minute: Int64,
        state: RunState = .running
    ) {
        let outcome = bench.book.sample(
            MachineSample(
                org: 1,
                deployment: "web",
                machine: machine,
                boot: 1,
                uptime: UInt64(minute) * 60_000,
                at: bench.now,
                state: state,
                allocation: Self.size,
                sentBytes: UInt64(minute) << 20
            ),
            at: bench.now,
            into: bench.buffer
        )
        #expect(outcome == .taken)
    }

    /// Runs for as many minutes from the clock's present on.
    private func run(_ bench: Workbench, machine: UInt32, minutes: ClosedRange<Int64>) {
        for minute in minutes {
            if minute > 0 { bench.wait(60 * second) }
            bench.tick()
            sample(bench, machine: machine, minute: minute)
        }
    }

    @Test(arguments: [UInt32(1), 3]) func `what is not metered is recorded and costs nothing`(
        machine: UInt32
    ) {
        let bench = bench(.unmetered)
        bench.cap(.month, "0.000001")
        guard case .granted(let hold)? = start(bench, machine: machine) else {
            Issue.record("a start is refused")
            return
        }
        #expect(hold.amount == .zero)
        run(bench, machine: machine, minutes: 0...130)
        #expect(bench.book.openOrders(of: 1).isEmpty)
        #expect(bench.balance == "0")
        #expect(bench.wallet.spend.total == .zero)
        #expect(bench.wallet.held == .zero)
        let deployment = bench.book.deployments(of: 1).first
        #expect(deployment?.lease == .open)
        #expect(deployment?.run?.chargedHours == (machine == 1 ? 3 : 0))
        #expect(deployment?.run?.sentBytes == 130 << 20)
        #expect(deployment?.run?.cost.rounded == .zero)
        bench.expectReplayAgrees()
    }

    @Test func `what ran while nothing was metered is not charged later`() {
        let bench = bench(.unmetered)
        run(bench, machine: 3, minutes: 0...60)
        bench.grant("10")
        bill(bench, .prepaid)
        run(bench, machine: 3, minutes: 61...120)
        bench.book.bringUp(1, to: bench.now, into: bench.buffer)
        // An hour of 0.062, and 60 MiB of 0.09 a GiB: 0.0052734375.
        #expect(bench.balance == "9.9327265625")
        bill(bench, .unmetered)
        run(bench, machine: 3, minutes: 121...180)
        bench.book.bringUp(1, to: bench.now, into: bench.buffer)
        #expect(bench.balance == "9.9327265625")
        bench.expectReplayAgrees()
    }

    @Test func `a blocked machine resumes when its organisation is not metered any more`() {
        for mode in [BillingMode.unmetered, .invoice] {
            let bench = bench(nil)
            sample(bench, machine: 1, minute: 0)
            #expect(bench.book.openOrders(of: 1).map(\.order.action) == [.stop])
            bill(bench, mode)
            bench.tick()
            #expect(bench.book.openOrders(of: 1).map(\.order.action) == [.resume])
            #expect(bench.wallet.held == credits(mode == .invoice ? "60" : "0"))
            bench.expectReplayAgrees()
        }
    }

    @Test(arguments: [(UInt32(1), "-180"), (3, "-0.145759114583")])
    func `who is invoiced owes what machines cost`(machine: UInt32, balance: String) {
        let bench = bench(.invoice)
        guard case .granted? = start(bench, machine: machine) else {
            Issue.record("a start is refused")
            return
        }
        run(bench, machine: machine, minutes: 0...130)
        #expect(bench.book.openOrders(of: 1).isEmpty)
        bench.book.bringUp(1, to: bench.now, into: bench.buffer)
        #expect(bench.balance == balance)
        #expect(bench.wallet.debt == .zero - bench.wallet.posted)
        // Nothing that is owed on account has gone beyond anything.
        #expect(bench.book.overshoot == .zero)
        bench.expectReplayAgrees()
    }

    @Test func `a cap stops the machine of who is invoiced`() {
        let bench = bench(.invoice)
        bench.cap(.month, "100")
        run(bench, machine: 1, minutes: 0...60)
        let orders = bench.book.openOrders(of: 1)
        #expect(orders.map(\.order.action) == [.stop])
        #expect(orders.map(\.reason) == [.spendCapExceeded])
        #expect(bench.balance == "-60")
        bench.expectReplayAgrees()
    }

    @Test func `a change of billing leaves what was used before with the way before`() {
        let bench = bench(.invoice)
        for uptime in [Int64(0), 1] {
            if uptime > 0 { bench.wait(60 * second) }
            sample(bench, machine: 3, minute: uptime)
        }
        // Booked with the day that is invoiced still; from the next day on nothing is metered.
        bill(bench, .unmetered)
        bench.tick(until: "2026-03-01T10:01:30Z")
        let owed = bench.balance
        #expect(owed != "0")
        bench.tick(until: "2026-03-02T00:00:00Z")
        bench.book.bringUp(1, to: bench.now, into: bench.buffer)
        let whole = bench.balance
        bench.tick(until: "2026-03-02T12:00:00Z")
        sample(bench, machine: 3, minute: 1560)
        bench.book.bringUp(1, to: bench.now, into: bench.buffer)
        #expect(bench.balance == whole)
        bench.expectReplayAgrees()
    }
}
