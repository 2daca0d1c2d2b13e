import Quantities
import Rating
import SettingsFiles
import Testing

/// Goal: a dry run shows all that a new card changes, and nothing else.
///
/// Method: two cards that differ in every way, and pairs that charge alike.
@Suite struct RateCardDiffTests {
    private func card(_ text: String) throws -> RateCard {
        try RateCardFile.load(text: text, file: "c").card
    }

    private let old = """
        rate_card: old
        unit: credits per 1,000,000 tokens
        providers: {anthropic: [claude], gone: []}
        models:
          away: {prices: [{input: 1, output: 1}]}
          m:
            aliases: [b, a]
            prices:
              - from: always
                input: 3
                cache_read: 0.3
                output: 15
                tiers:
                  - {above_input_tokens: 200000, input: 6}
                  - {above_input_tokens: 500000, input: 7}
          same: {prices: [{input: 1, output: 1}]}
        """

    private let new = """
        rate_card: new
        unit: credits per 1,000,000 tokens
        charge_failures: true
        default: {input: 5, output: 25}
        providers: {anthropic: [claude, cl]}
        models:
          same: {prices: [{input: 1, cache_read: 1.0, output: 1, reasoning: 1}]}
          m:
            aliases: [a, c]
            prices:
              - from: always
                input: 3
                cache_read: 0.25
                output: 15
                tiers:
                  - {from_input_tokens: 200001, input: 6.5}
                  - {above_input_tokens: 400000, input: 7}
              - from: 2026-03-01
                input: 2
                output: 10
          more: {prices: [{input: 1, output: 1}]}
        """

    @Test func `every difference is told once`() throws {
        let diff = RateCardDiff(old: try card(old), new: try card(new))
        let full = "cache_read 0.3, cache_write 7, output 15, reasoning 15"
        let less = "cache_read 0.25, cache_write 7, output 15, reasoning 15"
        #expect(
            diff.description == """
                1 added, 1 removed, 13 changed
                - away
                + more
                ~ rate_card old -> new
                ~ charge_failures false -> true
                ~ provider anthropic claude -> cl, claude
                ~ provider gone - -> (none)
                ~ default, from always: version (none) -> input 5, cache_read 5, cache_write 5, \
                output 25, reasoning 25
                ~ m: aliases a, b -> a, c
                ~ m, from always: cache_read 0.3 -> 0.25
                ~ m, from always, above 200000: input 6 -> 6.5
                ~ m, from always, above 200000: cache_read 0.3 -> 0.25
                ~ m, from always, above 200000: cache_write 6 -> 6.5
                ~ m, from always, above 400000: tier (none) -> input 7, \(less)
                ~ m, from always, above 500000: tier input 7, \(full) -> (none)
                ~ m, from 2026-03-01: version (none) -> input 2, cache_read 2, cache_write 2, \
                output 10, reasoning 10

                """
        )
        #expect(diff.added == ["more"])
        #expect(diff.removed == ["away"])
        #expect(!diff.isEmpty)
    }

    @Test func `the other way round, old and new change sides`() throws {
        let there = RateCardDiff(old: try card(old), new: try card(new))
        let back = RateCardDiff(old: try card(new), new: try card(old))
        #expect(back.added == there.removed)
        func key(_ change: RateCardDiff.Change, _ old: String?, _ new: String?) -> String {
            "\(change.model ?? "") \(change.from ?? "") \(change.tier ?? "") \(change.what) "
                + "\(old ?? "-") \(new ?? "-")"
        }
        #expect(
            back.changes.map { key($0, $0.old, $0.new) }.sorted()
                == there.changes.map { key($0, $0.new, $0.old) }.sorted()
        )
    }

    @Test func `a card does not differ from itself, nor from one that charges alike`() throws {
        let card = try card(new)
        #expect(RateCardDiff(old: card, new: card).description == "no difference\n")
        var other = card
        other.models.reverse()
        #expect(RateCardDiff(old: card, new: other).isEmpty)
    }
}
