import Accounting
import Quantities

/// Asks for credits to be given to a wallet.
public struct GrantRequest: Sendable, Hashable {
    /// How much, above zero.
    public var amount: Amount
    /// Why: purchased or promotional.
    public var grantClass: GrantClass
    /// From when on it pays; nil for at once.
    public var effectiveAt: Timestamp?
    /// When what is left lapses; nil for never.
    public var expiresAt: Timestamp?
    /// Burnt earlier when lower; nil for the class's default (promotional before purchased).
    public var priority: Int32?
    /// The payment or campaign behind it.
    public var reference: String
    /// A word for people.
    public var note: String
    /// Given once for each key, however often it is sent.
    public var idempotencyKey: String

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - amount: How much, above zero.
    ///   - grantClass: Why.
    ///   - effectiveAt: From when on it pays; nil for at once.
    ///   - expiresAt: When what is left lapses; nil for never.
    ///   - priority: Burnt earlier when lower; nil for the class's default.
    ///   - reference: The payment or campaign behind it.
    ///   - note: A word for people.
    ///   - idempotencyKey: Given once for each key.
    public init(
        amount: Amount,
        grantClass: GrantClass,
        effectiveAt: Timestamp? = nil,
        expiresAt: Timestamp? = nil,
        priority: Int32? = nil,
        reference: String = "",
        note: String = "",
        idempotencyKey: String
    ) {
        self.amount = amount
        self.grantClass = grantClass
        self.effectiveAt = effectiveAt
        self.expiresAt = expiresAt
        self.priority = priority
        self.reference = reference
        self.note = note
        self.idempotencyKey = idempotencyKey
    }
}

/// What a grant call answers, also when it is repeated.
public struct GrantReceipt: Sendable, Hashable {
    /// The grant's number within the organisation.
    public var grant: GrantNumber
    /// True when the same call was carried out before and nothing was added now.
    public var repeated: Bool
    /// The wallet after it.
    public var wallet: WalletInfo
}
