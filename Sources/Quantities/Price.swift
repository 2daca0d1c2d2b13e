/// What one token costs.
///
/// Units:       10^-12 credit per token, that is 10^-6 credit per million tokens.
/// Invariants:  never negative; fits 63 bits.
public struct Price: Sendable, Hashable, Comparable {
    /// The price in 10^-12 credit per token.
    public let unitsPerToken: Int64

    /// Free of charge.
    public static let free = Price(unitsPerToken: 0)

    /// Makes a price of so many units a token.
    ///
    /// - Parameter unitsPerToken: 10^-12 credit per token; not negative.
    @inlinable
    public init(unitsPerToken: Int64) {
        invariant(unitsPerToken >= 0, "a price is not negative")
        self.unitsPerToken = unitsPerToken
    }

    /// Reads a price per million tokens, as people quote it ("3", "0.075").
    ///
    /// - Parameter text: A decimal with at most 6 decimals; may carry an exponent.
    /// - Throws: `DecimalError` when it is not such a number, or is negative.
    public init(perMillion text: some StringProtocol) throws(DecimalError) {
        let units = try DecimalText.scaled(text.utf8, decimals: 6, exponent: true)
        guard units >= 0, units <= Int128(Int64.max) else { throw .outOfRange }
        self.unitsPerToken = Int64(units)
    }

    /// The price of one million tokens, in credits, as a canonical decimal.
    public var perMillion: String {
        Decimal12.text(Int128(unitsPerToken) * 1_000_000)
    }

    /// Orders by value.
    @inlinable
    public static func < (left: Price, right: Price) -> Bool {
        left.unitsPerToken < right.unitsPerToken
    }
}
