import Quantities
import Rating

/// What a field of a LiteLLM entry is about.
enum LiteLLMField {
    /// A price of a class of tokens, below every cliff or above the bound.
    case price(TokenClass, above: UInt32?)
    /// Prices by ranges of input tokens.
    case ranges
    /// A price that a rate card does not carry, by its kind.
    case notCarried(String)
    /// No price at all.
    case other

    /// The fields of the classes, without a suffix.
    static let classes: [(field: String, tokenClass: TokenClass)] = [
        ("input_cost_per_token", .input), ("output_cost_per_token", .output),
        ("cache_read_input_token_cost", .cacheRead),
        ("cache_creation_input_token_cost", .cacheWrite),
        ("output_cost_per_reasoning_token", .reasoning),
    ]

    /// Kinds of prices that are not carried; the first mark found in a field's name decides.
    ///
    /// Service levels come first: `input_cost_per_audio_token_batches` is a batch price.
    private static let kinds: [(mark: String, kind: String)] = [
        ("_batches", "batches"), ("_priority", "priority service"), ("_flex", "flex service"),
        ("_ultrafast", "ultrafast service"), ("_balanced", "balanced service"),
        ("_decisions", "decisions service"), ("off_peak", "off-peak hours"),
        ("above_1hr", "cache kept above 1 hour"), ("_cache_hit", "older name of the cache price"),
        ("_dbu_", "other currency (DBU)"), ("explicit_cache", "explicit cache"),
        ("audio", "audio"), ("video", "video"), ("image", "image"), ("pixel", "pixel"),
        ("character", "character"), ("per_second", "second"), ("query", "query or search"),
        ("citation", "citation"), ("page", "page"), ("_per_1k", "tool use"),
        ("session", "tool use"), ("request", "request"), ("gb_per_day", "storage"),
    ]

    init(_ name: String) {
        if name == "provider_specific_entry" {
            self = .notCarried("multiplier for a region or a speed")
            return
        }
        guard name.contains("cost") || name.contains("pricing") || name.contains("price") else {
            self = .other
            return
        }
        if name == "tiered_pricing" {
            self = .ranges
            return
        }
        for (field, tokenClass) in LiteLLMField.classes where name.hasPrefix(field) {
            if name == field {
                self = .price(tokenClass, above: nil)
                return
            }
            if let bound = LiteLLMField.bound(of: name.dropFirst(field.utf8.count)) {
                self = .price(tokenClass, above: bound)
                return
            }
        }
        let kind = LiteLLMField.kinds.first { name.contains($0.mark) }?.kind
        self = .notCarried(kind ?? "other: \(name)")
    }

    /// Whether the field is a published price per token of this list's currency.
    static func isTokenPrice(_ name: String) -> Bool {
        name.contains("cost") && name.contains("token") && !name.contains("_dbu_")
    }

    /// The bound of `_above_200k_tokens` or `_above_200_tokens`; nil for every other suffix.
    ///
    /// LiteLLM takes k for 1000, not 1024.
    private static func bound(of suffix: Substring) -> UInt32? {
        guard suffix.hasPrefix("_above_"), suffix.hasSuffix("_tokens") else { return nil }
        var digits = suffix.dropFirst("_above_".utf8.count).dropLast("_tokens".utf8.count)
        let isThousands = digits.hasSuffix("k")
        if isThousands { digits = digits.dropLast() }
        guard digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let number = UInt32(digits)
        else { return nil }
        let (bound, overflow) = number.multipliedReportingOverflow(by: isThousands ? 1_000 : 1)
        return overflow ? nil : bound
    }
}
