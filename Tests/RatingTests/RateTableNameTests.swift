import Quantities
import Rating
import Testing

/// Goal: a reported name finds the price that the card's author meant.
///
/// Method: a table of names and providers, in the order of precedence.
@Suite struct RateTableNameTests {
    private func card(withDefault: Bool) throws -> RateCard {
        let price = PriceVersion(base: try written(input: "1", output: "2"))
        return RateCard(
            name: "names",
            defaultPrice: withDefault ? price : nil,
            providers: [ProviderNames(name: "anthropic", aliases: ["claude"])],
            models: [
                ModelRates(name: "sonnet", aliases: ["sonnet-4", "models/s"], versions: [price]),
                ModelRates(name: "azure/gpt", versions: [price]),
                ModelRates(name: "gpt", versions: [price]),
                ModelRates(name: "anthropic/opus", versions: [price]),
            ]
        )
    }

    @Test(
        arguments: [
            ("sonnet", nil, 0), ("sonnet-4", nil, 0), ("models/s", nil, 0), ("Sonnet", nil, nil),
            ("gpt", nil, 2), ("gpt", "openai", 2), ("gpt", "azure", 1), ("azure/gpt", nil, 1),
            ("azure/gpt", "azure", 1), ("opus", nil, nil), ("opus", "anthropic", 3),
            ("opus", "claude", 3), ("claude/opus", nil, 3), ("claude/sonnet", nil, 0),
            ("openai/gpt", nil, nil), ("claude/none", nil, nil), ("", nil, nil),
            ("/", "claude", nil),
        ] as [(String, String?, Int?)]
    )
    func `names, aliases and providers resolve in the stated order`(
        name: String,
        provider: String?,
        expected: Int?
    ) throws {
        let strict = try RateTable(card(withDefault: false))
        let lenient = try RateTable(card(withDefault: true))
        let found = strict.model(named: name, provider: provider)
        #expect(found == expected.map { .listed($0) } ?? .unknown)
        let other = lenient.model(named: name, provider: provider)
        #expect(other == expected.map { .listed($0) } ?? .byDefault(4))
    }

    @Test func `the default price is a model of its own`() throws {
        let table = try RateTable(card(withDefault: true))
        let number = try #require(table.defaultModel)
        #expect(table.modelNames[number] == "default")
        let version = try #require(table.version(of: number, at: .epoch))
        let charge = table.charge(TokenCounts(input: 1, output: 1), version: version)
        #expect(charge?.amount.description == "0.000003")
    }
}
