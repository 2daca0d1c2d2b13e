import Accounting
import Quantities

/// Prices of machines as a test writes them down: whole credits an hour, whatever is allocated.
struct ListedMachinePrices: MachinePrices {
    struct Entry {
        var mode: RunMode
        /// An hour in credits, running and stopped.
        var running: Int128
        var stopped: Int128 = 0
        /// A GiB sent.
        var gib: Int128 = 0
    }

    var entries: [UInt32: Entry]

    private static let credit: Int128 = 1_000_000_000_000
    private static let hour: Int128 = 3_600_000_000

    private func price(_ entry: Entry, _ state: RunState) -> Int128 {
        (state == .running ? entry.running : entry.stopped) * Self.credit
    }

    func mode(of machine: UInt32, at moment: Timestamp) -> RunMode? { entries[machine]?.mode }

    func hour(of machine: UInt32, _ state: RunState, at moment: Timestamp) -> HourPrice? {
        guard let entry = entries[machine], entry.mode == .hourly else { return nil }
        return HourPrice(amount: Amount(units: price(entry, state)), price: machine)
    }

    func stretches(
        after cost: RunCost,
        machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        from: Timestamp,
        to: Timestamp
    ) -> [RunStretch]? {
        guard let entry = entries[machine], entry.mode == .continuous else { return nil }
        let time = Int128(to.microseconds - from.microseconds)
        let sum = adding(price(entry, state) * time / Self.hour, to: cost)
        return [RunStretch(until: to, cost: sum, price: machine)]
    }

    func traffic(
        after cost: RunCost,
        machine: UInt32,
        sentBytes: UInt64,
        at moment: Timestamp
    ) -> RunStretch? {
        guard let entry = entries[machine], entry.mode == .continuous else { return nil }
        let sum = adding(entry.gib * Self.credit * Int128(sentBytes) >> 30, to: cost)
        return RunStretch(until: moment, cost: sum, price: machine)
    }

    func burnRate(
        of machine: UInt32,
        _ state: RunState,
        _ allocation: RunAllocation,
        at moment: Timestamp
    ) -> Int128 {
        entries[machine].map { price($0, state) * 1000 } ?? 0
    }

    private func adding(_ units: Int128, to cost: RunCost) -> RunCost {
        let sum = cost.units + units
        return RunCost(units: sum, fraction: 0, rounded: Amount(units: sum))
    }
}

/// A book with machines, and short words for what tests of them do.
struct MachineBench {
    let bench: Workbench

    init(_ credits: String, _ entries: [UInt32: ListedMachinePrices.Entry]) {
        bench = Workbench(at: "2026-03-01T10:00:00Z")
        bench.book.machinePrices = ListedMachinePrices(entries: entries)
        if credits != "0" { bench.grant(credits) }
    }

    var balance: String { bench.balance }

    /// The rate card is another one from now on.
    func reload(_ entries: [UInt32: ListedMachinePrices.Entry]) {
        bench.book.machinePrices = ListedMachinePrices(entries: entries)
    }

    @discardableResult
    func sample(
        _ name: String = "web",
        _ machine: UInt32 = 1,
        boot: UInt128 = 1,
        milliseconds: UInt64,
        _ state: RunState = .running,
        sent: UInt64? = nil
    ) -> SampleOutcome {
        bench.book.sample(
            MachineSample(
                org: 1,
                deployment: name,
                machine: machine,
                boot: boot,
                uptime: milliseconds,
                at: bench.now,
                state: state,
                sentBytes: sent
            ),
            at: bench.now,
            into: bench.buffer
        )
    }

    /// What a machine says at a minute of its life.
    @discardableResult
    func say(
        _ name: String = "web",
        _ machine: UInt32 = 1,
        boot: UInt128 = 1,
        minute: UInt64,
        _ state: RunState = .running,
        sent: UInt64? = nil
    ) -> SampleOutcome {
        sample(name, machine, boot: boot, milliseconds: minute * 60_000, state, sent: sent)
    }

    /// Says the same each minute, from the minute after the clock's present on.
    func say(
        _ name: String = "web",
        _ machine: UInt32 = 1,
        minutes: ClosedRange<UInt64>,
        _ state: RunState = .running
    ) {
        for minute in minutes {
            bench.wait(60 * second)
            bench.tick()
            say(name, machine, minute: minute, state)
        }
    }

    func start(_ name: String, _ machine: UInt32 = 1, project: UInt32 = 0) -> String {
        let request = StartRequest(org: 1, project: project, deployment: name, machine: machine)
        switch bench.book.start(request, at: bench.now, into: bench.buffer) {
        case .answer(let answer): return answer.word
        case .notPriced: return "not priced"
        case .tooMany: return "too many"
        }
    }

    func wait(minutes: Int64) {
        bench.wait(minutes * 60 * second)
        bench.tick()
    }

    /// The open orders: "stop web", "resume web".
    var orders: [String] {
        bench.book.openOrders(of: 1).map { "\($0.order.action) \($0.deployment)" }
    }

    /// Reports all open orders done.
    func obey() {
        for order in bench.book.openOrders(of: 1) {
            bench.book.orderDone(order.order.number, org: 1, at: bench.now, into: bench.buffer)
        }
    }

    func deployment(_ name: String = "web") -> Deployment? {
        bench.book.deployments(of: 1).first { $0.name == name }
    }

    /// All charges of machines so far: "10:00 60" for the moment each begins at.
    var charges: [String] {
        var found: [String] = []
        var walker = RecordWalker(bench.buffer.bytes)
        while let (_, record) = walker.next() {
            guard case .machineChanged(let body)? = Change.decode(record)?.body,
                let charge = body.charge, charge.amount.isPositive
            else { continue }
            found.append("\("\(charge.from)".dropFirst(11).prefix(5)) \(charge.amount)")
        }
        return found
    }
}
