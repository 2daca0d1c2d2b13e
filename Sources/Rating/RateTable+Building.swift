import Quantities

extension RateTable {
    /// Fills the flat arrays in the order of the card.
    struct Builder {
        var models: [ModelRow] = []
        var versions: [VersionRow] = []
        var tiers: [TierRow] = []
        var contents: [PriceContent] = []
        private var numbers: [PriceContent: Int32] = [:]

        private var firstVersion: Int32 = 0

        /// Adds a version to the model that is being built.
        mutating func add(_ content: PriceContent, from: Timestamp) {
            let first = Int32(tiers.count)
            for tier in content.tiers { tiers.append(TierRow(tier)) }
            versions.append(
                VersionRow(
                    effectiveFrom: from.microseconds,
                    firstTier: first,
                    endTier: Int32(tiers.count),
                    content: number(of: content)
                )
            )
        }

        /// Closes the model; what is added next belongs to the next one.
        mutating func endModel() {
            let end = Int32(versions.count)
            models.append(ModelRow(firstVersion: firstVersion, endVersion: end))
            firstVersion = end
        }

        private mutating func number(of content: PriceContent) -> Int32 {
            if let number = numbers[content] { return number }
            let number = Int32(contents.count)
            contents.append(content)
            numbers[content] = number
            return number
        }
    }
}

extension RateTable.TierRow {
    fileprivate init(_ tier: PriceContent.Tier) {
        self.init(
            input: tier.prices.input.unitsPerToken,
            cacheRead: tier.prices.cacheRead.unitsPerToken,
            cacheWrite: tier.prices.cacheWrite.unitsPerToken,
            output: tier.prices.output.unitsPerToken,
            reasoning: tier.prices.reasoning.unitsPerToken,
            firstInput: tier.firstInput
        )
    }
}
