import Quantities
import Rating
import SettingsFiles
import Testing

/// Goal: every model of the published list is charged what the list says, to the last digit.
///
/// Method: 20 random requests for each model, below, at and above its cliffs, with cached,
/// cache-written and reasoning tokens, rated by a table of the imported card, against a computation
/// from the list's own text that shares no code with the rating or the import.
@Suite(.enabled(if: PublishedList.isPresent)) struct LiteLLMRatingTests {
    private static let requests = 20
    private static let published = Result {
        try PublishedValue.read(PublishedList.text()).fields.filter { $0.name != "sample_spec" }
    }

    private func random(upTo bits: Int, _ random: inout CardNumbers) -> Int {
        .random(in: 0...(1 << Int.random(in: 0...bits, using: &random)), using: &random)
    }

    private func tokens(
        _ number: Int,
        _ prices: PublishedPrices,
        _ numbers: inout CardNumbers
    ) -> TokenCounts {
        var input = random(upTo: 20, &numbers)
        if number < 3 * prices.tiers.count {
            // Just below, at, and just above each bound.
            input = prices.tiers[number / 3].bound + number % 3 - 1
        }
        let read = Int.random(in: 0...input, using: &numbers)
        let output = random(upTo: 18, &numbers)
        return TokenCounts(
            input: UInt32(input),
            cacheRead: UInt32(read),
            cacheWrite: UInt32(Int.random(in: 0...(input - read), using: &numbers)),
            output: UInt32(output),
            reasoning: UInt32(Int.random(in: 0...output, using: &numbers))
        )
    }

    private func compare(seed: UInt64) throws {
        var numbers = CardNumbers(seed: seed)
        let list = try PublishedList.imported.get()
        // By way of the file, as a daemon would have it.
        let text = list.yaml(source: "the published list")
        let table = try RateTable(try RateCardFile.load(text: text, file: "litellm").card)
        var models = 0
        var tiered = 0
        var wrong: [String] = []
        for (name, entry) in try Self.published.get() {
            guard case .listed(let model) = table.model(named: name),
                table.modelNames[model] == name,
                let version = table.version(of: model, at: .epoch)
            else { continue }
            let prices = try #require(PublishedPrices(entry), "\(name) has no price in the list")
            models += 1
            tiered += prices.tiers.isEmpty ? 0 : 1
            for number in 0..<Self.requests {
                let tokens = tokens(number, prices, &numbers)
                let expected = prices.charge(
                    input: Int(tokens.input),
                    read: Int(tokens.cacheRead),
                    write: Int(tokens.cacheWrite),
                    output: Int(tokens.output),
                    reasoning: Int(tokens.reasoning)
                )
                let charge = table.charge(tokens, version: version)
                if charge?.amount.units != expected {
                    wrong.append("\(name) \(tokens): \(charge as Any), by the list \(expected)")
                }
            }
        }
        #expect(wrong.isEmpty, "seed \(seed): \(wrong.prefix(5).joined(separator: "\n"))")
        #expect(models == list.report.models)
        print(
            "LiteLLMRatingTests: seed \(seed): \(models) models, \(tiered) of them with cliffs, "
                + "\(models * Self.requests) requests, \(wrong.count) wrong"
        )
        #expect(models > 3_000)
        #expect(tiered > 100)
    }

    @Test func `20 requests to each model cost what the list says`() throws {
        try compare(seed: 4)
    }

    @Test func `they do so with a fresh seed too`() throws {
        try compare(seed: .random(in: 0...(.max)))
    }

    @Test func `every model that the list prices by the token is rated, or is free of charge`()
        throws
    {
        let list = try PublishedList.imported.get()
        let carried = Set(list.card.models.map(\.name))
        var skipped: [String: String] = [:]
        for entry in list.report.skipped { skipped[entry.model] = entry.reason }
        var left: [String] = []
        for (name, entry) in try Self.published.get() where !carried.contains(name) {
            #expect(skipped[name] != nil, "\(name) is neither carried nor skipped")
            guard let prices = PublishedPrices(entry) else { continue }
            // What is 0 by the token, and has a price by something else, must not be given away.
            if !prices.isFree { left.append("\(name): \(skipped[name] ?? "")") }
        }
        #expect(left.isEmpty, "\(left.joined(separator: "\n"))")
    }

    @Test(
        arguments: [
            ("3e-06", 3_000_000), ("0.00000125", 1_250_000), ("0", 0), ("0.0", 0),
            ("1", 1_000_000_000_000), ("1.5e-12", 2), ("2.5e-12", 2), ("2.500000001e-12", 3),
            ("5e-13", 0), ("5.1e-13", 1), ("4e-13", 0), ("1.0000000000000002e-06", 1_000_000),
        ] as [(String, Int128)]
    )
    func `the computation of its own rounds half to even on the digits`(
        text: String,
        units: Int128
    ) {
        #expect(PublishedPrices.price(text) == units)
    }
}
