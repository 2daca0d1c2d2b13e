import Quantities

/// Asks for credits to be bought.
public struct PurchaseDraft: Sendable, Hashable {
    /// The pack, or empty for an amount without one.
    public var pack: String
    /// How many credits.
    public var credits: Amount
    /// What they cost, in the currency.
    public var price: Amount
    /// The currency of the price.
    public var currency: String
    /// Which connector gets the payment.
    public var connector: String
    /// The 128-bit digest of the caller's idempotency key.
    public var identity: UInt128
    /// The digest of the call's content.
    public var content: UInt64

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - pack: The pack, or empty for an amount without one.
    ///   - credits: How many credits.
    ///   - price: What they cost, in the currency.
    ///   - currency: The currency of the price.
    ///   - connector: Which connector gets the payment.
    ///   - identity: The 128-bit digest of the caller's idempotency key.
    ///   - content: The digest of the call's content.
    public init(
        pack: String,
        credits: Amount,
        price: Amount,
        currency: String,
        connector: String,
        identity: UInt128,
        content: UInt64
    ) {
        self.pack = pack
        self.credits = credits
        self.price = price
        self.currency = currency
        self.connector = connector
        self.identity = identity
        self.content = content
    }
}

/// Says that a purchase is paid for.
public struct PurchasePayment: Sendable, Hashable {
    /// The purchase.
    public var purchase: UInt32
    /// What whoever took the money calls the payment.
    public var payment: String
    /// When what is left of the credits lapses.
    public var expiresAt: Timestamp
    /// Burnt earlier when lower.
    public var priority: Int32

    /// Makes a confirmation.
    ///
    /// - Parameters:
    ///   - purchase: The purchase.
    ///   - payment: What whoever took the money calls the payment.
    ///   - expiresAt: When what is left of the credits lapses.
    ///   - priority: Burnt earlier when lower.
    public init(purchase: UInt32, payment: String, expiresAt: Timestamp, priority: Int32) {
        self.purchase = purchase
        self.payment = payment
        self.expiresAt = expiresAt
        self.priority = priority
    }
}
