import Quantities

/// What one request costs.
public struct TokenCharge: Sendable, Hashable {
    /// The charge; never negative.
    public let amount: Amount
    /// The tier that applied: 0 is the base, 1 the first cliff.
    public let tier: UInt8

    /// Makes a charge.
    ///
    /// - Parameters:
    ///   - amount: The charge.
    ///   - tier: The tier that applied.
    @inlinable
    public init(amount: Amount, tier: UInt8) {
        self.amount = amount
        self.tier = tier
    }
}

/// A rate card made ready for the hot path: flat arrays, and numbers for names.
///
/// Layout:      models -> a run of versions, ascending by date -> a run of tiers, ascending by
///              input tokens. Version numbers count through all models.
/// Units:       10^-12 credit per token.
/// Invariants:  every version has at least one tier, whose first begins at 0 input tokens.
/// Cost:        a charge is one look at a version, a scan of its tiers, and five multiplications;
///              no allocation, no hashing. `RatingSpeedTests` prints what it takes.
/// Why:         numbers of models and versions belong to one table and end with it; what lasts is
///              the content (`contents`), which the engine numbers durably.
public struct RateTable: Sendable {
    struct ModelRow {
        var firstVersion: Int32
        var endVersion: Int32
    }

    struct VersionRow {
        var effectiveFrom: Int64
        var firstTier: Int32
        var endTier: Int32
        var content: Int32
    }

    struct TierRow {
        var input: Int64
        var cacheRead: Int64
        var cacheWrite: Int64
        var output: Int64
        var reasoning: Int64
        var firstInput: UInt32
    }

    /// The card's name.
    public let name: String
    /// What is not charged for.
    public let policy: RatingPolicy
    /// The names of the models by number; the default price, where there is one, is "default".
    public let modelNames: [String]
    /// Every different price content, in the order of first use on the card.
    public let contents: [PriceContent]
    /// The number of the pseudo-model that carries the default price.
    public let defaultModel: Int?
    /// The machines; their versions and contents are numbered apart from those of models.
    public let machines: MachineTable

    let models: [ModelRow]
    let versions: [VersionRow]
    let tiers: [TierRow]
    let names: NameTable

    /// Compiles a card.
    ///
    /// - Parameter card: The card.
    /// - Throws: `RateCardError` when the card has errors; it carries all of them.
    public init(_ card: RateCard) throws(RateCardError) {
        let errors = card.findings.filter { $0.severity == .error }
        guard errors.isEmpty else { throw RateCardError(card: card.name, findings: errors) }
        var builder = Builder()
        for model in card.models {
            for version in model.versions {
                builder.add(version.content, from: version.effectiveFrom)
            }
            builder.endModel()
        }
        var modelNames = card.models.map(\.name)
        if let price = card.defaultPrice {
            builder.add(price.content, from: price.effectiveFrom)
            builder.endModel()
            modelNames.append("default")
        }
        self.init(
            builder,
            name: card.name,
            policy: card.policy,
            modelNames: modelNames,
            defaultModel: card.defaultPrice == nil ? nil : card.models.count,
            names: NameTable(card),
            machines: MachineTable(card.machines)
        )
    }

    init(
        _ builder: Builder,
        name: String,
        policy: RatingPolicy,
        modelNames: [String],
        defaultModel: Int? = nil,
        names: NameTable = NameTable(),
        machines: MachineTable = MachineTable([])
    ) {
        self.name = name
        self.policy = policy
        self.modelNames = modelNames
        self.defaultModel = defaultModel
        self.names = names
        self.machines = machines
        contents = builder.contents
        models = builder.models
        versions = builder.versions
        tiers = builder.tiers
    }

    // MARK: - The hot path

    /// The number of the version that applies at a moment, or nil when none does yet.
    ///
    /// - Parameters:
    ///   - model: The model's number.
    ///   - time: When the request was made.
    /// - Returns: The version's number.
    public func version(of model: Int, at time: Timestamp) -> Int? {
        let row = models[model]
        var version = row.endVersion
        // From the newest on: nearly every request is priced by the last version.
        while version > row.firstVersion {
            version -= 1
            if versions[Int(version)].effectiveFrom <= time.microseconds { return Int(version) }
        }
        return nil
    }

    /// The exact charge of a request's tokens, or nil when the counts contradict each other.
    ///
    /// It always fits: a count is below 2^32 and a price below 2^63, and the classes split two
    /// counts, so the sum is below 2 x 2^32 x 2^63 = 2^96 units, and an amount carries 10^38 >
    /// 2^126.
    ///
    /// - Parameters:
    ///   - tokens: The request's counts.
    ///   - version: The version's number.
    /// - Returns: The charge and the tier that applied, without regard to the policy.
    public func charge(_ tokens: TokenCounts, version: Int) -> TokenCharge? {
        guard tokens.isConsistent else { return nil }
        let tier = tierRow(ofInput: tokens.input, version: version)
        let row = tiers[tier.row]
        // Consistent counts: no subtraction below wraps.
        let plainInput = tokens.input &- tokens.cacheRead &- tokens.cacheWrite
        let plainOutput = tokens.output &- tokens.reasoning
        var units = Int128(row.input) &* Int128(plainInput)
        units &+= Int128(row.cacheRead) &* Int128(tokens.cacheRead)
        units &+= Int128(row.cacheWrite) &* Int128(tokens.cacheWrite)
        units &+= Int128(row.output) &* Int128(plainOutput)
        units &+= Int128(row.reasoning) &* Int128(tokens.reasoning)
        return TokenCharge(amount: Amount(units: units), tier: tier.number)
    }

    /// The charge of a finished request under the card's policy.
    ///
    /// - Parameters:
    ///   - tokens: The request's counts.
    ///   - version: The version's number.
    ///   - failed: Whether the request ended in an error.
    ///   - cacheHit: Whether the gateway answered from its own cache.
    /// - Returns: The charge, zero where the policy says so; nil when the counts contradict each
    ///   other.
    public func charge(
        _ tokens: TokenCounts,
        version: Int,
        failed: Bool,
        cacheHit: Bool
    ) -> TokenCharge? {
        guard let full = charge(tokens, version: version) else { return nil }
        let isFree = failed && !policy.chargesFailures || cacheHit && !policy.chargesCacheHits
        return isFree ? TokenCharge(amount: .zero, tier: full.tier) : full
    }

    /// The tier for a total of input tokens: its row, and its number within the version.
    func tierRow(ofInput input: UInt32, version: Int) -> (row: Int, number: UInt8) {
        let row = versions[version]
        var tier = row.endTier &- 1
        while tier > row.firstTier, tiers[Int(tier)].firstInput > input { tier &-= 1 }
        return (Int(tier), UInt8(truncatingIfNeeded: tier &- row.firstTier))
    }

    // MARK: - Looking things up

    /// How many versions all models have together; version numbers lie below it.
    public var versionCount: Int { versions.count }

    /// The index into `contents` of a version's content.
    ///
    /// - Parameter version: The version's number.
    /// - Returns: The index.
    public func contentIndex(ofVersion version: Int) -> Int {
        Int(versions[version].content)
    }

    /// What a version charges.
    ///
    /// - Parameter version: The version's number.
    /// - Returns: Its content.
    public func content(ofVersion version: Int) -> PriceContent {
        contents[contentIndex(ofVersion: version)]
    }

    /// From when a version applies.
    ///
    /// - Parameter version: The version's number.
    /// - Returns: The moment; `PriceVersion.always` when it has no beginning.
    public func effectiveFrom(ofVersion version: Int) -> Timestamp {
        Timestamp(microseconds: versions[version].effectiveFrom)
    }

    /// The numbers of a model's versions, ascending by date.
    ///
    /// - Parameter model: The model's number.
    /// - Returns: The numbers.
    public func versions(of model: Int) -> Range<Int> {
        Int(models[model].firstVersion)..<Int(models[model].endVersion)
    }
}
