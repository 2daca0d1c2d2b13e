import Quantities

/// How an organisation tops its wallet up by itself was set, changed, or switched on or off.
///
/// What is bought, at which price, is what was agreed then: a price list that changes later does
/// not change it.
public struct TopUpSet: Sendable, Hashable {
    /// Whether it is on.
    public var on: Bool
    /// Something is bought as soon as the posted balance is below this, and never before.
    public var threshold: Amount
    /// How many credits are bought at a time.
    public var credits: Amount
    /// What they cost, in the currency.
    public var price: Amount
    /// The currency of the price and of the limit.
    public var currency: String
    /// The pack that is bought, or empty for an amount without one.
    public var pack: String
    /// Which connector gets the payment.
    public var connector: String
    /// How much may be asked for in a calendar month of the account, in the currency; nil for any.
    public var monthlyLimit: Amount?

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - on: Whether it is on.
    ///   - threshold: Something is bought as soon as the posted balance is below this.
    ///   - credits: How many credits are bought at a time.
    ///   - price: What they cost, in the currency.
    ///   - currency: The currency of the price and of the limit.
    ///   - pack: The pack that is bought, or empty for an amount without one.
    ///   - connector: Which connector gets the payment.
    ///   - monthlyLimit: How much may be asked for in a calendar month; nil for any.
    public init(
        on: Bool,
        threshold: Amount,
        credits: Amount,
        price: Amount,
        currency: String,
        pack: String,
        connector: String,
        monthlyLimit: Amount?
    ) {
        self.on = on
        self.threshold = threshold
        self.credits = credits
        self.price = price
        self.currency = currency
        self.pack = pack
        self.connector = connector
        self.monthlyLimit = monthlyLimit
    }
}

/// Credits are to be bought: a payment is asked for.
public struct PurchaseAsked: Sendable, Hashable {
    /// Its number within the organisation, from 1.
    public var purchase: UInt32
    /// Whether the wallet asked by itself.
    public var automatic: Bool
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
    /// The first day of the account's month in which it was asked for.
    public var month: CivilDay
    /// The 128-bit digest of the caller's idempotency key, or 0.
    public var identity: UInt128
    /// The digest of the call's content, to tell a repeat from a conflict.
    public var content: UInt64

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - purchase: Its number within the organisation, from 1.
    ///   - automatic: Whether the wallet asked by itself.
    ///   - pack: The pack, or empty for an amount without one.
    ///   - credits: How many credits.
    ///   - price: What they cost, in the currency.
    ///   - currency: The currency of the price.
    ///   - connector: Which connector gets the payment.
    ///   - month: The first day of the account's month in which it was asked for.
    ///   - identity: The 128-bit digest of the caller's idempotency key, or 0.
    ///   - content: The digest of the call's content.
    public init(
        purchase: UInt32,
        automatic: Bool,
        pack: String,
        credits: Amount,
        price: Amount,
        currency: String,
        connector: String,
        month: CivilDay,
        identity: UInt128,
        content: UInt64
    ) {
        self.purchase = purchase
        self.automatic = automatic
        self.pack = pack
        self.credits = credits
        self.price = price
        self.currency = currency
        self.connector = connector
        self.month = month
        self.identity = identity
        self.content = content
    }
}

/// A purchase was paid for; its credits enter the wallet with the same record.
public struct PurchaseConfirmed: Sendable, Hashable {
    /// The purchase.
    public var purchase: UInt32
    /// Whether the wallet had asked by itself.
    public var automatic: Bool
    /// The receipt's number within the organisation, from 1 without gaps.
    public var receipt: UInt32
    /// What whoever took the money calls the payment; unique within the organisation, for ever.
    public var payment: String
    /// The credits, of class purchased.
    public var grant: GrantIssued

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - purchase: The purchase.
    ///   - automatic: Whether the wallet had asked by itself.
    ///   - receipt: The receipt's number within the organisation, from 1 without gaps.
    ///   - payment: What whoever took the money calls the payment.
    ///   - grant: The credits, of class purchased.
    public init(
        purchase: UInt32,
        automatic: Bool,
        receipt: UInt32,
        payment: String,
        grant: GrantIssued
    ) {
        self.purchase = purchase
        self.automatic = automatic
        self.receipt = receipt
        self.payment = payment
        self.grant = grant
    }
}

/// A purchase will not be paid for.
public struct PurchaseFailed: Sendable, Hashable {
    /// The purchase.
    public var purchase: UInt32
    /// Whether the wallet had asked by itself.
    public var automatic: Bool
    /// Why, for people.
    public var reason: String
    /// How many in a row have failed now of those that the wallet asked for by itself.
    public var failures: UInt32
    /// Before this the wallet does not ask again; the epoch when it may at once.
    public var retryAt: Timestamp

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - purchase: The purchase.
    ///   - automatic: Whether the wallet had asked by itself.
    ///   - reason: Why, for people.
    ///   - failures: How many in a row have failed now.
    ///   - retryAt: Before this the wallet does not ask again.
    public init(
        purchase: UInt32,
        automatic: Bool,
        reason: String,
        failures: UInt32,
        retryAt: Timestamp
    ) {
        self.purchase = purchase
        self.automatic = automatic
        self.reason = reason
        self.failures = failures
        self.retryAt = retryAt
    }
}

/// The wallet needed another top-up and its limit for the month is used up; told once a month.
public struct TopUpLimitReached: Sendable, Hashable {
    /// The first day of the account's month.
    public var month: CivilDay
    /// What one more would have cost.
    public var price: Amount
    /// What was asked for in the month before.
    public var asked: Amount
    /// The limit.
    public var limit: Amount

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - month: The first day of the account's month.
    ///   - price: What one more would have cost.
    ///   - asked: What was asked for in the month before.
    ///   - limit: The limit.
    public init(month: CivilDay, price: Amount, asked: Amount, limit: Amount) {
        self.month = month
        self.price = price
        self.asked = asked
        self.limit = limit
    }
}

extension Change.Body {
    /// Writes the changes of purchases and top-ups.
    func encodePurchase(into writer: inout ByteWriter) -> ChangeKind {
        switch self {
        case .topUpSet(let body):
            writer.put(body.on)
            writer.put(body.threshold)
            writer.put(body.credits)
            writer.put(body.price)
            writer.put(body.currency)
            writer.put(body.pack)
            writer.put(body.connector)
            writer.put(body.monthlyLimit != nil)
            writer.put(body.monthlyLimit ?? .zero)
            return .topUpSet
        case .purchaseAsked(let body):
            body.encode(into: &writer)
            return .purchaseAsked
        case .purchaseConfirmed(let body):
            writer.put(body.purchase)
            writer.put(body.automatic)
            writer.put(body.receipt)
            writer.put(body.payment)
            body.grant.encode(into: &writer)
            return .purchaseConfirmed
        case .purchaseFailed(let body):
            writer.put(body.purchase)
            writer.put(body.automatic)
            writer.put(body.reason)
            writer.put(body.failures)
            writer.put(body.retryAt)
            return .purchaseFailed
        case .topUpLimitReached(let body):
            writer.put(body.month.number)
            writer.put(body.price)
            writer.put(body.asked)
            writer.put(body.limit)
            return .topUpLimitReached
        default:
            invariantBroken("only purchases are encoded here")
        }
    }

    /// Reads the changes of purchases and top-ups.
    static func decodePurchase(
        _ kind: ChangeKind,
        from reader: inout ByteReader
    ) throws(RecordFault) -> Change.Body {
        switch kind {
        case .topUpSet: return .topUpSet(try TopUpSet(from: &reader))
        case .purchaseAsked: return .purchaseAsked(try PurchaseAsked(from: &reader))
        case .purchaseConfirmed:
            let purchase = try reader.integer(UInt32.self)
            let automatic = try reader.flag()
            let receipt = try reader.integer(UInt32.self)
            let payment = try reader.text()
            return .purchaseConfirmed(
                PurchaseConfirmed(
                    purchase: purchase,
                    automatic: automatic,
                    receipt: receipt,
                    payment: payment,
                    grant: try GrantIssued(from: &reader)
                )
            )
        case .purchaseFailed:
            let purchase = try reader.integer(UInt32.self)
            let automatic = try reader.flag()
            let reason = try reader.text()
            let failures = try reader.integer(UInt32.self)
            return .purchaseFailed(
                PurchaseFailed(
                    purchase: purchase,
                    automatic: automatic,
                    reason: reason,
                    failures: failures,
                    retryAt: try reader.time()
                )
            )
        default:
            let month = CivilDay(number: try reader.integer(Int32.self))
            let price = try reader.amount()
            let asked = try reader.amount()
            return .topUpLimitReached(
                TopUpLimitReached(
                    month: month,
                    price: price,
                    asked: asked,
                    limit: try reader.amount()
                )
            )
        }
    }
}

extension TopUpSet {
    fileprivate init(from reader: inout ByteReader) throws(RecordFault) {
        on = try reader.flag()
        threshold = try reader.amount()
        credits = try reader.amount()
        price = try reader.amount()
        currency = try reader.text()
        pack = try reader.text()
        connector = try reader.text()
        let isLimited = try reader.flag()
        let limit = try reader.amount()
        monthlyLimit = isLimited ? limit : nil
    }
}

extension PurchaseAsked {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.put(purchase)
        writer.put(automatic)
        writer.put(pack)
        writer.put(credits)
        writer.put(price)
        writer.put(currency)
        writer.put(connector)
        writer.put(month.number)
        writer.put(identity)
        writer.put(content)
    }

    fileprivate init(from reader: inout ByteReader) throws(RecordFault) {
        purchase = try reader.integer(UInt32.self)
        automatic = try reader.flag()
        pack = try reader.text()
        credits = try reader.amount()
        price = try reader.amount()
        currency = try reader.text()
        connector = try reader.text()
        month = CivilDay(number: try reader.integer(Int32.self))
        identity = try reader.integer(UInt128.self)
        content = try reader.integer(UInt64.self)
    }
}
