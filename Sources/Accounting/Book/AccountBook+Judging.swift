import Quantities

extension AccountBook {
    /// Lets what waits for a balance or a spend have its say: alerts, then top-ups.
    ///
    /// To be called after each change of what is posted or spent, by whatever has changed it, with
    /// everything of the change applied: that is what makes "judged at the debit" true of requests,
    /// machines, corrections and lapsing grants alike.
    ///
    /// Cost:        two flags of the wallet's own cache lines for who has neither.
    ///
    /// - Parameters:
    ///   - slot: The organisation.
    ///   - hasFallen: Whether the balance has become less.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    @inline(__always)
    func judge(
        _ slot: Int,
        hasFallen: Bool,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        judgeAlerts(slot, hasFallen: hasFallen, at: moment, into: buffer)
        if organisations[slot].flags.contains(.hasTopUp) {
            judgeTopUp(slot, at: moment, into: buffer)
        }
    }
}
