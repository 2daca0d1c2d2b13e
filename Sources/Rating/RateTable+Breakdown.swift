import Quantities

/// The part of a charge that one class of tokens makes.
public struct ChargePart: Sendable, Hashable {
    /// The class.
    public let tokenClass: TokenClass
    /// How many tokens of it there are.
    public let tokens: UInt32
    /// What one of them costs.
    public let price: Price
    /// What they cost together.
    public var amount: Amount {
        // Below 2^32 x 2^63: fits.
        Amount(units: Int128(price.unitsPerToken) * Int128(tokens))
    }
}

extension RateTable {
    /// The parts of a charge, for people; classes without tokens are left out.
    ///
    /// - Parameters:
    ///   - tokens: The request's counts.
    ///   - version: The version's number.
    /// - Returns: The parts, which add up to `charge`; nil when the counts contradict each other.
    public func breakdown(_ tokens: TokenCounts, version: Int) -> [ChargePart]? {
        guard let charge = charge(tokens, version: version) else { return nil }
        let prices = content(ofVersion: version).tiers[Int(charge.tier)].prices
        return TokenClass.allCases.compactMap { tokenClass in
            let count = tokens.count(of: tokenClass)
            guard count > 0 else { return nil }
            return ChargePart(tokenClass: tokenClass, tokens: count, price: prices[tokenClass])
        }
    }

    /// A table with one price, as model 0 and version 0, to rate again what was charged by it.
    ///
    /// - Parameters:
    ///   - content: The price, as it stays on a charge.
    ///   - policy: What is not charged for.
    public init(pricing content: PriceContent, policy: RatingPolicy = RatingPolicy()) {
        var builder = Builder()
        builder.add(content, from: PriceVersion.always)
        builder.endModel()
        self.init(builder, name: "", policy: policy, modelNames: [""])
    }
}

extension TokenCounts {
    /// The tokens of one of the disjoint classes; the counts must not contradict each other.
    fileprivate func count(of tokenClass: TokenClass) -> UInt32 {
        switch tokenClass {
        case .input: input - cacheRead - cacheWrite
        case .cacheRead: cacheRead
        case .cacheWrite: cacheWrite
        case .output: output - reasoning
        case .reasoning: reasoning
        }
    }
}
