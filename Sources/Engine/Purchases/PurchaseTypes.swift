import Accounting
import Quantities

/// Asks for credits to be bought: a pack, or an amount without one.
public struct PurchaseRequest: Sendable, Hashable {
    /// The pack, or nil for an amount without one.
    public var pack: String?
    /// How many credits, or nil for a pack.
    public var credits: Amount?
    /// The payment, where the money is there already: the purchase is then confirmed at once.
    public var payment: String?
    /// Which connector gets the payment; nil for the offer's choice.
    public var connector: String?
    /// Asked for once for each key; a payment is its own key.
    public var idempotencyKey: String?

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - pack: The pack, or nil for an amount without one.
    ///   - credits: How many credits, or nil for a pack.
    ///   - payment: The payment, where the money is there already.
    ///   - connector: Which connector gets the payment.
    ///   - idempotencyKey: Asked for once for each key.
    public init(
        pack: String? = nil,
        credits: Amount? = nil,
        payment: String? = nil,
        connector: String? = nil,
        idempotencyKey: String? = nil
    ) {
        self.pack = pack
        self.credits = credits
        self.payment = payment
        self.connector = connector
        self.idempotencyKey = idempotencyKey
    }
}

/// A purchase, with whose it is.
public struct PurchaseInfo: Sendable, Hashable {
    /// The organisation's name.
    public var organisation: String
    /// The purchase.
    public var purchase: Purchase

    /// Makes it.
    ///
    /// - Parameters:
    ///   - organisation: The organisation's name.
    ///   - purchase: The purchase.
    public init(organisation: String, purchase: Purchase) {
        self.organisation = organisation
        self.purchase = purchase
    }

    /// The name of the purchase over all organisations, the same for ever: what a connector gets as
    /// its idempotency key.
    public var id: String { "\(organisation)/\(purchase.number)" }
}

/// What a call about a purchase answers, also when it is repeated.
public struct PurchaseReceipt: Sendable, Hashable {
    /// The purchase.
    public var purchase: PurchaseInfo
    /// True when the same call was carried out before and nothing was done now.
    public var repeated: Bool
    /// The wallet after it.
    public var wallet: WalletInfo

    /// Makes it.
    ///
    /// - Parameters:
    ///   - purchase: The purchase.
    ///   - repeated: Whether the same call was carried out before.
    ///   - wallet: The wallet after it.
    public init(purchase: PurchaseInfo, repeated: Bool, wallet: WalletInfo) {
        self.purchase = purchase
        self.repeated = repeated
        self.wallet = wallet
    }
}

/// Which purchases to show.
public struct PurchaseFilter: Sendable, Hashable {
    /// Only those in this state.
    public var state: Purchase.State?
    /// Only those with a lower number: where the last page ended.
    public var before: UInt32?
    /// How many at most.
    public var limit: Int

    /// Makes a filter.
    ///
    /// - Parameters:
    ///   - state: Only those in this state.
    ///   - before: Only those with a lower number.
    ///   - limit: How many at most.
    public init(state: Purchase.State? = nil, before: UInt32? = nil, limit: Int = 50) {
        self.state = state
        self.before = before
        self.limit = limit
    }
}

/// What waits for a payment, over all organisations.
public struct OpenPurchases: Sendable, Hashable {
    /// Those that have waited longest, the oldest first.
    public var purchases: [PurchaseInfo]
    /// How many there are, also those that were left out.
    public var total: Int

    /// Makes a list.
    ///
    /// - Parameters:
    ///   - purchases: Those that have waited longest, the oldest first.
    ///   - total: How many there are.
    public init(purchases: [PurchaseInfo], total: Int) {
        self.purchases = purchases
        self.total = total
    }
}

/// Sets how a wallet tops itself up; what is nil stays as it was set before.
public struct TopUpRequest: Sendable, Hashable {
    /// A limit for a calendar month.
    public enum Limit: Sendable, Hashable {
        /// So much, in the currency.
        case amount(Amount)
        /// Any.
        case none
    }

    /// Whether it is on.
    public var on: Bool
    /// Something is bought as soon as the posted balance is below this.
    public var threshold: Amount?
    /// The pack that is bought.
    public var pack: String?
    /// How many credits are bought, where it is no pack.
    public var credits: Amount?
    /// The limit for a month; what was never set is the offer's.
    public var monthlyLimit: Limit?
    /// Which connector gets the payment.
    public var connector: String?

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - on: Whether it is on.
    ///   - threshold: Something is bought as soon as the posted balance is below this.
    ///   - pack: The pack that is bought.
    ///   - credits: How many credits are bought, where it is no pack.
    ///   - monthlyLimit: The limit for a month.
    ///   - connector: Which connector gets the payment.
    public init(
        on: Bool = true,
        threshold: Amount? = nil,
        pack: String? = nil,
        credits: Amount? = nil,
        monthlyLimit: Limit? = nil,
        connector: String? = nil
    ) {
        self.on = on
        self.threshold = threshold
        self.pack = pack
        self.credits = credits
        self.monthlyLimit = monthlyLimit
        self.connector = connector
    }
}

/// How a wallet tops itself up, and how far that has come.
public struct TopUpInfo: Sendable, Hashable {
    /// What was set, or nil when nothing ever was.
    public var topUp: TopUp?
    /// The first day of the account's month.
    public var month: CivilDay
    /// What was asked for in it and did not fail, in the currency.
    public var asked: Amount
    /// The purchase that is under way, if one is.
    public var pending: UInt32?

    /// Makes it.
    ///
    /// - Parameters:
    ///   - topUp: What was set.
    ///   - month: The first day of the account's month.
    ///   - asked: What was asked for in it and did not fail.
    ///   - pending: The purchase that is under way.
    public init(topUp: TopUp?, month: CivilDay, asked: Amount, pending: UInt32?) {
        self.topUp = topUp
        self.month = month
        self.asked = asked
        self.pending = pending
    }

    /// Whether the month's limit leaves no room for another.
    public var isLimitReached: Bool {
        topUp.map { $0.limitMonth == month } ?? false
    }
}

/// What a purchase is looked up by.
public enum PurchaseKey: Sendable, Hashable {
    /// Its number within the organisation.
    case number(UInt32)
    /// Its receipt's number within the organisation.
    case receipt(UInt32)
    /// What whoever took the money calls its payment.
    case payment(String)
}

/// Counts of purchases since the start, for metrics.
public struct PurchaseFigures: Sendable, Hashable {
    /// Purchases that were asked for.
    public var asked: UInt64 = 0
    /// Purchases that were paid for.
    public var confirmed: UInt64 = 0
    /// Failures of purchases that wallets had asked for by themselves.
    public var topUpsFailed: UInt64 = 0
    /// How often the limit of a month was met.
    public var limitsReached: UInt64 = 0
    /// Runs of connectors' programs that left open what became of the payment.
    public var unclearRuns: UInt64 = 0
    /// Payments that connectors' programs took and nobody got credits for; the log names each.
    public var unbookedPayments: UInt64 = 0

    /// Nothing yet.
    public init() {}
}

/// What may be asked about purchases and top-ups.
public protocol PurchaseAdministration: Sendable {
    /// Asks for credits to be bought; with a payment they are in the wallet at once.
    ///
    /// - Parameters:
    ///   - organisation: Whose wallet.
    ///   - request: What.
    /// - Returns: The purchase, open or confirmed.
    /// - Throws: `AdministrationError`.
    func purchase(
        organisation: String,
        request: PurchaseRequest
    ) async throws(AdministrationError) -> PurchaseReceipt

    /// Says that a purchase is paid for, once for each payment.
    ///
    /// - Parameters:
    ///   - organisation: Whose.
    ///   - purchase: Its number.
    ///   - payment: What whoever took the money calls the payment.
    /// - Returns: The purchase with its receipt.
    /// - Throws: `AdministrationError`.
    func confirmPurchase(
        organisation: String,
        purchase: UInt32,
        payment: String
    ) async throws(AdministrationError) -> PurchaseReceipt

    /// Says that a purchase will not be paid for.
    ///
    /// - Parameters:
    ///   - organisation: Whose.
    ///   - purchase: Its number.
    ///   - reason: Why, for people.
    /// - Returns: The purchase.
    /// - Throws: `AdministrationError`.
    func failPurchase(
        organisation: String,
        purchase: UInt32,
        reason: String
    ) async throws(AdministrationError) -> PurchaseReceipt

    /// The purchases of an organisation, newest first; open ones come from memory.
    ///
    /// - Parameters:
    ///   - organisation: Whose.
    ///   - filter: Which.
    /// - Returns: At most `limit` of them.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func purchases(
        organisation: String,
        filter: PurchaseFilter
    ) async throws(AdministrationError) -> [PurchaseInfo]

    /// What waits for a payment, of all organisations, from memory.
    ///
    /// - Parameters:
    ///   - from: Only what was asked for at this moment or later; nil for all.
    ///   - limit: How many at most.
    /// - Returns: The oldest first.
    func openPurchases(from: Timestamp?, limit: Int) async -> OpenPurchases

    /// One purchase.
    ///
    /// - Parameters:
    ///   - organisation: Whose.
    ///   - key: Its number, or its receipt's.
    /// - Returns: The purchase.
    /// - Throws: `AdministrationError`.
    func purchase(
        organisation: String,
        key: PurchaseKey
    ) async throws(AdministrationError) -> PurchaseInfo

    /// How a wallet tops itself up.
    ///
    /// - Parameter organisation: Whose.
    /// - Returns: What was set, and how far it has come.
    /// - Throws: `AdministrationError`.
    func topUp(organisation: String) async throws(AdministrationError) -> TopUpInfo

    /// Sets how a wallet tops itself up, or switches it on or off.
    ///
    /// - Parameters:
    ///   - organisation: Whose.
    ///   - request: What is to be changed.
    /// - Returns: What is set now.
    /// - Throws: `AdministrationError`.
    func setTopUp(
        organisation: String,
        request: TopUpRequest
    ) async throws(AdministrationError) -> TopUpInfo
}
