import Accounting
import LedgerModel
import Quantities

/// A customer's machine, as it is in truth, whatever of it is reported.
struct DuelMachine {
    let name: String
    let kind: UInt32
    var boot: UInt128
    var bootedAt: Timestamp
    var isRunning = true
    var size: NaiveSize
    var sent: UInt64 = 0
    /// Something it has said, which may come again.
    var said: NaiveSample?
}

extension Duel {
    /// The times that an operator sets, other ones in each run.
    static func rules(pace: Pace, _ random: inout SeededRandom) -> NaiveMachineRules {
        var rules = NaiveMachineRules()
        let second: Int64 = 1_000_000
        let graces: [Int64] = pace == .moments ? [30, 120, 600] : [600, 14_400, 172_800]
        rules.grace = random.pick(graces) * second
        rules.margin = random.pick([1, 300, 3600]) * second
        rules.stop = random.pick([20, 300, 4000]) * second
        rules.lease = random.pick([60, 600]) * second
        rules.line = random.pick([1, 60, 3600]) * second
        rules.most = 4 + random.below(3)
        return rules
    }

    /// Gives both keepers prices and rules of machines.
    func equip(_ rules: NaiveMachineRules, _ machines: DuelMachines) {
        book.machinePrices = machines
        book.runRules.graceMicroseconds = rules.grace
        book.runRules.marginMicroseconds = rules.margin
        book.runRules.stopMicroseconds = rules.stop
        book.runRules.leaseMicroseconds = rules.lease
        book.runRules.bookMicroseconds = rules.line
        book.runRules.lateMicroseconds = rules.late
        book.runRules.mostPerOrganisation = rules.most
        for org in Duel.orgs {
            ledger.organisations[org]?.fleet.card = machines.naive
            ledger.organisations[org]?.fleet.rules = rules
        }
    }

    /// An empty book by the same rules: when something is due of machines is theirs to say.
    func freshBook() -> AccountBook {
        let fresh = AccountBook(partition: 1, calendar: FixedOffsetCalendar())
        fresh.runRules = book.runRules
        return fresh
    }

    /// Something about machines: one starts, all report, one changes, orders are carried out.
    func machines(_ org: UInt32) {
        // One organisation has none in every other run.
        if org == Duel.orgs[0], seed % 2 == 0 { return debit(org) }
        let fleet = fleets[org] ?? []
        switch random.below(24) {
        case 0, 1: install(org)
        case 2, 3: start(org)
        case 4, 5: obey(org)
        case 6: look(org)
        case 7: change(org)
        case 8: repeatSample(org)
        default:
            guard !fleet.isEmpty else { return install(org) }
            for index in fleet.indices where !random.oneIn(5) { report(org, index) }
        }
    }

    /// A new machine of a new name; the oldest is taken away when there are too many.
    private func install(_ org: UInt32) {
        boots += 1
        let size = randomSize()
        let late = random.oneIn(4) ? Int64(random.below(9_000)) * 1_000_000 : 0
        let machine = DuelMachine(
            name: "d\(boots)",
            kind: random.pick(DuelMachines.kinds),
            boot: boots,
            bootedAt: now.advanced(byMicroseconds: -late),
            size: size
        )
        fleets[org, default: []].append(machine)
        if fleets[org, default: []].count > 4 {
            fleets[org]?.remove(at: random.below(3))
        }
        let index = fleets[org, default: []].count - 1
        if random.oneIn(2) { start(org, index) } else { report(org, index) }
    }

    private func randomSize() -> NaiveSize {
        if random.oneIn(8) { return NaiveSize(vcpu: 0, memory: 0, storage: 0) }
        return NaiveSize(
            vcpu: UInt32(random.below(8) * 500),
            memory: UInt32(random.below(16_000)),
            storage: UInt32(random.below(100_000))
        )
    }

    private func start(_ org: UInt32) {
        let count = fleets[org, default: []].count
        guard count > 0 else { return install(org) }
        start(org, random.below(count))
    }

    private func start(_ org: UInt32, _ index: Int) {
        guard let machine = fleets[org]?[index] else { return }
        let path = path(org)
        var generation: UInt32 = 0
        if path.key != 0 { generation = model(org).keys[Int(path.key) - 1].generation }
        doing = "start \(machine.name), kind \(machine.kind), of \(org)"
        let request = StartRequest(
            org: org,
            project: path.project,
            key: path.key,
            generation: generation,
            deployment: machine.name,
            machine: machine.kind,
            allocation: machine.size.allocation
        )
        let outcome = book.start(request, at: now, into: buffer)
        let answer = ledger.organisations[org]?.start(
            machine.name,
            machine: machine.kind,
            size: machine.size,
            project: path.project,
            key: path.key,
            generation: generation,
            at: now.microseconds
        )
        switch outcome {
        case .answer(let mine):
            expectEqual(mine.asNaive, answer, "answer to a start")
            if case .granted = mine {
                tally["started", default: 0] += 1
            } else {
                tally["startRefused", default: 0] += 1
            }
        case .tooMany:
            expect(answer == nil, "there is a place for \(machine.name)")
            tally["tooMany", default: 0] += 1
        case .notPriced: expect(false, "every machine has a price")
        }
    }

    /// A machine says how it is; much of it is lost, late, or said twice.
    private func report(_ org: UInt32, _ index: Int) {
        guard var machine = fleets[org]?[index] else { return }
        machine.sent += UInt64(random.below(3)) * UInt64(random.below(1 << 30))
        let up = max(0, now.microseconds - machine.bootedAt.microseconds) / 1000
        var sample = NaiveSample(
            machine: machine.kind,
            boot: machine.boot,
            uptime: UInt64(up),
            at: now.microseconds,
            running: machine.isRunning,
            size: machine.size,
            sent: random.oneIn(4) ? nil : machine.sent
        )
        // On its way for a while.
        if random.oneIn(6) {
            let late = min(Int64(random.below(100_000)), up)
            sample.at -= late * 1000
            sample.uptime -= UInt64(late)
        }
        if random.oneIn(3) { machine.said = sample }
        fleets[org]?[index] = machine
        send(sample, machine.name, org)
    }

    private func repeatSample(_ org: UInt32) {
        guard let machine = fleets[org]?.randomElement(using: &random), var sample = machine.said
        else { return report(org) }
        // At the same uptime it may have stopped.
        if random.oneIn(3) { sample.running.toggle() }
        send(sample, machine.name, org)
    }

    private func report(_ org: UInt32) {
        let count = fleets[org, default: []].count
        guard count > 0 else { return install(org) }
        report(org, random.below(count))
    }

    private func send(_ sample: NaiveSample, _ name: String, _ org: UInt32) {
        doing =
            "beat \(name), kind \(sample.machine), boot \(sample.boot) of \(org): "
            + "\(sample.running ? "runs" : "stopped") after \(sample.uptime) ms"
        let outcome = book.sample(
            MachineSample(
                org: org,
                deployment: name,
                machine: sample.machine,
                boot: sample.boot,
                uptime: sample.uptime,
                at: Timestamp(microseconds: sample.at),
                state: sample.running ? .running : .stopped,
                allocation: sample.size.allocation,
                sentBytes: sample.sent
            ),
            at: now,
            into: buffer
        )
        let known = model(org).fleet.lines.count
        let taken = ledger.organisations[org]?.sample(sample, of: name, at: now.microseconds)
        let wanted: SampleOutcome =
            switch taken {
            case .taken: .taken
            case .unchanged: .unchanged
            case .closed, nil: .accountClosed
            case .notPriced: .notPriced
            case .tooMany: .tooMany
            }
        expectEqual(outcome, wanted, "what became of a sample")
        tally["\(outcome)", default: 0] += 1
        for line in model(org).fleet.lines.dropFirst(known) {
            charged.append((org, line))
            tally["machineCharged", default: 0] += 1
        }
    }

    /// Orders are carried out, mostly, and then reported done, or seen by the next sample.
    private func obey(_ org: UInt32) {
        let open = book.openOrders(of: org)
        for order in open where !random.oneIn(4) {
            guard let index = fleets[org]?.firstIndex(where: { $0.name == order.deployment })
            else { continue }
            if !random.oneIn(4) { fleets[org]?[index].isRunning = order.order.action == .resume }
            if random.oneIn(2) { report(org, index) }
        }
        let number = random.oneIn(6) ? 1 : open.last?.order.number ?? 2
        doing = "done \(number) of \(org)"
        let mine = book.orderDone(number, org: org, at: now, into: buffer)
        let theirs = ledger.organisations[org]?.done(number, at: now.microseconds)
        expectEqual(mine, theirs, "whether there was such an order")
        if mine { tally["orderDone", default: 0] += 1 }
    }

    private func look(_ org: UInt32) {
        doing = "look at \(org)"
        book.bringUp(org, to: now, into: buffer)
        ledger.organisations[org]?.look(at: now.microseconds)
    }

    /// A machine boots again, stops or goes on, or is given something else.
    private func change(_ org: UInt32) {
        guard let index = fleets[org]?.indices.randomElement(using: &random) else { return }
        switch random.below(4) {
        case 0:
            boots += 1
            fleets[org]?[index].boot = boots
            let late = random.oneIn(3) ? Int64(random.below(100)) * 1_000_000 : 0
            fleets[org]?[index].bootedAt = now.advanced(byMicroseconds: -late)
            fleets[org]?[index].sent = 0
        case 1, 2: fleets[org]?[index].isRunning.toggle()
        default: fleets[org]?[index].size = randomSize()
        }
        report(org, index)
    }

    /// What a look at a wallet finds done has to be done in both; only those with machines, as
    /// nobody else has to wait for a look.
    func settleMachines(_ org: UInt32) {
        guard !model(org).fleet.machines.isEmpty else { return }
        book.orderDone(0, org: org, at: now, into: buffer)
        ledger.organisations[org]?.bringUp(to: now.microseconds)
    }

    /// Each order is handed over once, in the order in which they were given.
    func compareMachineOrders() {
        for order in book.takeNewOrders() {
            let last = ordered[order.org, default: 0]
            expectEqual(order.order.number, last + 1, "orders of \(order.org)")
            ordered[order.org] = order.order.number
            tally[order.order.action == .stop ? "stopped" : "resumed", default: 0] += 1
        }
        for org in Duel.orgs {
            expectEqual(ordered[org, default: 0], model(org).fleet.lastOrder, "orders of \(org)")
        }
    }
}

extension NaiveSize {
    fileprivate var allocation: RunAllocation {
        RunAllocation(vcpu: vcpu, memory: memory, storage: storage)
    }
}
