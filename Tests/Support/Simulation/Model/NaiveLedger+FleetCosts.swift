// MARK: - By the hour

extension NaiveOrganisation {
    mutating func followHourly(_ place: Int, _ sample: NaiveSample) {
        guard let before = fleet.machines[place].running else { return }
        let isFirst = before.heard == nil
        fleet.machines[place].running?.uptime = sample.uptime
        fleet.machines[place].running?.heard = now
        let told = fleet.machines[place].running?.told ?? 0
        if !isFirst {
            // Until now it did what it did before.
            chargeHours(place, before: told, seen: told)
            if let run = fleet.machines[place].running, sample.running, !before.isRunning,
                !run.isPaidRunning || run.nextHour <= told
            {
                fleet.machines[place].running?.nextHour = told
            }
        }
        fleet.machines[place].running?.isRunning = sample.running
        fleet.machines[place].running?.size = sample.size
        fleet.machines[place].running?.sent = max(before.sent, sample.sent ?? 0)
        settleOrder(place, isRunning: sample.running)
        let isBlocked = fleet.machines[place].lease == .blocked
        if isBlocked, !sample.running, told < fleet.machines[place].since {
            // It had stopped before it was told to.
            fleet.machines[place].lease = .none
            fleet.machines[place].order = nil
        }
        chargeHours(place, before: told + 1, seen: told)
        guard sample.running else { return }
        let lease = fleet.machines[place].lease
        if lease == .none || lease == .resuming { fleet.machines[place].lease = .open }
        drop(fleet.machines[place].hold)
        fleet.machines[place].hold = 0
        lapseLetGo()
        insist(place, at: told)
    }

    /// Charges the hours that begin before a moment, each as it begins.
    mutating func chargeHours(_ place: Int, before limit: Int64, seen: Int64) {
        while let run = fleet.machines[place].running, run.nextHour < limit {
            let hour = fleet.card.price(of: run.machine, at: run.nextHour)?.hour
            let price = (run.isRunning ? hour?.running : hour?.stopped) ?? 0
            let amount = terms.mode == 3 ? 0 : price
            if price > 0 {
                if run.isRunning {
                    // What a machine was seen to do long after its hour began has happened.
                    let hasHappened = run.nextHour + fleet.rules.stop < seen
                    if fleet.machines[place].lease != .blocked,
                        let reason = refusal(
                            max(0, amount - kept(for: place)),
                            project: fleet.machines[place].project,
                            key: 0
                        )
                    {
                        block(place, reason, needs: amount, at: run.nextHour)
                    }
                    if fleet.machines[place].lease == .blocked, !hasHappened { return }
                    if fleet.machines[place].lease != .blocked {
                        fleet.machines[place].lease = .open
                    }
                }
                fleet.machines[place].running?.hours.append(amount)
                fleet.machines[place].running?.debited += amount
                charge(place, amount)
            }
            fleet.machines[place].running?.nextHour = run.nextHour + 3_600_000_000
            fleet.machines[place].running?.isPaidRunning = run.isRunning
        }
    }

    /// What was set aside for a machine.
    func kept(for place: Int) -> Int128 {
        holds.first { $0.serial == fleet.machines[place].hold }?.amount ?? 0
    }

    /// Takes what a machine costs out of the wallet; what was set aside for it is settled when it
    /// runs.
    private mutating func charge(_ place: Int, _ amount: Int128, day: Int64? = nil) {
        let hold = settles(place) ? fleet.machines[place].hold : 0
        if hold != 0 { fleet.machines[place].hold = 0 }
        guard amount > 0 else {
            drop(hold)
            return lapseLetGo()
        }
        fleet.machines[place].charges[day ?? today, default: 0] += amount
        _ = settle(
            amount,
            hold: hold,
            project: fleet.machines[place].project,
            key: 0,
            day: day
        )
        fleet.lines.append(lines)
        judgeCost(place)
        topUpIfDue()
        lapseLetGo()
    }

    /// Whether something is set aside for a machine, and it runs.
    private func settles(_ place: Int) -> Bool {
        fleet.machines[place].running?.isRunning == true && isOpen(fleet.machines[place].hold)
    }

    /// What a hold has let go of a grant whose time is over lapses at once.
    private mutating func lapseLetGo() {
        while let index = firstDue() {
            if !grants[index].begun { begin(index) } else { lapse(index) }
        }
        topUpIfDue()
    }
}

// MARK: - By time

extension NaiveOrganisation {
    mutating func followTime(_ place: Int, _ sample: NaiveSample) {
        guard let before = fleet.machines[place].running else { return }
        fleet.machines[place].running?.uptime = sample.uptime
        fleet.machines[place].running?.heard = now
        let told = fleet.machines[place].running?.told ?? 0
        count(place, until: told)
        if let sent = sample.sent, sent > before.sent {
            let price = fleet.card.price(of: before.machine, at: told)?.gib ?? 0
            if terms.mode != 3 {
                fleet.machines[place].running?.traffic.append((sent - before.sent, price))
            }
            fleet.machines[place].running?.sent = sent
        }
        fleet.machines[place].running?.isRunning = sample.running
        fleet.machines[place].running?.size = sample.size
        fleet.machines[place].running?.rate = fleet.card.rate(
            of: sample.machine,
            sample.size,
            running: sample.running,
            at: told
        )
        settleOrder(place, isRunning: sample.running)
        let lastLine = fleet.machines[place].running?.lastLine ?? 0
        let isDue =
            before.heard == nil || before.isRunning != sample.running || before.size != sample.size
            || told - lastLine >= fleet.rules.line || settles(place)
        if sample.running {
            renew(place, at: told)
            insist(place, at: told)
        }
        if isDue || isTight(place) { bookTime(place) }
    }

    /// Counts time up to a moment; where a price ends, a line is made.
    mutating func count(_ place: Int, until moment: Int64) {
        while let run = fleet.machines[place].running, run.counted < moment {
            if terms.mode == 3 {
                fleet.machines[place].running?.counted = moment
                if run.open == 0 { fleet.machines[place].running?.lastLine = moment }
                return
            }
            let end = min(moment, fleet.card.end(of: run.machine, after: run.counted))
            let rate = fleet.card.rate(
                of: run.machine,
                run.size,
                running: run.isRunning,
                at: run.counted
            )
            fleet.machines[place].running?.stretches.append(
                NaiveRunning.Stretch(rate: rate, time: end - run.counted)
            )
            fleet.machines[place].running?.counted = end
            if end < moment { bookTime(place) }
        }
    }

    /// Goes on while the wallet carries the margin of all, and what they have cost already.
    private mutating func renew(_ place: Int, at moment: Int64) {
        let own = amount(of: fleet.machines[place].running?.rate ?? 0)
        if fleet.machines[place].lease == .blocked {
            fleet.machines[place].needed = max(1, own)
        } else if let reason = timeLimit(
            own,
            place,
            project: fleet.machines[place].project
        ) {
            block(place, reason, needs: max(1, own), at: moment)
        } else {
            fleet.machines[place].lease = .open
        }
    }

    /// What refuses a machine by time: the wallet has to carry the margins of all and what they
    /// have cost already, and the caps of a project what is the project's.
    func timeLimit(_ own: Int128, _ place: Int?, project: UInt32) -> NaiveAnswer? {
        let cost = place.flatMap { fleet.machines[$0].running?.open } ?? 0
        if terms.mode == 3 || (own == 0 && cost == 0) { return nil }
        let aside = place.map { kept(for: $0) } ?? 0
        func asked(_ isCounted: (NaiveMachine) -> Bool) -> Int128 {
            var rate: Int128 = 0
            var sum = own + cost
            for (other, machine) in fleet.machines.enumerated() where other != place {
                guard isCounted(machine), let run = machine.running else { continue }
                sum += run.open
                if run.isAlive, !run.isHourly, machine.lease == .open { rate += run.rate }
            }
            return max(0, sum + amount(of: rate) - aside)
        }
        if project != 0 {
            let answer = refusal(asked { $0.project == project }, project: project, key: 0)
            if case .cap(let limit)? = answer, limit.of.scope == 2 { return answer }
        }
        return refusal(asked { _ in true }, project: 0, key: 0)
    }

    private var openCosts: Int128 {
        fleet.machines.reduce(0) { $0 + ($1.running?.open ?? 0) }
    }

    /// What all that run by time need for the margin, this one among them.
    private func margin(with place: Int) -> Int128 {
        var rate = fleet.machines[place].running?.rate ?? 0
        for (other, machine) in fleet.machines.enumerated() where other != place {
            guard let run = machine.running, run.isAlive, !run.isHourly, machine.lease == .open
            else { continue }
            rate += run.rate
        }
        return amount(of: rate)
    }

    /// What the margin costs at a rate, rounded up.
    func amount(of rate: Int128) -> Int128 {
        (rate * Int128(fleet.rules.margin) + 3_599_999_999_999) / 3_600_000_000_000
    }

    private func isTight(_ place: Int) -> Bool {
        terms.mode == 1 && available - openCosts < 2 * margin(with: place)
    }

    /// Makes a line of what a run has cost and was not debited.
    mutating func bookTime(_ place: Int, day: Int64? = nil) {
        guard let run = fleet.machines[place].running, !run.isHourly else { return }
        guard run.open > 0 || settles(place) else { return }
        let cost = run.cost
        fleet.machines[place].running?.debited = cost
        fleet.machines[place].running?.lastLine = run.counted
        charge(place, cost - run.debited, day: day)
    }

    /// Books what all have cost.
    mutating func bookMachines(day: Int64? = nil) {
        guard !closed else { return }
        for place in fleet.machines.indices
        where (fleet.machines[place].running?.open ?? 0) > 0 {
            bookTime(place, day: day)
        }
    }
}

// MARK: - Dear ones

extension NaiveOrganisation {
    /// What a machine has cost in the present day, week and month, and in all.
    package func costs(of place: Int) -> [Int128] {
        let today = self.today
        let monday = NaiveCalendar.monday(of: today)
        let month = NaiveCalendar.month(of: today)
        var sums: [Int128] = [0, 0, 0, 0]
        for (day, amount) in fleet.machines[place].charges {
            if day == today { sums[0] += amount }
            if (monday..<monday + 7).contains(day) { sums[1] += amount }
            if (month.first..<month.next).contains(day) { sums[2] += amount }
            sums[3] += amount
        }
        return sums
    }

    /// A machine that has cost as much as is to be told is told of, until it has not any more.
    private mutating func judgeCost(_ place: Int) {
        let sums = costs(of: place)
        for limit in alerts.dearness {
            let dear = NaiveDear(place: UInt32(place + 1), limit: limit)
            if sums[Int(limit.period) - 1] >= limit.amount {
                alerts.dear.insert(dear)
            } else {
                alerts.dear.remove(dear)
            }
        }
    }

    /// With a day begins what machines cost in it.
    mutating func turnCosts() {
        guard fleet.judgedDay != today, !closed else { return }
        fleet.judgedDay = today
        for place in fleet.machines.indices { judgeCost(place) }
    }
}
