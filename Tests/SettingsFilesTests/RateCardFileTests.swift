import Quantities
import Rating
import SettingsFiles
import Testing

/// Goal: a card in YAML means what it says, and writing loses nothing.
///
/// Method: the shipped card against the worked numbers, and random cards written and read back.
@Suite struct RateCardFileTests {
    private func shipped() throws -> RateCardFile {
        try RateCardFile.load(path: packageFolder + "/config/systems/llm-gateway.yaml")
    }

    private func charge(
        _ model: String,
        _ tokens: TokenCounts,
        failed: Bool = false
    ) throws -> String {
        let table = try RateTable(try shipped().card)
        guard case .listed(let number) = table.model(named: model, provider: nil) else {
            return "unknown"
        }
        let version = try #require(table.version(of: number, at: .epoch))
        let charge = table.charge(tokens, version: version, failed: failed, cacheHit: false)
        return try #require(charge).amount.description
    }

    @Test func `the shipped card has no warnings and meets the worked numbers`() throws {
        #expect(try shipped().warnings.isEmpty)
        let first = TokenCounts(input: 12_000, cacheRead: 10_000, cacheWrite: 1_000, output: 500)
        #expect(try charge("claude-sonnet", first) == "0.01725")
        #expect(try charge("claude/claude-sonnet", first) == "0.01725")
        let below = TokenCounts(input: 200_000, output: 1_000)
        #expect(try charge("claude-sonnet", below) == "0.615")
        let above = TokenCounts(input: 200_001, output: 1_000)
        #expect(try charge("claude-sonnet", above) == "1.222506")
        #expect(try charge("claude-sonnet", above, failed: true) == "0")
        let second = TokenCounts(input: 12_000, cacheRead: 10_000, output: 500)
        #expect(try charge("sonnet", second) == "0.0165")
        #expect(try charge("mini", TokenCounts(input: 1, output: 1)) == "0.00000075")
        #expect(try charge("none", TokenCounts(input: 1)) == "unknown")
    }

    @Test func `the shipped card reads back from its canonical text`() throws {
        let card = try shipped().card
        let text = RateCardFile.write(card)
        #expect(try RateCardFile.load(text: text, file: "again").card == card)
        #expect(RateCardFile.write(try RateCardFile.load(text: text, file: "x").card) == text)
    }

    @Test func `the canonical text is the golden one`() throws {
        let cliff = PriceTier(
            aboveInputTokens: 200_000,
            isInclusive: true,
            prices: WrittenPrices(input: try Price(perMillion: "0.5"))
        )
        let base = WrittenPrices(input: .free, cacheRead: .free, output: Price(unitsPerToken: 1))
        let march = try #require(Timestamp(rfc3339: "2026-03-01T00:00:00Z".utf8))
        let card = RateCard(
            name: "a \"b\"",
            policy: RatingPolicy(chargesCacheHits: true),
            plausible: PlausiblePrices(lowest: .free, highest: Price(unitsPerToken: 1_000_000)),
            defaultPrice: PriceVersion(base: base),
            providers: [ProviderNames(name: "p", aliases: ["q", "on"]), ProviderNames(name: "r")],
            models: [
                ModelRates(
                    name: "x:1",
                    aliases: ["p/x", "1.5"],
                    versions: [
                        PriceVersion(base: base, tiers: [cliff]),
                        PriceVersion(
                            effectiveFrom: march.advanced(byMicroseconds: -500_000),
                            base: base
                        ),
                        PriceVersion(effectiveFrom: march, base: base),
                    ]
                )
            ]
        )
        let golden = """
            # first
            #
            # second line
            rate_card: "a \\"b\\""
            unit: credits per 1,000,000 tokens
            charge_failures: false
            charge_cache_hits: true
            plausible_prices:
              lowest: 0
              highest: 1
            default:
              input: 0
              cache_read: 0
              output: 0.000001
            providers:
              p: [q, "on"]
              r: []
            models:
              "x:1":
                aliases: [p/x, "1.5"]
                prices:
                  - from: always
                    input: 0
                    cache_read: 0
                    output: 0.000001
                    tiers:
                      - from_input_tokens: 200000
                        input: 0.5
                  - from: 2026-02-28T23:59:59.5Z
                    input: 0
                    cache_read: 0
                    output: 0.000001
                  - from: 2026-03-01
                    input: 0
                    cache_read: 0
                    output: 0.000001

            """
        #expect(RateCardFile.write(card, comment: ["first", "", "second\nline"]) == golden)
        #expect(try RateCardFile.load(text: golden, file: "golden").card == card)
    }

    @Test func `prices may be quoted, carry zeros, an exponent, and digits up to the last`() throws
    {
        let text = cardText(
            """
              m:
                prices:
                  - input: "3.000"
                    cache_read: 3e-1
                    cache_write: '9223372036854.775807'
                    output: 0.000001
            """
        )
        let base = try RateCardFile.load(text: text, file: "c").card.models[0].versions[0].base
        #expect(base.input?.unitsPerToken == 3_000_000)
        #expect(base.cacheRead?.unitsPerToken == 300_000)
        #expect(base.cacheWrite?.unitsPerToken == .max)
        #expect(base.output?.unitsPerToken == 1)
        #expect(base.reasoning == nil)
    }

    @Test func `numbers that doubles cannot hold are read exactly`() throws {
        let text = cardText("  m: {prices: [{input: 123456.789012, output: 9007199254.740993}]}")
        let base = try RateCardFile.load(text: text, file: "c").card.models[0].versions[0].base
        #expect(base.input?.perMillion == "123456.789012")
        #expect(base.output?.perMillion == "9007199254.740993")
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `a random card reads back identical`(seed: UInt64) throws {
        var random = CardNumbers(seed: seed)
        let card = RandomCard.make(&random)
        let text = RateCardFile.write(card, comment: ["seed \(seed)"])
        let again = try RateCardFile.load(text: text, file: "seed \(seed)").card
        #expect(again == card, "seed \(seed)")
        #expect(RateCardDiff(old: card, new: again).isEmpty, "seed \(seed)")
    }

    @Test func `a file that is not there says so`() {
        let error = #expect(throws: SettingsError.self) {
            try RateCardFile.load(path: "/nowhere/rates.yaml")
        }
        #expect(
            error?.description == "/nowhere/rates.yaml: cannot be read: No such file or directory; "
                + "check the path and its permissions"
        )
    }
}

/// Makes valid cards with awkward names and prices.
enum RandomCard {
    private static let names = [
        "a", "true", "null", "~", "1.5", "2026-03-01", "x:y", "x: y", "#x", "- x", "'", "\"", "\\",
        "é", "日本", "a b", "{", "[", "*a", "&a", "!x", "%", "@cf/x", "`", "0x1f", "=", "<<", "?",
        "|", ">", "no", "a/b", "p.q", "NaN", ".inf", "1_000", "a#b", "a #b", ":", "\u{1F600}",
    ]

    static func make(_ random: inout CardNumbers) -> RateCard {
        var pool = names.shuffled(using: &random)
        func take() -> String { pool.popLast() ?? "z" }
        var card = RateCard(name: take(), models: [])
        card.policy.chargesFailures = Bool.random(using: &random)
        card.policy.chargesCacheHits = Bool.random(using: &random)
        if Bool.random(using: &random) {
            card.defaultPrice = version(&random, from: PriceVersion.always)
        }
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            var from = PriceVersion.always
            var versions: [PriceVersion] = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                versions.append(version(&random, from: from))
                let seconds = Int64.random(in: 1...2_000_000_000, using: &random)
                let start = max(from.microseconds, 0)
                let unit = [1, 1_000_000].randomElement(using: &random) ?? 1
                from = Timestamp(microseconds: start + seconds * Int64(unit))
            }
            let aliases = (0..<Int.random(in: 0...2, using: &random)).map { _ in take() }
            card.models.append(ModelRates(name: take(), aliases: aliases, versions: versions))
        }
        card.providers = ["one", "off"].map { name in
            ProviderNames(name: name, aliases: Bool.random(using: &random) ? [name + " x"] : [])
        }
        RandomMachines.add(to: &card, names: names, &random)
        return card
    }

    private static func version(_ random: inout CardNumbers, from: Timestamp) -> PriceVersion {
        var version = PriceVersion(effectiveFrom: from, base: prices(&random, all: true))
        var bound: UInt32 = 0
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            bound += UInt32.random(in: 2...1_000_000_000, using: &random)
            version.tiers.append(
                PriceTier(
                    aboveInputTokens: bound,
                    isInclusive: Bool.random(using: &random),
                    prices: prices(&random, all: false)
                )
            )
        }
        return version
    }

    private static func prices(_ random: inout CardNumbers, all: Bool) -> WrittenPrices {
        var prices = WrittenPrices()
        for tokenClass in TokenClass.allCases
        where tokenClass == .input || all && tokenClass == .output || Bool.random(using: &random) {
            let bits = Int.random(in: 0...62, using: &random)
            prices[tokenClass] = Price(
                unitsPerToken: .random(in: 0...(Int64(1) << bits), using: &random)
            )
        }
        return prices
    }
}
