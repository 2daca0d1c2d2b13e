import Accounting
import LedgerModel
import Quantities
import Rating

/// A random rate card, twice: compiled as a shard has it, and as prices in words for the model.
struct DuelCard {
    /// What the shard would charge from.
    let table: RateTable
    /// What an accountant would.
    let naive: NaiveCard

    static let models = ["alpha", "beta", "gamma"]

    /// Prices in millionths of a credit for a million tokens; nil leaves the class out.
    private struct Prices {
        var input: Int
        var cacheRead: Int?
        var cacheWrite: Int?
        var output: Int
        var reasoning: Int?

        init(_ random: inout SeededRandom) {
            func price() -> Int { random.below(random.oneIn(4) ? 10 : 60_000_000) }
            func perhaps() -> Int? { random.oneIn(2) ? price() : nil }
            input = price()
            cacheRead = perhaps()
            cacheWrite = perhaps()
            output = price()
            reasoning = perhaps()
        }

        var written: WrittenPrices {
            WrittenPrices(
                input: DuelCard.price(input),
                cacheRead: cacheRead.map(DuelCard.price),
                cacheWrite: cacheWrite.map(DuelCard.price),
                output: DuelCard.price(output),
                reasoning: reasoning.map(DuelCard.price)
            )
        }

        /// In words, with every gap filled: in a tier from the base, else by input and output.
        func words(over base: Prices?) -> String {
            let cacheRead = self.cacheRead ?? base?.cacheRead ?? input
            let cacheWrite = self.cacheWrite ?? base?.cacheWrite ?? input
            let reasoning = self.reasoning ?? base?.reasoning ?? output
            return [
                "input \(DuelCard.text(input))", "cache_read \(DuelCard.text(cacheRead))",
                "cache_write \(DuelCard.text(cacheWrite))", "output \(DuelCard.text(output))",
                "reasoning \(DuelCard.text(reasoning))",
            ].joined(separator: ", ")
        }
    }

    /// Makes prices that change in the months after a moment.
    init(from begin: Timestamp, _ random: inout SeededRandom) {
        var rates: [ModelRates] = []
        var versions: [NaiveCard.Version] = []
        for model in DuelCard.models {
            var moment = PriceVersion.always
            var mine: [PriceVersion] = []
            for number in 0...random.below(4) {
                if number > 0 {
                    let after = number == 1 ? begin : moment
                    let days = Int64(1 + random.below(200))
                    moment = after.advanced(byMicroseconds: days * 86_400_000_000)
                }
                let base = Prices(&random)
                var words = base.words(over: nil)
                var tiers: [PriceTier] = []
                for tier in 0..<random.below(3) {
                    let bound = UInt32(1000 + tier * 5000 + random.below(5000))
                    let beyond = Prices(&random)
                    tiers.append(PriceTier(aboveInputTokens: bound, prices: beyond.written))
                    words += "; above \(bound): \(beyond.words(over: base))"
                }
                mine.append(PriceVersion(effectiveFrom: moment, base: base.written, tiers: tiers))
                let from = number == 0 ? Int64.min : moment.microseconds
                versions.append(NaiveCard.Version(model: model, from: from, text: words))
            }
            rates.append(ModelRates(name: model, versions: mine))
        }
        naive = NaiveCard(versions: versions)
        do {
            table = try RateTable(RateCard(name: "duel", models: rates))
        } catch {
            invariantBroken("a duel's card has no errors")
        }
    }

    private static func text(_ millionths: Int) -> String {
        let digits = String(millionths % 1_000_000)
        return "\(millionths / 1_000_000)." + String(repeating: "0", count: 6 - digits.count)
            + digits
    }

    private static func price(_ millionths: Int) -> Price {
        do {
            return try Price(perMillion: text(millionths))
        } catch {
            invariantBroken("millionths make a price")
        }
    }
}

extension Duel {
    /// A report that is priced as a shard prices it, and by schoolbook rules from the price's text.
    func pricedDebit(_ org: UInt32) {
        let name = random.pick(DuelCard.models)
        let input = UInt32(random.below(14_000))
        let output = UInt32(random.below(4000))
        let read = UInt32(random.below(Int(input) + 1))
        let tokens = TokenCounts(
            input: input,
            cacheRead: read,
            cacheWrite: UInt32(random.below(Int(input - read) + 1)),
            output: output,
            reasoning: UInt32(random.below(Int(output) + 1))
        )
        // Reports come late, sometimes from before a price began.
        let late = random.oneIn(4) ? Int64(random.below(20 * 86_400)) * 1_000_000 : 0
        let at = now.advanced(byMicroseconds: -late)
        doing = "price \(name) \(tokens) at \(at)"
        guard case .listed(let model) = card.table.model(named: name),
            let version = card.table.version(of: model, at: at),
            let charge = card.table.charge(tokens, version: version, failed: false, cacheHit: false)
        else { return expect(false, "the table has a price") }
        let text = card.naive.text(of: name, at: at.microseconds) ?? ""
        guard let price = NaivePrice(text) else { return expect(false, "a price reads \(text)") }
        let other = price.charge(
            input: tokens.input,
            cacheRead: tokens.cacheRead,
            cacheWrite: tokens.cacheWrite,
            output: tokens.output,
            reasoning: tokens.reasoning
        )
        expectEqual(charge.amount.units, other.units, "the charge by \(text)")
        expectEqual(Int(charge.tier), other.tier, "the tier of \(text)")
        var usage = UsageChange()
        usage.org = org
        (usage.project, usage.key) = path(org)
        usage.at = at
        usage.tokens = tokens
        usage.tier = charge.tier
        usage.charge = Amount(units: other.units)
        tally["priced", default: 0] += 1
        if charge.tier > 0 { tally["cliff", default: 0] += 1 }
        debit(usage, keepsCharge: true)
    }
}
