import Quantities
import Rating
import SettingsFiles
import Testing

/// Goal: the check says in words what a card charges.
///
/// Method: a golden text.
@Suite struct RateCardCheckTests {
    private let text = """
        rate_card: demo
        unit: credits per 1,000,000 tokens
        charge_cache_hits: true
        default: {input: 5, output: 25}
        models:
          m:
            aliases: [p/m]
            prices:
              - from: always
                input: 3
                cache_read: 4
                output: 15
                tiers:
                  - {above_input_tokens: 200000, input: 6}
              - from: 2026-03-01
                input: 2
                cache_write: 0
                output: 10
          later:
            prices: [{from: 2030-01-01, input: 1, output: 1}]
        """

    @Test func `the explanation names versions, tiers, warnings and an example`() throws {
        let file = try RateCardFile.load(text: text, file: "demo.yaml")
        let march = try #require(Timestamp(rfc3339: "2026-03-01T00:00:00Z".utf8))
        let check = try RateCardCheck(file, at: march)
        #expect(
            check.text == """
                rate card demo, credits per 1,000,000 tokens
                  2 models, 4 price versions, 1 warning
                  failed requests are free; gateway cache hits are charged; unknown models are \
                charged at the default price
                demo.yaml:11:21: warning: models.m.prices[0].cache_read: "4" is above the input \
                price 3
                example request: 10000 input tokens, 6000 of them read from and 1000 written to a \
                cache; 2000 output tokens, 500 of them reasoning
                m (also p/m): example 0.038 credits
                  from always
                    input 3, cache_read 4, cache_write 3, output 15, reasoning 15
                    above 200000 input tokens: input 6, cache_read 4, cache_write 6, output 15, \
                reasoning 15
                  from 2026-03-01 (now)
                    input 2, cache_read 2, cache_write free, output 10, reasoning 10
                later: no price is in force yet
                  from 2030-01-01
                    input 1, cache_read 1, cache_write 1, output 1, reasoning 1
                default: example 0.1 credits
                  from always (now)
                    input 5, cache_read 5, cache_write 5, output 25, reasoning 25

                """
        )
        #expect(check.models.map(\.example) == ["0.038", nil, "0.1"])
        #expect(check.models.map(\.versions) == [2, 1, 1])
    }
}
