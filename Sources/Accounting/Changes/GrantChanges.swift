import Quantities

/// Why credits were given; the ledger's kind of the credit line follows from it.
public enum GrantClass: UInt8, Sendable, CaseIterable {
    case purchased = 1
    case promotional = 2
    case plan = 3
    case coupon = 4
    case refund = 5
    case adjustment = 6
}

/// Credits given to a wallet.
public struct GrantIssued: Sendable, Hashable {
    /// Its number within the organisation, from 1.
    public var grant: GrantNumber
    /// Why it was given.
    public var grantClass: GrantClass
    /// How much, above zero.
    public var amount: Amount
    /// Burnt earlier when lower.
    public var priority: Int32
    /// From when on it pays.
    public var effectiveAt: Timestamp
    /// When what is left lapses; `never` if not.
    public var expiresAt: Timestamp
    /// Whether it pays at once; else a `GrantActivated` follows at `effectiveAt`.
    public var active: Bool
    /// How much of it went at once into debt that was open.
    public var debtPaid: Amount
    /// The 128-bit digest of the caller's idempotency key.
    public var identity: UInt128
    /// The digest of the call's content, to tell a repeat from a conflict.
    public var content: UInt64
    /// The payment or campaign behind it, as the caller named it.
    public var reference: String
    /// A word for people.
    public var note: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - grant: Its number within the organisation, from 1.
    ///   - grantClass: Why it was given.
    ///   - amount: How much, above zero.
    ///   - priority: Burnt earlier when lower.
    ///   - effectiveAt: From when on it pays.
    ///   - expiresAt: When what is left lapses; `never` if not.
    ///   - active: Whether it pays at once; else a `GrantActivated` follows at `effectiveAt`.
    ///   - debtPaid: How much of it went at once into debt that was open.
    ///   - identity: The 128-bit digest of the caller's idempotency key.
    ///   - content: The digest of the call's content, to tell a repeat from a conflict.
    ///   - reference: The payment or campaign behind it, as the caller named it.
    ///   - note: A word for people.
    public init(
        grant: GrantNumber,
        grantClass: GrantClass,
        amount: Amount,
        priority: Int32,
        effectiveAt: Timestamp,
        expiresAt: Timestamp,
        active: Bool,
        debtPaid: Amount,
        identity: UInt128,
        content: UInt64,
        reference: String,
        note: String
    ) {
        self.grant = grant
        self.grantClass = grantClass
        self.amount = amount
        self.priority = priority
        self.effectiveAt = effectiveAt
        self.expiresAt = expiresAt
        self.active = active
        self.debtPaid = debtPaid
        self.identity = identity
        self.content = content
        self.reference = reference
        self.note = note
    }
}

/// A grant that was issued ahead of its time begins to pay.
public struct GrantActivated: Sendable, Hashable {
    /// The grant.
    public var grant: GrantNumber
    /// Its whole amount.
    public var amount: Amount
    /// How much of it went at once into debt that was open.
    public var debtPaid: Amount

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - grant: The grant.
    ///   - amount: Its whole amount.
    ///   - debtPaid: How much of it went at once into debt that was open.
    public init(
        grant: GrantNumber,
        amount: Amount,
        debtPaid: Amount
    ) {
        self.grant = grant
        self.amount = amount
        self.debtPaid = debtPaid
    }
}

/// What was left of a grant lapsed.
public struct GrantExpired: Sendable, Hashable {
    /// The grant.
    public var grant: GrantNumber
    /// How much lapsed; zero when holds kept all of it for the moment.
    public var amount: Amount

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - grant: The grant.
    ///   - amount: How much lapsed; zero when holds kept all of it for the moment.
    public init(
        grant: GrantNumber,
        amount: Amount
    ) {
        self.grant = grant
        self.amount = amount
    }
}
