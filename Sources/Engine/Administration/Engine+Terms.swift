import Accounting
import PostgresStore
import Quantities
import Rating

extension Engine {
    /// Puts an organisation on a plan of the system's file, now or when its period ends.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - plan: The plan's name.
    ///   - start: When it takes effect.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when either is unknown.
    public func setPlan(
        organisation: String,
        plan: String,
        start: PlanStart
    ) async throws(AdministrationError) -> OrganisationInfo {
        let org = try number(organisation)
        let terms = try planTerms(plan)
        try checkHealth()
        let outcome = await change(org) { book, now, buffer in
            book.setPlan(terms, start, org: org, at: now, into: buffer)
        }
        try check(outcome, what: "organisation", name: organisation)
        return try await self.organisation(name: organisation)
    }

    /// The terms of a plan of the system's file, as an account writes them down.
    func planTerms(_ plan: String) throws(AdministrationError) -> PlanTerms {
        let offer = pricing.current.offer
        guard let found = offer.plan(named: plan) else { throw .notFound(what: "plan", name: plan) }
        return PlanTerms(found, priority: offer.grants.plan.priority)
    }

    /// Redeems a coupon of the system's file, once for each account.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - code: The code.
    /// - Returns: The grant that was made.
    /// - Throws: `AdministrationError`; `couponRedeemed` at the second try.
    public func redeemCoupon(
        organisation: String,
        code: String
    ) async throws(AdministrationError) -> GrantReceipt {
        let org = try number(organisation)
        let offer = pricing.current.offer
        guard let coupon = offer.coupon(code: code) else {
            throw .notFound(what: "coupon", name: code)
        }
        try checkHealth()
        let outcome = await change(org) { book, now, buffer -> CommandOutcome in
            // Who has redeemed it is told so, also when its time is over.
            let isKnown = book.terms(of: org).coupons.contains(code)
            if !isKnown, let until = coupon.validUntil, now >= until {
                return .invalid(field: "code", message: "\"\(code)\" was valid until \(until).")
            }
            let grant = GrantIssued(coupon, offer.grants.coupon, org: org, book: book, now: now)
            return book.redeem(code, grant, org: org, at: now, into: buffer)
        }
        if outcome == .alreadyRedeemed { throw .couponRedeemed(code: code, name: organisation) }
        try check(outcome, what: "organisation", name: organisation)
        let info = try await self.organisation(name: organisation)
        guard case .granted(let grant) = outcome else {
            throw .notFound(what: "organisation", name: organisation)
        }
        return GrantReceipt(grant: grant, repeated: false, wallet: info.wallet)
    }

    /// Changes how an organisation is billed.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - request: How.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError`.
    public func setBilling(
        organisation: String,
        request: BillingRequest
    ) async throws(AdministrationError) -> OrganisationInfo {
        let org = try number(organisation)
        let offer = pricing.current.offer.billing
        let modes = BillingOffer.Mode.allCases.filter { offer.modes.contains($0) }
        guard modes.contains(where: { BillingMode($0) == request.mode }) else {
            let words = modes.map(\.rawValue).joined(separator: ", ")
            throw .invalid(field: "mode", message: "\(request.mode) is not one of \(words).")
        }
        let days = request.netDays ?? offer.netDays
        guard (0...365).contains(days) else {
            throw .invalid(field: "net_days", message: "\(days) is not 0 to 365.")
        }
        guard request.purchaseOrder.utf8.count <= 255 else {
            throw .invalid(field: "purchase_order", message: "it is longer than 255 bytes.")
        }
        if request.mode != .invoice, request.netDays != nil || !request.purchaseOrder.isEmpty {
            throw .invalid(
                field: request.netDays != nil ? "net_days" : "purchase_order",
                message: "only accounts with the mode invoice have it."
            )
        }
        try checkHealth()
        let body = BillingChanged(
            mode: request.mode,
            netDays: UInt16(days),
            purchaseOrder: request.purchaseOrder,
            from: CivilDay(number: 0)
        )
        let outcome = await change(org) { book, now, buffer in
            book.setBilling(body, org: org, at: now, into: buffer)
        }
        try check(outcome, what: "organisation", name: organisation)
        return try await self.organisation(name: organisation)
    }

    /// Puts a balance right: gives credits or takes some out, once for each idempotency key.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - request: How much, who and why.
    /// - Returns: What became of it.
    /// - Throws: `AdministrationError`.
    public func adjust(
        organisation: String,
        request: AdjustmentRequest
    ) async throws(AdministrationError) -> AdjustmentReceipt {
        let org = try number(organisation)
        try request.check()
        try checkHealth()
        let defaults = pricing.current.offer.grants.adjustment
        let outcome = await change(org) { book, now, buffer -> CommandOutcome in
            guard request.amount.isPositive else {
                return book.takeOut(
                    -request.amount,
                    request.adjusted(org: org),
                    org: org,
                    at: now,
                    into: buffer
                )
            }
            let grant = request.issued(defaults, org: org, book: book, now: now)
            return book.grant(grant, org: org, at: now, into: buffer)
        }
        if outcome == .conflict { throw .idempotencyConflict(key: request.idempotencyKey) }
        try check(outcome, what: "organisation", name: organisation)
        let wallet = try await self.organisation(name: organisation).wallet
        switch outcome {
        case .granted(let grant):
            return AdjustmentReceipt(grant: grant, repeated: false, wallet: wallet)
        case .repeated(let grant):
            return AdjustmentReceipt(
                grant: grant == 0 ? nil : grant,
                repeated: true,
                wallet: wallet
            )
        default:
            return AdjustmentReceipt(grant: nil, repeated: false, wallet: wallet)
        }
    }

    /// The invoices of an organisation, newest first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - limit: How many at most.
    /// - Returns: The invoices.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func invoices(
        organisation: String,
        limit: Int
    ) async throws(AdministrationError) -> [InvoiceInfo] {
        let org = try number(organisation)
        guard (1...1000).contains(limit) else {
            throw .invalid(field: "limit", message: "\(limit) is not 1 to 1,000.")
        }
        return try await reader.ask { reader throws(StoreError) in
            try reader.invoices(of: OrgNumber(org), limit: limit).map { InvoiceInfo($0) }
        }
    }
}
