import Accounting
import Quantities

extension BookComparison {
    /// Compares the machines of an organisation, one by one.
    package mutating func compareFleet(
        _ org: UInt32,
        _ book: AccountBook,
        _ model: NaiveOrganisation
    ) {
        let mine = book.deployments(of: org)
        expectEqual(mine.map(\.name), model.fleet.machines.map(\.name), "machines of \(org)")
        guard difference == nil else { return }
        for (place, other) in model.fleet.machines.enumerated() {
            compare(mine[place], other, org, book, model)
        }
        let orders = book.openOrders(of: org).map { Int($0.order.number) }
        let theirs = model.fleet.machines.compactMap { $0.order.map { Int($0.number) } }
        expectEqual(orders, theirs.sorted(), "orders of \(org)")
        guard let day = book.organisation(org)?.today, day.end.microseconds > model.now else {
            return
        }
        for (place, deployment) in mine.enumerated() {
            let spend = deployment.spend(on: day.day)
            expectEqual(
                [spend.day.units, spend.week.units, spend.month.units, spend.total.units],
                model.costs(of: place),
                "cost of \(deployment.name) of \(org)"
            )
        }
    }

    private mutating func compare(
        _ mine: Deployment,
        _ other: NaiveMachine,
        _ org: UInt32,
        _ book: AccountBook,
        _ model: NaiveOrganisation
    ) {
        let name = "\(mine.name) of \(org)"
        expectEqual(mine.lease.rawValue, other.lease.rawValue, "lease of \(name)")
        expectEqual(mine.project, other.project, "project of \(name)")
        expectEqual(mine.order?.number, other.order?.number, "order of \(name)")
        expectEqual(mine.order.map { $0.action == .stop }, other.order?.isStop, "order of \(name)")
        let hold = book.hold(HoldNumber(org: OrgNumber(org), serial: mine.hold))
        expectEqual(
            hold == nil ? 0 : mine.hold,
            model.isOpen(other.hold) ? other.hold : 0,
            "hold of \(name)"
        )
        if other.lease == .blocked {
            let isCapped = mine.reason == .spendCapExceeded
            expectEqual(isCapped, other.isCapped, "why \(name) is blocked")
            expect(isCapped || mine.reason == .insufficientCredits, "why \(name) is blocked")
            expectEqual(mine.since.microseconds, other.since, "since when \(name) is blocked")
            expectEqual(mine.needed.units, other.needed, "what \(name) needs")
        }
        guard let run = mine.run, let running = other.running else {
            return expect(mine.run == nil && other.running == nil, "whether \(name) has run")
        }
        compare(run, running, name)
    }

    private mutating func compare(_ run: Run, _ other: NaiveRunning, _ name: String) {
        expectEqual(run.number, other.number, "run of \(name)")
        expectEqual(run.machine, other.machine, "machine of \(name)")
        expectEqual(run.boot, other.boot, "boot of \(name)")
        expectEqual(run.mode == .hourly, other.isHourly, "mode of \(name)")
        expectEqual(run.state == .running, other.isRunning, "state of \(name)")
        let size = NaiveSize(
            vcpu: run.allocation.vcpu,
            memory: run.allocation.memory,
            storage: run.allocation.storage
        )
        expectEqual(size, other.size, "allocation of \(name)")
        expectEqual(run.startedAt.microseconds, other.began, "beginning of \(name)")
        let end = run.endedAt == .never ? nil : run.endedAt.microseconds
        expectEqual(end, other.ended, "end of \(name)")
        expectEqual(run.uptime, other.uptime, "uptime of \(name)")
        expectEqual(run.lastSampleAt.microseconds, other.told, "last sample of \(name)")
        expectEqual(run.sentBytes, other.sent, "bytes of \(name)")
        expectEqual(run.cost.rounded.units, other.cost, "cost of \(name)")
        expectEqual(run.debited.units, other.debited, "debited for \(name)")
        if run.mode == .hourly {
            expectEqual(Int(run.chargedHours), other.hours.count, "hours of \(name)")
            expectEqual(run.nextHour.microseconds, other.nextHour, "next hour of \(name)")
            expectEqual(run.paidState == .running, other.isPaidRunning, "paid hour of \(name)")
        } else {
            expectEqual(run.ratedUntil.microseconds, other.counted, "time of \(name)")
        }
    }
}
