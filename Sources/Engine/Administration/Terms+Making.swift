import Accounting
import PostgresStore
import Quantities
import Rating

extension PlanTerms {
    /// A plan's terms as they are written into the books.
    init(_ plan: Plan, priority: Int32?) {
        let lapses = plan.includedCredits?.lapses ?? false
        self.init(
            name: plan.name,
            apiAccess: plan.apiAccess,
            mayPurchase: plan.mayPurchase,
            needsPurchase: plan.needsPurchase,
            included: plan.includedCredits?.amount ?? .zero,
            lapses: lapses,
            // What lapses with the month goes before all that stays longer.
            priority: priority ?? (lapses ? 5 : 10)
        )
    }
}

extension BillingMode {
    init(_ mode: BillingOffer.Mode) {
        switch mode {
        case .prepaid: self = .prepaid
        case .invoice: self = .invoice
        case .unmetered: self = .unmetered
        }
    }
}

extension GrantDefaults {
    /// What is said of a class.
    func of(_ grantClass: GrantClass) -> ClassDefaults {
        switch grantClass {
        case .purchased: purchased
        case .promotional: promotional
        case .plan: plan
        case .coupon: coupon
        case .refund: refund
        case .adjustment: adjustment
        }
    }
}

extension GrantClass {
    /// Its place in the burn order where nobody says: what was given away before what was bought.
    var standardPriority: Int32 {
        switch self {
        case .promotional, .plan, .coupon: 10
        case .purchased, .refund, .adjustment: 20
        }
    }

    /// The word for it in a system's file.
    var word: String {
        switch self {
        case .purchased: "purchased"
        case .promotional: "promotional"
        case .plan: "plan"
        case .coupon: "coupon"
        case .refund: "refund"
        case .adjustment: "adjustment"
        }
    }
}

extension Lifetime {
    /// The end of something that begins at a moment, in an organisation's time zone.
    func end(from moment: Timestamp, org: UInt32, book: AccountBook) -> Timestamp {
        switch self {
        case .months(let count):
            book.moment(after: moment, months: count, days: 0, of: org) ?? .never
        case .days(let count): book.moment(after: moment, months: 0, days: count, of: org) ?? .never
        }
    }
}

/// What a class's defaults make of a grant's dates.
enum GrantDates {
    /// When what is left lapses, and the latest that the class may have.
    static func expiry(
        _ asked: Timestamp?,
        _ defaults: ClassDefaults,
        from effective: Timestamp,
        org: UInt32,
        book: AccountBook,
        now: Timestamp
    ) -> (expiry: Timestamp, latest: Timestamp) {
        // A bound counts from the issue, a life from the beginning.
        let latest = defaults.expiresAtMost?.end(from: now, org: org, book: book) ?? .never
        let usual = defaults.expiresAfter?.end(from: effective, org: org, book: book) ?? .never
        return (asked ?? min(usual, latest), latest)
    }
}

extension GrantIssued {
    /// The credits of a coupon.
    init(
        _ coupon: Coupon,
        _ defaults: ClassDefaults,
        org: UInt32,
        book: AccountBook,
        now: Timestamp
    ) {
        var life = defaults
        if let own = coupon.expiresAfter { life.expiresAfter = own }
        if coupon.neverExpires { life.expiresAfter = nil }
        let dates = GrantDates.expiry(nil, life, from: now, org: org, book: book, now: now)
        var identity = StateDigest()
        identity.combine(UInt64(org))
        identity.combine(UInt64.max - 1)
        identity.combine(bytes: coupon.code.utf8)
        self.init(
            grant: 0,
            grantClass: .coupon,
            amount: coupon.credits,
            priority: defaults.priority ?? GrantClass.coupon.standardPriority,
            effectiveAt: now,
            expiresAt: dates.expiry,
            active: true,
            debtPaid: .zero,
            identity: identity.value,
            content: 0,
            reference: coupon.code,
            note: ""
        )
    }
}

extension AdjustmentRequest {
    /// Finds what is wrong with a request before it goes anywhere.
    func check() throws(AdministrationError) {
        guard !amount.isZero else {
            throw .invalid(field: "amount", message: "\(amount) changes nothing.")
        }
        guard (1...255).contains(idempotencyKey.utf8.count) else {
            throw .invalid(
                field: "idempotency_key",
                message: "\"\(idempotencyKey)\" is not 1 to 255 bytes long."
            )
        }
        guard (1...255).contains(actor.utf8.count) else {
            throw .invalid(field: "actor", message: "it is not 1 to 255 bytes long.")
        }
        guard (1...1024).contains(reason.utf8.count) else {
            throw .invalid(field: "reason", message: "it is not 1 to 1024 bytes long.")
        }
    }

    private func identity(_ org: UInt32) -> UInt128 {
        var identity = StateDigest()
        identity.combine(UInt64(org))
        identity.combine(UInt64.max - 2)
        identity.combine(bytes: idempotencyKey.utf8)
        return identity.value
    }

    private var content: UInt64 {
        var content = StateDigest()
        content.combine(amount)
        content.combine(bytes: actor.utf8)
        content.combine(UInt64.max)
        content.combine(bytes: reason.utf8)
        return UInt64(truncatingIfNeeded: content.value)
    }

    /// Credits that are given.
    func issued(
        _ defaults: ClassDefaults,
        org: UInt32,
        book: AccountBook,
        now: Timestamp
    ) -> GrantIssued {
        let dates = GrantDates.expiry(nil, defaults, from: now, org: org, book: book, now: now)
        return GrantIssued(
            grant: 0,
            grantClass: .adjustment,
            amount: amount,
            priority: defaults.priority ?? GrantClass.adjustment.standardPriority,
            effectiveAt: now,
            expiresAt: dates.expiry,
            active: false,
            debtPaid: .zero,
            identity: identity(org),
            content: content,
            reference: actor,
            note: reason
        )
    }

    /// Credits that are taken out.
    func adjusted(org: UInt32) -> BalanceAdjusted {
        BalanceAdjusted(
            draws: Draws(),
            identity: identity(org),
            content: content,
            actor: actor,
            reason: reason
        )
    }
}

extension TermsInfo {
    /// The terms as a book has them.
    init(org: UInt32, book: AccountBook, credit unit: CreditUnit) {
        self.init()
        let terms = book.terms(of: org)
        plan = terms.plan.map { PlanInfo($0) }
        if let known = terms.billing {
            billing = BillingInfo(
                mode: known.mode,
                netDays: known.mode == .invoice ? Int(known.netDays) : nil,
                purchaseOrder: known.purchaseOrder
            )
        }
        billing.next = terms.nextBilling.map { BillingInfo.Next(mode: $0.mode, from: $0.from) }
        coupons = terms.coupons
        hasPurchased = book.hasPurchased(org)
        if unit != CreditUnit() {
            credit = CreditInfo(name: unit.name, value: unit.value, currency: unit.currency)
        }
    }
}

extension PlanInfo {
    init(_ plan: PlanChanged) {
        self.init(
            name: plan.plan.name,
            apiAccess: plan.plan.apiAccess,
            mayPurchase: plan.plan.mayPurchase,
            needsPurchase: plan.plan.needsPurchase,
            included: plan.plan.included,
            lapses: plan.plan.lapses,
            periodStart: plan.periodStart,
            periodEnd: plan.periodEnd,
            next: plan.next?.name
        )
    }
}

extension InvoiceInfo {
    init(_ record: InvoiceRecord) {
        self.init(
            number: record.number,
            periodStart: record.periodStart,
            issuedAt: record.issuedAt,
            issuedOn: record.issuedOn,
            dueOn: record.dueOn,
            netDays: record.netDays,
            purchaseOrder: record.purchaseOrder,
            total: record.total,
            lines: record.lines.map { line in
                Line(
                    kind: line.kind,
                    name: line.name,
                    requests: line.requests,
                    inputTokens: line.inputTokens,
                    outputTokens: line.outputTokens,
                    amount: line.amount
                )
            }
        )
    }
}
