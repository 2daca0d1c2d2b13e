import Quantities
import Rating
import Testing

/// Goal: a wrong card is refused with everything that is wrong.
///
/// Method: a card for each fault, and the exact sentence; one card with many.
@Suite struct RateCardFindingsTests {
    private func card(_ versions: [PriceVersion]) -> RateCard {
        RateCard(name: "c", models: [ModelRates(name: "m", versions: versions)])
    }

    private func sentences(_ card: RateCard) -> [String] {
        card.findings.map(\.description)
    }

    private func tier(_ bound: UInt32, inclusive: Bool = false) throws -> PriceTier {
        PriceTier(
            aboveInputTokens: bound,
            isInclusive: inclusive,
            prices: try written(input: "2")
        )
    }

    @Test func `a sound card has no findings`() throws {
        #expect(try workedCard().findings.isEmpty)
    }

    @Test func `missing prices are errors`() throws {
        #expect(
            sentences(card([PriceVersion(base: try written(cacheRead: "0"))])) == [
                "models.m.prices[0]: the price `input` is missing; write 0 if it is free",
                "models.m.prices[0]: the price `output` is missing; write 0 if it is free",
            ]
        )
        #expect(sentences(card([])) == ["models.m.prices: at least one price is needed"])
    }

    @Test func `dates must ascend`() throws {
        let base = try written(input: "1", output: "1")
        let march = moment("2026-03-01T00:00:00Z")
        let noon = moment("2026-02-01T12:00:00Z")
        let found = sentences(
            card([
                PriceVersion(effectiveFrom: march, base: base),
                PriceVersion(effectiveFrom: march, base: base),
                PriceVersion(effectiveFrom: noon, base: base),
                PriceVersion(base: base),
            ])
        )
        #expect(
            found == [
                #"models.m.prices[1].from: "2026-03-01" is the date of two prices"#,
                #"models.m.prices[2].from: "2026-02-01T12:00:00Z" is not later than the price "#
                    + "before it (2026-03-01)",
                #"models.m.prices[3].from: "always" is not later than the price before it "#
                    + "(2026-02-01T12:00:00Z)",
            ]
        )
    }

    @Test func `cliffs must ascend, be reachable, leave something to the base, and set a price`()
        throws
    {
        let base = try written(input: "1", output: "1")
        let tiers = [
            try tier(0, inclusive: true), try tier(100), try tier(101, inclusive: true),
            PriceTier(aboveInputTokens: 200, prices: WrittenPrices()), try tier(.max),
        ]
        #expect(
            sentences(card([PriceVersion(base: base, tiers: tiers)])) == [
                #"models.m.prices[0].tiers[0].from_input_tokens: "0" "#
                    + #"leaves nothing to the base price"#,
                #"models.m.prices[0].tiers[2].from_input_tokens: "101" "#
                    + #"is not above the tier before it"#,
                "models.m.prices[0].tiers[3]: the tier sets no price",
                #"models.m.prices[0].tiers[4].above_input_tokens: "4294967295" is more than any "#
                    + "request has",
            ]
        )
        let many = try (1...32).map { try tier(UInt32($0)) }
        #expect(
            sentences(card([PriceVersion(base: base, tiers: many)]))
                == [#"models.m.prices[0].tiers: "32" is more than 31 tiers"#]
        )
    }

    @Test func `names belong to one model`() throws {
        let price = PriceVersion(base: try written(input: "1", output: "1"))
        let models = [
            ModelRates(name: "a", aliases: ["x", "b", "a", "x"], versions: [price]),
            ModelRates(name: "b", aliases: ["x", ""], versions: [price]),
            ModelRates(name: "a", versions: [price]),
            ModelRates(name: " c", versions: [price]),
            ModelRates(name: "d\u{7}", versions: [price]),
            ModelRates(name: String(repeating: "e", count: 256), versions: [price]),
        ]
        let found = sentences(RateCard(name: "", models: models))
        #expect(found.count == 10)
        #expect(found[0] == "rate_card: a name is needed")
        #expect(found[1] == #"models.a: "a" is on the card more than once"#)
        #expect(found[2] == #"models. c: " c" begins or ends with a blank"#)
        #expect(found[3].hasSuffix("contains a control character"))
        #expect(found[4].hasSuffix("is longer than 255 bytes"))
        #expect(found[5] == #"models.a.aliases[1]: "b" is already a name of the model `b`"#)
        #expect(found[6] == #"models.a.aliases[2]: "a" is already a name of the model `a`"#)
        #expect(found[7] == #"models.a.aliases[3]: "x" is already a name of the model `a`"#)
        #expect(found[8] == #"models.b.aliases[0]: "x" is already a name of the model `a`"#)
        #expect(found[9] == "models.b.aliases[1]: a name is needed")
    }

    @Test func `names belong to one provider, and hold no slash`() throws {
        let card = RateCard(
            name: "c",
            providers: [
                ProviderNames(name: "p", aliases: ["q", "r/s"]),
                ProviderNames(name: "q"),
            ],
            models: []
        )
        #expect(
            sentences(card) == [
                #"providers.p[1]: "r/s" contains a slash, which ends a provider's name"#,
                #"providers.q: "q" is already a name of the provider `p`"#,
            ]
        )
    }

    @Test func `prices that look like a slip of six digits earn a warning`() throws {
        let version = PriceVersion(
            base: try written(
                input: "10000",
                cacheRead: "10000.000001",
                cacheWrite: "0.0001",
                output: "0.000099",
                reasoning: "0"
            )
        )
        var card = card([version])
        #expect(
            sentences(card) == [
                #"warning: models.m.prices[0].cache_read: "10000.000001" "#
                    + #"is above 10000 credits per "#
                    + "1,000,000 tokens: is it really the price of a million tokens?",
                #"warning: models.m.prices[0].output: "0.000099" is below 0.0001 credits per "#
                    + "1,000,000 tokens: is it the price of one token?",
                #"warning: models.m.prices[0].cache_read: "10000.000001" is above the input price "#
                    + "10000",
            ]
        )
        #expect(try RateTable(card).versionCount == 1)
        card.plausible = PlausiblePrices(lowest: .free, highest: try price("20000"))
        #expect(sentences(card).count == 1)
        card.plausible = PlausiblePrices(lowest: try price("2"), highest: try price("1"))
        #expect(sentences(card).first == #"plausible_prices.lowest: "2" is above `highest`"#)
    }

    @Test func `a card with errors becomes no table, and the refusal carries all of them`() throws {
        let wrong = RateCard(
            name: "wrong",
            defaultPrice: PriceVersion(base: WrittenPrices()),
            models: [ModelRates(name: "m", versions: [])]
        )
        let error = try #require(throws: RateCardError.self) { try RateTable(wrong) }
        #expect(error.findings.count == 3)
        #expect(
            error.description.hasPrefix(
                "rate card wrong is not taken; correct what follows and load it again\ndefault: "
            )
        )
    }
}
