import Quantities
import Rating
import SettingsFiles
import Testing

/// Goal: each rule of the import holds.
///
/// Method: small lists, one rule each.
@Suite struct LiteLLMImportTests {
    private func imported(_ entries: String) throws -> LiteLLMImport {
        try LiteLLMImport(text: "{\(entries)}", file: "list.json")
    }

    /// The canonical price of the only model.
    private func price(_ fields: String) throws -> String {
        let list = try imported("\"m\": {\(fields)}")
        guard let model = list.card.models.first else {
            return list.report.skipped.first?.reason ?? "nothing"
        }
        return model.versions[0].content.canonicalText
    }

    @Test func `prices per token become prices per million, exactly`() throws {
        #expect(
            try price(
                """
                "input_cost_per_token": 3e-06, "output_cost_per_token": 0.000015,
                "cache_read_input_token_cost": 3.0E-7, "cache_creation_input_token_cost": "3.75e-6",
                "output_cost_per_reasoning_token": 1e-12, "mode": "chat"
                """
            ) == "input 3, cache_read 0.3, cache_write 3.75, output 15, reasoning 0.000001"
        )
    }

    @Test(arguments: [
        ("1.0000000000000001e-07", "0.1"), ("2.5e-13", "0"), ("5e-13", "0"),
        ("1.5e-12", "0.000002"),
        ("2.5e-12", "0.000002"), ("2.500000000000001e-12", "0.000003"), ("1e-60", "0"),
    ])
    func `what is finer than 10^-12 is rounded half to even, and named`(
        text: String,
        carried: String
    ) throws {
        let list = try imported(
            #""m": {"input_cost_per_token": \#(text), "output_cost_per_token": 1e-6}"#
        )
        #expect(list.card.models[0].versions[0].base.input?.perMillion == carried)
        #expect(list.report.rounded.map(\.published) == [text])
        #expect(list.report.rounded.map(\.carried) == [carried])
        #expect(list.report.published == 2)
        #expect(list.report.publishedExact == 1)
        #expect(
            list.yaml(source: "x").contains("#   m input_cost_per_token: \(text) -> \(carried)")
        )
    }

    @Test func `cliffs are carried strictly above, k is 1000, and gaps keep the base's price`()
        throws
    {
        #expect(
            try price(
                """
                "input_cost_per_token_above_200k_tokens": 6e-6, "input_cost_per_token": 3e-6,
                "output_cost_per_token": 15e-6, "cache_read_input_token_cost": 3e-7,
                "input_cost_per_token_above_512_tokens": 4e-6,
                "output_cost_per_token_above_200k_tokens": 22.5e-6,
                "input_cost_per_token_above_200k_tokens_priority": 9e-6
                """
            ) == "input 3, cache_read 0.3, cache_write 3, output 15, reasoning 15; above 512: "
                + "input 4, cache_read 0.3, cache_write 4, output 15, reasoning 15; above 200000: "
                + "input 6, cache_read 0.3, cache_write 6, output 22.5, reasoning 22.5"
        )
    }

    @Test func `xai bills the bound itself at the higher price`() throws {
        #expect(
            try price(
                """
                "litellm_provider": "xai", "input_cost_per_token": 1e-6,
                "output_cost_per_token": 1e-6, "input_cost_per_token_above_200k_tokens": 2e-6
                """
            ).contains("; above 199999: input 2,")
        )
    }

    @Test func `a cliff that no request is below is skipped with its reason`() throws {
        #expect(
            try price(
                """
                "litellm_provider": "xai", "input_cost_per_token": 1e-6,
                "output_cost_per_token": 1e-6, "input_cost_per_token_above_0k_tokens": 2e-6
                """
            ) == #"models.m.prices[0].tiers[0].from_input_tokens: "0" leaves "#
                + "nothing to the base price"
        )
    }

    @Test func `ranges of input tokens are cliffs`() throws {
        #expect(
            try price(
                """
                "tiered_pricing": [
                  {"range": [0, 32000.0], "input_cost_per_token": 1e-6,
                   "output_cost_per_token": 2e-6},
                  {"range": [32000.0, 1e6], "input_cost_per_token": 3e-6,
                   "output_cost_per_token": 4e-6, "cache_read_input_token_cost": 0.0}]
                """
            ) == "input 1, cache_read 1, cache_write 1, output 2, reasoning 2; above 32000: "
                + "input 3, cache_read 0, cache_write 3, output 4, reasoning 4"
        )
    }

    @Test(arguments: [
        (
            #""tiered_pricing": [{"range": [1, 5], "input_cost_per_token": 1e-6}]"#,
            "its ranges of input tokens do not join"
        ),
        (
            #""tiered_pricing": [{"max_results_range": [0, 5], "input_cost_per_query": 1}]"#,
            "no price per token"
        ),
        (#""mode": "chat""#, "no price at all"),
        (#""output_cost_per_image": 0.04"#, "no price per token"),
        (#""output_cost_per_token": 1e-6"#, "no price for input tokens"),
        (#""input_cost_per_token": 1e-6, "mode": "chat""#, "no price for output tokens"),
        (
            #""input_cost_per_token": -1e-6, "output_cost_per_token": 1e-6"#,
            #"`input_cost_per_token`: "-1e-6" is out of range"#
        ),
        (
            #""input_cost_per_token": 1e9, "output_cost_per_token": 1e-6"#,
            #"`input_cost_per_token`: "1e9" is out of range"#
        ),
        (
            #""input_cost_per_token": "free", "output_cost_per_token": 1e-6"#,
            #"`input_cost_per_token`: "free" is not a decimal number"#
        ),
        (
            #""input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "#
                + #""input_cost_per_query": 1"#,
            "its prices per token are 0, and it is priced by something else"
        ),
        (
            #""input_cost_per_token": 0, "output_cost_per_token": 0, "#
                + #""input_cost_per_audio_token": 1"#,
            "its prices per token are 0, and it is priced by something else"
        ),
    ])
    func `what cannot be carried is skipped with its reason`(fields: String, reason: String) throws
    {
        #expect(try price(fields) == reason)
    }

    @Test func `a missing output price is set by a rule, and named`() throws {
        let list = try imported(
            """
            "e": {"input_cost_per_token": 1e-7, "mode": "embedding"},
            "i": {"input_cost_per_token": 5e-6, "mode": "image_generation",
                  "output_cost_per_image_token": 4e-5}
            """
        )
        #expect(list.card.models.map { $0.versions[0].base.output?.perMillion } == ["0", "40"])
        #expect(
            list.report.assumed.map(\.what) == [
                "output 0, as mode is embedding", "output 40, its price of an image token",
            ]
        )
    }

    @Test func `null is no price, and 0 is one`() throws {
        #expect(
            try price(
                """
                "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6,
                "cache_read_input_token_cost": null, "cache_creation_input_token_cost": 0.0
                """
            ) == "input 1, cache_read 1, cache_write 0, output 1, reasoning 1"
        )
    }

    @Test func `what is left out is counted by kind, and free models are listed`() throws {
        let list = try imported(
            """
            "sample_spec": {"input_cost_per_token": 1},
            "fallback_generalizations": {"rules": []},
            "m": {"input_cost_per_token": 0, "output_cost_per_token": 0.0, "max_tokens": 5,
                  "input_cost_per_token_batches": 1e-6, "input_cost_per_audio_token_batches": 1e-6,
                  "cache_creation_input_token_cost_above_1hr": 1e-6, "input_dbu_cost_per_token": 0,
                  "off_peak_pricing": {"input_cost_per_token": 1e-6}, "odd_price": 0,
                  "output_cost_per_token_flex": 1e-6}
            """
        )
        #expect(list.report.entries == 2)
        #expect(list.report.skipped.map(\.reason) == ["not a model"])
        #expect(list.report.freeModels == ["m"])
        #expect(list.report.published == 7)
        let kinds = list.report.notCarried.map { "\($0.count) \($0.kind)" }
        #expect(
            kinds == [
                "2 batches", "1 cache kept above 1 hour", "1 flex service", "1 off-peak hours",
                "1 other currency (DBU)", "1 other: odd_price",
            ]
        )
        #expect(list.report.text.contains("Free of charge (1):\n  m\n"))
        #expect(list.report.text.contains("2 batches"))
    }

    @Test func `a price typed per million instead of per token is warned of`() throws {
        let list = try imported(#""m": {"input_cost_per_token": 3, "output_cost_per_token": 15}"#)
        #expect(list.report.warnings.count == 2)
        #expect(list.report.warnings[0].contains(#""3000000" is above 10000 credits"#))
    }

    @Test(arguments: ["[]", "{\"m\": 3}", "{\"m\": {}, \"m\": {}}", "{", ""])
    func `what is no list is refused`(text: String) {
        #expect(throws: SettingsError.self) { try LiteLLMImport(text: text, file: "x.json") }
    }
}
