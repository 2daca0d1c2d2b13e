import Quantities

extension AccountBook {
    /// Books what a re-rating has found: more is taken as a debit is, less is given back by a grant
    /// of its own.
    ///
    /// Spend and caps stay what they were: they count what was charged when it happened, and a
    /// window that is over is not opened again. Whether it was booked before is for the caller to
    /// know, who has the books.
    ///
    /// - Parameters:
    ///   - correction: What was found; sources, grant and paid debt are set here.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, `unknown` (also for a project or key), `accountClosed` or `invalid`.
    public func correct(
        _ correction: Rerated,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        guard correction.project <= organisations[slot].projects.count,
            correction.key <= organisations[slot].keys.count
        else { return .unknown }
        var body = correction
        body.draws = Draws()
        body.grant = 0
        body.debtPaid = .zero
        if body.amount.isNegative {
            guard fits(-body.amount, slot: slot) else {
                return .invalid(field: "amount", message: "The balance would not fit 26 digits.")
            }
            body.grant = organisations[slot].lastGrant + 1
            body.debtPaid = min(organisations[slot].debt, -body.amount)
        } else {
            guard body.amount.isPositive else {
                return .invalid(field: "amount", message: "There is nothing to correct.")
            }
            guard organisations[slot].posted.adding(-body.amount) != nil,
                organisations[slot].debt.adding(body.amount) != nil
            else {
                return .invalid(field: "amount", message: "The balance would not fit 26 digits.")
            }
            body.draws = plan(body.amount, slot: slot, hold: 0)
        }
        commit(.rerated(body), org: org, at: moment, into: buffer)
        judge(slot, hasFallen: body.amount.isPositive, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .done
    }

    func correct(_ org: UInt32, _ body: Rerated, at moment: Timestamp) {
        guard let slot = slot(of: org) else {
            invariantBroken("a correction names an organisation that exists")
        }
        guard body.grant != 0 else {
            organisations[slot].posted -= body.amount
            organisations[slot].lines += 1
            for index in 0..<body.draws.count { organisations[slot].take(body.draws[index]) }
            return
        }
        organisations[slot].lastGrant = body.grant
        organisations[slot].insert(
            Grant(
                remaining: -body.amount,
                number: body.grant,
                priority: Rerated.priority,
                grantClass: .adjustment,
                active: false,
                expired: false,
                held: .zero,
                effectiveAt: moment,
                expiresAt: .never
            )
        )
        activate(
            org,
            GrantActivated(grant: body.grant, amount: -body.amount, debtPaid: body.debtPaid)
        )
    }
}
