import Accounting
import Crypto
import Quantities
import Rating

/// A system's file in force: its rate card, with the durable numbers of its models and prices, and
/// its offer.
///
/// Immutable: a reload makes a new one, and each shard changes over between two commands.
final class Pricing: Sendable {
    /// The card, compiled.
    let table: RateTable
    /// What is sold and to whom.
    let offer: Offer
    /// Card and offer as YAML, for people.
    let text: String
    /// SHA-256 of the text, in hexadecimal.
    let digest: String
    /// The declaration of each version's price, by the table's version number.
    let prices: [PriceDeclared]
    /// The same versions' durable numbers alone, for the data path.
    let priceNumbers: [UInt32]

    /// The durable number of each machine of the card.
    let machineNumbers: [UInt32]
    /// The declaration of each version of a machine's price, by the table's number of it.
    let machinePrices: [PriceDeclared]
    /// What the rules of runs are.
    let runRules: RunRules
    private let machineIndexes: [UInt32: Int]

    private let models: NameRegistry

    init(
        card: RateCard,
        offer: Offer,
        text: String,
        models: NameRegistry,
        prices: PriceRegistry
    )
        throws(RateCardError)
    {
        let table = try RateTable(card)
        self.table = table
        self.offer = offer
        runRules = RunRules(offer.machineRuns)
        self.text = text
        self.models = models
        self.digest = SHA256.hash(data: Array(text.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
        var declarations: [PriceDeclared?] = Array(repeating: nil, count: table.versionCount)
        for (model, name) in table.modelNames.enumerated() {
            for version in table.versions(of: model) {
                declarations[version] = prices.declaration(
                    model: name,
                    effectiveFrom: table.effectiveFrom(ofVersion: version),
                    text: table.content(ofVersion: version).canonicalText
                )
            }
        }
        self.prices = declarations.compactMap { $0 }
        self.priceNumbers = self.prices.map(\.price)
        invariant(self.prices.count == table.versionCount, "every version belongs to a model")
        let machines = table.machines
        var machineNumbers: [UInt32] = []
        var machinePrices: [PriceDeclared] = []
        for (machine, name) in machines.names.enumerated() {
            machineNumbers.append(models.number(.machine, name) ?? 0)
            for version in machines.versions(of: machine) {
                machinePrices.append(
                    prices.declaration(
                        model: name,
                        effectiveFrom: machines.effectiveFrom(ofVersion: version),
                        text: machines.content(ofVersion: version).canonicalText
                    )
                )
            }
        }
        self.machineNumbers = machineNumbers
        self.machinePrices = machinePrices
        machineIndexes = Dictionary(
            machineNumbers.enumerated().map { ($0.element, $0.offset) },
            uniquingKeysWith: { first, _ in first }
        )
        invariant(
            machinePrices.count == machines.versionCount,
            "every version belongs to a machine"
        )
    }

    /// The durable number of what a client calls a machine, or nil when it has no price.
    func machineNumber(of name: String) -> UInt32? {
        guard let machine = table.machines.machine(named: name) else { return nil }
        return machineNumbers[machine] == 0 ? nil : machineNumbers[machine]
    }

    /// The table's machine behind a durable number, or nil when the card does not have it.
    ///
    /// The number stands for the name that was the machine's first when it was given; that may be
    /// an alias now.
    func machine(_ number: UInt32) -> Int? {
        if let index = machineIndexes[number] { return index }
        return models.name(.machine, number).flatMap(table.machines.machine(named:))
    }

    /// The durable number of what a client calls a model, or nil when it has no price.
    func number(of model: String, provider: String?) -> UInt32? {
        switch table.model(named: model, provider: provider) {
        case .listed(let index): models.number(.model, table.modelNames[index])
        case .byDefault: models.number(.model, model)
        case .unknown: nil
        }
    }

    /// The table's model behind a durable number, or nil when the card has no price for it.
    func tableModel(_ number: UInt32) -> Int? {
        guard let name = models.name(.model, number) else { return nil }
        switch table.model(named: name) {
        case .listed(let index), .byDefault(let index): return index
        case .unknown: return nil
        }
    }
}
