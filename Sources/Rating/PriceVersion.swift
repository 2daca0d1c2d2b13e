import Quantities

/// A cliff: from so many input tokens on, every token of the request has these prices.
public struct PriceTier: Sendable, Hashable {
    /// The bound on the request's total input tokens, cached and cache-written ones included.
    public var aboveInputTokens: UInt32
    /// Whether the bound itself is already above the cliff; false means strictly more.
    public var isInclusive: Bool
    /// The prices beyond the bound; a class left out follows `PriceVersion.prices(in:)`.
    public var prices: WrittenPrices

    /// Makes a tier.
    ///
    /// - Parameters:
    ///   - aboveInputTokens: The bound on the request's total input tokens.
    ///   - isInclusive: Whether the bound itself is already above the cliff.
    ///   - prices: The prices beyond the bound.
    public init(aboveInputTokens: UInt32, isInclusive: Bool = false, prices: WrittenPrices) {
        self.aboveInputTokens = aboveInputTokens
        self.isInclusive = isInclusive
        self.prices = prices
    }

    /// The smallest total of input tokens to which the tier applies.
    ///
    /// One more than any count can be, when no request can reach the tier.
    var firstInput: UInt64 { UInt64(aboveInputTokens) + (isInclusive ? 0 : 1) }
}

/// What a model costs from a moment on, until its next version.
public struct PriceVersion: Sendable, Hashable {
    /// From when it applies; `always` for a first version without a beginning.
    public var effectiveFrom: Timestamp
    /// The prices below every cliff.
    public var base: WrittenPrices
    /// The cliffs, ascending.
    public var tiers: [PriceTier]

    /// The beginning of time, which a rate card calls `always`.
    public static let always = Timestamp(microseconds: .min)

    /// Makes a version.
    ///
    /// - Parameters:
    ///   - effectiveFrom: From when it applies.
    ///   - base: The prices below every cliff.
    ///   - tiers: The cliffs, ascending.
    public init(
        effectiveFrom: Timestamp = PriceVersion.always,
        base: WrittenPrices,
        tiers: [PriceTier] = []
    ) {
        self.effectiveFrom = effectiveFrom
        self.base = base
        self.tiers = tiers
    }

    /// The full prices in a tier, or of the base, with every gap filled.
    ///
    /// A class that the tier leaves out keeps the base's price. A class that the base leaves out
    /// too has a stand-in, which moves with the tier: the tier's input price for the cache classes,
    /// its output price for reasoning. So the cached tokens of a model without a cache price always
    /// cost what its other input tokens cost, and an explicit 0 is always free. A missing input or
    /// output price is an error of the card (`RateCard.findings`) and counts as 0 here.
    ///
    /// - Parameter tier: The tier, or nil for the base.
    /// - Returns: A price for every class.
    public func prices(in tier: PriceTier?) -> TokenPrices {
        func written(_ tokenClass: TokenClass) -> Price? {
            tier?.prices[tokenClass] ?? base[tokenClass]
        }
        let input = written(.input) ?? .free
        let output = written(.output) ?? .free
        return TokenPrices(
            input: input,
            cacheRead: written(.cacheRead) ?? input,
            cacheWrite: written(.cacheWrite) ?? input,
            output: output,
            reasoning: written(.reasoning) ?? output
        )
    }

    /// What is charged under this version, without its date and with every gap filled.
    ///
    /// The version must be free of errors (`RateCard.findings`): its tiers ascend.
    public var content: PriceContent {
        var all = [PriceContent.Tier(firstInput: 0, prices: prices(in: nil))]
        for tier in tiers {
            // A tier that no request can reach charges nobody.
            guard let first = UInt32(exactly: tier.firstInput) else { continue }
            all.append(PriceContent.Tier(firstInput: first, prices: prices(in: tier)))
        }
        return PriceContent(tiers: all)
    }
}
