import Accounting
import Quantities

// MARK: - One record after the other

/// Follows what was decided and complains where the rules decide otherwise.
///
/// Nothing happens by itself here: what is due must come as a record of its own, before the next
/// decision.
extension NaiveOrganisation {
    /// What keeps a decision from being taken now; nil when all that is due has happened.
    mutating func overdue(at moment: Timestamp) -> String? {
        if let overdue = overdue(at: moment, withMonths: true) { return overdue }
        let verdict = verdict()
        return verdict == .nothing ? nil : "decided before a top-up at \(posted): \(verdict)"
    }

    mutating func overdueGrantOrDay(at moment: Timestamp) -> String? {
        overdue(at: moment, withMonths: true)
    }

    /// What is due but top-ups, which come last.
    mutating func overdue(at moment: Timestamp, withMonths: Bool) -> String? {
        now = moment.microseconds
        if let index = firstDue() {
            let grant = grants[index]
            let what = grant.begun ? "had to lapse" : "had to begin"
            return "decided before grant \(grant.number) \(what)"
        }
        if !closed, turned != today {
            return "decided on day \(turned), on day \(today)"
        }
        if withMonths, !closed, terms.waits, terms.end <= now {
            return "decided before the plan's month began"
        }
        return nil
    }

    mutating func follow(_ usage: UsageChange) -> String? {
        if closed { return "usage is booked in a closed wallet" }
        if let overdue = overdue(at: usage.appliedAt) { return overdue }
        if usage.hold != 0, !holds.contains(where: { $0.serial == usage.hold }) {
            return "usage settles hold \(usage.hold), which is not open"
        }
        if usage.project > projects || usage.key > keys.count {
            return "usage names project \(usage.project), key \(usage.key)"
        }
        if Int64(usage.day.number) != today {
            return "usage counts for day \(usage.day.number), not \(today)"
        }
        let kept = holds.first { $0.serial == usage.hold }?.amount ?? 0
        overshoot += max(0, usage.charge.units - kept)
        let parts = settle(
            usage.charge.units,
            hold: usage.hold,
            project: usage.project,
            key: usage.key
        )
        let found = usage.draws.parts
        return found == parts ? nil : "usage is drawn from \(found.text), not \(parts.text)"
    }

    mutating func follow(_ body: HoldPlaced, at moment: Timestamp) -> String? {
        if let overdue = overdue(at: moment) { return overdue }
        var generation: UInt32 = 0
        if body.key != 0, body.key <= keys.count {
            generation = keys[Int(body.key) - 1].generation
        }
        let asked = body.draws.total.units
        let answer = authorize(
            asked,
            project: body.project,
            key: body.key,
            generation: generation,
            ttl: body.expiresAt.microseconds - moment.microseconds,
            at: moment.microseconds
        )
        guard case .granted(let serial, _, _, _) = answer else {
            return "hold \(body.hold) over \(asked) is granted: \(answer)"
        }
        if serial != body.hold { return "hold \(body.hold) is granted instead of \(serial)" }
        let parts = holds.last?.parts ?? []
        if parts != body.draws.parts {
            return "hold \(serial) keeps \(body.draws.parts.text), not \(parts.text)"
        }
        return nil
    }

    mutating func follow(_ body: HoldExtended, at moment: Timestamp) -> String? {
        if let overdue = overdue(at: moment) { return overdue }
        guard let hold = holds.first(where: { $0.serial == body.hold }) else {
            return "hold \(body.hold) is extended, which is not open"
        }
        let answer = extend(
            body.hold,
            to: hold.amount + body.draws.total.units,
            ttl: body.expiresAt.microseconds - moment.microseconds,
            at: moment.microseconds
        )
        guard case .granted(_, _, let expires, true) = answer else {
            return "hold \(body.hold) is extended by \(body.draws.total.units): \(answer)"
        }
        if expires != body.expiresAt.microseconds {
            return "hold \(body.hold) ends at \(body.expiresAt.microseconds), not \(expires)"
        }
        let parts = holds.first { $0.serial == body.hold }?.parts ?? []
        let wanted = hold.parts + body.draws.parts
        return parts == wanted ? nil : "hold \(body.hold) keeps \(wanted.text), not \(parts.text)"
    }

    mutating func follow(_ body: HoldReleased, at moment: Timestamp) -> String? {
        now = moment.microseconds
        guard let hold = holds.first(where: { $0.serial == body.hold }) else {
            return "hold \(body.hold) is let go, which is not open"
        }
        if body.lapsed, hold.expires > now {
            return "hold \(body.hold) lapses at \(now), before its end \(hold.expires)"
        }
        drop(body.hold)
        return nil
    }

    mutating func follow(
        _ body: GrantIssued,
        at moment: Timestamp,
        isPaid: Bool = false
    ) -> String? {
        if let overdue = overdue(at: moment) { return overdue }
        let owed = debt
        let begins = body.effectiveAt <= moment
        if body.expiresAt <= moment || !body.amount.isPositive {
            return "grant \(body.grant) has no amount or no time"
        }
        guard
            let number = grant(
                body.amount.units,
                priority: body.priority,
                effective: body.effectiveAt.microseconds,
                expires: body.expiresAt.microseconds,
                at: moment.microseconds
            )
        else { return "grant \(body.grant) is given to a closed wallet" }
        if number != body.grant { return "grant \(body.grant) is given instead of \(number)" }
        if body.active != begins {
            return "grant \(number) pays from the beginning: \(body.active)"
        }
        if body.grantClass == .purchased {
            // What was asked for while the plan allowed it is credited when it is paid.
            if !isPaid, terms.plan?.mayPurchase == false { return "a plan without purchases buys" }
            terms.hasBought = true
        }
        let pays = begins ? min(owed, body.amount.units) : 0
        return body.debtPaid.units == pays
            ? nil : "grant \(number) pays \(body.debtPaid.units) of the debt, not \(pays)"
    }

    mutating func follow(_ body: GrantActivated, at moment: Timestamp) -> String? {
        now = moment.microseconds
        guard let index = firstDue(), grants[index].number == body.grant, !grants[index].begun
        else { return "grant \(body.grant) begins, which is not due first" }
        if body.amount.units != grants[index].amount {
            return "grant \(body.grant) begins with \(body.amount.units)"
        }
        let pays = begin(index)
        return body.debtPaid.units == pays
            ? nil : "grant \(body.grant) pays \(body.debtPaid.units) of the debt, not \(pays)"
    }

    mutating func follow(_ body: GrantExpired, at moment: Timestamp) -> String? {
        now = moment.microseconds
        guard let index = firstDue(), grants[index].number == body.grant, grants[index].begun
        else { return "grant \(body.grant) lapses, which is not due first" }
        let lapsing = lapse(index)
        return body.amount.units == lapsing
            ? nil : "\(body.amount.units) of grant \(body.grant) lapse, not \(lapsing)"
    }

    mutating func follow(_ body: DayTurned, at moment: Timestamp) -> String? {
        now = moment.microseconds
        let day = body.today
        let before = turned
        turned = Int64(day.day.number)
        turnMode()
        guard turned == today, turned > before,
            day.start.microseconds == zone.start(of: turned),
            day.end.microseconds == zone.start(of: turned + 1)
        else { return "day \(turned) begins on day \(today)" }
        return nil
    }

    mutating func follow(_ body: CapChanged, at moment: Timestamp) -> String? {
        if closed { return "a cap is set in a closed wallet" }
        if let overdue = overdue(at: moment) { return overdue }
        let scope = NaiveScope(scope: body.scope.rawValue, id: body.id)
        guard scopes.contains(scope) else { return "a cap is set on \(scope)" }
        setCap(
            scope,
            period: body.period.rawValue,
            amount: body.amount?.units,
            at: moment.microseconds
        )
        return nil
    }

    mutating func follow(_ body: OrganisationClosed, at moment: Timestamp) -> String? {
        if closed { return "a closed wallet is closed" }
        if let overdue = overdue(at: moment) { return overdue }
        if !holds.isEmpty { return "a wallet is closed with \(holds.count) holds" }
        let left = grants.filter { $0.begun && $0.remaining > 0 }
            .map { NaivePart(grant: $0.number, amount: $0.remaining) }
            .sorted { $0.grant < $1.grant }
        let found = body.forfeited.parts.sorted { $0.grant < $1.grant }
        close(at: moment.microseconds)
        return found == left ? nil : "\(found.text) is forfeited, not \(left.text)"
    }

    mutating func follow(_ change: KeyRotated) -> String? {
        let index = Int(change.key) - 1
        guard keys.indices.contains(index), !keys[index].revoked,
            change.generation == keys[index].generation + 1
        else { return "key \(change.key) is rotated to \(change.generation)" }
        keys[index].generation = change.generation
        return nil
    }

    mutating func follow(_ change: KeyRevoked) -> String? {
        let index = Int(change.key) - 1
        guard keys.indices.contains(index) else { return "key \(change.key) is revoked" }
        keys[index].revoked = true
        return nil
    }
}

extension Draws {
    package var parts: [NaivePart] {
        (0..<count).map { NaivePart(grant: self[$0].grant, amount: self[$0].amount.units) }
    }
}

extension [NaivePart] {
    var text: String {
        isEmpty ? "nothing" : map { "\($0.amount) of \($0.grant)" }.joined(separator: ", ")
    }
}

extension NaiveOrganisation {
    /// What is wrong with the wallet as it stands, whatever has led there; nil for nothing.
    ///
    /// What is spent and held together never exceeds what was granted, but by what had happened
    /// already when it was booked.
    mutating func imbalance() -> String? {
        // What is owed on account was let through, and so is what is held on it.
        if terms.mode == 2 { overshoot = max(overshoot, -available) }
        // What is about to lapse covers nothing.
        let isCovered = grants.allSatisfy { grant in
            let kept = kept(of: grant.number)
            return kept <= grant.remaining && (!grant.lapsed || kept == grant.remaining)
        }
        if available >= 0, isCovered { overshoot = 0 }
        if available < -overshoot {
            return "\(held) is held of \(posted), and only \(overshoot) had to be booked"
        }
        for grant in grants where grant.remaining < 0 || grant.remaining > grant.amount {
            return "\(grant.remaining) is left of grant \(grant.number) over \(grant.amount)"
        }
        return nil
    }

    /// All scopes there are.
    package var scopes: [NaiveScope] {
        var scopes = [NaiveScope(scope: 1, id: 0)]
        for id in 0..<projects { scopes.append(NaiveScope(scope: 2, id: id + 1)) }
        for id in 0..<keys.count { scopes.append(NaiveScope(scope: 3, id: UInt32(id) + 1)) }
        return scopes
    }

    /// Whether listeners must know a scope as cut off.
    package func isCutOff(_ scope: NaiveScope) -> Bool {
        if scope.scope == 1, closed || (posted <= 0 && terms.mode == 1) { return true }
        if scope.scope == 3, keys[Int(scope.id) - 1].revoked { return true }
        return isCutOffByCap(scope)
    }
}
