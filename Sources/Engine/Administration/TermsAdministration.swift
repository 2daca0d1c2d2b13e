import Accounting
import Quantities

/// What the control plane may ask about plans, coupons, billing, adjustments and invoices.
public protocol TermsAdministration: Sendable {
    /// Puts an organisation on a plan of the system's file, now or when its period ends.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - plan: The plan's name.
    ///   - start: When it takes effect.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when either is unknown.
    func setPlan(
        organisation: String,
        plan: String,
        start: PlanStart
    ) async throws(AdministrationError) -> OrganisationInfo

    /// Redeems a coupon of the system's file, once for each account.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - code: The code.
    /// - Returns: The grant that was made.
    /// - Throws: `AdministrationError`; `couponRedeemed` at the second try.
    func redeemCoupon(
        organisation: String,
        code: String
    ) async throws(AdministrationError) -> GrantReceipt

    /// Changes how an organisation is billed.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - request: How.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError`.
    func setBilling(
        organisation: String,
        request: BillingRequest
    ) async throws(AdministrationError) -> OrganisationInfo

    /// Puts a balance right: gives credits or takes some out, once for each idempotency key.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - request: How much, who and why.
    /// - Returns: What became of it.
    /// - Throws: `AdministrationError`.
    func adjust(
        organisation: String,
        request: AdjustmentRequest
    ) async throws(AdministrationError) -> AdjustmentReceipt

    /// The invoices of an organisation, newest first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - limit: How many at most.
    /// - Returns: The invoices.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func invoices(
        organisation: String,
        limit: Int
    ) async throws(AdministrationError) -> [InvoiceInfo]
}

/// Asks for another way of billing.
public struct BillingRequest: Sendable, Hashable {
    /// How.
    public var mode: BillingMode
    /// How many days after its issue an invoice is due; nil for the system's.
    public var netDays: Int?
    /// The customer's purchase-order number; empty for none.
    public var purchaseOrder: String

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - mode: How.
    ///   - netDays: How many days after its issue an invoice is due.
    ///   - purchaseOrder: The customer's purchase-order number.
    public init(mode: BillingMode, netDays: Int? = nil, purchaseOrder: String = "") {
        self.mode = mode
        self.netDays = netDays
        self.purchaseOrder = purchaseOrder
    }
}

/// Asks for a balance to be put right.
public struct AdjustmentRequest: Sendable, Hashable {
    /// What is given, above zero, or taken out, below zero.
    public var amount: Amount
    /// Who does it.
    public var actor: String
    /// Why.
    public var reason: String
    /// Done once for each key.
    public var idempotencyKey: String

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - amount: What is given or taken out.
    ///   - actor: Who does it.
    ///   - reason: Why.
    ///   - idempotencyKey: Done once for each key.
    public init(amount: Amount, actor: String, reason: String, idempotencyKey: String) {
        self.amount = amount
        self.actor = actor
        self.reason = reason
        self.idempotencyKey = idempotencyKey
    }
}

/// What an adjustment answers, also when it is repeated.
public struct AdjustmentReceipt: Sendable, Hashable {
    /// The grant that was made; nil when credits were taken out.
    public var grant: GrantNumber?
    /// True when the same call was carried out before and nothing was done now.
    public var repeated: Bool
    /// The wallet after it.
    public var wallet: WalletInfo
}

/// What else holds for an organisation.
public struct TermsInfo: Sendable, Hashable {
    /// Its plan; nil for none.
    public var plan: PlanInfo?
    /// How it is billed.
    public var billing = BillingInfo()
    /// The coupons that it has redeemed.
    public var coupons: [String] = []
    /// Whether credits were ever bought.
    public var hasPurchased = false
    /// What a credit is called and worth; nil where the system does not say.
    public var credit: CreditInfo?

    /// Nothing but the wallet.
    public init() {}
}

/// A plan as an account has it.
public struct PlanInfo: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Whether requests may run at all.
    public var apiAccess: Bool
    /// Whether credits may be bought.
    public var mayPurchase: Bool
    /// Whether requests may run only after a first purchase.
    public var needsPurchase: Bool
    /// The credits of each month; zero for none.
    public var included: Amount
    /// Whether what is left of them lapses at the month's end.
    public var lapses: Bool
    /// The first day of the present period.
    public var periodStart: CivilDay
    /// The first moment of the next period.
    public var periodEnd: Timestamp
    /// The plan that takes its place then; nil for none.
    public var next: String?
}

/// How an account is billed.
public struct BillingInfo: Sendable, Hashable {
    /// How.
    public var mode = BillingMode.prepaid
    /// How many days after its issue an invoice is due; nil where nothing was said.
    public var netDays: Int?
    /// The customer's purchase-order number; empty for none.
    public var purchaseOrder = ""
    /// What is to hold later, and from which day on.
    public var next: Next?

    /// Prepaid, without any say.
    public init() {}

    /// A way of billing.
    init(mode: BillingMode, netDays: Int?, purchaseOrder: String) {
        self.mode = mode
        self.netDays = netDays
        self.purchaseOrder = purchaseOrder
    }

    /// Another way of billing, from a day on.
    public struct Next: Sendable, Hashable {
        /// How.
        public var mode: BillingMode
        /// From which day on.
        public var from: CivilDay
    }
}

/// What a credit is called and worth.
public struct CreditInfo: Sendable, Hashable {
    /// What one is called.
    public var name: String
    /// What one is worth in `currency`; nil where it has no fixed worth.
    public var value: Amount?
    /// The currency, in ISO 4217; nil where nothing is sold.
    public var currency: String?
}

/// An invoice.
public struct InvoiceInfo: Sendable, Hashable {
    /// A line: a model or a machine, and what its use came to, was corrected by or was given back.
    public struct Line: Sendable, Hashable {
        /// `model` or `machine`; `correction` or `refund`, of a model's requests; `machine_refund`.
        public var kind: String
        /// The model's or machine's name.
        public var name: String
        /// How many requests there were, were corrected or were given back; of a machine how many
        /// charges.
        public var requests: Int64
        /// Their input tokens.
        public var inputTokens: Int64
        /// Their output tokens.
        public var outputTokens: Int64
        /// What they came to; below zero for what was given back.
        public var amount: Amount
    }

    /// Its number.
    public var number: String
    /// The first day of its month.
    public var periodStart: CivilDay
    /// When it was issued.
    public var issuedAt: Timestamp
    /// The day on which it was issued.
    public var issuedOn: CivilDay
    /// The day on which it is due.
    public var dueOn: CivilDay
    /// How many days lie between.
    public var netDays: Int
    /// The customer's purchase-order number; empty for none.
    public var purchaseOrder: String
    /// The sum of the debits and corrections, less the refunds.
    public var total: Amount
    /// Its lines.
    public var lines: [Line]
}
