import Quantities

extension AccountBook {
    /// Redeems a coupon, once for each account and for ever.
    ///
    /// - Parameters:
    ///   - code: The code.
    ///   - grant: Its credits; number and paid debt are set here.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `granted`, `alreadyRedeemed`, or why not.
    public func redeem(
        _ code: String,
        _ grant: GrantIssued,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        let redeemed = terms[org]?.coupons ?? []
        if redeemed.contains(code) { return .alreadyRedeemed }
        guard redeemed.count < AccountBook.mostCoupons else {
            return .invalid(
                field: "code",
                message: "The account has redeemed \(AccountBook.mostCoupons) coupons, the most."
            )
        }
        guard grant.expiresAt > moment, fits(grant.amount, slot: slot) else {
            return .invalid(
                field: "code",
                message: grant.expiresAt > moment
                    ? "The balance would not fit 26 digits." : "Its credits would have lapsed."
            )
        }
        var body = CouponRedeemed(code: code, grant: grant)
        body.grant.grant = organisations[slot].lastGrant + 1
        body.grant.active = true
        body.grant.effectiveAt = moment
        body.grant.debtPaid = min(organisations[slot].debt, grant.amount)
        commit(.couponRedeemed(body), org: org, at: moment, into: buffer)
        judge(slot, hasFallen: false, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .granted(body.grant.grant)
    }

    func apply(_ body: CouponRedeemed, org: UInt32, at moment: Timestamp) {
        guard let slot = slot(of: org) else {
            invariantBroken("a coupon is redeemed by an organisation that exists")
        }
        issue(org, body.grant, at: moment)
        var terms = self.terms[org] ?? Terms()
        terms.coupons.append(body.code)
        terms.coupons.sort()
        set(terms, slot: slot)
    }
}
