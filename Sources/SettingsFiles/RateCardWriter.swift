import Quantities
import Rating

extension RateCardFile {
    /// The card as canonical YAML, which reads back to the same card.
    ///
    /// - Parameters:
    ///   - card: The card.
    ///   - comment: Lines to put before it as comments.
    /// - Returns: The file's text.
    public static func write(_ card: RateCard, comment: [String] = []) -> String {
        var writer = RateCardWriter()
        writer.write(card, comment: comment)
        return writer.text
    }
}

/// Writes YAML line by line; only what a rate card needs.
struct RateCardWriter {
    var text = ""

    mutating func line(_ depth: Int, _ content: String) {
        text += String(repeating: "  ", count: depth) + content + "\n"
    }

    mutating func write(_ card: RateCard, comment: [String]) {
        for text in comment {
            // A line break inside a comment would end it.
            let safe = String(text.map { $0.isNewline ? " " : $0 })
            line(0, safe.isEmpty ? "#" : "# \(safe)")
        }
        line(0, "rate_card: \(scalar(card.name))")
        line(0, "unit: \(RateCardFile.unit)")
        line(0, "charge_failures: \(card.policy.chargesFailures)")
        line(0, "charge_cache_hits: \(card.policy.chargesCacheHits)")
        if card.plausible != .standard {
            line(0, "plausible_prices:")
            line(1, "lowest: \(card.plausible.lowest.perMillion)")
            line(1, "highest: \(card.plausible.highest.perMillion)")
        }
        if let price = card.defaultPrice {
            line(0, "default:")
            write(price.base, depth: 1)
            write(price.tiers, depth: 1)
        } else {
            line(0, "default: refuse")
        }
        if !card.providers.isEmpty {
            line(0, "providers:")
            for provider in card.providers {
                line(1, "\(scalar(provider.name)): \(list(provider.aliases))")
            }
        }
        line(0, card.models.isEmpty ? "models: {}" : "models:")
        for model in card.models { write(model) }
        writeMachines(card)
    }

    private mutating func write(_ model: ModelRates) {
        line(1, "\(scalar(model.name)):")
        if !model.aliases.isEmpty { line(2, "aliases: \(list(model.aliases))") }
        line(2, "prices:")
        for version in model.versions {
            line(3, "- from: \(version.effectiveFrom.rateCardText)")
            write(version.base, depth: 4)
            write(version.tiers, depth: 4)
        }
    }

    private mutating func write(_ tiers: [PriceTier], depth: Int) {
        guard !tiers.isEmpty else { return }
        line(depth, "tiers:")
        for tier in tiers {
            let key = tier.isInclusive ? "from_input_tokens" : "above_input_tokens"
            line(depth + 1, "- \(key): \(tier.aboveInputTokens)")
            write(tier.prices, depth: depth + 2)
        }
    }

    private mutating func write(_ prices: WrittenPrices, depth: Int) {
        for tokenClass in TokenClass.allCases {
            guard let price = prices[tokenClass] else { continue }
            line(depth, "\(tokenClass.name): \(price.perMillion)")
        }
    }

    func list(_ names: [String]) -> String {
        "[" + names.map(scalar).joined(separator: ", ") + "]"
    }

    /// A name as a YAML scalar: plain where nobody can misread it, else in double quotes.
    func scalar(_ name: String) -> String {
        let bytes = name.utf8
        let isWord = bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."), UInt8(ascii: "/"):
                true
            default:
                false
            }
        }
        let beginsWithLetter = bytes.first.map { $0 >= UInt8(ascii: "A") } ?? false
        let isReserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(name.lowercased())
        if isWord, beginsWithLetter, !isReserved { return name }
        var quoted = "\""
        for scalar in name.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
