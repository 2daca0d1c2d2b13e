import Quantities

extension AccountBook {
    /// Changes how an organisation is billed.
    ///
    /// At once, but for a change to or from invoices on a day that has debits already: that day
    /// stays as it was, so that no debit is both paid for and invoiced.
    ///
    /// - Parameters:
    ///   - billing: How it is billed; the day is set here.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, `unknown` or `accountClosed`.
    public func setBilling(
        _ billing: BillingChanged,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        // What machines have cost so far is charged as it was billed so far.
        if organisations[slot].flags.contains(.hasRuns) { bookRuns(slot, into: buffer) }
        let present = terms[org]?.billing?.mode ?? .prepaid
        let isAboutInvoices = (present == .invoice) != (billing.mode == .invoice)
        let today = organisations[slot].today.day
        var body = billing
        body.from =
            isAboutInvoices && organisations[slot].spend.day.isPositive
            ? today.advanced(by: 1) : today
        commit(.billingChanged(body), org: org, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .done
    }

    func apply(_ body: BillingChanged, org: UInt32) {
        guard let slot = slot(of: org) else {
            invariantBroken("an organisation that is billed exists")
        }
        var terms = self.terms[org] ?? Terms()
        if body.from <= organisations[slot].today.day {
            terms.billing = body
            terms.nextBilling = nil
        } else {
            terms.nextBilling = body
        }
        set(terms, slot: slot)
    }

    /// A day has begun: what was to hold from it on holds.
    func turnBilling(_ slot: Int) {
        guard organisations[slot].flags.contains(.hasTerms),
            var terms = terms[organisations[slot].number], let next = terms.nextBilling,
            next.from <= organisations[slot].today.day
        else { return }
        terms.billing = next
        terms.nextBilling = nil
        set(terms, slot: slot)
    }

    /// Whether days have to turn by themselves: invoices wait for the month's end.
    func needsDays(_ slot: Int) -> Bool {
        guard !organisations[slot].closed, organisations[slot].flags.contains(.hasTerms) else {
            return false
        }
        if organisations[slot].flags.contains(.invoiced) { return true }
        guard let terms = terms[organisations[slot].number] else { return false }
        // Who changed over within the month has days in it that are invoiced at its end.
        let month = organisations[slot].today.day.monthStart
        return terms.nextBilling != nil || terms.billing?.from.monthStart == month
    }
}
