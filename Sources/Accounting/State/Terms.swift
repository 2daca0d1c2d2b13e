import Quantities

/// What else holds for an organisation: plan, billing, coupons; beside the wallets, because most
/// have none.
struct Terms {
    /// The plan in force, as an index into the book's plans; nil for none.
    var plan: Int32?
    /// The plan that takes its place when the period ends.
    var next: Int32?
    /// The first day of the plan's present period.
    var periodStart = CivilDay(number: 0)
    /// The first moment of the next period.
    var periodEnd = Timestamp.never
    /// The plans whose credits the present period has brought, as indices.
    var given: [Int32] = []
    /// How it is billed, from a day on; nil for prepaid, without any say.
    var billing: BillingChanged?
    /// How it will be billed from a later day on.
    var nextBilling: BillingChanged?
    /// The coupons that were redeemed, in alphabetical order.
    var coupons: [String] = []
}

/// What else holds for an organisation, for those who ask.
public struct TermsSnapshot: Sendable, Hashable {
    /// The plan with its period; its grant is nil.
    public var plan: PlanChanged?
    /// The names of the plans whose credits the present period has brought.
    public var given: [String] = []
    /// How it is billed; nil for prepaid, without any say.
    public var billing: BillingChanged?
    /// How it will be billed from a later day on.
    public var nextBilling: BillingChanged?
    /// The coupons that were redeemed.
    public var coupons: [String] = []

    /// Nothing but the wallet.
    public init() {}

    /// Whether there is anything but the wallet.
    public var isEmpty: Bool { self == TermsSnapshot() }
}

extension AccountBook {
    /// How many coupons an account may redeem at most.
    public static var mostCoupons: Int { 1000 }
    /// How many plans may bring their credits to one account within a period at most.
    public static var mostPlansInPeriod: Int { 32 }

    /// What else holds for an organisation.
    ///
    /// - Parameter org: Its number.
    /// - Returns: Its terms; empty ones where there are none.
    public func terms(of org: UInt32) -> TermsSnapshot {
        var snapshot = TermsSnapshot()
        guard let terms = terms[org] else { return snapshot }
        if let plan = terms.plan {
            snapshot.plan = PlanChanged(
                plan: plans[Int(plan)],
                next: terms.next.map { plans[Int($0)] },
                periodStart: terms.periodStart,
                periodEnd: terms.periodEnd,
                grant: nil
            )
        }
        snapshot.given = terms.given.map { plans[Int($0)].name }
        snapshot.billing = terms.billing
        snapshot.nextBilling = terms.nextBilling
        snapshot.coupons = terms.coupons
        return snapshot
    }

    /// Takes in what PostgreSQL has of it.
    func load(_ snapshot: TermsSnapshot, slot: Int) {
        if snapshot.isEmpty { return }
        var terms = Terms()
        if let plan = snapshot.plan {
            terms.plan = planIndex(plan.plan)
            terms.next = plan.next.map { planIndex($0) }
            terms.periodStart = plan.periodStart
            terms.periodEnd = plan.periodEnd
        }
        terms.given = snapshot.given.map { planIndex(PlanTerms(name: $0)) }
        terms.billing = snapshot.billing
        terms.nextBilling = snapshot.nextBilling
        terms.coupons = snapshot.coupons.sorted()
        set(terms, slot: slot)
    }

    /// The place of a plan's terms among those of all accounts.
    func planIndex(_ plan: PlanTerms) -> Int32 {
        if let index = plans.firstIndex(of: plan) { return Int32(index) }
        plans.append(plan)
        return Int32(plans.count - 1)
    }

    func set(_ terms: Terms, slot: Int) {
        self.terms[organisations[slot].number] = terms
        organisations[slot].flags.insert(.hasTerms)
        let mode = terms.billing?.mode ?? .prepaid
        if mode == .invoice {
            organisations[slot].flags.insert(.invoiced)
        } else {
            organisations[slot].flags.remove(.invoiced)
        }
        if mode == .unmetered {
            organisations[slot].flags.insert(.unmetered)
        } else {
            organisations[slot].flags.remove(.unmetered)
        }
    }

    func combineTerms(of org: UInt32, into digest: inout StateDigest) {
        let terms = self.terms(of: org)
        if terms.isEmpty { return }
        if let plan = terms.plan {
            combine(plan.plan, into: &digest)
            if let next = plan.next { combine(next, into: &digest) }
            digest.combine(Int64(plan.periodStart.number))
            digest.combine(plan.periodEnd.microseconds)
        }
        for name in terms.given.sorted() { digest.combine(bytes: name.utf8) }
        for billing in [terms.billing, terms.nextBilling] {
            guard let billing else { continue }
            digest.combine(UInt64(billing.mode.rawValue) << 32 | UInt64(billing.netDays))
            digest.combine(Int64(billing.from.number))
            digest.combine(bytes: billing.purchaseOrder.utf8)
        }
        for code in terms.coupons { digest.combine(bytes: code.utf8) }
    }

    private func combine(_ plan: PlanTerms, into digest: inout StateDigest) {
        digest.combine(bytes: plan.name.utf8)
        digest.combine(
            (plan.apiAccess ? 1 : 0) | (plan.mayPurchase ? 2 : 0) | (plan.needsPurchase ? 4 : 0)
                | (plan.lapses ? 8 : 0) as UInt64
        )
        digest.combine(plan.included)
        digest.combine(Int64(plan.priority))
    }
}
