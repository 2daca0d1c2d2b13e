import Accounting
import Quantities
import Rating

extension Engine {
    /// How a wallet tops itself up.
    ///
    /// - Parameter organisation: Whose.
    /// - Returns: What was set, and how far it has come.
    /// - Throws: `AdministrationError`.
    public func topUp(organisation: String) async throws(AdministrationError) -> TopUpInfo {
        let org = try number(organisation)
        let found = await look(org) { book, now, buffer -> TopUpInfo? in
            book.bringUp(org, to: now, into: buffer)
            return TopUpInfo(org: org, book: book)
        }
        guard let found else { throw .notFound(what: "organisation", name: organisation) }
        return found
    }

    /// Sets how a wallet tops itself up, or switches it on or off.
    ///
    /// - Parameters:
    ///   - organisation: Whose.
    ///   - request: What is to be changed.
    /// - Returns: What is set now.
    /// - Throws: `AdministrationError`.
    public func setTopUp(
        organisation: String,
        request: TopUpRequest
    ) async throws(AdministrationError) -> TopUpInfo {
        let org = try number(organisation)
        let before = await look(org) { book, _, _ in book.purchasing(of: org)?.topUp?.setting }
        let setting: TopUpSet
        if request.on {
            setting = try self.setting(request, before)
        } else {
            // Off is always possible, whatever is sold by now.
            guard var known = before else { return try await topUp(organisation: organisation) }
            known.on = false
            setting = known
        }
        try checkHealth()
        let outcome = await change(org) { book, now, buffer in
            book.setTopUp(setting, org: org, at: now, into: buffer)
        }
        try check(outcome, what: "organisation", name: organisation)
        return try await topUp(organisation: organisation)
    }

    private func setting(
        _ request: TopUpRequest,
        _ before: TopUpSet?
    ) throws(AdministrationError) -> TopUpSet {
        let terms = purchaseTerms
        guard terms.offer.purchases.topUp.allowed else {
            throw .invalid(field: "state", message: "the offer does not allow top-ups.")
        }
        guard let threshold = request.threshold ?? before?.threshold else {
            throw .invalid(field: "threshold", message: "is missing, and was never set.")
        }
        var pack = request.pack
        var credits = request.credits
        if pack == nil, credits == nil, let before {
            // As it was; at the price of today.
            if before.pack.isEmpty { credits = before.credits } else { pack = before.pack }
        }
        let bought = try terms.price(pack: pack, credits: credits, field: "amount")
        var limit = before == nil ? terms.offer.purchases.topUp.monthlyLimit : before?.monthlyLimit
        switch request.monthlyLimit {
        case .amount(let amount): limit = amount
        case .some(.none): limit = nil
        case nil: break
        }
        return TopUpSet(
            on: true,
            threshold: threshold,
            credits: bought.credits,
            price: bought.price,
            currency: terms.currency,
            pack: bought.name,
            connector: try terms.connector(request.connector ?? before?.connector),
            monthlyLimit: limit
        )
    }
}

extension TopUpInfo {
    init?(org: UInt32, book: AccountBook) {
        guard let state = book.organisation(org) else { return nil }
        let purchasing = book.purchasing(of: org) ?? Purchasing()
        let month = state.today.day.monthStart
        self.init(
            topUp: purchasing.topUp,
            month: month,
            asked: purchasing.asked(in: month),
            pending: purchasing.open.first { $0.asked.automatic }?.number
        )
    }
}
