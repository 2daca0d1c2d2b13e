import Quantities
import Rating

/// Explains a rate card to the person who wrote it.
public struct RateCardCheck: Sendable {
    /// One model as it will be charged now.
    public struct Model: Sendable, Hashable, Encodable {
        /// The model's name.
        public let name: String
        /// How many price versions it has.
        public let versions: Int
        /// The date of the version that applies now; nil when none does yet.
        public let from: String?
        /// What that version charges, as it stays on a charge.
        public let price: String?
        /// The charge of the example request.
        public let example: String?
    }

    /// One machine as it would be charged now.
    public struct Machine: Sendable, Hashable, Encodable {
        /// The machine's name.
        public let name: String
        /// How it is charged: `hourly` or `continuous`.
        public let mode: String
        /// How many price versions it has.
        public let versions: Int
        /// The date of the version that applies now; nil when none does yet.
        public let from: String?
        /// What that version charges, as it stays on a charge.
        public let price: String?
        /// The charge of the example run.
        public let example: String?
    }

    /// The request that every model is asked to price.
    public static let example = TokenCounts(
        input: 10_000,
        cacheRead: 6_000,
        cacheWrite: 1_000,
        output: 2_000,
        reasoning: 500
    )

    /// The file that was checked.
    public let file: RateCardFile
    /// Every model, in the order of the card, then "default" where the card sets a default price.
    public let models: [Model]
    /// Every machine, in the order of the card.
    public let machines: [Machine]
    let table: RateTable
    let time: Timestamp

    /// Explains a card.
    ///
    /// - Parameters:
    ///   - file: The card, as it was read.
    ///   - time: The moment whose prices are explained.
    /// - Throws: `RateCardError` when the card has errors, which a card that was read has not.
    public init(_ file: RateCardFile, at time: Timestamp) throws(RateCardError) {
        let table = try RateTable(file.card)
        self.file = file
        self.table = table
        self.time = time
        models = table.modelNames.enumerated().map { number, name in
            let version = table.version(of: number, at: time)
            let charge = version.flatMap { table.charge(RateCardCheck.example, version: $0) }
            return Model(
                name: name,
                versions: table.versions(of: number).count,
                from: version.map { table.effectiveFrom(ofVersion: $0).rateCardText },
                price: version.map { table.content(ofVersion: $0).canonicalText },
                example: charge.map { "\($0.amount)" }
            )
        }
        machines = table.machines.names.indices.map { RateCardCheck.machine($0, table, at: time) }
    }

    /// What the card says, in words, with warnings and an example charge for each model.
    public var text: String {
        var text = "rate card \(file.card.name), \(RateCardFile.unit)\n"
        text += "  \(count(file.card.models.count, "model")), "
        if !machines.isEmpty { text += "\(count(machines.count, "machine")), " }
        let versions = table.versionCount + table.machines.versionCount
        text += "\(count(versions, "price version")), "
        text += "\(count(file.warnings.count, "warning"))\n"
        text += "  failed requests are \(table.policy.chargesFailures ? "charged" : "free"); "
        text += "gateway cache hits are \(table.policy.chargesCacheHits ? "charged" : "free"); "
        text += "unknown models are "
        text += table.defaultModel == nil ? "refused\n" : "charged at the default price\n"
        for warning in file.warnings { text += warning.text(file: file.file) + "\n" }
        return text + modelsText + machinesText + offerText
    }

    private var modelsText: String {
        // A card of machines alone has no model to give an example for.
        if models.isEmpty, !machines.isEmpty { return "" }
        let example = RateCardCheck.example
        var text = "example request: \(example.input) input tokens, \(example.cacheRead) of them "
        text += "read from and \(example.cacheWrite) written to a cache; \(example.output) output "
        text += "tokens, \(example.reasoning) of them reasoning\n"
        for (number, model) in models.enumerated() { text += explain(model, number: number) }
        return text
    }

    private func explain(_ model: Model, number: Int) -> String {
        var text = "\(model.name)\(aliases(of: number)): "
        text += model.example.map { "example \($0) credits\n" } ?? "no price is in force yet\n"
        for version in table.versions(of: number) {
            let from = table.effectiveFrom(ofVersion: version)
            let mark = version == table.version(of: number, at: time) ? " (now)" : ""
            text += "  from \(from.rateCardText)\(mark)\n"
            for tier in table.content(ofVersion: version).tiers {
                text +=
                    tier.firstInput == 0
                    ? "    " : "    above \(tier.firstInput - 1) input tokens: "
                text += TokenClass.allCases.map { tokenClass in
                    let price = tier.prices[tokenClass]
                    return "\(tokenClass.name) " + (price == .free ? "free" : price.perMillion)
                }.joined(separator: ", ")
                text += "\n"
            }
        }
        return text
    }

    private func aliases(of number: Int) -> String {
        guard number < file.card.models.count else { return "" }
        return also(file.card.models[number].aliases)
    }

    func also(_ aliases: [String]) -> String {
        aliases.isEmpty ? "" : " (also " + aliases.joined(separator: ", ") + ")"
    }

    private func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
