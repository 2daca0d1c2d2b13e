import Accounting
import PostgresStore
import Quantities
import Rating

extension Engine {
    /// Where money could be saved, by what happened in the last 30 days.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The largest saving first.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func suggestions(
        organisation: String
    ) async throws(AdministrationError) -> [SuggestionInfo] {
        let org = OrgNumber(try number(organisation))
        let (from, through) = try await span(organisation, days: Suggestions.days)
        let facts = try await reader.ask { reader throws(StoreError) in
            let models = try reader.usageSummary(
                org: org,
                from: from,
                through: through,
                by: .model
            )
            let dearest = try reader.dearestRequests(
                org: org,
                from: from,
                through: through,
                limit: nil
            )
            let idle = try reader.idleMachines(org: org, from: from, through: through)
            return Suggestions(models: models, dearest: dearest, idle: idle)
        }
        return facts.all(pricing.current.table, at: time.now())
    }
}

/// Works out suggestions from facts.
///
/// Each is told with its numbers, and none is told where nothing would be saved.
struct Suggestions: Sendable {
    /// How many days are looked at.
    static let days = 30
    /// Fewer uncached tokens than this are not worth a change.
    static let leastTokens: UInt64 = 1_000_000
    /// A request is just above a cliff when it has at most this many hundredths more input.
    static let nearPercent: UInt64 = 10

    let models: [UsageSummary]
    let dearest: [DearestRequest]
    let idle: [IdleMachine]

    func all(_ table: RateTable, at now: Timestamp) -> [SuggestionInfo] {
        (cachedInput(table, at: now) + cliffs() + idleMachines())
            .sorted { ($0.saving, $1.subject) > ($1.saving, $0.subject) }
    }

    /// What half of the input that no cache gave would have cost less from a cache.
    private func cachedInput(_ table: RateTable, at now: Timestamp) -> [SuggestionInfo] {
        models.compactMap { model in
            let plain = model.inputTokens - model.cacheReadTokens - model.cacheWriteTokens
            guard plain >= Suggestions.leastTokens,
                model.cacheReadTokens < model.inputTokens / 2,
                let prices = table.basePrices(of: model.label, at: now)
            else { return nil }
            let difference = prices.input.unitsPerToken - prices.cacheRead.unitsPerToken
            guard difference > 0 else { return nil }
            let half = plain / 2
            let saving = Amount(units: Int128(difference) * Int128(half))
            let share = model.cacheReadTokens * 1000 / model.inputTokens
            return SuggestionInfo(
                kind: .cachedInput,
                subject: model.label,
                saving: saving,
                text: "\(share / 10).\(share % 10) % of the input tokens of \(model.label) came "
                    + "from a cache. If half of the other \(plain) had, they would have cost "
                    + "\(saving) less at the present price.",
                figures: [
                    "input_tokens": "\(model.inputTokens)",
                    "cache_read_input_tokens": "\(model.cacheReadTokens)",
                    "uncached_input_tokens": "\(plain)",
                    "input_price": "\(prices.input.perMillion)",
                    "cache_read_price": "\(prices.cacheRead.perMillion)",
                ]
            )
        }
    }

    /// What machines were charged on days on which nobody asked for anything.
    private func idleMachines() -> [SuggestionInfo] {
        idle.map { machine in
            SuggestionInfo(
                kind: .idleMachine,
                subject: machine.deployment,
                saving: machine.idleCharge,
                text: "\(machine.deployment) was charged on \(machine.days) days, and on "
                    + "\(machine.idleDays) of them its project had no request. Those days cost "
                    + "\(machine.idleCharge).",
                figures: [
                    "days": "\(machine.days)", "idle_days": "\(machine.idleDays)",
                    "charged": "\(machine.charge)", "charged_idle": "\(machine.idleCharge)",
                ]
            )
        }
    }

    /// What the dearest requests just above a cliff would have cost below it.
    private func cliffs() -> [SuggestionInfo] {
        struct Sum {
            var requests = 0
            var charged = Amount.zero
            var below = Amount.zero
            var bound: UInt32 = 0
        }
        var sums: [String: Sum] = [:]
        for request in dearest where request.usage.tier > 0 {
            guard let content = PriceContent(canonicalText: request.price) else { continue }
            let tier = Int(request.usage.tier)
            guard content.tiers.indices.contains(tier) else { continue }
            let bound = content.tiers[tier].firstInput - 1
            let input = UInt64(request.usage.tokens.input)
            guard input * 100 <= UInt64(bound) * (100 + Suggestions.nearPercent) else { continue }
            let below = content.tiers[tier - 1].prices.charge(request.usage.tokens)
            guard below < request.usage.charge else { continue }
            var sum = sums[request.usage.model] ?? Sum()
            sum.requests += 1
            sum.charged += request.usage.charge
            sum.below += below
            sum.bound = max(sum.bound, bound)
            sums[request.usage.model] = sum
        }
        return sums.sorted { $0.key < $1.key }.map { model, sum in
            let saving = sum.charged - sum.below
            return SuggestionInfo(
                kind: .priceCliff,
                subject: model,
                saving: saving,
                text: "\(sum.requests) of the dearest requests to \(model) had at most "
                    + "\(Suggestions.nearPercent) % more input than the \(sum.bound) tokens above "
                    + "which everything costs more. They cost \(sum.charged); at the prices below "
                    + "that, \(sum.below).",
                figures: [
                    "requests": "\(sum.requests)", "charged": "\(sum.charged)",
                    "below_the_cliff": "\(sum.below)", "cliff_input_tokens": "\(sum.bound)",
                ]
            )
        }
    }
}

extension RateTable {
    /// The prices below every cliff that a model has now, or nil when it has none.
    fileprivate func basePrices(of name: String, at now: Timestamp) -> TokenPrices? {
        let model: Int
        switch self.model(named: name) {
        case .listed(let number), .byDefault(let number): model = number
        case .unknown: return nil
        }
        guard let version = version(of: model, at: now) else { return nil }
        return content(ofVersion: version).tiers[0].prices
    }
}

extension TokenPrices {
    /// What tokens cost at these prices alone.
    func charge(_ tokens: TokenCounts) -> Amount {
        let plainInput = tokens.input - tokens.cacheRead - tokens.cacheWrite
        var units = Int128(input.unitsPerToken) * Int128(plainInput)
        units += Int128(cacheRead.unitsPerToken) * Int128(tokens.cacheRead)
        units += Int128(cacheWrite.unitsPerToken) * Int128(tokens.cacheWrite)
        units += Int128(output.unitsPerToken) * Int128(tokens.output - tokens.reasoning)
        units += Int128(reasoning.unitsPerToken) * Int128(tokens.reasoning)
        return Amount(units: units)
    }
}
