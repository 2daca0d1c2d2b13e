import Rating
import SettingsFiles
import Testing

/// Goal: whoever breaks a card is told what, where and how it should be.
///
/// Method: a table of broken cards and the exact messages with their lines.
@Suite struct RateCardBrokenTests {
    /// A card of one model; the model's block begins on line 4.
    private static let models: [(block: String, expected: [String])] = [
        (
            "  m:\n    prices:\n      - input: -3\n        output: 15",
            [#"line 6: models.m.prices[0].input: "-3" is negative; a price never is"#]
        ),
        (
            "  m:\n    prices:\n      - input: 3 USD\n        output: 1,5",
            [
                #"line 6: models.m.prices[0].input: "3 USD" is not a decimal number such as 0.30"#,
                #"line 7: models.m.prices[0].output: "1,5" is not a decimal number such as 0.30"#,
            ]
        ),
        (
            "  m:\n    prices:\n      - input: 0.0000003\n        output: 9223372036854.775808",
            [
                #"line 6: models.m.prices[0].input: "0.0000003" has more than 6 decimals; prices "#
                    + "are credits per 1,000,000 tokens, not per token",
                #"line 7: models.m.prices[0].output: "9223372036854.775808" "#
                    + #"is too large for a price"#,
            ]
        ),
        (
            "  m:\n    prices:\n      - input: .nan\n        output: [1]",
            [
                #"line 6: models.m.prices[0].input: ".nan" is not a decimal number such as 0.30"#,
                "line 7: models.m.prices[0].output: a single value is expected here",
            ]
        ),
        (
            "  m:\n    prices:\n      - input: 3\n        cached_input: 0.3",
            [
                "line 6: models.m.prices[0]: the price `output` is missing; write 0 if it is free",
                "line 7: models.m.prices[0].cached_input: unknown key; known are `from`, `input`, "
                    + "`cache_read`, `cache_write`, `output`, `reasoning`, `tiers`",
            ]
        ),
        (
            "  m:\n    prices:\n      - input: 3\n        outptu: 4\n        output: 0",
            ["line 7: models.m.prices[0].outptu: unknown key; is `output` meant?"]
        ),
        ("  m:\n    prices: []", ["line 5: models.m.prices: at least one price is needed"]),
        (
            "  m:\n    aliases: [a]",
            ["line 5: models.m: the key `prices` is missing"]
        ),
        ("  m: 3", [#"line 4: models.m: "3" is not a mapping of keys"#]),
        ("  m:", ["line 4: models.m: a mapping of keys is expected here"]),
        (
            "  m:\n    prices:\n      input: 3\n      output: 4",
            ["line 6: models.m.prices: is not a list"]
        ),
        (
            "  m:\n    prices:\n      - 3\n",
            [#"line 6: models.m.prices[0]: "3" is not a mapping of keys"#]
        ),
        (
            """
              m:
                prices:
                  - {from: 2026-03-01, input: 1, output: 1}
                  - {from: 2026-02-30, input: 1, output: 1}
                  - {from: 2026-03-01, input: 1, output: 1}
                  - {from: 2026-01-01T00:00:00Z, input: 1, output: 1}
                  - {input: 1, output: 1}
            """,
            [
                #"line 7: models.m.prices[1].from: "2026-02-30" "#
                    + #"is not a time such as 2026-03-01 or "#
                    + "2026-03-01T10:00:00Z",
                #"line 8: models.m.prices[2].from: "2026-03-01" is the date of two prices"#,
                #"line 9: models.m.prices[3].from: "2026-01-01T00:00:00Z" is not later than the "#
                    + "price before it (2026-03-01)",
                "line 10: models.m.prices[4]: the key `from` is missing",
            ]
        ),
        (
            """
              m:
                prices:
                  - {from: 2026-03-01, input: 1, output: 1}
                  - {from: 2026-03-01, input: 2, output: 1}
            """,
            [#"line 7: models.m.prices[1].from: "2026-03-01" is the date of two prices"#]
        ),
        (
            """
              m:
                prices:
                  - input: 1
                    output: 1
                    tiers:
                      - above_input_tokens: 100
                        input: 2
                      - above_input_tokens: 100
                        input: 2
                      - above_input_tokens: 200k
                        input: 2
                      - above_input_tokens: 300
                        from_input_tokens: 300
                        input: 2
                      - input: 2
                      - above_input_tokens: 4294967295
                        input: 2
                      - above_input_tokens: 4294967296
            """,
            [
                #"line 11: models.m.prices[0].tiers[1].above_input_tokens: "100" is not above the "#
                    + "tier before it",
                #"line 13: models.m.prices[0].tiers[2].above_input_tokens: "200k" is not a whole "#
                    + "number",
                #"line 16: models.m.prices[0].tiers[3].from_input_tokens: "300" stands beside "#
                    + "`above_input_tokens`; a tier has one bound",
                "line 18: models.m.prices[0].tiers[4]: the key `above_input_tokens` is missing",
                #"line 19: models.m.prices[0].tiers[5].above_input_tokens: "4294967295" is more "#
                    + "than any request has",
                "line 21: models.m.prices[0].tiers[6]: the tier sets no price",
                #"line 21: models.m.prices[0].tiers[6].above_input_tokens: "4294967296" must be "#
                    + "between 0 and 4294967295",
            ]
        ),
        (
            "  a:\n    aliases: [x, y]\n    prices: [{input: 1, output: 1}]\n"
                + "  y:\n    aliases:\n      - x\n      - ''\n    prices: [{input: 1, output: 1}]",
            [
                #"line 5: models.a.aliases[1]: "y" is already a name of the model `y`"#,
                #"line 9: models.y.aliases[0]: "x" is already a name of the model `a`"#,
                "line 10: models.y.aliases[1]: a value is expected here",
            ]
        ),
        (
            "  ' a':\n    prices: [{input: 1, output: 1}]",
            [#"line 4: models." a": " a" begins or ends with a blank"#]
        ),
        (
            "  gpt-4.1:\n    prices: [{input: x, output: 1}]",
            [
                #"line 5: models."gpt-4.1".prices[0].input: "x" "#
                    + #"is not a decimal number such as 0.30"#
            ]
        ),
        (
            "  a: &a\n    prices: [{input: 1, output: 1}]\n  b: *a",
            [#"line 4: (the file): "a" is an anchor; anchors are not supported"#]
        ),
        (
            "  a:\n    prices: [{input: 1, output: 1}]\n  b: {}\n  a:\n    prices: []",
            [#"line 4: (the file): "a" appears more than once in the same mapping"#]
        ),
        (
            "  d: {}\n  c: {}\n  b: {}\n  a: {}\n  a: {}\n  b: {}\n  c: {}\n  d: {}",
            [#"(the file): "a", "b", "c", "d" appears more than once in the same mapping"#]
        ),
        (
            "  a:\n    prices: [{input: 1, output: 1}\n  b: {}",
            ["line 6: (the file): not well-formed YAML: did not find expected ',' or ']'"]
        ),
    ]

    @Test(arguments: 0..<models.count)
    func `a broken model is named with its line`(row: Int) {
        let (block, expected) = Self.models[row]
        #expect(cardIssues(of: cardText(block)) == expected)
    }

    private static let cards: [(text: String, expected: [String])] = [
        ("", ["line 1: (the file): the file holds nothing; a mapping of keys is expected"]),
        ("- a", ["line 1: (the file): is not a mapping of keys"]),
        (
            "models: {}",
            [
                "line 1: (the file): the key `rate_card` is missing",
                "line 1: (the file): the key `unit` is missing",
            ]
        ),
        (
            "rate_card: c\nunit: USD per token\ncharge_failures: no\ncharge_cache_hits: 'true'\n"
                + "default: allow\nmodel: {}\nmodels:\n",
            [
                #"line 2: unit: "USD per token" is not the unit of a rate card; the only one is "#
                    + "`credits per 1,000,000 tokens`",
                #"line 3: charge_failures: "no" is not one of `true`, `false`"#,
                #"line 5: default: "allow" is neither `refuse` nor a block of prices"#,
                "line 6: model: unknown key; is `models` meant?",
                "line 7: (the file): the key `models` is missing",
            ]
        ),
        (
            "rate_card: c\nunit: credits per 1,000,000 tokens\nmodels: {}\n"
                + "default:\n  input: 1\n  from: always\nproviders:\n  a: [b, c/d]\n  b:\n"
                + "plausible_prices: {lowest: 2, highest: 1}\n",
            [
                "line 5: default: the price `output` is missing; write 0 if it is free",
                "line 6: default.from: unknown key; known are `input`, `cache_read`, "
                    + "`cache_write`, `output`, `reasoning`, `tiers`",
                #"line 8: providers.a[1]: "c/d" contains a slash, which ends a provider's name"#,
                #"line 9: providers.b: "b" is already a name of the provider `a`"#,
                #"line 10: plausible_prices.lowest: "2" is above `highest`"#,
            ]
        ),
        (
            "rate_card: c\n---\nrate_card: d",
            ["line 2: (the file): not well-formed YAML: but found another document"]
        ),
    ]

    @Test(arguments: 0..<cards.count)
    func `a broken card is named with its lines`(row: Int) {
        let (text, expected) = Self.cards[row]
        #expect(cardIssues(of: text) == expected)
    }

    @Test func `odd prices are warned of, and the card is taken`() throws {
        let text = cardText(
            """
              m:
                prices:
                  - input: 0.000003
                    cache_read: 3
                    output: 15000000
            """
        )
        let expected: [String] = [
            #"line 6: warning: models.m.prices[0].input: "0.000003" "#
                + #"is below 0.0001 credits per "#
                + "1,000,000 tokens: is it the price of one token?",
            #"line 7: warning: models.m.prices[0].cache_read: "3" is above the input price "#
                + "0.000003",
            #"line 8: warning: models.m.prices[0].output: "15000000" "#
                + #"is above 10000 credits per "#
                + "1,000,000 tokens: is it really the price of a million tokens?",
        ]
        #expect(cardIssues(of: text) == expected)
        #expect(try RateCardFile.load(text: text, file: "c").card.models.count == 1)
    }

    @Test func `a card whose credit is a token states its own bounds`() throws {
        let text =
            "rate_card: packs\nunit: credits per 1,000,000 tokens\n"
            + "plausible_prices: {lowest: 1000000, highest: 1000000}\n"
            + "default: {input: 1000000, output: 1000000}\nmodels: {}\n"
        let file = try RateCardFile.load(text: text, file: "c")
        #expect(file.warnings.isEmpty)
        let table = try RateTable(file.card)
        #expect(table.model(named: "anything") == .byDefault(0))
    }

    @Test func `the refusal lists every line, as compilers do, and says what to do`() {
        let text = cardText("  m:\n    prices:\n      - input: -3\n        output: x")
        let error = #expect(throws: SettingsError.self) {
            try RateCardFile.load(text: text, file: "rates.yaml")
        }
        #expect(
            error?.description == """
                rates.yaml:6:16: error: models.m.prices[0].input: "-3" is negative; a price never is
                rates.yaml:7:17: error: models.m.prices[0].output: "x" is not a decimal number \
                such as 0.30
                rates.yaml: not taken; correct the lines above and check it again
                """
        )
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `whatever is done to a card, it is taken or refused with lines`(seed: UInt64) throws {
        var random = CardNumbers(seed: seed)
        let sound = Array(RateCardFile.write(RandomCard.make(&random)).utf8)
        let odd = Array(":-[]{}#&*!|>'\"%@` \n\t,0a~\\".utf8)
        for _ in 0..<100 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = odd.randomElement(using: &random) ?? 0
                default: bytes.insert(odd.randomElement(using: &random) ?? 0, at: place)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do throws(SettingsError) {
                let card = try RateCardFile.load(text: text, file: "fuzz").card
                // What is taken can be used.
                _ = try? RateTable(card)
                #expect(card.findings.allSatisfy { $0.severity == .warning }, "seed \(seed)")
            } catch {
                guard case .invalid(_, let issues) = error else {
                    Issue.record("seed \(seed): \(error)")
                    continue
                }
                #expect(!issues.isEmpty, "seed \(seed)")
            }
        }
    }
}
