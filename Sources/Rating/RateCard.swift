import Quantities

/// What is not charged for.
public struct RatingPolicy: Sendable, Hashable {
    /// Whether a request that failed is charged for its tokens.
    public var chargesFailures: Bool
    /// Whether an answer that the gateway took from its own cache is charged for.
    public var chargesCacheHits: Bool

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - chargesFailures: Whether a request that failed is charged.
    ///   - chargesCacheHits: Whether an answer from the gateway's cache is charged.
    public init(chargesFailures: Bool = false, chargesCacheHits: Bool = false) {
        self.chargesFailures = chargesFailures
        self.chargesCacheHits = chargesCacheHits
    }
}

/// The prices that somebody would expect on a card; what lies outside earns a warning.
///
/// Why: the usual slip is a price per token where one per million is asked for, or the other way
/// round, and it moves a price by six digits. The bounds are those of a card in a currency;
/// a card whose credit is a token states its own.
public struct PlausiblePrices: Sendable, Hashable {
    /// The lowest price above zero that earns no warning.
    public var lowest: Price
    /// The highest price that earns no warning.
    public var highest: Price

    /// From 0.0001 to 10,000 credits per million tokens.
    public static let standard = PlausiblePrices(
        lowest: Price(unitsPerToken: 100),
        highest: Price(unitsPerToken: 10_000_000_000)
    )

    /// Makes bounds.
    ///
    /// - Parameters:
    ///   - lowest: The lowest price above zero that earns no warning.
    ///   - highest: The highest price that earns no warning.
    public init(lowest: Price, highest: Price) {
        self.lowest = lowest
        self.highest = highest
    }
}

/// A provider and the other names under which gateways report it.
public struct ProviderNames: Sendable, Hashable {
    /// The name that stands before the slash in the names of models.
    public var name: String
    /// Other names of the same provider.
    public var aliases: [String]

    /// Makes a provider.
    ///
    /// - Parameters:
    ///   - name: The name that stands before the slash in the names of models.
    ///   - aliases: Other names of the same provider.
    public init(name: String, aliases: [String] = []) {
        self.name = name
        self.aliases = aliases
    }
}

/// A model and its prices through time.
public struct ModelRates: Sendable, Hashable {
    /// The model's name, under which its usage is reported.
    public var name: String
    /// Other names of the same model.
    public var aliases: [String]
    /// The price versions, ascending by date.
    public var versions: [PriceVersion]

    /// Makes a model.
    ///
    /// - Parameters:
    ///   - name: The model's name.
    ///   - aliases: Other names of the same model.
    ///   - versions: The price versions, ascending by date.
    public init(name: String, aliases: [String] = [], versions: [PriceVersion]) {
        self.name = name
        self.aliases = aliases
        self.versions = versions
    }
}

/// What everything costs: models and machines, their price versions, and what is not charged for.
///
/// A card is plain data and may be wrong; `findings` tells what is, and only a card without errors
/// becomes a `RateTable`.
///
/// Units: prices of tokens are credits per 1,000,000 tokens in text, 10^-12 credit per token in
/// memory; those of machines credits per hour and per GiB, and 10^-12 of that.
public struct RateCard: Sendable, Hashable {
    /// The card's name.
    public var name: String
    /// What is not charged for.
    public var policy: RatingPolicy
    /// The prices that earn no warning.
    public var plausible: PlausiblePrices
    /// The price of models that are not on the card; nil refuses them.
    public var defaultPrice: PriceVersion?
    /// Providers and their other names.
    public var providers: [ProviderNames]
    /// The models, in the order of the card.
    public var models: [ModelRates]
    /// The prices of machines that earn no warning.
    public var plausibleMachines: PlausibleMachinePrices
    /// The machines, in the order of the card.
    public var machines: [MachineRates]

    /// Makes a card.
    ///
    /// - Parameters:
    ///   - name: The card's name.
    ///   - policy: What is not charged for.
    ///   - plausible: The prices that earn no warning.
    ///   - defaultPrice: The price of models that are not on the card; nil refuses them.
    ///   - providers: Providers and their other names.
    ///   - models: The models.
    ///   - plausibleMachines: The prices of machines that earn no warning.
    ///   - machines: The machines.
    public init(
        name: String,
        policy: RatingPolicy = RatingPolicy(),
        plausible: PlausiblePrices = .standard,
        defaultPrice: PriceVersion? = nil,
        providers: [ProviderNames] = [],
        models: [ModelRates],
        plausibleMachines: PlausibleMachinePrices = .standard,
        machines: [MachineRates] = []
    ) {
        self.name = name
        self.policy = policy
        self.plausible = plausible
        self.defaultPrice = defaultPrice
        self.providers = providers
        self.models = models
        self.plausibleMachines = plausibleMachines
        self.machines = machines
    }
}
