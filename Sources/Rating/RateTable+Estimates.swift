import Quantities

extension RateTable {
    /// What a request of this size costs when nothing of it is cached and nothing is reasoning.
    ///
    /// It is the same function as the real charge, on the counts that are asked for.
    ///
    /// - Parameters:
    ///   - maxInput: The largest number of input tokens.
    ///   - maxOutput: The largest number of output tokens.
    ///   - version: The version's number.
    /// - Returns: The charge and the tier.
    public func estimate(maxInput: UInt32, maxOutput: UInt32, version: Int) -> TokenCharge {
        let tokens = TokenCounts(input: maxInput, output: maxOutput)
        guard let charge = charge(tokens, version: version) else {
            invariantBroken("counts without parts do not contradict each other")
        }
        return charge
    }

    /// The most that any request within these sizes can cost.
    ///
    /// It differs from `estimate` where writing to a cache costs more than input, reasoning more
    /// than output, or a request below a cliff more than one above it.
    ///
    /// - Parameters:
    ///   - maxInput: The largest number of input tokens.
    ///   - maxOutput: The largest number of output tokens.
    ///   - version: The version's number.
    /// - Returns: The bound.
    public func ceiling(maxInput: UInt32, maxOutput: UInt32, version: Int) -> Amount {
        let row = versions[version]
        var most: Int128 = 0
        for index in Int(row.firstTier)..<Int(row.endTier) where tiers[index].firstInput <= maxInput
        {
            let tier = tiers[index]
            let isLast = index + 1 == Int(row.endTier)
            let lastInput = isLast ? maxInput : min(maxInput, tiers[index + 1].firstInput - 1)
            let perInput = max(tier.input, tier.cacheRead, tier.cacheWrite)
            let perOutput = max(tier.output, tier.reasoning)
            // Below 2^96, as in `charge`.
            let units =
                Int128(perInput) &* Int128(lastInput) &+ Int128(perOutput) &* Int128(maxOutput)
            most = max(most, units)
        }
        return Amount(units: most)
    }

    /// The largest number of output tokens that an amount covers beside the input.
    ///
    /// The result `n` is exact: `estimate(maxInput: input, maxOutput: n)` is within the amount, and
    /// for one token more it is not (or `n` is the largest count there is).
    ///
    /// - Parameters:
    ///   - amount: What there is.
    ///   - input: The number of input tokens.
    ///   - version: The version's number.
    /// - Returns: The number of tokens, or nil when the amount does not even cover the input.
    public func outputTokensCovered(by amount: Amount, input: UInt32, version: Int) -> UInt32? {
        let row = tiers[tierRow(ofInput: input, version: version).row]
        let left = amount.units - Int128(row.input) &* Int128(input)
        guard left >= 0 else { return nil }
        guard row.output > 0 else { return .max }
        // A number of tokens, not money, so it is cut off and not rounded. 64 bits nearly always
        // suffice, and divide much faster.
        if let small = Int64(exactly: left) { return UInt32(clamping: small / row.output) }
        return UInt32(clamping: left / Int128(row.output))
    }
}
