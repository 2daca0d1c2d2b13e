import Quantities
import Rating
import Testing

/// Goal: the fast function equals the plain rule.
///
/// Method: an independent model that multiplies decimal texts digit by digit, compared on random
/// cards and requests with printed seeds.
@Suite struct NaiveRatingTests {
    /// A non-negative whole number as decimal digits, the lowest first; schoolbook arithmetic only.
    struct Digits {
        var digits: [Int]

        init(_ text: String) {
            digits = text.compactMap(\.wholeNumberValue).reversed()
        }

        func plus(_ other: Digits) -> Digits {
            var result = Digits("")
            var carry = 0
            for place in 0..<Swift.max(digits.count, other.digits.count) + 1 {
                let left = place < digits.count ? digits[place] : 0
                let right = place < other.digits.count ? other.digits[place] : 0
                let sum = left + right + carry
                result.digits.append(sum % 10)
                carry = sum / 10
            }
            return result
        }

        func times(_ other: Digits) -> Digits {
            var result = Digits("")
            result.digits = Array(repeating: 0, count: digits.count + other.digits.count + 1)
            for (place, digit) in digits.enumerated() {
                var carry = 0
                for offset in 0...other.digits.count {
                    let right = offset < other.digits.count ? other.digits[offset] : 0
                    let sum = result.digits[place + offset] + digit * right + carry
                    result.digits[place + offset] = sum % 10
                    carry = sum / 10
                }
            }
            return result
        }

        /// The number with a point before its last `decimals` digits, without idle zeros.
        func text(decimals: Int) -> String {
            var padded = digits
            while padded.count <= decimals { padded.append(0) }
            var whole = padded[decimals...].reversed().map(String.init).joined()
            while whole.count > 1, whole.hasPrefix("0") { whole.removeFirst() }
            var fraction = padded[..<decimals].reversed().map(String.init).joined()
            while fraction.hasSuffix("0") { fraction.removeLast() }
            return fraction.isEmpty ? whole : whole + "." + fraction
        }
    }

    /// A price list as texts with exactly six decimals: input, cache read, cache write, output,
    /// reasoning; nil is left out.
    struct Rule {
        var base: [String?]
        var tiers: [(bound: UInt32, inclusive: Bool, prices: [String?])]
    }

    /// The rule of the charter, word for word, on texts.
    private func naive(_ rule: Rule, _ tokens: TokenCounts) -> String {
        var chosen: [String?]?
        for tier in rule.tiers {
            let isAbove =
                tier.inclusive ? tokens.input >= tier.bound : tokens.input > tier.bound
            if isAbove { chosen = tier.prices }
        }
        var prices: [String] = []
        for place in 0..<5 {
            let standIn = [nil, 0, 0, nil, 3][place]
            let own = chosen?[place] ?? rule.base[place]
            prices.append(own ?? standIn.map { prices[$0] } ?? "0")
        }
        let counts = [
            Int(tokens.input) - Int(tokens.cacheRead) - Int(tokens.cacheWrite),
            Int(tokens.cacheRead), Int(tokens.cacheWrite),
            Int(tokens.output) - Int(tokens.reasoning), Int(tokens.reasoning),
        ]
        var sum = Digits("0")
        for (price, count) in zip(prices, counts) {
            sum = sum.plus(Digits(price).times(Digits(String(count))))
        }
        // Six decimals of the price, six of "per million".
        return sum.text(decimals: 12)
    }

    private func randomPrice(_ random: inout SeededNumbers) -> String {
        let whole = Int.random(in: 0...99, using: &random)
        let fraction = String(Int.random(in: 0...999_999, using: &random))
        return "\(whole)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }

    private func randomPrices(_ random: inout SeededNumbers, isBase: Bool) -> [String?] {
        (0..<5).map { place in
            let isNeeded = isBase && (place == 0 || place == 3)
            let roll = Int.random(in: 0..<10, using: &random)
            if roll == 0 { return "0.000000" }
            return isNeeded || roll < 6 ? randomPrice(&random) : nil
        }
    }

    private func randomRule(_ random: inout SeededNumbers) -> Rule {
        var rule = Rule(base: randomPrices(&random, isBase: true), tiers: [])
        var bound: UInt32 = 0
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            bound += UInt32.random(in: 2...5_000, using: &random)
            var prices = randomPrices(&random, isBase: false)
            if prices.allSatisfy({ $0 == nil }) { prices[0] = "1.000000" }
            rule.tiers.append((bound, Bool.random(using: &random), prices))
        }
        return rule
    }

    private func randomTokens(_ rule: Rule, _ random: inout SeededNumbers) -> TokenCounts {
        var input = UInt32.random(in: 0...20_000, using: &random)
        let roll = Int.random(in: 0..<8, using: &random)
        if roll < 3, let tier = rule.tiers.randomElement(using: &random) {
            // Just below, at, and just above a bound.
            input = tier.bound + UInt32(roll) - 1
        } else if roll == 3 {
            input = UInt32.random(in: 0...(.max), using: &random)
        }
        let read = UInt32.random(in: 0...input, using: &random)
        let output = UInt32.random(in: 0...(roll == 4 ? .max : 9_000), using: &random)
        return TokenCounts(
            input: input,
            cacheRead: read,
            cacheWrite: UInt32.random(in: 0...(input - read), using: &random),
            output: output,
            reasoning: UInt32.random(in: 0...output, using: &random)
        )
    }

    private func version(_ rule: Rule) throws -> PriceVersion {
        func prices(_ texts: [String?]) throws -> WrittenPrices {
            var result = WrittenPrices()
            for (tokenClass, text) in zip(TokenClass.allCases, texts) {
                result[tokenClass] = try text.map { try Price(perMillion: $0) }
            }
            return result
        }
        return PriceVersion(
            base: try prices(rule.base),
            tiers: try rule.tiers.map {
                PriceTier(
                    aboveInputTokens: $0.bound,
                    isInclusive: $0.inclusive,
                    prices: try prices($0.prices)
                )
            }
        )
    }

    private func compare(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        for _ in 0..<200 {
            let rule = randomRule(&random)
            let model = ModelRates(name: "m", versions: [try version(rule)])
            let table = try RateTable(RateCard(name: "random", models: [model]))
            let again = try #require(
                PriceContent(canonicalText: table.contents[0].canonicalText)
            )
            let replay = RateTable(pricing: again)
            for _ in 0..<10 {
                let tokens = randomTokens(rule, &random)
                let charge = try #require(table.charge(tokens, version: 0))
                #expect(
                    charge.amount.description == naive(rule, tokens),
                    "seed \(seed): \(rule) \(tokens)"
                )
                #expect(replay.charge(tokens, version: 0) == charge, "seed \(seed)")
            }
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `the table charges what the digit-by-digit model charges`(seed: UInt64) throws {
        try compare(seed: seed)
    }

    @Test func `the table agrees with the model on a fresh seed too`() throws {
        let seed = UInt64.random(in: 0...(.max))
        print("NaiveRatingTests: fresh seed \(seed)")
        try compare(seed: seed)
    }

    @Test func `the model itself knows the worked number`() {
        let rule = Rule(base: ["3.000000", "0.300000", "3.750000", "15.000000", nil], tiers: [])
        let tokens = TokenCounts(input: 12_000, cacheRead: 10_000, cacheWrite: 1_000, output: 500)
        #expect(naive(rule, tokens) == "0.01725")
    }
}
