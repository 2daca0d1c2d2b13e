/// The section `refunds:` of an offer: what is given back.
///
/// A charge of an operation can always be given back; that is no matter of the offer.
public struct RefundsOffer: Sendable, Hashable {
    /// Whether credits that were bought and not used are taken back for the money.
    public var unusedPurchased = false

    /// Nothing that was bought is taken back.
    public init() {}
}
