import Quantities
import Rating

/// What changes when one rate card, with its offer, takes the place of another.
///
/// Prices are compared as they are charged, every gap filled: writing down a price that applied
/// anyway is no change. Dates and tiers are matched by their value, not by their place in the list.
public struct RateCardDiff: Sendable, Hashable, Encodable {
    /// One difference.
    public struct Change: Sendable, Hashable, Encodable {
        /// The model, "default" for the default price; nil for a machine and for the card as a
        /// whole.
        public let model: String?
        /// The machine; nil for a model and for the card as a whole.
        public let machine: String?
        /// The date of the price version, as cards write it; nil when it is not about prices.
        public let from: String?
        /// The tier, as a lower bound on input tokens ("above 200000"); nil for the base.
        public let tier: String?
        /// What changes: a class of tokens, a unit of a machine (`stopped` before it where the
        /// price is for that state), or `version`, `tier`, `aliases`, `policy`, ...; of an offer
        /// the key's path, such as `offer.packs.starter.price`, or the path of a part that only
        /// one of them has.
        public let what: String
        /// The old value; nil when there was none.
        public let old: String?
        /// The new value; nil when there is none.
        public let new: String?
    }

    /// The models that are only on the new card, in its order.
    public let added: [String]
    /// The models that are only on the old card, in its order.
    public let removed: [String]
    /// The machines that are only on the new card, in its order.
    public let addedMachines: [String]
    /// The machines that are only on the old card, in its order.
    public let removedMachines: [String]
    /// What changes otherwise.
    public let changes: [Change]

    /// Whether the cards charge alike, resolve names alike and offer the same.
    public var isEmpty: Bool {
        added.isEmpty && removed.isEmpty && addedMachines.isEmpty && removedMachines.isEmpty
            && changes.isEmpty
    }

    /// Compares two files: their cards, and what they offer.
    ///
    /// - Parameters:
    ///   - old: The file in use.
    ///   - new: The file that would take its place.
    public init(old: RateCardFile, new: RateCardFile) {
        self.init(
            old: old.card,
            new: new.card,
            offers: (OfferEntry.all(of: old.offer), OfferEntry.all(of: new.offer))
        )
    }

    /// Compares two cards that have no errors, whatever is offered.
    ///
    /// - Parameters:
    ///   - old: The card in use.
    ///   - new: The card that would take its place.
    public init(old: RateCard, new: RateCard) {
        self.init(old: old, new: new, offers: ([], []))
    }

    private init(old: RateCard, new: RateCard, offers: (old: [OfferEntry], new: [OfferEntry])) {
        let oldModels = RateCardDiff.byName(old)
        let newModels = RateCardDiff.byName(new)
        added = new.models.map(\.name).filter { oldModels[$0] == nil }
        removed = old.models.map(\.name).filter { newModels[$0] == nil }
        var collector = Collector()
        collector.compareCards(old, new)
        collector.model = "default"
        collector.compare(
            old.defaultPrice.map { [$0] } ?? [],
            new.defaultPrice.map { [$0] } ?? []
        )
        for model in new.models {
            guard let before = oldModels[model.name] else { continue }
            collector.model = model.name
            collector.note("aliases", names(before.aliases), names(model.aliases))
            collector.compare(before.versions, model.versions)
        }
        collector.model = nil
        let oldMachines = Set(old.machines.map(\.name))
        let newMachines = Set(new.machines.map(\.name))
        addedMachines = new.machines.map(\.name).filter { !oldMachines.contains($0) }
        removedMachines = old.machines.map(\.name).filter { !newMachines.contains($0) }
        for machine in new.machines {
            guard let before = old.machines.first(where: { $0.name == machine.name }) else {
                continue
            }
            collector.machine = machine.name
            collector.note("aliases", names(before.aliases), names(machine.aliases))
            collector.compare(before.versions, machine.versions)
        }
        collector.machine = nil
        collector.compare(offers.old, offers.new)
        changes = collector.changes
    }

    private static func byName(_ card: RateCard) -> [String: ModelRates] {
        Dictionary(card.models.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

/// A list of names for one line; nil when there is none, and independent of their order.
private func names(_ names: [String]) -> String? {
    names.isEmpty ? nil : names.sorted().joined(separator: ", ")
}

private struct Collector {
    var model: String?
    var machine: String?
    var changes: [RateCardDiff.Change] = []
    private var from: String?
    private var tier: String?

    mutating func note(_ what: String, _ old: String?, _ new: String?) {
        guard old != new else { return }
        changes.append(
            RateCardDiff.Change(
                model: model,
                machine: machine,
                from: from,
                tier: tier,
                what: what,
                old: old,
                new: new
            )
        )
    }

    mutating func compareCards(_ old: RateCard, _ new: RateCard) {
        note("rate_card", old.name, new.name)
        let oldPolicy = old.policy
        let newPolicy = new.policy
        note("charge_failures", "\(oldPolicy.chargesFailures)", "\(newPolicy.chargesFailures)")
        note("charge_cache_hits", "\(oldPolicy.chargesCacheHits)", "\(newPolicy.chargesCacheHits)")
        var providers: [String: (old: String?, new: String?)] = [:]
        for provider in old.providers {
            providers[provider.name, default: (nil, nil)].old = names(provider.aliases) ?? "-"
        }
        for provider in new.providers {
            providers[provider.name, default: (nil, nil)].new = names(provider.aliases) ?? "-"
        }
        for (name, sides) in providers.sorted(by: { $0.key < $1.key }) {
            note("provider \(name)", sides.old, sides.new)
        }
    }

    /// Parts of offers, matched by name: those of the new one in its order, then what is gone.
    mutating func compare(_ old: [OfferEntry], _ new: [OfferEntry]) {
        for entry in new {
            let name = "offer.\(entry.name)"
            guard let before = old.first(where: { $0.name == entry.name }) else {
                note(name, nil, entry.text)
                continue
            }
            for field in entry.fields {
                let value = before.fields.first { $0.key == field.key }?.value
                note("\(name).\(field.key)", value, field.value)
            }
        }
        let names = Set(new.map(\.name))
        for entry in old where !names.contains(entry.name) {
            note("offer.\(entry.name)", entry.text, nil)
        }
    }

    mutating func compare(_ old: [PriceVersion], _ new: [PriceVersion]) {
        let dates = Set((old + new).map(\.effectiveFrom)).sorted()
        for date in dates {
            from = date.rateCardText
            let before = old.first { $0.effectiveFrom == date }?.content
            let after = new.first { $0.effectiveFrom == date }?.content
            if let before, let after {
                compare(before, after)
            } else {
                note("version", before?.canonicalText, after?.canonicalText)
            }
        }
        from = nil
    }

    private mutating func compare(_ old: PriceContent, _ new: PriceContent) {
        let bounds = Set((old.tiers + new.tiers).map(\.firstInput)).sorted()
        for bound in bounds {
            tier = bound == 0 ? nil : "above \(bound - 1)"
            let before = old.tiers.first { $0.firstInput == bound }?.prices
            let after = new.tiers.first { $0.firstInput == bound }?.prices
            if let before, let after {
                for tokenClass in TokenClass.allCases {
                    let name = tokenClass.name
                    note(name, before[tokenClass].perMillion, after[tokenClass].perMillion)
                }
            } else {
                note("tier", before.map(text), after.map(text))
            }
        }
        tier = nil
    }

    mutating func compare(_ old: [MachineVersion], _ new: [MachineVersion]) {
        let dates = Set((old + new).map(\.effectiveFrom)).sorted()
        for date in dates {
            from = date.rateCardText
            let before = old.first { $0.effectiveFrom == date }?.content
            let after = new.first { $0.effectiveFrom == date }?.content
            switch (before, after) {
            case (.hourly(let before), .hourly(let after)):
                let unit = MachineUnit.hour.name
                note(unit, before.running.description, after.running.description)
                note("stopped \(unit)", before.stopped.description, after.stopped.description)
            case (.continuous(let before), .continuous(let after)):
                compare(before.running, after.running, "")
                let unit = MachineUnit.sentGib.name
                note(unit, before.sentGib.description, after.sentGib.description)
                compare(before.stopped, after.stopped, "stopped ")
            default:
                note("version", before?.canonicalText, after?.canonicalText)
            }
        }
        from = nil
    }

    private mutating func compare(
        _ old: AllocatedPrices,
        _ new: AllocatedPrices,
        _ state: String
    ) {
        for (unit, (before, after)) in zip(MachineUnit.allocated, zip(old.list, new.list)) {
            note(state + unit.name, before.description, after.description)
        }
    }

    private func text(_ prices: TokenPrices) -> String {
        TokenClass.allCases.map { "\($0.name) \(prices[$0].perMillion)" }.joined(separator: ", ")
    }
}

extension RateCardDiff: CustomStringConvertible {
    /// The differences for people, one a line.
    public var description: String {
        if isEmpty { return "no difference\n" }
        let more = added.count + addedMachines.count
        let less = removed.count + removedMachines.count
        var text = "\(more) added, \(less) removed, \(changes.count) changed\n"
        for name in removed { text += "- \(name)\n" }
        for name in added { text += "+ \(name)\n" }
        for name in removedMachines { text += "- machine \(name)\n" }
        for name in addedMachines { text += "+ machine \(name)\n" }
        for change in changes { text += "~ \(change)\n" }
        return text
    }
}

extension RateCardDiff.Change: CustomStringConvertible {
    /// "claude-sonnet, from 2026-03-01, above 200000: input 6 -> 7".
    public var description: String {
        let subject = model ?? machine.map { "machine \($0)" }
        let place = [subject, from.map { "from \($0)" }, tier].compactMap { $0 }
        let values = "\(what) \(old ?? "(none)") -> \(new ?? "(none)")"
        return place.isEmpty ? values : place.joined(separator: ", ") + ": " + values
    }
}
