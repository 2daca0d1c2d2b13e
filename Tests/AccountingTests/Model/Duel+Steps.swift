import Accounting
import LedgerModel
import Quantities

extension Duel {
    /// One random command, given to both, and the comparison after it.
    func oneStep() {
        passTime()
        let org = random.pick(Duel.orgs)
        randomMove().make(self, org)
        tally[doing.split(separator: " ").first.map(String.init) ?? "", default: 0] += 1
        settleMachines(org)
        compare(org)
        compareNotices()
        compareOrders()
        compareMachineOrders()
        if step % 64 == 0 { Duel.orgs.forEach(compare) }
    }

    func model(_ org: UInt32) -> NaiveOrganisation {
        ledger.organisations[org] ?? NaiveOrganisation(minutesEast: 0)
    }

    private func amount(_ org: UInt32) -> Int128 {
        let model = model(org)
        let credit: Int128 = 1_000_000_000_000
        switch random.below(12) {
        case 0: return 0
        case 1: return 1
        case 2: return credit / 1_000_000 * Int128(1 + random.below(9))
        case 3: return max(model.available, 0)
        case 4: return max(model.available, 0) + 1
        case 5: return max(model.grants.last?.remaining ?? 0, 0)
        case 6:
            guard let cap = model.caps.last else { return credit }
            let spent = model.spent(by: cap.of)[Int(cap.period) - 1]
            return max(cap.amount - spent - model.held(by: cap.of) + Int128(random.below(2)), 0)
        case 7: return max(model.holds.last?.amount ?? 0, 0)
        default: return Int128(random.below(9_000)) * credit / 1000
        }
    }

    /// A key with its project, or a project alone, or neither.
    func path(_ org: UInt32) -> (project: UInt32, key: UInt32) {
        let model = model(org)
        if !model.keys.isEmpty, !random.oneIn(3) {
            let key = random.below(model.keys.count)
            return (model.keys[key].project, UInt32(key + 1))
        }
        return (UInt32(random.below(Int(model.projects) + 1)), 0)
    }

    private func expectToday(_ org: UInt32) {
        guard let mine = book.organisation(org), !mine.closed else { return }
        expect(mine.today.start <= now && now < mine.today.end, "its counters stand at today")
    }

    func debit(_ org: UInt32) {
        let path = path(org)
        var usage = UsageChange()
        usage.org = org
        (usage.project, usage.key) = path
        usage.charge = Amount(units: amount(org))
        debit(usage)
    }

    /// Books a report as random gateways send it: for a hold or not, with an identity or not.
    func debit(_ new: UsageChange, keepsCharge: Bool = false) {
        var usage = new
        let org = usage.org
        if let hold = model(org).holds.randomElement(using: &random), !random.oneIn(3) {
            usage.hold = hold.serial
            if !keepsCharge, random.oneIn(2) { usage.charge = Amount(units: hold.amount) }
        } else if random.oneIn(10) {
            usage.hold = UInt64(random.below(50))
        }
        if random.oneIn(4) { return identified(usage) }
        doing = "debit \(usage.charge) of \(org) for hold \(usage.hold)"
        book(usage)
    }

    /// Usage with an identity: new, repeated, or repeated with other content.
    private func identified(_ new: UsageChange) {
        let recent = usages.last { $0.at > now.advanced(byMicroseconds: -86_000_000_000) }
        if let recent, random.oneIn(2) {
            doing = "repeat usage"
            var again = recent.usage
            let isConflict = random.oneIn(2)
            if isConflict { again.content += 1 }
            let outcome = send(&again)
            expectEqual(outcome, isConflict ? .conflict : .repeated, "outcome")
            return
        }
        doing = "debit \(new.charge) of \(new.org) with an identity"
        var usage = new
        identities += 1
        usage.identity = identities
        usage.content = random.next()
        book(usage)
        if !model(usage.org).closed { usages.append((usage, now)) }
    }

    private func send(_ usage: inout UsageChange) -> DebitOutcome {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        return book.debit(&usage, id: nothing, session: nothing, at: now, into: buffer)
    }

    func bookUsage(_ new: UsageChange) { book(new) }

    func book(_ new: UsageChange) {
        var usage = new
        let outcome = send(&usage)
        let parts = ledger.organisations[usage.org]?.debit(
            usage.charge.units,
            hold: new.hold,
            project: usage.project,
            key: usage.key,
            at: now.microseconds
        )
        guard let parts else {
            return expectEqual(outcome, .accountClosed, "outcome")
        }
        expectEqual(outcome, .booked, "outcome")
        expectEqual(usage.draws.parts, parts, "draws")
        let lines = model(usage.org).lineOfLastDebit
        if usage.charge.isPositive { charged.append((usage.org, lines)) }
        if parts.contains(where: { $0.grant == 0 }) { tally["debt", default: 0] += 1 }
        if parts.count > 2 { tally["manyDraws", default: 0] += 1 }
        expectToday(usage.org)
    }

    func authorize(_ org: UInt32) {
        let path = path(org)
        let model = model(org)
        var generation: UInt32 = 0
        if path.key != 0 { generation = model.keys[Int(path.key) - 1].generation }
        if random.oneIn(20) { generation += 1 }
        let asked = amount(org)
        let ttl = Int64(1 + random.below(1200)) * 500_000
        let key = random.oneIn(40) ? 99 : path.key
        doing = "authorize \(asked) of \(org), project \(path.project), key \(key)"
        let request = HoldRequest(
            org: org,
            project: path.project,
            key: key,
            generation: generation,
            amount: Amount(units: asked),
            ttlMicroseconds: ttl
        )
        let mine = book.authorize(request, at: now, into: buffer).asNaive
        let theirs = ledger.organisations[org]?.authorize(
            asked,
            project: path.project,
            key: key,
            generation: generation,
            ttl: ttl,
            at: now.microseconds
        )
        expectEqual(mine, theirs, "answer")
        count(theirs)
        expectToday(org)
    }

    /// Counts what was met, so that a run can be shown to be worth its name.
    private func count(_ answer: NaiveAnswer?) {
        switch answer {
        case .granted(_, _, _, let complete): tally[complete ? "granted" : "final", default: 0] += 1
        case .closed: tally["closed", default: 0] += 1
        case .invalidKey: tally["invalidKey", default: 0] += 1
        case .unknownHold: tally["unknownHold", default: 0] += 1
        case .planRequired: tally["planRequired", default: 0] += 1
        case .purchaseRequired: tally["purchaseRequired", default: 0] += 1
        case .cap: tally["overCap", default: 0] += 1
        case .balance: tally["overBalance", default: 0] += 1
        case nil: tally["nothing", default: 0] += 1
        }
    }

    func extend(_ org: UInt32) {
        let hold = model(org).holds.randomElement(using: &random)
        if hold == nil, !random.oneIn(10) { return authorize(org) }
        let serial = hold?.serial ?? UInt64(random.below(5) + 1)
        let more = random.oneIn(3) ? max(model(org).available, 0) + 1_000_000 : amount(org)
        let to = (hold?.amount ?? 0) + (random.oneIn(4) ? -1 : more)
        let ttl = Int64(1 + random.below(1200)) * 500_000
        doing = "extend \(serial) of \(org) to \(to)"
        let mine = book.extend(
            HoldNumber(org: OrgNumber(org), serial: serial),
            to: Amount(units: to),
            ttlMicroseconds: ttl,
            at: now,
            into: buffer
        )
        let theirs = ledger.organisations[org]?.extend(
            serial,
            to: to,
            ttl: ttl,
            at: now.microseconds
        )
        expectEqual(mine.asNaive, theirs, "answer")
        count(theirs)
        expectToday(org)
    }

    /// Corrections of both signs, some of nothing, some beyond what is there.
    func correct(_ org: UInt32) {
        let path = path(org)
        let size = amount(org)
        let more = random.oneIn(2) ? size : -size
        doing = "correct \(more) of \(org)"
        let correction = Rerated(
            rerate: "r",
            day: CivilDay(number: 20_000),
            project: path.project,
            key: path.key,
            model: 1,
            requests: 1,
            amount: Amount(units: more),
            note: "n"
        )
        let outcome = book.correct(correction, org: org, at: now, into: buffer)
        if more == 0 {
            ledger.organisations[org]?.bringUp(to: now.microseconds)
            let isClosed = model(org).closed
            return expect(isClosed ? outcome == .accountClosed : outcome != .done, "outcome")
        }
        let made = ledger.organisations[org]?.correct(more, at: now.microseconds)
        expectEqual(outcome, made == nil ? .accountClosed : .done, "outcome")
    }

    func release(_ org: UInt32) {
        let hold = model(org).holds.randomElement(using: &random)
        if hold == nil, !random.oneIn(10) { return authorize(org) }
        let serial = random.oneIn(10) ? 7 : hold?.serial ?? 3
        doing = "release \(serial) of \(org)"
        let number = HoldNumber(org: OrgNumber(org), serial: serial)
        let mine = book.release(number, lapsed: false, at: now, into: buffer)
        let theirs = ledger.organisations[org]?.release(serial, at: now.microseconds)
        expectEqual(mine, theirs, "whether there was such a hold")
    }

    func tick() {
        doing = "tick"
        // Small turns, so that stopping half-way is met as well.
        while book.tick(at: now, into: buffer, limit: 2) {}
        ledger.tick(at: now.microseconds)
        Duel.orgs.forEach(compare)
        expect(book.nextDue > now, "nothing is due after a tick")
    }
}

extension Authorization {
    /// The answer in the model's words; the book's reasons by their protocol meaning.
    var asNaive: NaiveAnswer? {
        switch self {
        case .granted(let granted):
            return .granted(
                serial: granted.hold.serial,
                amount: granted.amount.units,
                expires: granted.expiresAt.microseconds,
                complete: granted.complete
            )
        case .refused(.accountClosed, _): return .closed
        case .refused(.invalidKey, _): return .invalidKey
        case .refused(.unknownHold, _): return .unknownHold
        case .refused(.planRequired, _): return .planRequired
        case .refused(.purchaseRequired, _): return .purchaseRequired
        case .refused(.spendCapExceeded, .some(let limit)): return .cap(limit.asNaive)
        case .refused(.insufficientCredits, .some(let limit)): return .balance(limit.asNaive)
        case .refused: return nil
        }
    }
}

extension LimitReport {
    fileprivate var asNaive: NaiveLimit {
        NaiveLimit(
            of: NaiveScope(scope: scope.rawValue, id: id),
            period: period?.rawValue,
            amount: amount.units,
            spent: spent.units,
            held: held.units,
            asked: asked.units,
            resets: resetsAt?.microseconds
        )
    }
}
