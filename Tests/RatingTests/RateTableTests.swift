import Quantities
import Rating
import Testing

/// Goal: a charge is right to the last digit.
///
/// Method: the worked numbers of the five systems, and tables of what happens at the edges.
@Suite struct RateTableTests {
    private func amount(
        _ table: RateTable,
        _ model: String,
        _ tokens: TokenCounts,
        failed: Bool = false,
        cacheHit: Bool = false
    ) throws -> String {
        guard case .listed(let number) = table.model(named: model) else { return "unknown" }
        let version = try #require(table.version(of: number, at: .epoch))
        let charge = table.charge(tokens, version: version, failed: failed, cacheHit: cacheHit)
        return try #require(charge).amount.description
    }

    @Test func `the llm-gateway's worked numbers are met`() throws {
        let table = try RateTable(workedCard())
        let first = TokenCounts(input: 12_000, cacheRead: 10_000, cacheWrite: 1_000, output: 500)
        #expect(try amount(table, "claude-sonnet", first) == "0.01725")
        let below = TokenCounts(input: 200_000, output: 1_000)
        #expect(try amount(table, "claude-sonnet", below) == "0.615")
        let above = TokenCounts(input: 200_001, output: 1_000)
        #expect(try amount(table, "claude-sonnet", above) == "1.222506")
        #expect(try amount(table, "claude-sonnet", above, failed: true) == "0")
        #expect(try amount(table, "claude-sonnet", above, cacheHit: true) == "0")
    }

    @Test func `the cloud-paas's worked numbers are met`() throws {
        let table = try RateTable(workedCard())
        let second = TokenCounts(input: 12_000, cacheRead: 10_000, output: 500)
        #expect(try amount(table, "sonnet", second) == "0.0165")
        #expect(try amount(table, "mini", TokenCounts(input: 1, output: 1)) == "0.00000075")
    }

    @Test(arguments: [
        (false, false, false, "0.000018"), (false, true, false, "0"), (false, false, true, "0"),
        (true, true, false, "0.000018"), (true, true, true, "0.000018"),
    ])
    func `the policy decides what failures and cache hits cost`(
        charges: Bool,
        failed: Bool,
        cacheHit: Bool,
        expected: String
    ) throws {
        var card = try workedCard()
        card.policy = RatingPolicy(chargesFailures: charges, chargesCacheHits: charges)
        let tokens = TokenCounts(input: 1, output: 1)
        let table = try RateTable(card)
        #expect(try amount(table, "sonnet", tokens, failed: failed, cacheHit: cacheHit) == expected)
    }

    @Test func `failures can be charged while cache hits stay free`() throws {
        var card = try workedCard()
        card.policy = RatingPolicy(chargesFailures: true)
        let table = try RateTable(card)
        let tokens = TokenCounts(input: 1, output: 1)
        #expect(try amount(table, "sonnet", tokens, failed: true) == "0.000018")
        #expect(try amount(table, "sonnet", tokens, failed: true, cacheHit: true) == "0")
    }

    @Test(
        arguments: [
            // bound, inclusive, total input, tier
            (200_000, false, 199_999, 0), (200_000, false, 200_000, 0),
            (200_000, false, 200_001, 1),
            (200_000, true, 199_999, 0), (200_000, true, 200_000, 1), (200_000, true, 200_001, 1),
            (0, false, 0, 0), (0, false, 1, 1), (1, true, 0, 0), (1, true, 1, 1),
            (4_294_967_294, false, 4_294_967_295, 1), (4_294_967_295, true, 4_294_967_295, 1),
            (4_294_967_295, true, 4_294_967_294, 0),
        ] as [(UInt32, Bool, UInt32, UInt8)]
    )
    func `a cliff applies strictly above its bound, or from it where it is inclusive`(
        bound: UInt32,
        inclusive: Bool,
        input: UInt32,
        tier: UInt8
    ) throws {
        let cliff = PriceTier(
            aboveInputTokens: bound,
            isInclusive: inclusive,
            prices: try written(input: "2")
        )
        let table = try table(try written(input: "1", output: "1"), [cliff])
        let charge = try #require(table.charge(TokenCounts(input: input), version: 0))
        #expect(charge.tier == tier)
        #expect(charge.amount.units == Int128(input) * (tier == 0 ? 1_000_000 : 2_000_000))
    }

    @Test func `cached and cache-written tokens count towards a cliff, output does not`() throws {
        let table = try RateTable(workedCard())
        let cached = TokenCounts(input: 200_001, cacheRead: 200_000, cacheWrite: 1)
        #expect(table.charge(cached, version: 0)?.tier == 1)
        #expect(try amount(table, "claude-sonnet", cached) == "0.1200075")
        let output = TokenCounts(input: 200_000, output: 300_000)
        #expect(table.charge(output, version: 0)?.tier == 0)
    }

    @Test func `of several cliffs the highest that is passed applies`() throws {
        let tiers = try [(100, "2"), (200, "3"), (300, "4")].map { bound, input in
            PriceTier(aboveInputTokens: bound, prices: try written(input: input))
        }
        let table = try table(try written(input: "1", output: "0"), tiers)
        for (input, tier) in [(100, 0), (101, 1), (200, 1), (201, 2), (300, 2), (301, 3)] {
            #expect(
                table.charge(TokenCounts(input: UInt32(input)), version: 0)?.tier == UInt8(tier)
            )
        }
    }

    @Test func `counts that contradict each other are not charged`() throws {
        let table = try table(try written(input: "1", output: "1"))
        #expect(table.charge(TokenCounts(input: 1, cacheRead: 1, cacheWrite: 1), version: 0) == nil)
        #expect(table.charge(TokenCounts(output: 1, reasoning: 2), version: 0) == nil)
        let wrapping = TokenCounts(input: 0, cacheRead: .max, cacheWrite: 1)
        #expect(table.charge(wrapping, version: 0) == nil)
        #expect(table.breakdown(wrapping, version: 0) == nil)
    }

    @Test func `the largest counts at the largest price fit`() throws {
        let top = Price(unitsPerToken: .max)
        var all = WrittenPrices()
        for tokenClass in TokenClass.allCases { all[tokenClass] = top }
        var card = RateCard(
            name: "top",
            models: [ModelRates(name: "m", versions: [PriceVersion(base: all)])]
        )
        card.plausible.highest = top
        let tokens = TokenCounts(
            input: .max,
            cacheRead: 7,
            cacheWrite: 9,
            output: .max,
            reasoning: 5
        )
        let charge = try #require(try RateTable(card).charge(tokens, version: 0))
        #expect(charge.amount.units == Int128(UInt32.max) * 2 * Int128(Int64.max))
        #expect(charge.amount < .max)
    }

    @Test func `the version of the request's time applies, and none before the first`() throws {
        let versions = try [("2026-01-01", "1"), ("2026-03-01", "2"), ("2026-05-01", "3")].map {
            PriceVersion(
                effectiveFrom: moment($0 + "T00:00:00Z"),
                base: try written(input: $1, output: "0")
            )
        }
        let card = RateCard(name: "c", models: [ModelRates(name: "m", versions: versions)])
        let table = try RateTable(card)
        #expect(table.version(of: 0, at: moment("2025-12-31T23:59:59.999999Z")) == nil)
        #expect(table.version(of: 0, at: moment("2026-01-01T00:00:00Z")) == 0)
        #expect(table.version(of: 0, at: moment("2026-02-28T23:59:59.999999Z")) == 0)
        #expect(table.version(of: 0, at: moment("2026-03-01T00:00:00Z")) == 1)
        #expect(table.version(of: 0, at: .never) == 2)
        #expect(table.versions(of: 0) == 0..<3)
        #expect(table.effectiveFrom(ofVersion: 1) == moment("2026-03-01T00:00:00Z"))
    }

    @Test func `the parts of a charge add up to it`() throws {
        let table = try RateTable(workedCard())
        let tokens = TokenCounts(
            input: 250_000,
            cacheRead: 10_000,
            cacheWrite: 1_000,
            output: 500,
            reasoning: 20
        )
        let parts = try #require(table.breakdown(tokens, version: 0))
        #expect(parts.map(\.tokenClass) == TokenClass.allCases)
        #expect(parts.map(\.tokens) == [239_000, 10_000, 1_000, 480, 20])
        let sum = parts.reduce(Amount.zero) { $0 + $1.amount }
        #expect(sum == table.charge(tokens, version: 0)?.amount)
    }
}
