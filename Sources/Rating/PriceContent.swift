import Quantities

/// What a price version charges, complete in itself: two versions with equal content charge alike.
///
/// Invariants:  at least one tier; the first begins at 0 input tokens; beginnings ascend.
/// Why:         this is what stays on a charge. Every gap is filled, so that an old charge can be
///              checked from its content alone, whatever the rules for gaps become. The date is not
///              part of it: a version that only moves keeps its number.
public struct PriceContent: Sendable, Hashable {
    /// The prices from so many input tokens on.
    public struct Tier: Sendable, Hashable {
        /// The smallest total of input tokens to which the tier applies.
        public let firstInput: UInt32
        /// The prices of all tokens of the request.
        public let prices: TokenPrices

        /// Makes a tier.
        ///
        /// - Parameters:
        ///   - firstInput: The smallest total of input tokens to which it applies.
        ///   - prices: The prices of all tokens of the request.
        public init(firstInput: UInt32, prices: TokenPrices) {
            self.firstInput = firstInput
            self.prices = prices
        }
    }

    /// The tiers; the first is the base.
    public let tiers: [Tier]

    /// Makes a content.
    ///
    /// - Parameter tiers: The tiers; the first begins at 0, the others ascend.
    public init(tiers: [Tier]) {
        invariant(tiers.first?.firstInput == 0, "a price begins at 0 input tokens")
        invariant(PriceContent.ascends(tiers), "the tiers of a price ascend")
        self.tiers = tiers
    }

    private static func ascends(_ tiers: [Tier]) -> Bool {
        zip(tiers, tiers.dropFirst()).allSatisfy { $0.firstInput < $1.firstInput }
    }
}

// MARK: - Canonical text

extension PriceContent {
    /// The content as one line of text, for the journal, for SQL and for auditors.
    ///
    /// Layout: `input 3, cache_read 0.3, cache_write 3.75, output 15, reasoning 15; above 200000:
    /// input 6, ...` in one line; prices in credits per 1,000,000 tokens, `above` strictly more
    /// total input tokens. Equal contents have equal texts, and the text reads back to the same
    /// content.
    public var canonicalText: String {
        var text = ""
        for tier in tiers {
            if tier.firstInput > 0 { text += "; above \(tier.firstInput - 1): " }
            var separator = ""
            for tokenClass in TokenClass.allCases {
                text += "\(separator)\(tokenClass.name) \(tier.prices[tokenClass].perMillion)"
                separator = ", "
            }
        }
        return text
    }

    /// Reads a canonical text, or nil when it is none.
    ///
    /// - Parameter text: What `canonicalText` gave.
    public init?(canonicalText text: some StringProtocol) {
        var tiers: [Tier] = []
        for part in text.split(separator: ";", omittingEmptySubsequences: false) {
            var rest = part
            var first: UInt32 = 0
            if !tiers.isEmpty {
                guard part.hasPrefix(" above "), let colon = part.firstIndex(of: ":"),
                    let bound = UInt32(part.dropFirst(7)[..<colon]), bound < .max
                else { return nil }
                first = bound + 1
                guard part[part.index(after: colon)...].hasPrefix(" ") else { return nil }
                rest = part[part.index(after: colon)...].dropFirst()
            }
            guard let prices = PriceContent.prices(rest) else { return nil }
            tiers.append(Tier(firstInput: first, prices: prices))
        }
        guard PriceContent.ascends(tiers) else { return nil }
        self.init(tiers: tiers)
        // One content has one text: "3.0" for "3" would give the same content a second identity.
        guard canonicalText == text else { return nil }
    }

    private static func prices(_ text: some StringProtocol) -> TokenPrices? {
        var written = WrittenPrices()
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == TokenClass.allCases.count else { return nil }
        for (tokenClass, part) in zip(TokenClass.allCases, parts) {
            let words = part.split(separator: " ")
            guard words.count == 2, words[0] == tokenClass.name else { return nil }
            do throws(DecimalError) {
                written[tokenClass] = try Price(perMillion: words[1])
            } catch {
                return nil
            }
        }
        // Every class is there, so there is no gap to fill.
        return PriceVersion(base: written).prices(in: nil)
    }
}

extension PriceContent: CustomStringConvertible {
    /// The canonical text.
    public var description: String { canonicalText }
}
