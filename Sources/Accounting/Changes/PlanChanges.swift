import Quantities

/// What an account on a plan may do and is given, as it was when the plan was set.
///
/// It travels in the record: what a system's file says later changes no account by itself.
public struct PlanTerms: Sendable, Hashable {
    /// The plan's name.
    public var name: String
    /// Whether requests may run at all.
    public var apiAccess: Bool
    /// Whether credits may be bought.
    public var mayPurchase: Bool
    /// Whether requests may run only after a first purchase.
    public var needsPurchase: Bool
    /// The credits of each calendar month; zero for none.
    public var included: Amount
    /// Whether what is left of them lapses at the month's end.
    public var lapses: Bool
    /// Their place in the burn order.
    public var priority: Int32

    /// Makes terms.
    ///
    /// - Parameters:
    ///   - name: The plan's name.
    ///   - apiAccess: Whether requests may run at all.
    ///   - mayPurchase: Whether credits may be bought.
    ///   - needsPurchase: Whether requests may run only after a first purchase.
    ///   - included: The credits of each calendar month; zero for none.
    ///   - lapses: Whether what is left of them lapses at the month's end.
    ///   - priority: Their place in the burn order.
    public init(
        name: String,
        apiAccess: Bool = true,
        mayPurchase: Bool = true,
        needsPurchase: Bool = false,
        included: Amount = .zero,
        lapses: Bool = false,
        priority: Int32 = 10
    ) {
        self.name = name
        self.apiAccess = apiAccess
        self.mayPurchase = mayPurchase
        self.needsPurchase = needsPurchase
        self.included = included
        self.lapses = lapses
        self.priority = priority
    }
}

/// An account's plan as it stands from here on: it was set, or another period began.
public struct PlanChanged: Sendable, Hashable {
    /// The plan in force.
    public var plan: PlanTerms
    /// The plan that takes its place when the period ends; nil for none.
    public var next: PlanTerms?
    /// The first day of the present period, in the account's time zone.
    public var periodStart: CivilDay
    /// The first moment of the next period.
    public var periodEnd: Timestamp
    /// The credits that the period brings; nil when it brings none, or has brought them.
    public var grant: GrantIssued?

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - plan: The plan in force.
    ///   - next: The plan that takes its place when the period ends.
    ///   - periodStart: The first day of the present period.
    ///   - periodEnd: The first moment of the next period.
    ///   - grant: The credits that the period brings.
    public init(
        plan: PlanTerms,
        next: PlanTerms?,
        periodStart: CivilDay,
        periodEnd: Timestamp,
        grant: GrantIssued?
    ) {
        self.plan = plan
        self.next = next
        self.periodStart = periodStart
        self.periodEnd = periodEnd
        self.grant = grant
    }
}

/// A coupon was redeemed: code and credits in one record, so that there is never one of the two.
public struct CouponRedeemed: Sendable, Hashable {
    /// The code.
    public var code: String
    /// The credits.
    public var grant: GrantIssued

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - code: The code.
    ///   - grant: The credits.
    public init(code: String, grant: GrantIssued) {
        self.code = code
        self.grant = grant
    }
}

/// How an account is billed.
public enum BillingMode: UInt8, Sendable, CaseIterable {
    /// Credits are bought before they are used.
    case prepaid = 1
    /// What was used is invoiced at the month's end; the balance is not checked, caps are.
    case invoice = 2
    /// Usage is recorded with a charge of zero; nothing is refused for lack of credits.
    case unmetered = 3
}

/// How an account is billed was changed.
public struct BillingChanged: Sendable, Hashable {
    /// How it is billed.
    public var mode: BillingMode
    /// How many days after its issue an invoice is due.
    public var netDays: UInt16
    /// The customer's purchase-order number; empty for none.
    public var purchaseOrder: String
    /// The first day on which it holds, in the account's time zone.
    public var from: CivilDay

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - mode: How it is billed.
    ///   - netDays: How many days after its issue an invoice is due.
    ///   - purchaseOrder: The customer's purchase-order number; empty for none.
    ///   - from: The first day on which it holds.
    public init(mode: BillingMode, netDays: UInt16, purchaseOrder: String, from: CivilDay) {
        self.mode = mode
        self.netDays = netDays
        self.purchaseOrder = purchaseOrder
        self.from = from
    }
}

/// An operator took credits out of a wallet.
public struct BalanceAdjusted: Sendable, Hashable {
    /// Where they were taken from, as a debit takes them; in all, above zero.
    public var draws: Draws
    /// The 128-bit digest of the caller's idempotency key.
    public var identity: UInt128
    /// The digest of the call's content, to tell a repeat from a conflict.
    public var content: UInt64
    /// Who did it.
    public var actor: String
    /// Why.
    public var reason: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - draws: Where they were taken from.
    ///   - identity: The 128-bit digest of the caller's idempotency key.
    ///   - content: The digest of the call's content.
    ///   - actor: Who did it.
    ///   - reason: Why.
    public init(
        draws: Draws,
        identity: UInt128,
        content: UInt64,
        actor: String,
        reason: String
    ) {
        self.draws = draws
        self.identity = identity
        self.content = content
        self.actor = actor
        self.reason = reason
    }
}

extension Change.Body {
    func encodeTerms(into writer: inout ByteWriter) -> ChangeKind {
        switch self {
        case .planChanged(let body):
            body.plan.encode(into: &writer)
            writer.put(body.next != nil)
            body.next?.encode(into: &writer)
            writer.put(body.periodStart.number)
            writer.put(body.periodEnd)
            writer.put(body.grant != nil)
            body.grant?.encode(into: &writer)
            return .planChanged
        case .couponRedeemed(let body):
            writer.put(body.code)
            body.grant.encode(into: &writer)
            return .couponRedeemed
        case .billingChanged(let body):
            writer.put(body.mode.rawValue)
            writer.put(body.netDays)
            writer.put(body.purchaseOrder)
            writer.put(body.from.number)
            return .billingChanged
        case .balanceAdjusted(let body):
            writer.put(body.draws)
            writer.put(body.identity)
            writer.put(body.content)
            writer.put(body.actor)
            writer.put(body.reason)
            return .balanceAdjusted
        default:
            invariantBroken("only terms are encoded here")
        }
    }

    static func decodeTerms(
        _ kind: ChangeKind,
        from reader: inout ByteReader
    ) throws(RecordFault) -> Change.Body {
        switch kind {
        case .planChanged:
            let plan = try PlanTerms(from: &reader)
            let next = try reader.flag() ? try PlanTerms(from: &reader) : nil
            let start = CivilDay(number: try reader.integer(Int32.self))
            let end = try reader.time()
            return .planChanged(
                PlanChanged(
                    plan: plan,
                    next: next,
                    periodStart: start,
                    periodEnd: end,
                    grant: try reader.flag() ? try GrantIssued(from: &reader) : nil
                )
            )
        case .couponRedeemed:
            let code = try reader.text()
            return .couponRedeemed(
                CouponRedeemed(code: code, grant: try GrantIssued(from: &reader))
            )
        case .billingChanged:
            let mode = try reader.value(BillingMode.self)
            let netDays = try reader.integer(UInt16.self)
            let order = try reader.text()
            return .billingChanged(
                BillingChanged(
                    mode: mode,
                    netDays: netDays,
                    purchaseOrder: order,
                    from: CivilDay(number: try reader.integer(Int32.self))
                )
            )
        default:
            let draws = try reader.draws()
            let identity = try reader.integer(UInt128.self)
            let content = try reader.integer(UInt64.self)
            let actor = try reader.text()
            return .balanceAdjusted(
                BalanceAdjusted(
                    draws: draws,
                    identity: identity,
                    content: content,
                    actor: actor,
                    reason: try reader.text()
                )
            )
        }
    }
}

extension PlanTerms {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.put(name)
        writer.put(apiAccess)
        writer.put(mayPurchase)
        writer.put(needsPurchase)
        writer.put(included)
        writer.put(lapses)
        writer.put(priority)
    }

    fileprivate init(from reader: inout ByteReader) throws(RecordFault) {
        name = try reader.text()
        apiAccess = try reader.flag()
        mayPurchase = try reader.flag()
        needsPurchase = try reader.flag()
        included = try reader.amount()
        lapses = try reader.flag()
        priority = try reader.integer(Int32.self)
    }
}
