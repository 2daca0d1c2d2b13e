import Accounting
import PostgresStore
import Quantities
import Rating
import Synchronization

/// Looks a purchase up that memory no longer has.
///
/// Why: a payment is credited once for ever, and memory knows those of the last weeks.
typealias PurchaseFinder =
    @Sendable (UInt32, PurchaseKey) async throws(AdministrationError) -> Purchase?

extension Engine: PurchaseAdministration {
    /// What the offer in force makes of calls.
    var purchaseTerms: PurchaseTerms { PurchaseTerms(offer: pricing.current.offer) }

    /// Asks for credits to be bought; with a payment they are in the wallet at once.
    ///
    /// - Parameters:
    ///   - organisation: Whose wallet.
    ///   - request: What.
    /// - Returns: The purchase, open or confirmed.
    /// - Throws: `AdministrationError`.
    public func purchase(
        organisation: String,
        request: PurchaseRequest
    ) async throws(AdministrationError) -> PurchaseReceipt {
        let org = try number(organisation)
        let terms = purchaseTerms
        let pack = try terms.price(pack: request.pack, credits: request.credits, field: "credits")
        var draft = PurchaseDraft(
            pack: pack.name,
            credits: pack.credits,
            price: pack.price,
            currency: terms.currency,
            connector: try terms.connector(request.connector),
            identity: 0,
            content: request.content
        )
        try checkHealth()
        if let payment = request.payment {
            try PaymentRule.check(payment)
            draft.identity = AccountBook.identity(ofPayment: payment, org: org)
            // The money is there: nobody has to be asked for it.
            draft.connector = PurchaseOffer.manual
            return try await pay(organisation, org, draft, payment, terms)
        }
        guard let key = request.idempotencyKey else {
            throw .invalid(field: "idempotency_key", message: "is missing, and so is a payment.")
        }
        guard (1...255).contains(key.utf8.count) else {
            throw .invalid(
                field: "idempotency_key",
                message: "\"\(key)\" is not 1 to 255 bytes long."
            )
        }
        draft.identity = PurchaseRequest.identity(ofKey: key, org: org)
        let asked = draft
        let outcome = await change(org) { book, now, buffer in
            book.askPurchase(asked, org: org, at: now, into: buffer)
        }
        if outcome == .conflict { throw .idempotencyConflict(key: key) }
        return try await receipt(outcome, organisation, org)
    }

    /// Books a purchase that is paid for already.
    func pay(
        _ organisation: String,
        _ org: UInt32,
        _ draft: PurchaseDraft,
        _ payment: String,
        _ terms: PurchaseTerms
    ) async throws(AdministrationError) -> PurchaseReceipt {
        if let stored = try await stored(payment, of: org) {
            // The same call has left the payment as its key. One that was asked for and paid by it
            // is another call's, whatever it bought: memory says the same.
            guard stored.asked.identity == draft.identity, stored.asked.content == draft.content
            else {
                throw .paymentUsed(payment, purchase: stored.number)
            }
            return try await receipt(stored, repeated: true, organisation)
        }
        let calendar = self.calendar
        let outcome = await change(org) { book, now, buffer -> PurchaseOutcome in
            let asked = book.askPurchase(draft, org: org, at: now, into: buffer)
            let number: UInt32
            switch asked {
            case .asked(let purchase): number = purchase.number
            case .repeated(let known): number = known
            default: return asked
            }
            guard let state = book.organisation(org) else { return .unknown }
            let zone = book.zone(of: state)
            let confirmation = PurchasePayment(
                purchase: number,
                payment: payment,
                expiresAt: terms.expiry(from: now, zone: zone, by: calendar),
                priority: terms.grantPriority
            )
            return book.confirmPurchase(confirmation, org: org, at: now, into: buffer)
        }
        if outcome == .conflict { throw await used(payment, by: org) }
        return try await receipt(outcome, organisation, org)
    }

    /// A payment that memory knows, with the purchase that it belongs to.
    private func used(_ payment: String, by org: UInt32) async -> AdministrationError {
        let owner = await look(org) { book, _, _ in book.purchase(paidBy: payment, of: org) }
        return .paymentUsed(payment, purchase: owner)
    }

    /// Says that a purchase is paid for, once for each payment.
    ///
    /// - Parameters:
    ///   - organisation: Whose.
    ///   - purchase: Its number.
    ///   - payment: What whoever took the money calls the payment.
    /// - Returns: The purchase with its receipt.
    /// - Throws: `AdministrationError`.
    public func confirmPurchase(
        organisation: String,
        purchase: UInt32,
        payment: String
    ) async throws(AdministrationError) -> PurchaseReceipt {
        let org = try number(organisation)
        try PaymentRule.check(payment)
        try checkHealth()
        if let stored = try await stored(payment, of: org) {
            guard stored.number == purchase else {
                throw .paymentUsed(payment, purchase: stored.number)
            }
            return try await receipt(stored, repeated: true, organisation)
        }
        let terms = purchaseTerms
        let calendar = self.calendar
        let outcome = await change(org) { book, now, buffer -> PurchaseOutcome in
            guard let state = book.organisation(org) else { return .unknown }
            let zone = book.zone(of: state)
            let confirmation = PurchasePayment(
                purchase: purchase,
                payment: payment,
                expiresAt: terms.expiry(from: now, zone: zone, by: calendar),
                priority: terms.grantPriority
            )
            return book.confirmPurchase(confirmation, org: org, at: now, into: buffer)
        }
        if outcome == .conflict { throw await used(payment, by: org) }
        if case .settled(let number) = outcome { throw try await settled(number, of: org) }
        return try await receipt(outcome, organisation, org, number: purchase)
    }

    /// Says that a purchase will not be paid for.
    ///
    /// - Parameters:
    ///   - organisation: Whose.
    ///   - purchase: Its number.
    ///   - reason: Why, for people.
    /// - Returns: The purchase.
    /// - Throws: `AdministrationError`.
    public func failPurchase(
        organisation: String,
        purchase: UInt32,
        reason: String
    ) async throws(AdministrationError) -> PurchaseReceipt {
        let org = try number(organisation)
        try PaymentRule.check(reason: reason)
        try checkHealth()
        let backOff = purchaseTerms.backOff
        let outcome = await change(org) { book, now, buffer in
            book.failPurchase(
                purchase,
                reason: reason,
                backOff: backOff,
                org: org,
                at: now,
                into: buffer
            )
        }
        if case .settled(let number) = outcome {
            let found = try await find(.number(number), of: org)
            guard found.state == .failed else { throw try await settled(number, of: org) }
            return try await receipt(found, repeated: true, organisation)
        }
        return try await receipt(outcome, organisation, org, number: purchase)
    }

    /// The purchase that a payment belongs to, as PostgreSQL knows it, where memory does not.
    ///
    /// Memory is asked first, then PostgreSQL, then memory again by the command itself: what was
    /// stored between is known by one of them.
    private func stored(
        _ payment: String,
        of org: UInt32
    ) async throws(AdministrationError) -> Purchase? {
        let isKnown = await look(org) { book, _, _ in
            book.purchase(paidBy: payment, of: org) != nil
        }
        return isKnown ? nil : try await findPurchase(org, .payment(payment))
    }

    private func settled(
        _ number: UInt32,
        of org: UInt32
    ) async throws(AdministrationError) -> AdministrationError {
        let found = try await find(.number(number), of: org)
        return .purchaseSettled(number, state: found.state, payment: found.payment)
    }

    // MARK: - Answers

    private func receipt(
        _ outcome: PurchaseOutcome,
        _ organisation: String,
        _ org: UInt32,
        number: UInt32? = nil
    ) async throws(AdministrationError) -> PurchaseReceipt {
        switch outcome {
        case .asked(let purchase):
            return try await receipt(purchase, repeated: false, organisation)
        case .confirmed(let purchase):
            counters.purchases.withLock { $0.confirmed += 1 }
            return try await receipt(purchase, repeated: false, organisation)
        case .failed(let purchase):
            return try await receipt(purchase, repeated: false, organisation)
        case .repeated(let number), .settled(let number):
            let found = try await find(.number(number), of: org)
            if found.state == .failed {
                throw .purchaseSettled(number, state: .failed, payment: "")
            }
            return try await receipt(found, repeated: true, organisation)
        case .refused(.accountClosed): throw .accountClosed(name: organisation)
        case .refused: throw .planRequired(name: organisation)
        case .conflict: throw .idempotencyConflict(key: organisation)
        case .accountClosed: throw .accountClosed(name: organisation)
        case .unknown: throw .notFound(what: "organisation", name: organisation)
        case .unknownPurchase: throw .notFound(what: "purchase", name: number.map { "\($0)" } ?? "")
        case .invalid(let field, let message): throw .invalid(field: field, message: message)
        }
    }

    private func receipt(
        _ purchase: Purchase,
        repeated: Bool,
        _ organisation: String
    ) async throws(AdministrationError) -> PurchaseReceipt {
        PurchaseReceipt(
            purchase: PurchaseInfo(organisation: organisation, purchase: purchase),
            repeated: repeated,
            wallet: try await self.organisation(name: organisation).wallet
        )
    }

    // MARK: - Lists

    /// The purchases of an organisation, newest first; open ones come from memory.
    ///
    /// - Parameters:
    ///   - organisation: Whose.
    ///   - filter: Which.
    /// - Returns: At most `limit` of them.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func purchases(
        organisation: String,
        filter: PurchaseFilter
    ) async throws(AdministrationError) -> [PurchaseInfo] {
        let org = try number(organisation)
        guard (1...10_000).contains(filter.limit) else {
            throw .invalid(field: "limit", message: "\(filter.limit) is not 1 to 10,000.")
        }
        let found: [Purchase]
        if filter.state == .open {
            let open = await look(org) { book, _, _ in book.purchasing(of: org)?.open ?? [] }
            let before = filter.before ?? .max
            found = Array(open.reversed().filter { $0.number < before }.prefix(filter.limit))
        } else {
            var query = PurchaseQuery(org: OrgNumber(org))
            query.state = filter.state
            query.before = filter.before
            query.limit = filter.limit
            let asked = query
            found = try await reader.ask { reader throws(StoreError) in
                try reader.purchases(asked)
            }
        }
        return found.map { PurchaseInfo(organisation: organisation, purchase: $0) }
    }

    /// One purchase.
    ///
    /// - Parameters:
    ///   - organisation: Whose.
    ///   - key: Its number, or its receipt's.
    /// - Returns: The purchase.
    /// - Throws: `AdministrationError`.
    public func purchase(
        organisation: String,
        key: PurchaseKey
    ) async throws(AdministrationError) -> PurchaseInfo {
        let org = try number(organisation)
        return PurchaseInfo(organisation: organisation, purchase: try await find(key, of: org))
    }

    /// A purchase from memory, or else from PostgreSQL.
    private func find(
        _ key: PurchaseKey,
        of org: UInt32
    ) async throws(AdministrationError) -> Purchase {
        let (found, exists) = await look(org) { book, _, _ -> (Purchase?, Bool) in
            let known = book.purchasing(of: org)
            switch key {
            case .number(let number):
                return (book.purchase(number, of: org), number <= known?.last ?? 0)
            case .receipt(let receipt):
                let found = book.purchase(withReceipt: receipt, of: org)
                return (found, receipt <= known?.receipts ?? 0)
            case .payment: return (nil, false)
            }
        }
        if let found { return found }
        if exists {
            guard let stored = try await findPurchase(org, key) else {
                throw .unavailable(reason: "it has not caught up with the journal.")
            }
            return stored
        }
        switch key {
        case .number(let number): throw .notFound(what: "purchase", name: "\(number)")
        case .receipt(let receipt): throw .notFound(what: "receipt", name: "\(receipt)")
        case .payment(let payment): throw .notFound(what: "payment", name: payment)
        }
    }

    /// Looks purchases up in PostgreSQL.
    static func finder(_ reader: ReaderDoor) -> PurchaseFinder {
        { org, key throws(AdministrationError) in
            try await reader.ask(.payment) { reader throws(StoreError) in
                switch key {
                case .number(let number): try reader.purchase(number, of: OrgNumber(org))
                case .receipt(let receipt):
                    try reader.purchase(withReceipt: receipt, of: OrgNumber(org))
                case .payment(let payment):
                    try reader.purchase(paidBy: payment, of: OrgNumber(org))
                }
            }
        }
    }
}

extension PurchaseRequest {
    /// The identity of an idempotency key.
    static func identity(ofKey key: String, org: UInt32) -> UInt128 {
        var digest = StateDigest()
        digest.combine(UInt64(org))
        digest.combine(bytes: "purchase".utf8)
        digest.combine(bytes: key.utf8)
        return digest.value
    }

    /// What tells a repeat from another call under the same key.
    var content: UInt64 {
        var digest = StateDigest()
        digest.combine(bytes: (pack ?? "").utf8)
        digest.combine(credits ?? .zero)
        digest.combine(bytes: (connector ?? "").utf8)
        return UInt64(truncatingIfNeeded: digest.value)
    }
}
