extension NaiveOrganisation {
    /// Everything that is due by itself happens, the earliest first.
    package mutating func bringUp(to moment: Int64) {
        now = moment
        turnMode()
        turnCosts()
        // What lapses and what comes in the same moment is one change to who is told of balances.
        let before = posted
        alerts.isWaiting = true
        while let index = firstDue() {
            if !grants[index].begun { begin(index) } else { lapse(index) }
        }
        turnMonths()
        alerts.isWaiting = false
        alerts.follow(posted - before, posted: posted)
        topUpIfDue()
        moveMachines()
    }

    /// What no hold keeps of a grant lapses.
    ///
    /// - Returns: How much.
    @discardableResult
    mutating func lapse(_ index: Int) -> Int128 {
        let lapsing = max(grants[index].remaining - kept(of: grants[index].number), 0)
        grants[index].lapsed = true
        if lapsing > 0 {
            grants[index].remaining -= lapsing
            book(-lapsing)
        }
        return lapsing
    }

    /// The position of the grant to which something has to happen first by now.
    func firstDue() -> Int? {
        var due: [(at: Int64, number: UInt32, index: Int)] = []
        guard !closed else { return nil }
        for (index, grant) in grants.enumerated() {
            if !grant.begun {
                if grant.effective <= now { due.append((grant.effective, grant.number, index)) }
            } else if !grant.lapsed {
                if grant.expires <= now, grant.remaining > 0 {
                    due.append((grant.expires, grant.number, index))
                }
            } else if grant.remaining > kept(of: grant.number) {
                due.append((.min, grant.number, index))
            }
        }
        return due.min { ($0.at, $0.number) < ($1.at, $1.number) }?.index
    }

    /// A grant begins to pay: first what is owed.
    ///
    /// - Returns: How much was owed and is paid.
    @discardableResult
    mutating func begin(_ index: Int) -> Int128 {
        let pays = min(debt, grants[index].amount)
        grants[index].begun = true
        book(grants[index].amount)
        grants[index].remaining -= pays
        debt -= pays
        return pays
    }

    /// Gives credits; the caller has looked at the dates.
    package mutating func grant(
        _ amount: Int128,
        priority: Int32,
        effective: Int64,
        expires: Int64,
        at moment: Int64
    ) -> UInt32? {
        bringUp(to: moment)
        guard !closed else { return nil }
        return issue(amount, priority: priority, effective: effective, expires: expires, at: moment)
    }

    private mutating func issue(
        _ amount: Int128,
        priority: Int32,
        effective: Int64,
        expires: Int64,
        at moment: Int64
    ) -> UInt32 {
        let number = UInt32(grants.count + 1)
        grants.append(
            NaiveGrant(
                number: number,
                amount: amount,
                priority: priority,
                effective: effective,
                expires: expires,
                begun: false,
                remaining: amount
            )
        )
        if effective <= moment { begin(grants.count - 1) }
        return number
    }

    package mutating func drop(_ serial: UInt64) {
        holds.removeAll { $0.serial == serial }
    }

    package mutating func release(_ serial: UInt64, at moment: Int64) -> Bool {
        guard holds.contains(where: { $0.serial == serial }) else { return false }
        drop(serial)
        bringUp(to: moment)
        return true
    }

    /// Books what happened and tells where it was taken from; nil when closed.
    package mutating func debit(
        _ charge: Int128,
        hold serial: UInt64,
        project: UInt32,
        key: UInt32,
        at moment: Int64
    ) -> [NaivePart]? {
        bringUp(to: moment)
        guard !closed else { return nil }
        let charge = terms.mode == 3 ? 0 : charge
        let parts = settle(charge, hold: serial, project: project, key: key)
        bringUp(to: moment)
        return parts
    }

    /// Books a charge: from the hold's grants first, then in burn order, then as debt.
    mutating func settle(
        _ charge: Int128,
        hold serial: UInt64,
        project: UInt32,
        key: UInt32,
        day: Int64? = nil
    ) -> [NaivePart] {
        var open = charge
        var parts: [NaivePart] = []
        func take(_ index: Int, upTo limit: Int128) {
            let amount = min(open, min(limit, grants[index].remaining))
            guard amount > 0 else { return }
            open -= amount
            grants[index].remaining -= amount
            let number = grants[index].number
            if let known = parts.firstIndex(where: { $0.grant == number }) {
                parts[known].amount += amount
            } else {
                parts.append(NaivePart(grant: number, amount: amount))
            }
        }
        for hold in holds where hold.serial == serial {
            for part in hold.parts where part.grant != 0 {
                take(Int(part.grant) - 1, upTo: part.amount)
            }
        }
        for index in burnOrder { take(index, upTo: open) }
        if open > 0 {
            parts.append(NaivePart(grant: 0, amount: open))
            debt += open
        }
        drop(serial)
        book(-charge)
        if charge > 0 { debits[lines] = NaiveDebit(parts) }
        charges[NaiveCharge(day: day ?? today, project: project, key: key), default: 0] += charge
        return parts
    }

    package mutating func authorize(
        _ asked: Int128,
        project: UInt32,
        key: UInt32,
        generation: UInt32,
        ttl: Int64,
        at moment: Int64,
        besides refused: NaiveAnswer? = nil
    ) -> NaiveAnswer {
        bringUp(to: moment)
        if closed { return .closed }
        if key != 0 {
            guard key <= keys.count else { return .invalidKey }
            let known = keys[Int(key) - 1]
            if known.revoked || known.generation != generation { return .invalidKey }
        }
        if let gate { return gate }
        if let refused { return refused }
        let asked = terms.mode == 3 ? 0 : asked
        if let refusal = refusal(asked, project: project, key: key) { return refusal }
        lastHold += 1
        holds.append(
            NaiveHold(
                serial: lastHold,
                project: project,
                key: key,
                expires: moment + ttl,
                parts: parts(for: asked)
            )
        )
        return .granted(serial: lastHold, amount: asked, expires: moment + ttl, complete: true)
    }

    package mutating func extend(
        _ serial: UInt64,
        to amount: Int128,
        ttl: Int64,
        at moment: Int64
    ) -> NaiveAnswer {
        bringUp(to: moment)
        if closed { return .closed }
        if let gate { return gate }
        guard let index = holds.firstIndex(where: { $0.serial == serial }),
            holds[index].expires > moment
        else { return .unknownHold }
        let hold = holds[index]
        if hold.key != 0, keys[Int(hold.key) - 1].revoked { return .invalidKey }
        var more = terms.mode == 3 ? 0 : max(amount - hold.amount, 0)
        var complete = true
        if let refusal = refusal(more, project: hold.project, key: hold.key) {
            var room = terms.mode == 2 ? Int128.max : available
            for cap in caps where covers(cap.of, hold.project, hold.key) {
                let spent = spent(by: cap.of)[Int(cap.period) - 1]
                room = min(room, cap.amount - spent - held(by: cap.of))
            }
            guard room > 0 else { return refusal }
            more = min(more, room)
            complete = false
        }
        holds[index].parts += parts(for: more)
        holds[index].expires = max(hold.expires, moment + ttl)
        return .granted(
            serial: serial,
            amount: hold.amount + more,
            expires: holds[index].expires,
            complete: complete
        )
    }

    /// What no hold keeps yet, in burn order.
    func parts(for asked: Int128) -> [NaivePart] {
        var open = asked
        var parts: [NaivePart] = []
        for index in burnOrder where open > 0 {
            let free = grants[index].remaining - kept(of: grants[index].number)
            let amount = min(open, free)
            guard amount > 0 else { continue }
            parts.append(NaivePart(grant: grants[index].number, amount: amount))
            open -= amount
        }
        // On account.
        if open > 0, terms.mode == 2 { parts.append(NaivePart(grant: 0, amount: open)) }
        return parts
    }

    /// The first limit on the path that the amount breaks: key, project, organisation, balance.
    func refusal(_ asked: Int128, project: UInt32, key: UInt32) -> NaiveAnswer? {
        guard asked > 0 else { return nil }
        let path = [
            NaiveScope(scope: 3, id: key), NaiveScope(scope: 2, id: project),
            NaiveScope(scope: 1, id: 0),
        ]
        for scope in path {
            for period: UInt8 in 1...4 {
                guard let cap = caps.last(where: { $0.of == scope && $0.period == period }) else {
                    continue
                }
                let spent = spent(by: scope)[Int(period) - 1]
                let held = held(by: scope)
                guard spent + held + asked > cap.amount else { continue }
                return .cap(
                    NaiveLimit(
                        of: scope,
                        period: period,
                        amount: cap.amount,
                        spent: spent,
                        held: held,
                        asked: asked,
                        resets: windowEnd(period)
                    )
                )
            }
        }
        guard available < asked, terms.mode != 2 else { return nil }
        return .balance(
            NaiveLimit(
                of: NaiveScope(scope: 1, id: 0),
                period: nil,
                amount: posted,
                spent: 0,
                held: held,
                asked: asked,
                resets: nil
            )
        )
    }

    private func windowEnd(_ period: UInt8) -> Int64? {
        let next: Int64
        switch period {
        case 1: next = today + 1
        case 2: next = NaiveCalendar.monday(of: today) + 7
        case 3: next = NaiveCalendar.month(of: today).next
        default: return nil
        }
        return zone.start(of: next)
    }

    package mutating func setCap(
        _ scope: NaiveScope,
        period: UInt8,
        amount: Int128?,
        at moment: Int64
    ) {
        bringUp(to: moment)
        guard !closed else { return }
        caps.removeAll { $0.of == scope && $0.period == period }
        if let amount { caps.append(NaiveCap(of: scope, period: period, amount: amount)) }
    }

    package mutating func close(at moment: Int64) {
        bringUp(to: moment)
        guard !closed else { return }
        endMachines()
        for hold in holds.sorted(by: { $0.serial < $1.serial }) {
            drop(hold.serial)
            bringUp(to: moment)
        }
        for number in shop.open {
            shop.purchases[number - 1].fate = .failed
            guard shop.purchases[number - 1].automatic else { continue }
            shop.failures += 1
            shop.waitsUntil = moment + 1
        }
        var forfeited: Int128 = 0
        for index in grants.indices where grants[index].begun && grants[index].remaining > 0 {
            forfeited += grants[index].remaining
            grants[index].remaining = 0
        }
        if forfeited > 0 { book(-forfeited) }
        closed = true
    }
}
