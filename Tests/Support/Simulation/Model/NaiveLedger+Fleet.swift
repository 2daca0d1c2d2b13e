/// What a sample came to.
package enum NaiveTaken {
    case taken
    case unchanged
    case closed
    case notPriced
    case tooMany
}

// MARK: - Commands

extension NaiveOrganisation {
    /// A machine says how it is.
    package mutating func sample(
        _ sample: NaiveSample,
        of name: String,
        at moment: Int64
    ) -> NaiveTaken {
        bringUp(to: moment)
        if closed { return .closed }
        guard fleet.card.price(of: sample.machine, at: sample.at) != nil else { return .notPriced }
        guard let (place, isNew) = place(of: name) else { return .tooMany }
        if let run = isNew ? nil : fleet.machines[place].running {
            if run.boot == sample.boot {
                // Totals since boot: only what is later says something, or that it has stopped.
                let isStop =
                    sample.uptime == run.uptime && run.isAlive && run.isRunning && !sample.running
                guard sample.uptime > run.uptime || isStop else { return .unchanged }
                if !run.isAlive { comeBack(place, sample, after: run) }
            } else {
                if fleet.machines[place].boots.prefix(3).contains(sample.boot) {
                    return .unchanged
                }
                let known = run.ended ?? run.told
                let begins = max(sample.bootedAt, now - fleet.rules.late, known)
                if run.isAlive { end(place, at: min(run.told + fleet.rules.grace, begins)) }
                fleet.machines[place].boots.insert(run.boot, at: 0)
                begin(place, sample, at: begins)
            }
        } else {
            if isNew { take(place, name) }
            begin(place, sample, at: max(sample.bootedAt, now - fleet.rules.late))
        }
        if fleet.machines[place].running?.isHourly == true {
            followHourly(place, sample)
        } else {
            followTime(place, sample)
        }
        return .taken
    }

    /// A machine wants to start: its first hour, or its margin, is set aside.
    ///
    /// - Returns: nil when there is no place for it.
    package mutating func start(
        _ name: String,
        machine: UInt32,
        size: NaiveSize,
        project: UInt32,
        key: UInt32,
        generation: UInt32,
        at moment: Int64
    ) -> NaiveAnswer? {
        bringUp(to: moment)
        guard let (place, isNew) = place(of: name) else { return nil }
        if closed { return .closed }
        if !isNew, isOpen(fleet.machines[place].hold) {
            // It asks anew: what was set aside for it before goes first.
            let earlier = fleet.machines[place].hold
            fleet.machines[place].hold = 0
            _ = release(earlier, at: moment)
        }
        let rate = fleet.card.rate(of: machine, size, running: true, at: now)
        var need = amount(of: rate)
        var limit: NaiveAnswer?
        if let hour = fleet.card.price(of: machine, at: now)?.hour {
            need = hour.running
        } else if need > 0 {
            limit = timeLimit(need, isNew ? nil : place, project: project)
        }
        let answer = authorize(
            need,
            project: project,
            key: key,
            generation: generation,
            ttl: fleet.rules.lease,
            at: moment,
            besides: limit
        )
        guard case .granted(let serial, _, _, _) = answer else { return answer }
        if isNew { take(place, name) }
        fleet.machines[place].hold = serial
        fleet.machines[place].project = project
        if fleet.machines[place].lease == .blocked {
            // Who may start is not told to stop any more.
            fleet.machines[place].lease = .resuming
            fleet.machines[place].order = nil
        }
        if fleet.machines[place].order?.isStop == false { fleet.machines[place].order = nil }
        return answer
    }

    /// An order is reported done; false when there is none of that number.
    package mutating func done(_ order: UInt32, at moment: Int64) -> Bool {
        bringUp(to: moment)
        guard let place = fleet.machines.firstIndex(where: { $0.order?.number == order }) else {
            return false
        }
        fleet.machines[place].order = nil
        return true
    }

    /// Somebody looks: what machines have cost by now is booked.
    package mutating func look(at moment: Int64) {
        bringUp(to: moment)
        bookMachines()
    }

    // MARK: - Places

    /// The place of a name, or one that it may have: nil when all are in use.
    private func place(of name: String) -> (Int, isNew: Bool)? {
        if let known = fleet.machines.firstIndex(where: { $0.name == name }) {
            return (known, false)
        }
        if fleet.machines.count < fleet.rules.most { return (fleet.machines.count, true) }
        let over = fleet.machines.indices.filter { index in
            let machine = fleet.machines[index]
            if isOpen(machine.hold) || machine.running?.isAlive == true { return false }
            return machine.lease == .resuming || (machine.lease == .none && machine.order == nil)
        }
        // Whoever was told to resume and did not come loses its place last.
        let rank = { (index: Int) in self.fleet.machines[index].lease == .resuming ? 1 : 0 }
        let ends = { (index: Int) in self.fleet.machines[index].running?.ended ?? 0 }
        return over.min { (rank($0), ends($0), $0) < (rank($1), ends($1), $1) }.map { ($0, true) }
    }

    private mutating func take(_ place: Int, _ name: String) {
        if place < fleet.machines.count {
            fleet.machines[place] = NaiveMachine(name: name)
            // Whoever had the place before is not told of any more.
            alerts.dear = alerts.dear.filter { $0.place != UInt32(place + 1) }
        } else {
            fleet.machines.append(NaiveMachine(name: name))
        }
    }

    func isOpen(_ hold: UInt64) -> Bool { hold != 0 && holds.contains { $0.serial == hold } }

    // MARK: - Runs

    private mutating func begin(_ place: Int, _ sample: NaiveSample, at moment: Int64) {
        fleet.lastRun += 1
        fleet.machines[place].running = NaiveRunning(
            number: fleet.lastRun,
            machine: sample.machine,
            boot: sample.boot,
            isHourly: fleet.card.price(of: sample.machine, at: sample.at)?.hour != nil,
            bootedAt: sample.bootedAt,
            began: moment,
            uptime: 0,
            isRunning: sample.running,
            size: sample.size,
            nextHour: moment,
            counted: moment,
            lastLine: moment
        )
    }

    /// A boot that was given up is heard of again: the time between is nobody's, the bytes are
    /// charged, and an hour that was paid goes on.
    private mutating func comeBack(_ place: Int, _ sample: NaiveSample, after old: NaiveRunning) {
        let moment = max(sample.at, old.ended ?? 0)
        begin(place, sample, at: moment)
        fleet.machines[place].running?.sent = old.sent
        fleet.machines[place].running?.uptime = old.uptime
        guard old.isHourly, old.isPaidRunning, old.nextHour > moment else { return }
        fleet.machines[place].running?.nextHour = old.nextHour
        fleet.machines[place].running?.isPaidRunning = true
    }

    /// Ends a run: what it has cost is booked.
    mutating func end(_ place: Int, at moment: Int64) {
        guard let run = fleet.machines[place].running, run.isAlive else { return }
        if run.isHourly {
            chargeHours(place, before: moment, seen: run.told)
        } else {
            count(place, until: moment)
            bookTime(place)
        }
        fleet.machines[place].running?.ended = moment
        fleet.machines[place].running?.rate = 0
        if fleet.machines[place].order?.isStop == true { fleet.machines[place].order = nil }
        if fleet.machines[place].lease == .open { fleet.machines[place].lease = .none }
    }

    // MARK: - The clock

    /// What happens to machines by themselves.
    mutating func moveMachines() {
        guard !closed else { return }
        for place in fleet.machines.indices {
            let machine = fleet.machines[place]
            if machine.lease == .resuming, machine.order == nil, !isOpen(machine.hold) {
                // It might run again and did not come.
                fleet.machines[place].lease = .none
            }
            guard let run = machine.running, run.isAlive else { continue }
            let known = run.told + fleet.rules.grace
            let goesOn = machine.lease == .open || !run.isRunning
            if run.isHourly, goesOn {
                chargeHours(place, before: min(now, known) + 1, seen: run.told)
            }
            if let heard = run.heard, heard + fleet.rules.grace < now { end(place, at: known) }
        }
        resume()
    }

    /// Those blocked longest first; nobody is passed over for want of credits, but for a cap.
    private mutating func resume() {
        var isWanting = false
        while !isWanting, gate == nil {
            let blocked = fleet.machines.indices.filter { fleet.machines[$0].lease == .blocked }
                .sorted { (fleet.machines[$0].since, $0) < (fleet.machines[$1].since, $1) }
            var next: Int?
            for place in blocked where next == nil && !isWanting {
                let machine = fleet.machines[place]
                var refused: NaiveAnswer?
                if machine.running?.isHourly == false {
                    refused = timeLimit(machine.needed, place, project: machine.project)
                } else {
                    let asked = terms.mode == 3 ? 0 : machine.needed
                    refused = refusal(asked, project: machine.project, key: 0)
                }
                switch refused {
                case nil: next = place
                case .balance: isWanting = true
                default: continue
                }
            }
            guard let place = next else { return }
            let asked = terms.mode == 3 ? 0 : fleet.machines[place].needed
            lastHold += 1
            holds.append(
                NaiveHold(
                    serial: lastHold,
                    project: fleet.machines[place].project,
                    key: 0,
                    expires: now + fleet.rules.lease,
                    parts: parts(for: asked)
                )
            )
            fleet.machines[place].hold = lastHold
            fleet.machines[place].lease = .resuming
            order(place, isStop: false)
        }
    }

    /// Closing ends all runs, and everything that machines wait for.
    mutating func endMachines() {
        for place in fleet.machines.indices {
            if let run = fleet.machines[place].running, run.isAlive {
                let silence = (run.heard ?? now) + fleet.rules.grace
                end(place, at: max(run.told, min(now, silence)))
            }
            fleet.machines[place].lease = .none
            fleet.machines[place].order = nil
            fleet.machines[place].hold = 0
        }
    }

    // MARK: - Orders

    mutating func order(_ place: Int, isStop: Bool) {
        fleet.lastOrder += 1
        fleet.machines[place].order = NaiveOrder(number: fleet.lastOrder, isStop: isStop)
    }

    /// What runs is told to stop; what does not, has nothing to be told.
    mutating func orderStop(_ place: Int) {
        fleet.machines[place].order = nil
        if fleet.machines[place].running?.isRunning == true { order(place, isStop: true) }
    }

    mutating func block(_ place: Int, _ reason: NaiveAnswer, needs amount: Int128, at moment: Int64)
    {
        fleet.machines[place].lease = .blocked
        if case .cap = reason {
            fleet.machines[place].isCapped = true
        } else {
            fleet.machines[place].isCapped = false
        }
        fleet.machines[place].since = moment
        fleet.machines[place].toldAt = .min
        fleet.machines[place].needed = amount
        orderStop(place)
    }

    /// A sample shows what was ordered; or that a machine goes on long after it was told to stop.
    mutating func settleOrder(_ place: Int, isRunning: Bool) {
        guard let order = fleet.machines[place].order, order.isStop != isRunning else { return }
        fleet.machines[place].order = nil
    }

    mutating func insist(_ place: Int, at moment: Int64) {
        let machine = fleet.machines[place]
        guard machine.lease == .blocked, machine.order == nil,
            max(machine.since, machine.toldAt) + fleet.rules.stop < moment
        else { return }
        fleet.machines[place].toldAt = moment
        orderStop(place)
    }
}
