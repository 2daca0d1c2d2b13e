import Accounting
import Engine
import Quantities

extension BillingMode {
    /// The word for it in JSON and on the command line.
    public var word: String {
        switch self {
        case .prepaid: "prepaid"
        case .invoice: "invoice"
        case .unmetered: "unmetered"
        }
    }
}

/// A plan as an account has it.
public struct PlanBody: Codable, Sendable, Equatable {
    /// Its name.
    public var plan: String
    /// Whether requests may run at all.
    public var apiAccess: Bool
    /// Whether credits may be bought.
    public var mayPurchase: Bool
    /// Whether requests may run only after a first purchase.
    public var needsPurchase: Bool
    /// The credits of each month; absent for none.
    public var included: Amount?
    /// Whether what is left of them lapses at the month's end; absent where there are none.
    public var lapses: Bool?
    /// The first day of the present period.
    public var periodStart: String
    /// The first moment of the next period.
    public var periodEnd: Timestamp
    /// The plan that takes its place then; absent for none.
    public var next: String?

    init(_ info: PlanInfo) {
        self.plan = info.name
        self.apiAccess = info.apiAccess
        self.mayPurchase = info.mayPurchase
        self.needsPurchase = info.needsPurchase
        self.included = info.included.isPositive ? info.included : nil
        self.lapses = info.included.isPositive ? info.lapses : nil
        self.periodStart = info.periodStart.description
        self.periodEnd = info.periodEnd
        self.next = info.next
    }
}

/// An account's plan.
public struct AccountPlanBody: Codable, Sendable, Equatable {
    /// The plan; absent for an account without one.
    public var plan: PlanBody?
    /// Whether credits were ever bought.
    public var hasPurchased: Bool

    init(_ info: TermsInfo) {
        self.plan = info.plan.map { PlanBody($0) }
        self.hasPurchased = info.hasPurchased
    }
}

/// How an account is billed.
public struct BillingBody: Codable, Sendable, Equatable {
    /// `prepaid`, `invoice` or `unmetered`.
    public var mode: String
    /// How many days after its issue an invoice is due; for invoices only.
    public var netDays: Int?
    /// The customer's purchase-order number; absent for none.
    public var purchaseOrder: String?
    /// What is to hold later; absent for nothing.
    public var nextMode: String?
    /// From which day on that is to hold.
    public var nextFrom: String?

    init(_ info: BillingInfo) {
        self.mode = info.mode.word
        self.netDays = info.netDays
        self.purchaseOrder = info.purchaseOrder.isEmpty ? nil : info.purchaseOrder
        self.nextMode = info.next?.mode.word
        self.nextFrom = info.next?.from.description
    }
}

/// What a credit is called and worth.
public struct CreditBody: Codable, Sendable, Equatable {
    /// What one is called.
    public var name: String
    /// What one is worth in `currency`; absent where it has no fixed worth.
    public var value: Amount?
    /// The currency, in ISO 4217; absent where nothing is sold.
    public var currency: String?

    init(_ info: CreditInfo) {
        self.name = info.name
        self.value = info.value
        self.currency = info.currency
    }
}

/// The coupons that an account has redeemed.
public struct CouponsBody: Codable, Sendable, Equatable {
    /// Their codes, in alphabetical order.
    public var coupons: [String]
}

/// What an adjustment answers.
public struct AdjustmentBody: Codable, Sendable, Equatable {
    /// The grant that was made; absent when credits were taken out.
    public var grant: UInt32?
    /// True when the same call was carried out before and nothing was done now.
    public var repeated: Bool
    /// The wallet after it.
    public var wallet: WalletBody

    init(_ receipt: AdjustmentReceipt) {
        self.grant = receipt.grant
        self.repeated = receipt.repeated
        self.wallet = WalletBody(receipt.wallet)
    }
}

/// A line of an invoice.
public struct InvoiceLineBody: Codable, Sendable, Equatable {
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

    init(_ line: InvoiceInfo.Line) {
        self.kind = line.kind
        self.name = line.name
        self.requests = line.requests
        self.inputTokens = line.inputTokens
        self.outputTokens = line.outputTokens
        self.amount = line.amount
    }
}

/// An invoice.
public struct InvoiceBody: Codable, Sendable, Equatable {
    /// Its number.
    public var number: String
    /// The first day of its month, in the account's time zone.
    public var periodStart: String
    /// When it was issued.
    public var issuedAt: Timestamp
    /// The day on which it was issued.
    public var issuedOn: String
    /// The day on which it is due.
    public var dueOn: String
    /// How many days lie between.
    public var netDays: Int
    /// The customer's purchase-order number; absent for none.
    public var purchaseOrder: String?
    /// The sum of the debits and corrections, less the refunds.
    public var total: Amount
    /// Its lines.
    public var lines: [InvoiceLineBody]

    init(_ info: InvoiceInfo) {
        self.number = info.number
        self.periodStart = info.periodStart.description
        self.issuedAt = info.issuedAt
        self.issuedOn = info.issuedOn.description
        self.dueOn = info.dueOn.description
        self.netDays = info.netDays
        self.purchaseOrder = info.purchaseOrder.isEmpty ? nil : info.purchaseOrder
        self.total = info.total
        self.lines = info.lines.map { InvoiceLineBody($0) }
    }
}

/// An account's invoices.
public struct InvoicesBody: Codable, Sendable, Equatable {
    /// The invoices, newest first.
    public var invoices: [InvoiceBody]
}
