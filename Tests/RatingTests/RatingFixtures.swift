import Quantities
import Rating

/// A price from what people quote, for tests.
func price(_ perMillion: String) throws -> Price {
    try Price(perMillion: perMillion)
}

/// Prices from texts; nil leaves the class out.
func written(
    input: String? = nil,
    cacheRead: String? = nil,
    cacheWrite: String? = nil,
    output: String? = nil,
    reasoning: String? = nil
) throws -> WrittenPrices {
    WrittenPrices(
        input: try input.map(price),
        cacheRead: try cacheRead.map(price),
        cacheWrite: try cacheWrite.map(price),
        output: try output.map(price),
        reasoning: try reasoning.map(price)
    )
}

/// A moment from RFC 3339.
func moment(_ text: String) -> Timestamp {
    guard let time = Timestamp(rfc3339: text.utf8) else { invariantBroken("a test's time is one") }
    return time
}

/// The models of the worked numbers.
func workedCard() throws -> RateCard {
    let cliff = PriceTier(
        aboveInputTokens: 200_000,
        prices: try written(input: "6", cacheRead: "0.60", cacheWrite: "7.50", output: "22.50")
    )
    let claude = PriceVersion(
        base: try written(input: "3", cacheRead: "0.30", cacheWrite: "3.75", output: "15"),
        tiers: [cliff]
    )
    let sonnet = PriceVersion(base: try written(input: "3", cacheRead: "0.30", output: "15"))
    let mini = PriceVersion(base: try written(input: "0.15", cacheRead: "0.075", output: "0.60"))
    return RateCard(
        name: "worked",
        models: [
            ModelRates(name: "claude-sonnet", versions: [claude]),
            ModelRates(name: "sonnet", versions: [sonnet]),
            ModelRates(name: "mini", versions: [mini]),
        ]
    )
}

/// A table with one model of one version.
func table(_ base: WrittenPrices, _ tiers: [PriceTier] = []) throws -> RateTable {
    let model = ModelRates(name: "m", versions: [PriceVersion(base: base, tiers: tiers)])
    return try RateTable(RateCard(name: "one", models: [model]))
}

/// A small generator of pseudo-random numbers, the same for a seed on every machine (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
