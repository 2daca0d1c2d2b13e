import MeterClient
import Quantities

/// A model of the campaign's own rate card, with its prices as plain numbers.
///
/// Why: the proof must not ask the program under test what something costs.
struct PlannedModel: Sendable {
    let name: String
    /// Units of 10^-12 credits for each token: input, read from a cache, output.
    let prices: (input: Int128, cached: Int128, output: Int128)
    /// The prices above a number of input tokens, if the model has a cliff.
    let cliff: (above: UInt32, input: Int128, cached: Int128, output: Int128)?

    static let all = [
        PlannedModel(name: "plain", prices: (3_000_000, 3_000_000, 15_000_000), cliff: nil),
        PlannedModel(name: "cached", prices: (150_000, 75_000, 600_000), cliff: nil),
        PlannedModel(
            name: "tiered",
            prices: (1_250_000, 310_000, 10_000_000),
            cliff: (above: 200_000, input: 2_500_000, cached: 625_000, output: 15_000_000)
        ),
    ]

    /// The same prices as the daemon reads them.
    static let card = """
        rate_card: crash-campaign
        unit: credits per 1,000,000 tokens
        default: refuse
        models:
          plain:
            prices:
              - {from: always, input: 3, output: 15}
          cached:
            prices:
              - {from: always, input: 0.15, cache_read: 0.075, output: 0.60}
          tiered:
            prices:
              - from: always
                input: 1.25
                cache_read: 0.31
                output: 10
                tiers:
                  - {above_input_tokens: 200000, input: 2.50, cache_read: 0.625, output: 15}

        """

    /// What a request costs, in units of 10^-12 credits.
    func cost(_ tokens: TokenCounts) -> Int128 {
        let fresh = Int128(tokens.input - tokens.cacheRead)
        let cached = Int128(tokens.cacheRead)
        let output = Int128(tokens.output)
        if let cliff, tokens.input > cliff.above {
            return fresh * cliff.input + cached * cliff.cached + output * cliff.output
        }
        return fresh * prices.input + cached * prices.cached + output * prices.output
    }
}

/// One event as planned: it follows from seed, producer and sequence alone.
struct PlannedEvent: Sendable {
    let org: Int
    let model: PlannedModel
    let tokens: TokenCounts

    var cost: Int128 { model.cost(tokens) }
}

/// Everything that a campaign sends, the same again for the same seed.
struct Workload: Sendable {
    let seed: UInt64
    let producers: Int
    /// How many events each producer sends.
    let eventsEach: UInt64
    let organisations: [String]

    var events: UInt64 { UInt64(producers) * eventsEach }

    func producerName(_ producer: Int) -> String { "gateway-\(producer)" }

    func requestID(_ producer: Int, _ sequence: UInt64) -> String {
        "\(producerName(producer))-\(sequence)"
    }

    func event(_ producer: Int, _ sequence: UInt64) -> PlannedEvent {
        let place = seed &+ UInt64(producer) &* 0xA076_1D64_78BD_642F &+ sequence
        let word = SeededRandom.mixed(place &* 0x9E37_79B9_7F4A_7C15)
        let size = SeededRandom.mixed(word)
        // Some requests are long, so that the cliff is used.
        let span: UInt64 = word >> 60 == 0 ? 300_000 : 4_000
        let input = UInt32(size % span)
        return PlannedEvent(
            org: Int(word % UInt64(organisations.count)),
            model: PlannedModel.all[Int(word >> 20 & 0xFFFF) % PlannedModel.all.count],
            tokens: TokenCounts(
                input: input,
                cacheRead: UInt32(UInt64(input) * (size >> 40 & 3) / 4),
                output: UInt32(size >> 44 & 1023)
            )
        )
    }

    /// What each organisation has to pay for the first events of every producer.
    func charges(through last: [UInt64]) -> [Int128] {
        var sums = [Int128](repeating: 0, count: organisations.count)
        for producer in 0..<producers where last[producer] > 0 {
            for sequence in 1...last[producer] {
                let event = event(producer, sequence)
                sums[event.org] += event.cost
            }
        }
        return sums
    }
}
