import Quantities
import Rating
import Testing

/// Goal: what stays on a charge is readable, stable and complete.
///
/// Method: a golden text, reading it back, and texts that are nearly canonical.
@Suite struct PriceContentTests {
    /// The golden text: it is in journals and databases, so it never changes.
    private let golden =
        "input 3, cache_read 0.3, cache_write 3.75, output 15, reasoning 15; above 200000: "
        + "input 6, cache_read 0.6, cache_write 7.5, output 22.5, reasoning 22.5"

    @Test func `the canonical text is the golden one and reads back`() throws {
        let content = try RateTable(workedCard()).contents[0]
        #expect(content.canonicalText == golden)
        #expect(PriceContent(canonicalText: golden) == content)
    }

    @Test func `contents without a cliff, and with the largest numbers, read back`() throws {
        let top = TokenPrices(
            input: .free,
            cacheRead: Price(unitsPerToken: 1),
            cacheWrite: Price(unitsPerToken: .max),
            output: Price(unitsPerToken: 999_999),
            reasoning: Price(unitsPerToken: 1_000_000)
        )
        let content = PriceContent(tiers: [
            PriceContent.Tier(firstInput: 0, prices: top),
            PriceContent.Tier(firstInput: .max, prices: top),
        ])
        let text = content.canonicalText
        #expect(
            text.hasPrefix(
                "input 0, cache_read 0.000001, cache_write 9223372036854.775807, output 0.999999, "
                    + "reasoning 1; above 4294967294: input 0"
            )
        )
        #expect(PriceContent(canonicalText: text) == content)
    }

    @Test(arguments: [
        "", ";", "input 3", "input 3, cache_read 3, cache_write 3, output 15",
        "input 3.0, cache_read 3, cache_write 3, output 15, reasoning 15",
        "input -3, cache_read 3, cache_write 3, output 15, reasoning 15",
        "input x, cache_read 3, cache_write 3, output 15, reasoning 15",
        "input 3,  cache_read 3, cache_write 3, output 15, reasoning 15",
        "input 3, cache_write 3, cache_read 3, output 15, reasoning 15",
        "input 3, cache_read 3, cache_write 3, output 15, reasoning 15;",
        "input 3, cache_read 3, cache_write 3, output 15, reasoning 15 ",
        "input 3, cache_read 3, cache_write 3, output 15, reasoning 15, reasoning 15",
        "above 5: input 3, cache_read 3, cache_write 3, output 15, reasoning 15",
        "input 3, cache_read 3, cache_write 3, output 15, reasoning 15; above 4294967295: "
            + "input 3, cache_read 3, cache_write 3, output 15, reasoning 15",
        "input 3, cache_read 3, cache_write 3, output 15, reasoning 15; above 05: "
            + "input 3, cache_read 3, cache_write 3, output 15, reasoning 15",
        "input 1, cache_read 1, cache_write 1, output 1, reasoning 1; above 9: "
            + "input 3, cache_read 3, cache_write 3, output 3, reasoning 3; above 9: "
            + "input 3, cache_read 3, cache_write 3, output 3, reasoning 3",
        "input 10000000000000, cache_read 3, cache_write 3, output 15, reasoning 15",
    ])
    func `what is not canonical is not read`(text: String) {
        #expect(PriceContent(canonicalText: text) == nil)
    }

    @Test func `two ways to write the same charge have one content`() throws {
        let short = PriceVersion(base: try written(input: "3", output: "15"))
        let long = PriceVersion(
            effectiveFrom: moment("2026-03-01T00:00:00Z"),
            base: try written(
                input: "3",
                cacheRead: "3.0",
                cacheWrite: "3",
                output: "15.00",
                reasoning: "15"
            )
        )
        #expect(short.content == long.content)
        let strict = PriceTier(aboveInputTokens: 99, prices: try written(input: "4"))
        let inclusive = PriceTier(
            aboveInputTokens: 100,
            isInclusive: true,
            prices: try written(input: "4")
        )
        let base = try written(input: "3", output: "15")
        #expect(
            PriceVersion(base: base, tiers: [strict]).content
                == PriceVersion(base: base, tiers: [inclusive]).content
        )
    }

    @Test func `equal contents are numbered once, in the order of the card`() throws {
        let one = PriceVersion(base: try written(input: "1", output: "1"))
        let two = PriceVersion(base: try written(input: "2", output: "1"))
        let table = try RateTable(
            RateCard(
                name: "c",
                models: [
                    ModelRates(name: "a", versions: [two]), ModelRates(name: "b", versions: [one]),
                    ModelRates(name: "c", versions: [two]),
                ]
            )
        )
        #expect(table.contents == [two.content, one.content])
        #expect((0..<3).map { table.contentIndex(ofVersion: $0) } == [0, 1, 0])
        #expect(table.versionCount == 3)
    }

    @Test func `a content whose tiers do not ascend is a bug`() async {
        await #expect(processExitsWith: .failure) {
            let free = TokenPrices(
                input: .free,
                cacheRead: .free,
                cacheWrite: .free,
                output: .free,
                reasoning: .free
            )
            let tier = PriceContent.Tier(firstInput: 0, prices: free)
            _ = PriceContent(tiers: [tier, tier])
        }
    }
}
