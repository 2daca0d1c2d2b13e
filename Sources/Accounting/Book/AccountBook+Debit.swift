import Quantities

extension AccountBook {
    /// Books a request that has happened, also below zero.
    ///
    /// - Parameters:
    ///   - draft: What happened and what it costs, with price, tier and charge set; hold may be
    ///     cleared. It is copied, so that it may lie in a ring.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes, with day, sources and the time of applying.
    /// - Returns: `booked`, or why nothing was booked.
    public func debit(
        _ draft: UsageRecord,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> DebitOutcome {
        invariant(!draft.charge.isNegative, "a charge is at least zero")
        guard let slot = slot(of: draft.org) else { return .unknownOrganisation }
        let organisation = organisations.pointer(slot)
        invariant(
            draft.project <= organisation.pointee.projects.count
                && draft.key <= organisation.pointee.keys.count,
            "usage names a project and a key that exist, or none"
        )
        if draft.hasIdentity {
            switch usageIdentities.find(draft.identity, content: draft.content) {
            case .new: break
            case .repeated: return .repeated
            case .conflict: return .conflict
            }
        }
        let moment = move(to: moment)
        if moment >= organisation.pointee.today.end || moment >= organisation.pointee.deadline {
            advance(slot, to: moment, into: buffer)
        }
        if organisation.pointee.closed { return .accountClosed }
        if organisation.pointee.flags.contains(.unmetered) { draft.charge = .zero }
        let charge = draft.charge
        guard let posted = organisation.pointee.posted.adding(-charge),
            organisation.pointee.debt.adding(charge) != nil,
            organisation.pointee.spend.total.adding(charge) != nil
        else { return .outOfRange }
        if draft.hold != 0, holds[HoldNumber(org: OrgNumber(draft.org), serial: draft.hold)] == nil
        {
            // It lapsed, or was settled before: what happened is booked all the same.
            draft.hold = 0
        }
        let record: UsageRecord
        if draft.hold == 0, let grant = organisation.pointee.onlySource(of: charge) {
            // Nearly always: the grant that burns first pays all of it.
            record = buffer.append(draft)
            record.firstGrant = grant
            record.drawCount = charge.isPositive ? 1 : 0
        } else {
            record = buffer.append(draft, plan(charge, slot: slot, hold: draft.hold))
        }
        record.appliedAt = moment
        record.day = organisation.pointee.today.day
        if posted.isNegative, !organisation.pointee.flags.contains(.invoiced) {
            // All wallets add to it: it stops at the end of the range.
            overshoot = overshoot.adding(min(charge, -posted)) ?? .max
        }
        apply(record, slot: slot)
        if organisation.pointee.flags.contains(.hasAlerts) {
            judgeAlerts(slot, hasFallen: charge.isPositive, at: moment, into: buffer)
        }
        if organisation.pointee.deadline <= moment { advance(slot, to: moment, into: buffer) }
        if organisation.pointee.flags.contains(.hasTopUp) {
            judgeTopUp(slot, at: moment, into: buffer)
        }
        return .booked
    }

    /// Books a usage record: the one place where money leaves a wallet for a request.
    func apply(_ usage: UsageRecord, slot: Int) {
        if usage.hold != 0 {
            removeHold(HoldNumber(org: OrgNumber(usage.org), serial: usage.hold), slot: slot)
        }
        let organisation = organisations.pointer(slot)
        let charge = usage.charge
        let project = usage.project
        let key = usage.key
        organisation.pointee.posted -= charge
        for index in 0..<usage.drawCount { organisation.pointee.take(usage.draw(index)) }
        organisation.pointee.addSpend(charge, project: project, key: key)
        organisation.pointee.lines += 1
        if organisation.pointee.flags.contains(.hasAlerts) { awaitSummary(slot) }
        if usage.hold != 0, organisation.pointee.flags.contains(.hasRuns) { giveRoom(slot) }
        if usage.hasIdentity {
            usageIdentities.insert(
                usage.identity,
                content: usage.content,
                result: 0,
                at: usage.appliedAt
            )
        }
        refreshCutoffs(slot, project: project, key: key, at: usage.appliedAt)
    }

    /// Where an amount is taken from that no hold keeps: the burn order, then debt.
    func sources(of amount: Amount, slot: Int) -> Draws {
        plan(amount, slot: slot, hold: 0)
    }

    /// Where a charge is taken from: the hold's grants first, then the burn order, then debt.
    func plan(_ charge: Amount, slot: Int, hold serial: UInt64) -> Draws {
        var draws = Draws()
        var open = charge
        if serial != 0 {
            let number = HoldNumber(org: OrgNumber(organisations[slot].number), serial: serial)
            if let hold = holds[number] {
                for index in 0..<hold.draws.count where open.isPositive {
                    take(&open, upTo: hold.draws[index], slot: slot, into: &draws)
                }
            }
        }
        let grantCount = organisations[slot].grants.count
        var index = 0
        while open.isPositive, index < grantCount {
            let grant = organisations[slot].grants[index]
            if grant.active, !grant.expired {
                let whole = Draw(grant: grant.number, amount: grant.remaining)
                take(&open, upTo: whole, slot: slot, into: &draws)
            }
            index += 1
        }
        if open.isPositive { draws.append(Draw(grant: 0, amount: open)) }
        return draws
    }

    /// Takes from one grant, no more than it has left and than the draw allows.
    private func take(_ open: inout Amount, upTo draw: Draw, slot: Int, into draws: inout Draws) {
        guard let index = organisations[slot].grantIndex(draw.grant) else { return }
        var left = organisations[slot].grants[index].remaining
        var known: Int?
        for entry in 0..<draws.count where draws[entry].grant == draw.grant {
            left -= draws[entry].amount
            known = entry
        }
        let amount = min(open, min(left, draw.amount))
        guard amount.isPositive else { return }
        open -= amount
        if let known {
            draws.set(known, to: draws[known].amount + amount)
        } else {
            draws.append(Draw(grant: draw.grant, amount: amount))
        }
    }
}

extension RecordBuffer {
    /// Copies a draft that has at most one source.
    @inline(__always)
    fileprivate func append(_ draft: UsageRecord) -> UsageRecord {
        let length = draft.length
        let start = openAsItIs(length)
        start.copyMemory(from: draft.base, byteCount: length)
        return UsageRecord(at: start)
    }

    /// Copies a draft and writes its sources, which lie before the draft's texts.
    fileprivate func append(_ draft: UsageRecord, _ draws: Draws) -> UsageRecord {
        guard draws.count > 1 else {
            let record = append(draft)
            record.firstGrant = draws.first.grant
            record.drawCount = draws.count
            return record
        }
        let fixed = UsageChange.fixedLength
        let more = draws.count * UsageChange.drawLength
        let length = draft.length
        let start = open(length + more)
        start.copyMemory(from: draft.base, byteCount: fixed)
        (start + fixed + more).copyMemory(from: draft.base + fixed, byteCount: length - fixed)
        for index in 0..<draws.count {
            let place = start + fixed + index * UsageChange.drawLength
            place.storeBytes(of: draws[index].grant, as: UInt32.self)
            place.storeBytes(of: draws[index].amount.units, toByteOffset: 8, as: Int128.self)
        }
        let record = UsageRecord(at: start)
        record.length = length + more
        record.firstGrant = draws.first.grant
        record.drawCount = draws.count
        return record
    }
}
