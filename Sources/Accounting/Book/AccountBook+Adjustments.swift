import Quantities

extension AccountBook {
    /// Takes credits out of a wallet, as a debit takes them, once for each identity.
    ///
    /// - Parameters:
    ///   - amount: How many, above zero.
    ///   - adjustment: Who and why, with the identity; the sources are set here.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, `repeated`, or why not.
    public func takeOut(
        _ amount: Amount,
        _ adjustment: BalanceAdjusted,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let before = grantIdentities.find(adjustment.identity, content: adjustment.content)
        if let answer = CommandOutcome(before) { return answer }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        guard amount.isPositive else {
            return .invalid(field: "amount", message: "\(amount) takes nothing.")
        }
        guard organisations[slot].posted.adding(-amount) != nil,
            organisations[slot].debt.adding(amount) != nil
        else { return .invalid(field: "amount", message: "The balance would not fit 26 digits.") }
        var body = adjustment
        body.draws = sources(of: amount, slot: slot)
        commit(.balanceAdjusted(body), org: org, at: moment, into: buffer)
        judge(slot, hasFallen: true, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .done
    }

    func apply(_ body: BalanceAdjusted, org: UInt32, at moment: Timestamp) {
        guard let slot = slot(of: org) else {
            invariantBroken("an organisation that is adjusted exists")
        }
        organisations[slot].posted -= body.draws.total
        for index in 0..<body.draws.count { organisations[slot].take(body.draws[index]) }
        organisations[slot].lines += 1
        grantIdentities.insert(body.identity, content: body.content, result: 0, at: moment)
    }

    /// Whether a grant or an adjustment was made under an identity that is still remembered.
    ///
    /// - Parameter identity: The digest of the caller's idempotency key.
    /// - Returns: Whether one was.
    public func knowsGrant(_ identity: UInt128) -> Bool {
        if case .new = grantIdentities.find(identity, content: 0) { return false }
        return true
    }
}
