import Quantities

/// A purchase of credits, as memory has it.
public struct Purchase: Sendable, Hashable {
    /// What has become of it.
    public enum State: UInt8, Sendable, CaseIterable {
        /// A payment is asked for.
        case open = 1
        /// It was paid for, and its credits are in the wallet.
        case confirmed = 2
        /// It will not be paid for.
        case failed = 3
    }

    /// As it was asked for.
    public var asked: PurchaseAsked
    /// When it was asked for.
    public var askedAt: Timestamp
    /// What has become of it.
    public var state = State.open
    /// When it was confirmed or failed; nil while it is open.
    public var settledAt: Timestamp?
    /// The payment, once confirmed.
    public var payment = ""
    /// The receipt's number, once confirmed; 0 before.
    public var receipt: UInt32 = 0
    /// The grant with its credits, once confirmed; 0 before.
    public var grant: GrantNumber = 0
    /// Why it failed.
    public var reason = ""

    /// Makes a purchase that is open.
    ///
    /// - Parameters:
    ///   - asked: As it was asked for.
    ///   - askedAt: When.
    public init(asked: PurchaseAsked, askedAt: Timestamp) {
        self.asked = asked
        self.askedAt = askedAt
    }

    /// Its number within the organisation.
    public var number: UInt32 { asked.purchase }
}

/// How a wallet tops itself up, and how far that has come.
public struct TopUp: Sendable, Hashable {
    /// What was set last.
    public var setting: TopUpSet
    /// How many purchases in a row have failed.
    public var failures: UInt32 = 0
    /// Before this nothing is asked for; the epoch when there is nothing to wait for.
    public var retryAt = Timestamp.epoch
    /// The month for which it was told that the limit is used up.
    public var limitMonth: CivilDay?

    /// Makes a top-up that has not done anything yet.
    ///
    /// - Parameter setting: What was set.
    public init(setting: TopUpSet) {
        self.setting = setting
    }
}

/// What an organisation buys: beside the wallets, because most have nothing of it.
///
/// Invariants:  at most one open purchase is automatic; numbers and receipts have no gaps.
public struct Purchasing: Sendable, Hashable {
    /// So many purchases of an organisation may be open that people asked for.
    public static let mostOpen = 100
    /// So many settled purchases are kept in memory, to answer repeats before they are stored.
    static let mostRecent = 8

    /// The highest number given.
    public var last: UInt32 = 0
    /// The highest receipt number given.
    public var receipts: UInt32 = 0
    /// The month in which the wallet asked last by itself.
    public var month = CivilDay(number: 0)
    /// What the wallet has asked for by itself in that month and what has not failed.
    public var asked = Amount.zero
    /// The purchases that are open, by number.
    public var open: [Purchase] = []
    /// How it tops itself up, if that was ever set.
    public var topUp: TopUp?
    /// The purchases that were settled last.
    ///
    /// What is here depends on restarts, so nothing is decided by it.
    var recent: [Purchase] = []

    /// Nothing was bought yet.
    public init() {}

    /// Whether one that the wallet asked for by itself is under way.
    public var isToppingUp: Bool { open.contains { $0.asked.automatic } }

    /// What counts against the limit of a month.
    ///
    /// - Parameter month: Its first day.
    /// - Returns: The sum of the prices.
    public func asked(in month: CivilDay) -> Amount {
        month == self.month ? asked : .zero
    }

    /// Takes in the last one of those that failed in a row, as PostgreSQL has it.
    ///
    /// - Parameter failed: The purchase that the wallet had asked for by itself.
    public mutating func remember(failed: Purchase) {
        recent.append(failed)
    }

    mutating func settle(_ number: UInt32, _ change: (inout Purchase) -> Void) -> Purchase {
        guard let index = open.firstIndex(where: { $0.number == number }) else {
            invariantBroken("a purchase that is settled is open")
        }
        var purchase = open.remove(at: index)
        change(&purchase)
        recent.append(purchase)
        if recent.count > Purchasing.mostRecent { recent.removeFirst() }
        return purchase
    }

    func combine(into digest: inout StateDigest) {
        digest.combine(UInt64(last) << 32 | UInt64(receipts))
        digest.combine(Int64(month.number))
        digest.combine(asked)
        for purchase in open {
            digest.combine(UInt64(purchase.number))
            digest.combine(purchase.asked.automatic ? 1 : 0 as UInt64)
            digest.combine(purchase.asked.credits)
            digest.combine(purchase.asked.price)
            digest.combine(bytes: purchase.asked.currency.utf8)
            digest.combine(bytes: purchase.asked.pack.utf8)
            digest.combine(bytes: purchase.asked.connector.utf8)
            digest.combine(Int64(purchase.asked.month.number))
            digest.combine(purchase.askedAt.microseconds)
        }
        guard let topUp else { return }
        digest.combine(topUp.setting.on ? 1 : 0 as UInt64)
        digest.combine(topUp.setting.threshold)
        digest.combine(topUp.setting.credits)
        digest.combine(topUp.setting.price)
        digest.combine(bytes: topUp.setting.currency.utf8)
        digest.combine(bytes: topUp.setting.pack.utf8)
        digest.combine(bytes: topUp.setting.connector.utf8)
        digest.combine(topUp.setting.monthlyLimit ?? -.max)
        digest.combine(UInt64(topUp.failures))
        digest.combine(topUp.retryAt.microseconds)
        digest.combine(Int64(topUp.limitMonth?.number ?? Int32.min))
    }
}

/// A purchase whose payment is to be asked for, once its record is safe.
public struct PurchaseOrder: Sendable, Hashable {
    /// Whose.
    public var org: UInt32
    /// The purchase.
    public var purchase: Purchase
}

/// Something about a top-up that people must hear of.
public enum TopUpTrouble: Sendable, Hashable {
    /// A purchase failed that the wallet had asked for; it asks again at `retryAt`.
    case failed(org: UInt32, PurchaseFailed)
    /// The limit of the month is used up.
    case limitReached(org: UInt32, TopUpLimitReached)
    /// It works again, was changed, or was switched off.
    case over(org: UInt32)
}

/// What became of a command about a purchase.
public enum PurchaseOutcome: Sendable, Hashable {
    /// It is open now.
    case asked(Purchase)
    /// It is paid for now.
    case confirmed(Purchase)
    /// It has failed now.
    case failed(Purchase)
    /// The same was done before, with this purchase.
    case repeated(UInt32)
    /// It was confirmed or failed before.
    case settled(UInt32)
    /// The idempotency key or the payment was used before for something else.
    case conflict
    /// The organisation may not buy.
    case refused(RefusalReason)
    /// The organisation is closed.
    case accountClosed
    /// There is no such organisation.
    case unknown
    /// There is no such purchase.
    case unknownPurchase
    /// A field has a value that cannot be.
    case invalid(field: String, message: String)
}
