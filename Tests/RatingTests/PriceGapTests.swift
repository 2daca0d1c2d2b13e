import Quantities
import Rating
import Testing

/// Goal: a price that is left out has one meaning.
///
/// Method: a table of what the base and the tier say, and what is charged below and above the
/// cliff.
@Suite struct PriceGapTests {
    private func prices(_ base: WrittenPrices, _ tier: WrittenPrices) -> [TokenPrices] {
        let cliff = PriceTier(aboveInputTokens: 100, prices: tier)
        return PriceVersion(base: base, tiers: [cliff]).content.tiers.map(\.prices)
    }

    private func texts(_ prices: TokenPrices) -> [String] {
        TokenClass.allCases.map { prices[$0].perMillion }
    }

    @Test
    func `a missing cache price is the input rate, a missing reasoning price the output rate`()
        throws
    {
        let version = PriceVersion(base: try written(input: "3", output: "15"))
        #expect(texts(version.prices(in: nil)) == ["3", "3", "3", "15", "15"])
    }

    @Test func `an explicit 0 is free`() throws {
        let base = try written(
            input: "3",
            cacheRead: "0",
            cacheWrite: "0",
            output: "15",
            reasoning: "0"
        )
        #expect(texts(PriceVersion(base: base).prices(in: nil)) == ["3", "0", "0", "15", "0"])
    }

    @Test func `a class that the tier leaves out keeps the base's price`() throws {
        let base = try written(
            input: "3",
            cacheRead: "0.3",
            cacheWrite: "3.75",
            output: "15",
            reasoning: "10"
        )
        let found = prices(base, try written(input: "6"))
        #expect(texts(found[0]) == ["3", "0.3", "3.75", "15", "10"])
        #expect(texts(found[1]) == ["6", "0.3", "3.75", "15", "10"])
    }

    @Test func `a stand-in moves with the tier`() throws {
        let found = prices(
            try written(input: "3", output: "15"),
            try written(input: "6", output: "22.5")
        )
        #expect(texts(found[1]) == ["6", "6", "6", "22.5", "22.5"])
    }

    @Test func `a tier may set only a cache price`() throws {
        let found = prices(
            try written(input: "3", output: "15"),
            try written(cacheRead: "0")
        )
        #expect(texts(found[1]) == ["3", "0", "3", "15", "15"])
    }

    @Test func `tiers build on the base and not on each other`() throws {
        let version = PriceVersion(
            base: try written(input: "1", output: "1"),
            tiers: [
                PriceTier(aboveInputTokens: 10, prices: try written(input: "2", output: "2")),
                PriceTier(aboveInputTokens: 20, prices: try written(input: "3")),
            ]
        )
        let tiers = version.content.tiers
        #expect(texts(tiers[2].prices) == ["3", "3", "3", "1", "1"])
    }
}
