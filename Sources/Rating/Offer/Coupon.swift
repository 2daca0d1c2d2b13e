import Quantities

/// Credits for whoever knows a code, once for each account.
public struct Coupon: Sendable, Hashable {
    /// The code, which is compared letter for letter.
    public var code: String
    /// How many credits it gives, above zero.
    public var credits: Amount
    /// After which time what is left lapses; nil for what is said of the class.
    public var expiresAfter: Lifetime?
    /// Whether nothing of it lapses, whatever is said of the class.
    public var neverExpires: Bool
    /// Until when it can be redeemed; nil for ever.
    public var validUntil: Timestamp?

    /// Makes a coupon.
    ///
    /// - Parameters:
    ///   - code: The code.
    ///   - credits: How many credits it gives, above zero.
    ///   - expiresAfter: After which time what is left lapses.
    ///   - neverExpires: Whether nothing of it lapses, whatever is said of the class.
    ///   - validUntil: Until when it can be redeemed.
    public init(
        code: String,
        credits: Amount,
        expiresAfter: Lifetime? = nil,
        neverExpires: Bool = false,
        validUntil: Timestamp? = nil
    ) {
        self.code = code
        self.credits = credits
        self.expiresAfter = expiresAfter
        self.neverExpires = neverExpires
        self.validUntil = validUntil
    }
}
