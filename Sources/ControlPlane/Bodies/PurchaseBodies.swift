import Accounting
import Engine
import Quantities

extension Purchase.State {
    /// The word for it in JSON and on the command line.
    public var word: String {
        switch self {
        case .open: "open"
        case .confirmed: "confirmed"
        case .failed: "failed"
        }
    }
}

/// A purchase.
public struct PurchaseBody: Codable, Sendable, Equatable {
    /// Its name over all organisations, the same for ever.
    public var id: String
    /// Its number within the organisation.
    public var purchase: UInt32
    /// `open`, `confirmed` or `failed`.
    public var state: String
    /// Whether the wallet asked by itself.
    public var automatic: Bool
    /// The pack; absent for an amount without one.
    public var pack: String?
    /// How many credits.
    public var credits: Amount
    /// What they cost, in the currency.
    public var price: Amount
    /// The currency of the price.
    public var currency: String
    /// Which connector gets the payment.
    public var connector: String
    /// When it was asked for.
    public var askedAt: Timestamp
    /// When it was confirmed or failed.
    public var settledAt: Timestamp?
    /// The payment, once confirmed.
    public var payment: String?
    /// The receipt's number, once confirmed: gapless within the organisation.
    public var receipt: UInt32?
    /// The grant with its credits, once confirmed.
    public var grant: UInt32?
    /// Why it failed.
    public var reason: String?

    init(_ info: PurchaseInfo) {
        let purchase = info.purchase
        self.id = info.id
        self.purchase = purchase.number
        self.state = purchase.state.word
        self.automatic = purchase.asked.automatic
        self.pack = purchase.asked.pack.isEmpty ? nil : purchase.asked.pack
        self.credits = purchase.asked.credits
        self.price = purchase.asked.price
        self.currency = purchase.asked.currency
        self.connector = purchase.asked.connector
        self.askedAt = purchase.askedAt
        self.settledAt = purchase.settledAt
        if purchase.state == .confirmed {
            self.payment = purchase.payment
            self.receipt = purchase.receipt
            self.grant = purchase.grant
        }
        if purchase.state == .failed { self.reason = purchase.reason }
    }
}

/// A page of purchases.
public struct PurchasesBody: Codable, Sendable, Equatable {
    /// The purchases, newest first.
    public var purchases: [PurchaseBody]
    /// What to give as `before` for the next page; absent on the last.
    public var nextBefore: UInt32?
}

/// What waits for a payment, of all organisations.
public struct OpenPurchasesBody: Codable, Sendable, Equatable {
    /// The purchases, the oldest first.
    public var purchases: [PurchaseBody]
    /// How many there are, also those beyond the limit.
    public var total: Int

    init(_ open: OpenPurchases) {
        self.purchases = open.purchases.map { PurchaseBody($0) }
        self.total = open.total
    }
}

/// What a call about a purchase answers.
public struct PurchaseReceiptBody: Codable, Sendable, Equatable {
    /// The purchase.
    public var purchase: PurchaseBody
    /// True when the same call was carried out before and nothing was done now.
    public var repeated: Bool
    /// The wallet after it.
    public var wallet: WalletBody

    init(_ receipt: PurchaseReceipt) {
        self.purchase = PurchaseBody(receipt.purchase)
        self.repeated = receipt.repeated
        self.wallet = WalletBody(receipt.wallet)
    }
}

/// How a wallet tops itself up.
public struct TopUpBody: Codable, Sendable, Equatable {
    /// `on` or `off`.
    public var state: String
    /// Something is bought as soon as the posted balance is below this.
    public var threshold: Amount?
    /// The pack that is bought; absent for an amount without one.
    public var pack: String?
    /// How many credits are bought at a time.
    public var amount: Amount?
    /// What they cost, in the currency.
    public var price: Amount?
    /// The currency of price and limit.
    public var currency: String?
    /// Which connector gets the payment.
    public var connector: String?
    /// How much may be asked for in a month; absent for any.
    public var monthlyLimit: Amount?
    /// The first day of the account's month.
    public var month: String
    /// What was asked for in it and did not fail, in the currency.
    public var asked: Amount
    /// Whether the limit leaves no room for another in this month.
    public var limitReached: Bool
    /// The purchase that is under way.
    public var pending: UInt32?
    /// How many in a row have failed.
    public var failures: UInt32
    /// Before this nothing is asked for again.
    public var retryAt: Timestamp?

    init(_ info: TopUpInfo) {
        let setting = info.topUp?.setting
        self.state = setting?.on == true ? "on" : "off"
        self.threshold = setting?.threshold
        self.pack = setting.flatMap { $0.pack.isEmpty ? nil : $0.pack }
        self.amount = setting?.credits
        self.price = setting?.price
        self.currency = setting?.currency
        self.connector = setting?.connector
        self.monthlyLimit = setting?.monthlyLimit
        self.month = info.month.description
        self.asked = info.asked
        self.limitReached = info.isLimitReached
        self.pending = info.pending
        self.failures = info.topUp?.failures ?? 0
        if let retryAt = info.topUp?.retryAt, retryAt != .epoch { self.retryAt = retryAt }
    }
}
