import Foundation
import Quantities
import Rating

/// What it costs to price a request, without anything around it.
struct RatingAlone {
    static let name = "rating alone, one request"
    private static let models = ["large", "medium", "small", "long"]
    private static let requests = 65_536

    private let options: Options
    private let workload: Workload

    init(_ options: Options) {
        self.options = options
        workload = Workload(trace: options.trace)
    }

    func run() throws -> ReportRow {
        var row = ReportRow(
            RatingAlone.name,
            .nanoseconds,
            against: "a dictionary by the model's name and Foundation's Decimal, same requests and "
                + "prices; both come to the same sum"
        )
        let card = try RatingAlone.card()
        let table: RateTable
        do {
            table = try RateTable(card)
        } catch {
            throw BenchError("\(error)")
        }
        let versions = try RatingAlone.models.map { name in
            guard case .listed(let model) = table.model(named: name),
                let version = table.version(of: model, at: .epoch)
            else { throw BenchError("the model \(name) has no price") }
            return version
        }
        let naive = NaiveRates()
        var random = SeededGenerator(seed: options.seed)
        let requests = (0..<RatingAlone.requests).map { _ in
            (model: Int(random.next() % UInt64(versions.count)), tokens: workload.tokens(&random))
        }
        let passes = max(options.records / requests.count, 1)
        for round in 0...options.rounds {
            var sum = Int128(0)
            let start = Clock.nanoseconds
            for _ in 0..<passes {
                for request in requests {
                    let charge = table.charge(request.tokens, version: versions[request.model])
                    sum += charge?.amount.units ?? 0
                }
            }
            let ours = Double(Clock.nanoseconds - start) / Double(passes * requests.count)
            var slow = Decimal(0)
            let second = Clock.nanoseconds
            for request in requests {
                slow += naive.charge(RatingAlone.models[request.model], request.tokens)
            }
            let theirs = Double(Clock.nanoseconds - second) / Double(requests.count)
            let expected = Amount(units: sum / Int128(passes))
            guard try Amount(decimal: "\(slow)") == expected else {
                throw BenchError("rating: \(expected) credits, the naive version says \(slow)")
            }
            guard round > 0 else { continue }
            row.add(ours, baseline: theirs)
        }
        row.details["requests in a round"] = Double(passes * requests.count)
        Progress.say(
            "\(row.what): \(row.unit.text(row.figure.median)), the naive version "
                + row.unit.text(row.baseline.median)
        )
        return row
    }

    /// The benchmarks' rate card, as `Workload.rateCard` has it.
    private static func card() throws -> RateCard {
        func prices(
            _ input: String,
            _ read: String,
            _ write: String?,
            _ output: String
        ) throws -> WrittenPrices {
            WrittenPrices(
                input: try Price(perMillion: input),
                cacheRead: try Price(perMillion: read),
                cacheWrite: try write.map { try Price(perMillion: $0) },
                output: try Price(perMillion: output)
            )
        }
        let tier = PriceTier(
            aboveInputTokens: 4000,
            prices: try prices("2.50", "0.625", nil, "15")
        )
        let versions = [
            PriceVersion(base: try prices("5", "0.50", "6.25", "25")),
            PriceVersion(base: try prices("3", "0.30", "3.75", "15")),
            PriceVersion(base: try prices("0.15", "0.075", nil, "0.60")),
            PriceVersion(base: try prices("1.25", "0.31", nil, "10"), tiers: [tier]),
        ]
        return RateCard(
            name: "bench",
            models: zip(models, versions).map { ModelRates(name: $0, versions: [$1]) }
        )
    }
}

/// What one would write first.
private struct NaiveRates {
    private struct Prices {
        var input: Decimal
        var read: Decimal
        var write: Decimal
        var output: Decimal
    }

    private let base: [String: Prices]
    private let above: [String: (tokens: UInt32, prices: Prices)]

    init() {
        func decimal(_ text: String) -> Decimal { Decimal(string: text) ?? .nan }
        func prices(_ input: String, _ read: String, _ write: String, _ output: String) -> Prices {
            Prices(
                input: decimal(input),
                read: decimal(read),
                write: decimal(write),
                output: decimal(output)
            )
        }
        base = [
            "large": prices("5", "0.50", "6.25", "25"),
            "medium": prices("3", "0.30", "3.75", "15"),
            "small": prices("0.15", "0.075", "0.15", "0.60"),
            "long": prices("1.25", "0.31", "1.25", "10"),
        ]
        above = ["long": (4000, prices("2.50", "0.625", "2.50", "15"))]
    }

    func charge(_ model: String, _ tokens: TokenCounts) -> Decimal {
        guard var prices = base[model] else { return .nan }
        if let tier = above[model], tokens.input > tier.tokens { prices = tier.prices }
        let plain = tokens.input - tokens.cacheRead - tokens.cacheWrite
        let sum =
            Decimal(plain) * prices.input + Decimal(tokens.cacheRead) * prices.read
            + Decimal(tokens.cacheWrite) * prices.write + Decimal(tokens.output) * prices.output
        return sum / 1_000_000
    }
}
