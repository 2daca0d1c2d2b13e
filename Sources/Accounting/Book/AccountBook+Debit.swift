import Quantities

extension AccountBook {
    /// Books a request that has happened, also below zero.
    ///
    /// The caller has rated it: everything in `usage` is set but time, day and draws, which are
    /// set here.
    ///
    /// - Parameters:
    ///   - usage: What happened and what it costs.
    ///   - id: The request's own id.
    ///   - session: The session, or nothing.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `booked`, or why nothing was booked.
    public func debit(
        _ usage: inout UsageChange,
        id: UnsafeRawBufferPointer,
        session: UnsafeRawBufferPointer,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> DebitOutcome {
        invariant(!usage.charge.isNegative, "a charge is at least zero")
        guard let slot = slot(of: usage.org) else { return .unknownOrganisation }
        invariant(
            usage.project <= organisations[slot].projects.count
                && usage.key <= organisations[slot].keys.count,
            "usage names a project and a key that exist, or none"
        )
        if usage.identity != 0 {
            switch usageIdentities.find(usage.identity, content: usage.content) {
            case .new: break
            case .repeated: return .repeated
            case .conflict: return .conflict
            }
        }
        let moment = move(to: moment)
        if moment >= organisations[slot].today.end || moment >= deadlines[slot] {
            advance(slot, to: moment, into: buffer)
        }
        if organisations[slot].closed { return .accountClosed }
        guard organisations[slot].posted.adding(-usage.charge) != nil,
            organisations[slot].debt.adding(usage.charge) != nil,
            organisations[slot].spend.total.adding(usage.charge) != nil
        else { return .outOfRange }
        usage.appliedAt = moment
        usage.day = organisations[slot].today.day
        if usage.hold != 0, holds[HoldNumber(org: OrgNumber(usage.org), serial: usage.hold)] == nil
        {
            // It lapsed, or was settled before: what happened is booked all the same.
            usage.hold = 0
        }
        usage.draws = plan(usage.charge, slot: slot, hold: usage.hold)
        noteOvershoot(slot, charge: usage.charge)
        apply(usage)
        usage.encode(into: buffer, id: id, session: session)
        if deadlines[slot] <= moment { advance(slot, to: moment, into: buffer) }
        return .booked
    }

    /// Where a charge is taken from: the hold's grants first, then the burn order, then debt.
    private func plan(_ charge: Amount, slot: Int, hold serial: UInt64) -> Draws {
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

    private func noteOvershoot(_ slot: Int, charge: Amount) {
        let after = organisations[slot].posted - charge
        guard after.isNegative else { return }
        // All wallets add to it: it stops at the end of the range.
        overshoot = overshoot.adding(min(charge, -after)) ?? .max
    }
}
