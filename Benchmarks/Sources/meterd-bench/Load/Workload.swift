import Quantities

/// Who uses how much: Zipf-distributed organisations, and token counts of real requests.
struct Workload: Sendable {
    /// Model names on the benchmarks' rate card.
    static let models = ["large", "medium", "small", "long"]

    /// The rate card: prices as they are usual, one model with a cliff.
    static let rateCard = """
        rate_card: bench
        unit: credits per 1,000,000 tokens
        charge_failures: false
        charge_cache_hits: false
        default: refuse
        models:
          large:
            prices: [{from: always, input: 5, cache_read: 0.50, cache_write: 6.25, output: 25}]
          medium:
            prices: [{from: always, input: 3, cache_read: 0.30, cache_write: 3.75, output: 15}]
          small:
            prices: [{from: always, input: 0.15, cache_read: 0.075, output: 0.60}]
          long:
            prices:
              - from: always
                input: 1.25
                cache_read: 0.31
                output: 10
                tiers: [{above_input_tokens: 4000, input: 2.50, cache_read: 0.625, output: 15}]

        """

    /// Where the token counts come from, for the report.
    let source: String
    private let sizes: [(input: UInt32, output: UInt32)]

    init(trace: String) {
        let traced = TextFile.read(trace).map(Workload.parse) ?? []
        if traced.isEmpty {
            source = "TOKEN COUNTS ARE INVENTED: \(trace) is not there, or has no rows"
            var random = SeededGenerator(seed: 7)
            sizes = (0..<10_000).map { _ in
                (
                    UInt32.random(in: 50...7500, using: &random),
                    UInt32.random(in: 5...500, using: &random)
                )
            }
        } else {
            source =
                "token counts of \(traced.count) real requests (\(trace)), a third of them half "
                + "read from cache"
            sizes = traced
        }
    }

    /// The token counts of the next request.
    func tokens(_ random: inout SeededGenerator) -> TokenCounts {
        let size = sizes[Int(random.next() % UInt64(sizes.count))]
        var tokens = TokenCounts()
        tokens.input = size.input
        tokens.output = size.output
        if random.next() % 3 == 0 { tokens.cacheRead = size.input / 2 }
        return tokens
    }

    private static func parse(_ text: String) -> [(input: UInt32, output: UInt32)] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let fields = line.split(separator: ",")
            guard fields.count == 3, let input = UInt32(fields[1]), let output = UInt32(fields[2])
            else { return nil }
            return (input, output)
        }
    }
}

/// Draws organisations by Zipf's law, of all or of a connection's share; 0 is the busiest.
struct ZipfSampler: Sendable {
    private let share: Share
    /// The distribution's running sums, for a binary search.
    private let sums: [Double]

    init(organisations: Int, share: Share = Share()) {
        self.share = share
        var running = 0.0
        sums = stride(from: share.part, to: organisations, by: share.parts).map { rank in
            running += 1 / Double(rank + 1)
            return running
        }
    }

    /// The organisation of the next request.
    func next(_ random: inout SeededGenerator) -> Int {
        let wanted = random.fraction() * (sums.last ?? 1)
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > wanted { high = middle } else { low = middle + 1 }
        }
        return share.part + low * share.parts
    }
}
