/// What became of a LiteLLM price list: nothing is dropped without a word.
public struct LiteLLMReport: Sendable, Hashable, Encodable {
    /// An entry that is not on the card.
    public struct Skipped: Sendable, Hashable, Encodable {
        /// The entry's name.
        public let model: String
        /// Why.
        public let reason: String
    }

    /// A price that had more decimals than a card carries.
    public struct Rounded: Sendable, Hashable, Encodable {
        /// The entry's name.
        public let model: String
        /// The field.
        public let field: String
        /// The price per token as published.
        public let published: String
        /// The price per 1,000,000 tokens as carried.
        public let carried: String
    }

    /// A price that was not published for a class and was set by a rule.
    public struct Assumed: Sendable, Hashable, Encodable {
        /// The entry's name.
        public let model: String
        /// What was set, and why.
        public let what: String
    }

    /// How many prices of a kind were left out.
    public struct NotCarried: Sendable, Hashable, Encodable {
        /// The kind.
        public let kind: String
        /// How many fields.
        public let count: Int
    }

    /// Entries of the list, `sample_spec` not counted.
    public internal(set) var entries = 0
    /// Models on the card.
    public internal(set) var models = 0
    /// Models on the card whose every price is 0.
    public internal(set) var freeModels: [String] = []
    /// Cliff tiers on the card.
    public internal(set) var tiers = 0
    /// Prices per token that the list publishes, of any kind, other currencies not counted.
    public internal(set) var published = 0
    /// Those of them that are whole numbers of 10^-12 credit.
    public internal(set) var publishedExact = 0
    /// Prices carried to the card.
    public internal(set) var carried = 0
    /// Those of them that needed rounding, half to even.
    public internal(set) var rounded: [Rounded] = []
    /// Prices set by a rule.
    public internal(set) var assumed: [Assumed] = []
    /// Entries that are not on the card.
    public internal(set) var skipped: [Skipped] = []
    /// Prices left out, by kind, the most frequent first.
    public internal(set) var notCarried: [NotCarried] = []
    /// What `RateCard.findings` warns of on the card.
    public internal(set) var warnings: [String] = []

    /// The whole report for people: counts, then every list in full.
    public var text: String {
        var text = summary
        func list(_ title: String, _ lines: [String]) {
            guard !lines.isEmpty else { return }
            text += "\n\(title) (\(lines.count)):\n"
            for line in lines { text += "  \(line)\n" }
        }
        list(
            "Rounded half to even, price per token -> price per 1,000,000 tokens",
            rounded.map { "\($0.model) \($0.field): \($0.published) -> \($0.carried)" }
        )
        list("Set by a rule", assumed.map { "\($0.model): \($0.what)" })
        list("Warnings", warnings)
        list("Free of charge", freeModels)
        list("Prices not carried, by kind", notCarried.map { "\($0.count) \($0.kind)" })
        list("Entries not carried", skipped.map { "\($0.model): \($0.reason)" })
        return text
    }

    /// The counts, in a few lines.
    public var summary: String {
        """
        \(entries) entries: \(models) models carried, \(skipped.count) skipped
        \(carried) prices carried: \(carried - rounded.count) exactly, \(rounded.count) rounded; \
        \(tiers) cliff tiers
        \(published) prices per token published, \(publishedExact) of them exact at 10^-12 credit
        \(notCarried.reduce(0) { $0 + $1.count }) other prices not carried, \
        \(assumed.count) set by a rule, \(freeModels.count) models free of charge, \
        \(warnings.count) warnings

        """
    }
}
