import Quantities
import Rating

/// Reads a rate card from a YAML document.
///
/// Why:         the rules of a card live in `Rating`, which knows no lines. The reader remembers
///              where each part of the card stands, and gives the findings of `RateCard` their
///              lines. What cannot be read gets a harmless stand-in, so that everything else on
///              the card is still checked; the document's report then refuses the card.
struct RateCardReader {
    private let document: YamlDocument
    /// Where the parts of the card stand, by their paths on the card.
    ///
    /// Elements that were dropped have no place, so indices may differ from those of the file.
    private var places: [YamlPath: YamlValue] = [:]
    /// Lists that lost an element, and values with a stand-in: findings about them are void.
    var void: Set<YamlPath> = []
    /// What the file says beside the card.
    private(set) var offer = Offer()
    /// The same as YAML in one form; empty where the file says nothing.
    private(set) var offerText = ""

    init(_ document: YamlDocument) {
        self.document = document
        places[.root] = document.root
    }

    mutating func read() -> RateCard {
        var card = RateCard(name: "", models: [])
        guard var root = document.root.mapping() else { return card }
        card.name = root.required("rate_card")?.text() ?? "?"
        // A card that prices machines alone needs nothing that is about tokens.
        let hasMachines = root.contains("machines")
        let hasTokens = !hasMachines || root.contains("models") || root.contains("default")
        readUnit(hasTokens ? root.required("unit") : root.optional("unit"), RateCardFile.unit)
        card.policy.chargesFailures = root.optional("charge_failures")?.boolean() ?? false
        card.policy.chargesCacheHits = root.optional("charge_cache_hits")?.boolean() ?? false
        if let value = root.optional("plausible_prices") {
            readPlausible(value, into: &card.plausible)
        }
        if let value = root.optional("default") { card.defaultPrice = readDefault(value) }
        if let value = root.optional("providers") { card.providers = readProviders(value) }
        if let value = hasMachines ? root.optional("models") : root.required("models") {
            card.models = readModels(value)
        }
        readMachines(&root, into: &card)
        if let value = root.optional("offer") {
            offer = OfferFile.read(value)
            offerText = OfferFile.canonicalText(value)
        }
        root.refuseRest()
        note(card.findings)
        return card
    }

    func readUnit(_ value: YamlValue?, _ expected: String) {
        guard let value, let unit = value.text(), unit != expected else { return }
        value.refuse("is not the unit of a rate card; the only one is `\(expected)`")
    }

    private mutating func readPlausible(_ value: YamlValue, into bounds: inout PlausiblePrices) {
        guard var map = value.mapping() else { return }
        keep(value, at: value.path)
        if let price = map.optional("lowest") { bounds.lowest = readPrice(price, at: price.path) }
        if let price = map.optional("highest") {
            let highest = readPrice(price, at: price.path)
            // What cannot be read is 0, and would be below `lowest`.
            if highest > .free { bounds.highest = highest }
        }
        map.refuseRest()
    }

    private mutating func readDefault(_ value: YamlValue) -> PriceVersion? {
        if let text = value.rawText {
            if text != "refuse" { value.refuse("is neither `refuse` nor a block of prices") }
            return nil
        }
        guard var map = value.mapping() else { return nil }
        keep(value, at: value.path)
        let version = readPrices(&map, at: value.path, from: PriceVersion.always)
        map.refuseRest()
        return version
    }

    private mutating func readProviders(_ value: YamlValue) -> [ProviderNames] {
        guard let map = value.mapping() else { return [] }
        return map.all.map { name, value in
            keep(value, at: value.path)
            let aliases = value.isNull ? [] : readNames(value, at: value.path)
            return ProviderNames(name: name, aliases: aliases)
        }
    }

    private mutating func readModels(_ value: YamlValue) -> [ModelRates] {
        guard let map = value.mapping() else { return [] }
        return map.all.map { name, value in
            keep(value, at: value.path)
            let pricesPath = value.path.appending(.key("prices"))
            var model = ModelRates(name: name, versions: [])
            guard var map = value.mapping() else {
                void.insert(pricesPath)
                return model
            }
            if let aliases = map.optional("aliases") {
                model.aliases = readNames(aliases, at: aliases.path)
            }
            if let prices = map.required("prices") {
                model.versions = readVersions(prices)
            } else {
                void.insert(pricesPath)
            }
            map.refuseRest()
            return model
        }
    }

    mutating func readNames(_ value: YamlValue, at path: YamlPath) -> [String] {
        keep(value, at: path)
        var names: [String] = []
        for item in value.list() ?? [] {
            guard let name = item.text() else { continue }
            keep(item, at: path.appending(.index(names.count)))
            names.append(name)
        }
        return names
    }

    // MARK: - Prices

    private mutating func readVersions(_ value: YamlValue) -> [PriceVersion] {
        keep(value, at: value.path)
        var versions: [PriceVersion] = []
        guard let items = value.list() else {
            void.insert(value.path)
            return []
        }
        for item in items {
            guard var map = item.mapping() else {
                void.insert(value.path)
                continue
            }
            let path = value.path.appending(.index(versions.count))
            keep(item, at: path)
            let from = readFrom(&map, at: path, after: versions.last?.effectiveFrom)
            versions.append(readPrices(&map, at: path, from: from))
            map.refuseRest()
        }
        return versions
    }

    /// Only the first of several versions may do without a date; it is then `always`.
    mutating func readFrom(
        _ map: inout YamlMapping,
        at path: YamlPath,
        after last: Timestamp?
    ) -> Timestamp {
        // What cannot be read repeats the date before, so that the next one is compared with that.
        let standIn = last ?? PriceVersion.always
        let place = path.appending(.key("from"))
        guard let value = last == nil ? map.optional("from") : map.required("from") else {
            if last != nil { void.insert(place) }
            return standIn
        }
        keep(value, at: place)
        if value.rawText == "always" { return PriceVersion.always }
        if let time = value.timestamp() { return time }
        void.insert(place)
        return standIn
    }

    private mutating func readPrices(
        _ map: inout YamlMapping,
        at path: YamlPath,
        from: Timestamp
    ) -> PriceVersion {
        var version = PriceVersion(effectiveFrom: from, base: WrittenPrices())
        version.base = readClasses(&map, at: path)
        guard let value = map.optional("tiers") else { return version }
        let tiersPath = path.appending(.key("tiers"))
        keep(value, at: tiersPath)
        for item in value.list() ?? [] {
            guard var map = item.mapping() else { continue }
            let place = tiersPath.appending(.index(version.tiers.count))
            keep(item, at: place)
            version.tiers.append(readTier(&map, at: place, after: version.tiers.last))
            map.refuseRest()
        }
        return version
    }

    private mutating func readTier(
        _ map: inout YamlMapping,
        at path: YamlPath,
        after last: PriceTier?
    ) -> PriceTier {
        let above = map.optional("above_input_tokens")
        let from = map.optional("from_input_tokens")
        if let from, above != nil {
            from.refuse("stands beside `above_input_tokens`; a tier has one bound")
        } else if from == nil, above == nil {
            _ = map.required("above_input_tokens")
        }
        let bound = above ?? from
        let key = above == nil && from != nil ? "from_input_tokens" : "above_input_tokens"
        let place = path.appending(.key(key))
        if let bound { keep(bound, at: place) }
        let number = bound?.whole(in: 0...Int(UInt32.max))
        if number == nil { void.insert(place) }
        let prices = readClasses(&map, at: path)
        return PriceTier(
            // As with dates: what cannot be read repeats the bound before.
            aboveInputTokens: number.map { UInt32($0) } ?? last?.aboveInputTokens ?? 1,
            isInclusive: above == nil && from != nil,
            prices: prices
        )
    }

    private mutating func readClasses(
        _ map: inout YamlMapping,
        at path: YamlPath
    ) -> WrittenPrices {
        var prices = WrittenPrices()
        for tokenClass in TokenClass.allCases {
            guard let value = map.optional(tokenClass.name) else { continue }
            prices[tokenClass] = readPrice(value, at: path.appending(.key(tokenClass.name)))
        }
        return prices
    }

    private mutating func readPrice(_ value: YamlValue, at path: YamlPath) -> Price {
        readPrice(
            value,
            at: path,
            example: "0.30",
            decimals: "6 decimals; prices are \(RateCardFile.unit), not per token"
        ) { (text) throws(DecimalError) in try Price(perMillion: text) } ?? .free
    }

    /// Reads a price of some kind; nil, and a finding, where it is none.
    ///
    /// - Parameters:
    ///   - value: What is written.
    ///   - path: Where it stands in the card.
    ///   - example: What a price of this kind looks like.
    ///   - decimals: How many decimals it may have, and why.
    ///   - parse: Makes one of a text that is not negative.
    /// - Returns: The price.
    mutating func readPrice<Written>(
        _ value: YamlValue,
        at path: YamlPath,
        example: String,
        decimals: String,
        _ parse: (String) throws(DecimalError) -> Written
    ) -> Written? {
        keep(value, at: path)
        guard let text = value.text() else { return nil }
        if text.hasPrefix("-") {
            value.refuse("is negative; a price never is")
            return nil
        }
        do throws(DecimalError) {
            return try parse(text)
        } catch {
            switch error {
            case .malformed: value.refuse("is not a decimal number such as \(example)")
            case .tooPrecise: value.refuse("has more than \(decimals)")
            case .outOfRange: value.refuse("is too large for a price")
            }
            return nil
        }
    }

    // MARK: - Lines

    mutating func keep(_ value: YamlValue, at path: YamlPath) {
        places[path] = value
    }

    /// Gives the card's findings their lines.
    private func note(_ findings: [RateCardFinding]) {
        let hasErrors = document.report.hasErrors
        for finding in findings {
            let cardPath = YamlPath(finding.path.map(RateCardReader.step))
            if void.contains(cardPath) { continue }
            // A price that could not be read counts as 0, beside which others look odd.
            if finding.severity == .warning, hasErrors { continue }
            var known = cardPath.steps
            while places[YamlPath(known)] == nil { known.removeLast() }
            guard let place = places[YamlPath(known)] else { continue }
            let rest = cardPath.steps.dropFirst(known.count)
            let path = YamlPath(place.path.steps + rest)
            document.report.add(
                YamlIssue(
                    severity: finding.severity == .error ? .error : .warning,
                    line: place.valueLine(named: finding.value),
                    column: place.valueColumn(named: finding.value),
                    path: path,
                    value: rest.isEmpty ? place.shownText ?? finding.value : finding.value,
                    message: finding.message
                )
            )
        }
    }

    private static func step(_ step: RateCardFinding.Step) -> YamlPath.Step {
        switch step {
        case .key(let key): .key(key)
        case .index(let index): .index(index)
        }
    }
}

extension YamlValue {
    /// For a finding about a name that is a key: the key's line, and not that of what follows it.
    fileprivate func valueLine(named value: String?) -> Int {
        isNamed(value) ? keyLine : line
    }

    fileprivate func valueColumn(named value: String?) -> Int {
        isNamed(value) ? keyColumn : column
    }

    /// The text as it stands in the file, for a value that has some.
    fileprivate var shownText: String? { isNull || rawText?.isEmpty == true ? nil : rawText }

    private func isNamed(_ value: String?) -> Bool {
        guard case .key(let key)? = path.steps.last else { return false }
        return rawText == nil && value == key || isNull
    }
}
