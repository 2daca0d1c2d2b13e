import Quantities
import Rating
import Testing

/// Goal: estimates and slices are exact.
///
/// Method: worked values, and the defining inequality on random prices with printed seeds.
@Suite struct RateTableEstimateTests {
    @Test func `an estimate is the charge of the sizes asked for`() throws {
        let table = try RateTable(workedCard())
        let low = table.estimate(maxInput: 200_000, maxOutput: 1_000, version: 0)
        #expect(low.amount.description == "0.615")
        let high = table.estimate(maxInput: 200_001, maxOutput: 1_000, version: 0)
        #expect(high.amount.description == "1.222506")
        #expect(high.tier == 1)
    }

    @Test(
        arguments: [
            // amount, input, output tokens covered
            ("0.615", 200_000, 1_000), ("0.614999999999", 200_000, 999), ("0.6", 200_000, 0),
            ("0.599999999999", 200_000, nil), ("0", 0, 0), ("-0.000000000001", 0, nil),
            ("99999999999999999999999999", 1, 4_294_967_295),
        ] as [(String, UInt32, UInt32?)]
    )
    func `an amount covers so many output tokens`(
        amount: String,
        input: UInt32,
        expected: UInt32?
    ) throws {
        let table = try RateTable(workedCard())
        let covered = table.outputTokensCovered(
            by: try Amount(decimal: amount),
            input: input,
            version: 0
        )
        #expect(covered == expected)
    }

    @Test func `free output is covered without end, if the input is paid`() throws {
        let table = try table(try written(input: "1", output: "0"))
        let one = Amount(units: 1_000_000)
        #expect(table.outputTokensCovered(by: one, input: 1, version: 0) == .max)
        #expect(table.outputTokensCovered(by: one, input: 2, version: 0) == nil)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `one token more than covered costs more than there is`(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        for _ in 0..<2_000 {
            let bound = UInt32.random(in: 1...1_000, using: &random)
            let cliff = PriceTier(
                aboveInputTokens: bound,
                prices: WrittenPrices(
                    input: Price(unitsPerToken: .random(in: 0...90_000_000, using: &random)),
                    output: Price(unitsPerToken: .random(in: 1...90_000_000, using: &random))
                )
            )
            let base = WrittenPrices(
                input: Price(unitsPerToken: .random(in: 0...90_000_000, using: &random)),
                output: Price(unitsPerToken: .random(in: 1...90_000_000, using: &random))
            )
            let table = try table(base, [cliff])
            let amount = Amount(units: .random(in: 0...200_000_000_000, using: &random))
            let input = UInt32.random(in: 0...2_000, using: &random)
            let covered = table.outputTokensCovered(by: amount, input: input, version: 0)
            func cost(_ output: UInt32) -> Amount {
                table.estimate(maxInput: input, maxOutput: output, version: 0).amount
            }
            guard let covered else {
                #expect(cost(0) > amount, "seed \(seed)")
                continue
            }
            #expect(cost(covered) <= amount, "seed \(seed)")
            #expect(covered == .max || cost(covered + 1) > amount, "seed \(seed)")
        }
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `no request within the sizes costs more than the ceiling`(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        for _ in 0..<500 {
            func prices() -> WrittenPrices {
                var result = WrittenPrices()
                for tokenClass in TokenClass.allCases {
                    result[tokenClass] = Price(
                        unitsPerToken: .random(in: 0...9_000_000, using: &random)
                    )
                }
                return result
            }
            let tiers = [100, 300].map { PriceTier(aboveInputTokens: $0, prices: prices()) }
            let table = try table(prices(), tiers)
            let most = UInt32.random(in: 0...500, using: &random)
            let ceiling = table.ceiling(maxInput: most, maxOutput: 50, version: 0)
            for _ in 0..<50 {
                let input = UInt32.random(in: 0...most, using: &random)
                let read = UInt32.random(in: 0...input, using: &random)
                let output = UInt32.random(in: 0...50, using: &random)
                let tokens = TokenCounts(
                    input: input,
                    cacheRead: read,
                    cacheWrite: UInt32.random(in: 0...(input - read), using: &random),
                    output: output,
                    reasoning: UInt32.random(in: 0...output, using: &random)
                )
                let charge = try #require(table.charge(tokens, version: 0))
                #expect(charge.amount <= ceiling, "seed \(seed)")
            }
        }
    }

    @Test func `the ceiling is reached by an actual request`() throws {
        let table = try RateTable(workedCard())
        // 200,001 written tokens at 7.50 and one output token at 22.50.
        let ceiling = table.ceiling(maxInput: 200_001, maxOutput: 1, version: 0)
        #expect(ceiling.description == "1.50003")
    }
}
