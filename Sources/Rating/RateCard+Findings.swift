import Quantities

extension RateCard {
    /// Everything that is wrong or odd on the card, in the order of the card.
    ///
    /// Duplicate names, versions and tiers that do not ascend, missing prices, and names that
    /// cannot be reported are errors; prices outside `plausible` and cache reads above the input
    /// price are warnings. Machines are held to the same; what is said of their prices beyond that
    /// stands in `RateCardInspector+Machines.swift`.
    public var findings: [RateCardFinding] {
        var inspector = RateCardInspector(plausible: plausible)
        inspector.inspectName(name, at: [.key("rate_card")])
        inspector.inspectBounds()
        if let defaultPrice {
            inspector.inspect(defaultPrice, at: [.key("default")])
        }
        inspector.inspect(providers)
        inspector.inspect(models)
        inspector.inspect(plausibleMachines)
        inspector.inspect(machines, plausible: plausibleMachines)
        return inspector.findings
    }

    /// The longest name of a card, model, machine or provider, in bytes.
    public static let longestName = 255
    /// The largest number of tiers of one version, the base not counted.
    public static let mostTiers = 31
}

/// Walks through a card and notes what is wrong.
struct RateCardInspector {
    typealias Path = [RateCardFinding.Step]

    let plausible: PlausiblePrices
    var findings: [RateCardFinding] = []

    init(plausible: PlausiblePrices) {
        self.plausible = plausible
    }

    mutating func add(
        _ severity: RateCardFinding.Severity = .error,
        at path: Path,
        _ value: String?,
        _ message: String
    ) {
        findings.append(
            RateCardFinding(severity: severity, path: path, value: value, message: message)
        )
    }

    mutating func inspectBounds() {
        guard plausible.lowest > plausible.highest else { return }
        let value = plausible.lowest.perMillion
        add(at: [.key("plausible_prices"), .key("lowest")], value, "is above `highest`")
    }

    mutating func inspectName(_ name: String, at path: Path) {
        let bytes = name.utf8
        if bytes.isEmpty {
            add(at: path, nil, "a name is needed")
        } else if bytes.count > RateCard.longestName {
            add(at: path, name, "is longer than \(RateCard.longestName) bytes")
        } else if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            add(at: path, name, "contains a control character")
        } else if bytes.first == UInt8(ascii: " ") || bytes.last == UInt8(ascii: " ") {
            add(at: path, name, "begins or ends with a blank")
        }
    }

    mutating func inspect(_ providers: [ProviderNames]) {
        var owners: [String: String] = [:]
        for provider in providers {
            let path: Path = [.key("providers"), .key(provider.name)]
            for (index, name) in ([provider.name] + provider.aliases).enumerated() {
                let place = index == 0 ? path : path + [.index(index - 1)]
                inspectName(name, at: place)
                if name.contains("/") {
                    add(at: place, name, "contains a slash, which ends a provider's name")
                }
                if let owner = owners[name] {
                    add(at: place, name, "is already a name of the provider `\(owner)`")
                }
                owners[name] = owners[name] ?? provider.name
            }
        }
    }

    mutating func inspect(_ models: [ModelRates]) {
        var owners = inspectNames(models.map(\.name), in: "models")
        for model in models {
            let path: Path = [.key("models"), .key(model.name)]
            inspectAliases(model.aliases, of: model.name, "model", at: path, &owners)
            inspect(model.versions, at: path + [.key("prices")])
        }
    }

    /// Names go first: an alias that is also a name is the alias's fault.
    mutating func inspectNames(_ names: [String], in section: String) -> [String: String] {
        var owners: [String: String] = [:]
        for name in names {
            let path: Path = [.key(section), .key(name)]
            inspectName(name, at: path)
            if owners[name] != nil { add(at: path, name, "is on the card more than once") }
            owners[name] = name
        }
        return owners
    }

    mutating func inspectAliases(
        _ aliases: [String],
        of name: String,
        _ noun: String,
        at path: Path,
        _ owners: inout [String: String]
    ) {
        for (index, alias) in aliases.enumerated() {
            let place = path + [.key("aliases"), .index(index)]
            inspectName(alias, at: place)
            if let owner = owners[alias] {
                add(at: place, alias, "is already a name of the \(noun) `\(owner)`")
            }
            owners[alias] = owners[alias] ?? name
        }
    }

    private mutating func inspect(_ versions: [PriceVersion], at path: Path) {
        if versions.isEmpty { add(at: path, nil, "at least one price is needed") }
        for (index, version) in versions.enumerated() {
            inspect(version, at: path + [.index(index)])
            inspectDate(of: index, in: versions.map(\.effectiveFrom), at: path)
        }
    }

    /// A version's date against that of the version before it.
    mutating func inspectDate(of index: Int, in dates: [Timestamp], at path: Path) {
        guard index > 0 else { return }
        let place = path + [.index(index), .key("from")]
        let before = dates[index - 1]
        let from = dates[index]
        if from == before {
            add(at: place, from.rateCardText, "is the date of two prices")
        } else if from < before {
            let message = "is not later than the price before it (\(before.rateCardText))"
            add(at: place, from.rateCardText, message)
        }
    }

    mutating func inspect(_ version: PriceVersion, at path: Path) {
        for tokenClass in [TokenClass.input, .output] where version.base[tokenClass] == nil {
            let message = "the price `\(tokenClass.name)` is missing; write 0 if it is free"
            add(at: path, nil, message)
        }
        inspect(version.base, version.prices(in: nil), at: path)
        if version.tiers.count > RateCard.mostTiers {
            let value = String(version.tiers.count)
            add(at: path + [.key("tiers")], value, "is more than \(RateCard.mostTiers) tiers")
        }
        var lastFirst: UInt64 = 0
        for (index, tier) in version.tiers.enumerated() {
            let place = path + [.key("tiers"), .index(index)]
            let bound =
                place + [.key(tier.isInclusive ? "from_input_tokens" : "above_input_tokens")]
            let value = String(tier.aboveInputTokens)
            if tier.firstInput == 0 {
                add(at: bound, value, "leaves nothing to the base price")
            } else if tier.firstInput > UInt64(UInt32.max) {
                add(at: bound, value, "is more than any request has")
            } else if index > 0, tier.firstInput <= lastFirst {
                add(at: bound, value, "is not above the tier before it")
            }
            lastFirst = max(lastFirst, tier.firstInput)
            if tier.prices.isEmpty { add(at: place, nil, "the tier sets no price") }
            inspect(tier.prices, version.prices(in: tier), at: place)
        }
    }

    private mutating func inspect(_ written: WrittenPrices, _ full: TokenPrices, at path: Path) {
        for tokenClass in TokenClass.allCases {
            guard let price = written[tokenClass] else { continue }
            let place = path + [.key(tokenClass.name)]
            if price > plausible.highest {
                let message =
                    "is above \(plausible.highest.perMillion) credits per 1,000,000 tokens:"
                    + " is it really the price of a million tokens?"
                add(.warning, at: place, price.perMillion, message)
            } else if price > .free, price < plausible.lowest {
                let message =
                    "is below \(plausible.lowest.perMillion) credits per 1,000,000 tokens:"
                    + " is it the price of one token?"
                add(.warning, at: place, price.perMillion, message)
            }
        }
        if let cacheRead = written.cacheRead, cacheRead > full.input {
            let message = "is above the input price \(full.input.perMillion)"
            add(.warning, at: path + [.key("cache_read")], cacheRead.perMillion, message)
        }
    }
}

extension Timestamp {
    /// The moment as rate cards write it: `always`, a date, or a time in UTC.
    public var rateCardText: String {
        if self == PriceVersion.always { return "always" }
        return utcDay.utcStart == self ? utcDay.description : description
    }
}
