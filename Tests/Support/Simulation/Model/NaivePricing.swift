/// What a request costs, read from the price's text by schoolbook rules.
///
/// Why: the text is what stays on a charge. Reading it here a second time, and adding up by plain
/// products, shares nothing with the tables that the daemon charges from.
package struct NaivePrice: Equatable {
    /// A tier: from how many input tokens on, and what a token of each class costs, in 10^-12.
    package struct Tier: Equatable {
        package var above: Int128
        package var prices: [String: Int128]
    }

    package var tiers: [Tier]

    /// Reads `input 3, cache_read 0.3, ...; above 200000: input 6, ...`; nil when it is none.
    package init?(_ text: String) {
        tiers = []
        for part in text.split(separator: ";") {
            var words = part.split { $0 == " " || $0 == "," }.map(String.init)
            var above: Int128 = -1
            if words.first == "above", words.count > 2 {
                guard let bound = Int128(words[1].filter { $0 != ":" }) else { return nil }
                above = bound
                words.removeFirst(2)
            }
            guard words.count == 10 else { return nil }
            var prices: [String: Int128] = [:]
            for index in stride(from: 0, to: 10, by: 2) {
                guard let price = NaivePrice.perToken(words[index + 1]) else { return nil }
                prices[words[index]] = price
            }
            tiers.append(Tier(above: above, prices: prices))
        }
        if tiers.isEmpty { return nil }
    }

    /// Credits per million tokens with at most six decimals, as 10^-12 credits per token.
    private static func perToken(_ text: String) -> Int128? {
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = halves.first, halves.count <= 2 else { return nil }
        let fraction = halves.count == 2 ? String(halves[1]) : ""
        guard fraction.count <= 6 else { return nil }
        return Int128(whole + fraction + String(repeating: "0", count: 6 - fraction.count))
    }

    /// The charge and the number of the tier.
    package func charge(
        input: UInt32,
        cacheRead: UInt32,
        cacheWrite: UInt32,
        output: UInt32,
        reasoning: UInt32
    ) -> (units: Int128, tier: Int) {
        var chosen = 0
        for (number, tier) in tiers.enumerated() where Int128(input) > tier.above {
            chosen = number
        }
        let prices = tiers[chosen].prices
        let counts: [(String, Int128)] = [
            ("input", Int128(input) - Int128(cacheRead) - Int128(cacheWrite)),
            ("cache_read", Int128(cacheRead)), ("cache_write", Int128(cacheWrite)),
            ("output", Int128(output) - Int128(reasoning)), ("reasoning", Int128(reasoning)),
        ]
        var sum: Int128 = 0
        for (name, count) in counts { sum += count * (prices[name] ?? 0) }
        return (sum, chosen)
    }
}

/// Which price each model has from when on, and what is free: the rate card as the world wrote it.
package struct NaiveCard {
    /// A price of a model.
    package struct Version {
        package var model: String
        /// In microseconds since 1970; `Int64.min` for a price without a beginning.
        package var from: Int64
        package var text: String

        package init(model: String, from: Int64, text: String) {
            self.model = model
            self.from = from
            self.text = text
        }
    }

    package var versions: [Version]
    package var chargesFailures: Bool
    package var chargesCacheHits: Bool

    package init(
        versions: [Version],
        chargesFailures: Bool = false,
        chargesCacheHits: Bool = false
    ) {
        self.versions = versions
        self.chargesFailures = chargesFailures
        self.chargesCacheHits = chargesCacheHits
    }

    /// The price's text that a model has at a moment.
    package func text(of model: String, at moment: Int64) -> String? {
        versions.filter { $0.model == model && $0.from <= moment }
            .max { $0.from < $1.from }?.text
    }
}
