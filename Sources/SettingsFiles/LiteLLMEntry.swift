import Quantities
import Rating

/// Reads one entry of the list.
struct LiteLLMEntry {
    let name: String
    /// What is found out, to be merged into the report.
    var rounded: [LiteLLMReport.Rounded] = []
    var assumed: [LiteLLMReport.Assumed] = []
    var notCarried: [String] = []
    var carried = 0
    var published = 0
    var publishedExact = 0
    private var provider = ""
    private var mode = ""
    private var base = WrittenPrices()
    private var tiers: [UInt32: WrittenPrices] = [:]
    private var imageOutput: Price?
    private var hasOtherPrice = false
    private var fault: String?

    init(name: String) {
        self.name = name
    }

    /// The model for the card, or why there is none.
    mutating func read(_ map: YamlMapping) -> Result {
        provider = map.text("litellm_provider") ?? ""
        mode = map.text("mode") ?? ""
        for (field, value) in map.all where !value.isNull { read(field, value) }
        if let fault { return .skipped(fault) }
        if base.isEmpty, tiers.isEmpty {
            return .skipped(hasOtherPrice ? "no price per token" : "no price at all")
        }
        if base.input == nil { return .skipped("no price for input tokens") }
        if base.output == nil {
            guard fillOutput() else { return .skipped("no price for output tokens") }
        }
        let version = self.version
        if hasOtherPrice, isFree(version) {
            // Carried, it would give away what it costs by the image, the query or the second.
            return .skipped("its prices per token are 0, and it is priced by something else")
        }
        return .model(ModelRates(name: name, versions: [version]), isFree: isFree(version))
    }

    enum Result {
        case model(ModelRates, isFree: Bool)
        case skipped(String)
    }

    private var version: PriceVersion {
        PriceVersion(
            base: base,
            tiers: tiers.sorted { $0.key < $1.key }.map { bound, prices in
                // The one provider of the list that bills the bound itself at the higher price.
                PriceTier(
                    aboveInputTokens: bound,
                    isInclusive: provider == "xai",
                    prices: prices
                )
            }
        )
    }

    private func isFree(_ version: PriceVersion) -> Bool {
        // Not by `content`: the version has not been checked yet.
        ([nil] + version.tiers.map(Optional.some)).allSatisfy { tier in
            let prices = version.prices(in: tier)
            return TokenClass.allCases.allSatisfy { prices[$0] == .free }
        }
    }

    /// A missing output price: image tokens for models that only make images, 0 for those that put
    /// out none.
    private mutating func fillOutput() -> Bool {
        if let imageOutput {
            base.output = imageOutput
            let what = "output \(imageOutput.perMillion), its price of an image token"
            assumed.append(LiteLLMReport.Assumed(model: name, what: what))
            return true
        }
        guard mode == "embedding" || mode == "rerank" || mode == "moderation" else { return false }
        base.output = .free
        assumed.append(LiteLLMReport.Assumed(model: name, what: "output 0, as mode is \(mode)"))
        return true
    }

    // MARK: - Fields

    private mutating func read(_ field: String, _ value: YamlValue) {
        count(field, value)
        switch LiteLLMField(field) {
        case .other:
            break
        case .price(let tokenClass, let bound):
            guard let price = price(field, value) else { return }
            carried += 1
            if let bound {
                tiers[bound, default: WrittenPrices()][tokenClass] = price
            } else {
                base[tokenClass] = price
            }
        case .ranges:
            readRanges(value)
        case .notCarried(let kind):
            notCarried.append(kind)
            if field == "off_peak_pricing" { countNested(value) }
            guard let text = value.rawText else { return }
            if field == "output_cost_per_image_token" { imageOutput = price(field, value) }
            let isOtherToken = ["audio", "video", "image"].contains(kind)
            if isOtherToken || !LiteLLMField.isTokenPrice(field), !isZero(text) {
                hasOtherPrice = true
            }
        }
    }

    /// `tiered_pricing`: one price list for each range of total input tokens; every token of a
    /// request is billed at the range that holds its total, and a range's own end belongs to it.
    private mutating func readRanges(_ value: YamlValue) {
        var end: Int128 = 0
        for (index, item) in (value.list() ?? []).enumerated() {
            guard var map = item.mapping() else { continue }
            guard let range = map.optional("range")?.list(), range.count == 2,
                let first = whole(range[0]), let last = whole(range[1])
            else {
                notCarried.append("ranges of something else than tokens")
                hasOtherPrice = true
                return
            }
            guard first == end, last > first, let bound = UInt32(exactly: first) else {
                fault = "its ranges of input tokens do not join"
                return
            }
            end = last
            for (field, value) in map.all where field != "range" {
                count(field, value)
                guard case .price(let tokenClass, above: nil) = LiteLLMField(field) else {
                    notCarried.append("in a range: \(field)")
                    continue
                }
                guard let price = price(field, value) else { return }
                carried += 1
                if index == 0 {
                    base[tokenClass] = price
                } else {
                    tiers[bound, default: WrittenPrices()][tokenClass] = price
                }
            }
        }
    }

    private func whole(_ value: YamlValue) -> Int128? {
        guard let text = value.rawText else { return nil }
        do throws(DecimalError) {
            return try DecimalText.scaled(text.utf8, decimals: 0, exponent: true)
        } catch {
            return nil
        }
    }

    /// A price per token, rounded half to even to 10^-12 where it has more decimals.
    private mutating func price(_ field: String, _ value: YamlValue) -> Price? {
        let text = value.rawText ?? ""
        do throws(DecimalError) {
            let (units, isExact) = try DecimalText.rounded(text.utf8, decimals: Amount.decimals)
            guard let units = Int64(exactly: units), units >= 0 else { throw .outOfRange }
            let price = Price(unitsPerToken: units)
            if !isExact {
                rounded.append(
                    LiteLLMReport.Rounded(
                        model: name,
                        field: field,
                        published: text,
                        carried: price.perMillion
                    )
                )
            }
            return price
        } catch {
            fault = fault ?? "`\(field)`: \"\(text)\" \(error)"
            return nil
        }
    }

    // MARK: - Counting what is published

    private mutating func count(_ field: String, _ value: YamlValue) {
        guard LiteLLMField.isTokenPrice(field), let text = value.rawText else { return }
        published += 1
        do throws(DecimalError) {
            let isExact = try DecimalText.rounded(text.utf8, decimals: Amount.decimals).exact
            if isExact { publishedExact += 1 }
        } catch {
            // Not a number: it is published, and not exact; `price` refuses it where it is used.
        }
    }

    private mutating func countNested(_ value: YamlValue) {
        guard let map = value.isMapping ? value.mapping() : nil else { return }
        for (field, value) in map.all { count(field, value) }
    }

    private func isZero(_ text: String) -> Bool {
        do throws(DecimalError) {
            return try DecimalText.rounded(text.utf8, decimals: 30).value == 0
        } catch {
            return false
        }
    }
}

extension YamlMapping {
    /// The text of a key, or nil when there is none.
    fileprivate func text(_ key: String) -> String? {
        all.first { $0.key == key }?.value.rawText
    }
}
