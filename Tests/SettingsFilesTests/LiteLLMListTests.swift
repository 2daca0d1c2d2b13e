import Glibc
import Quantities
import Rating
import SettingsFiles
import Testing

/// The LiteLLM price list beside the repository, which is not part of it.
enum PublishedList {
    static let path = packageFolder + "/../shared/data/litellm-model-prices.json"

    static let isPresent: Bool = {
        let isFound = access(path, R_OK) == 0
        if !isFound {
            print("LiteLLMListTests: SKIPPED, THE PRICE LIST IS NOT THERE: \(path)")
        }
        return isFound
    }()

    /// The list's text, read without the code under test.
    static func text() throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: chunk[0..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The list as a rate card; read once for all tests.
    static let imported = Result { try LiteLLMImport(path: path) }

    /// A field with its model and the text of its value.
    struct Field {
        let model: String
        let isNested: Bool
        let name: String
        let text: String
    }

    /// Every field with one value, whatever its depth.
    ///
    /// The list has one field a line and a fixed indentation, so that lines suffice, and nothing of
    /// the reading under test is used.
    static func fields() throws -> [Field] {
        var result: [Field] = []
        var model = ""
        for line in try text().split(separator: "\n") {
            let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
            guard parts.count >= 3 else { continue }
            if !line.hasPrefix("        "), parts[2] == ": {" {
                model = String(parts[1])
            } else if parts[2].hasPrefix(": "), model != "sample_spec" {
                let isNested = !line.hasPrefix("        \"")
                let text = parts.count == 3 ? parts[2].dropFirst(2) : parts[3]
                result.append(
                    Field(
                        model: model,
                        isNested: isNested,
                        name: String(parts[1]),
                        text: text.filter { $0 != "," }
                    )
                )
            }
        }
        return result
    }
}

/// A decimal as its digits and the place of its point: text in, text out, no arithmetic on numbers.
struct DigitString {
    /// The digits without leading zeros, and how many of them are decimals (may exceed the count).
    var digits: [Character]
    var decimals: Int

    init?(_ text: String) {
        let halves = text.lowercased().split(separator: "e", omittingEmptySubsequences: false)
        guard let mantissa = halves.first, halves.count <= 2 else { return nil }
        let exponent = halves.count == 2 ? Int(halves[1]) : 0
        guard let exponent else { return nil }
        let parts = mantissa.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ $0.allSatisfy(\.isNumber) }) else { return nil }
        digits = Array(parts.joined())
        decimals = (parts.count == 2 ? parts[1].count : 0) - exponent
        while digits.last == "0" {
            digits.removeLast()
            decimals -= 1
        }
        while digits.first == "0" { digits.removeFirst() }
        if digits.isEmpty { decimals = 0 }
    }

    /// The number of which this is a millionth, as plain text.
    var timesMillion: String {
        if digits.isEmpty { return "0" }
        var digits = digits
        var decimals = decimals - 6
        while decimals < 0 {
            digits.append("0")
            decimals += 1
        }
        while digits.count <= decimals { digits.insert("0", at: 0) }
        let whole = String(digits.dropLast(decimals))
        return decimals == 0 ? whole : whole + "." + String(digits.suffix(decimals))
    }
}

/// Goal: every price of the list is carried to the last digit, or named.
///
/// Method: an independent reading by lines and a comparison of digit strings.
@Suite(.enabled(if: PublishedList.isPresent)) struct LiteLLMListTests {
    private static let imported = PublishedList.imported

    private static let classFields: [(String, TokenClass)] = [
        ("input_cost_per_token", .input), ("output_cost_per_token", .output),
        ("cache_read_input_token_cost", .cacheRead),
        ("cache_creation_input_token_cost", .cacheWrite),
        ("output_cost_per_reasoning_token", .reasoning),
    ]

    @Test func `99.6 per cent of the published prices per token are exact at 10^-12`() throws {
        let report = try Self.imported.get().report
        print("LiteLLMListTests:\n\(report.summary)")
        var published = 0
        var exact = 0
        for field in try PublishedList.fields() {
            guard field.name.contains("cost"), field.name.contains("token"),
                !field.name.contains("dbu"), let digits = DigitString(field.text)
            else { continue }
            published += 1
            exact += digits.decimals <= 12 ? 1 : 0
        }
        #expect(report.published == published)
        #expect(report.publishedExact == exact)
        #expect(exact * 1_000 > published * 995)
    }

    @Test func `every price of a carried model is carried, digit by digit`() throws {
        let list = try Self.imported.get()
        var models: [String: ModelRates] = [:]
        for model in list.card.models { models[model.name] = model }
        var rounded: [String: String] = [:]
        for price in list.report.rounded {
            rounded["\(price.model) \(price.field)"] = price.carried
        }
        var compared = 0
        for field in try PublishedList.fields() where !field.isNested {
            guard let version = models[field.model]?.versions.first,
                let (price, bound) = Self.carried(field.name, version),
                let digits = DigitString(field.text)
            else { continue }
            compared += 1
            let carried = try #require(price, "\(field)")
            if digits.decimals <= 12 {
                #expect(carried.perMillion == digits.timesMillion, "\(field) \(bound ?? 0)")
            } else {
                #expect(rounded["\(field.model) \(field.name)"] == carried.perMillion, "\(field)")
                // All of them carry the noise of doubles: the two numbers agree on their first
                // digits.
                let near = Double(digits.timesMillion) ?? 0
                let got = Double(carried.perMillion) ?? 0
                #expect(abs(near - got) <= 0.000_000_5, "\(field)")
            }
        }
        let inRanges = list.report.carried - compared
        print("LiteLLMListTests: \(compared) prices compared, \(inRanges) more in ranges")
        #expect(compared > 9_000)
        #expect(inRanges >= 0)
    }

    @Test func `every price of a range is carried, digit by digit`() throws {
        let list = try Self.imported.get()
        var models: [String: ModelRates] = [:]
        for model in list.card.models { models[model.name] = model }
        let fields = try PublishedList.fields()
        // Other nested prices, such as off-peak ones, belong to entries with prices of their own.
        let flat = Set(
            fields.filter { !$0.isNested && $0.name == "input_cost_per_token" }.map(\.model)
        )
        var seen: [String: Int] = [:]
        var compared = 0
        for field in fields where field.isNested && !flat.contains(field.model) {
            guard let version = models[field.model]?.versions.first,
                let tokenClass = Self.classFields.first(where: { $0.0 == field.name })?.1,
                let digits = DigitString(field.text)
            else { continue }
            // The ranges stand in order, so the n-th occurrence belongs to the n-th range.
            let range = seen["\(field.model) \(field.name)", default: 0]
            seen["\(field.model) \(field.name)"] = range + 1
            let prices = range == 0 ? version.base : version.tiers[range - 1].prices
            #expect(prices[tokenClass]?.perMillion == digits.timesMillion, "\(field)")
            compared += 1
        }
        print("LiteLLMListTests: \(compared) prices in ranges compared")
        #expect(compared > 0)
    }

    /// The price that a field's name asks for; nil when it is no field that a card carries.
    private static func carried(
        _ field: String,
        _ version: PriceVersion
    ) -> (price: Price?, bound: UInt32?)? {
        for (name, tokenClass) in classFields where field.hasPrefix(name) {
            if field == name { return (version.base[tokenClass], nil) }
            for bound in [100, 128, 200, 272, 512] as [UInt32]
            where field == "\(name)_above_\(bound)k_tokens" {
                let tier = version.tiers.first { $0.aboveInputTokens == bound * 1_000 }
                return (tier?.prices[tokenClass], bound)
            }
        }
        return nil
    }

    @Test func `the card carries nothing that the list does not say`() throws {
        let list = try Self.imported.get()
        var count = 0
        for model in list.card.models {
            let version = try #require(model.versions.first)
            for prices in [version.base] + version.tiers.map(\.prices) {
                count += TokenClass.allCases.filter { prices[$0] != nil }.count
            }
        }
        #expect(count == list.report.carried + list.report.assumed.count)
    }

    @Test func `every entry is either on the card or named as skipped`() throws {
        let list = try Self.imported.get()
        var seen: [String: Int] = [:]
        for model in list.card.models { seen[model.name, default: 0] += 1 }
        for skipped in list.report.skipped { seen[skipped.model, default: 0] += 1 }
        #expect(seen.values.allSatisfy { $0 == 1 })
        #expect(seen.count == list.report.entries)
        #expect(seen["sample_spec"] == nil)
        #expect(list.report.skipped.contains { $0.model == "fallback_generalizations" })
        let names = Set(try PublishedList.fields().map(\.model))
        #expect(names.subtracting(seen.keys).subtracting(["", "sample_spec"]).isEmpty)
    }

    @Test func `only the provider xai bills the bound itself at the higher price`() throws {
        let list = try Self.imported.get()
        var provider: [String: String] = [:]
        for field in try PublishedList.fields() where field.name == "litellm_provider" {
            provider[field.model] = field.text
        }
        var inclusive = 0
        for model in list.card.models {
            for tier in model.versions[0].tiers {
                #expect(tier.isInclusive == (provider[model.name] == "xai"), "\(model.name)")
                inclusive += tier.isInclusive ? 1 : 0
            }
        }
        #expect(inclusive > 0)
    }

    @Test func `the whole list reads back from YAML, and becomes a table`() throws {
        let list = try Self.imported.get()
        let text = list.yaml(source: "the file of the tests")
        let file = try RateCardFile.load(text: text, file: "litellm.yaml")
        #expect(file.card == list.card)
        let table = try RateTable(file.card)
        #expect(table.versionCount == list.report.models)
        for content in table.contents {
            #expect(PriceContent(canonicalText: content.canonicalText) == content)
        }
        print("LiteLLMListTests: \(table.contents.count) different prices")
    }
}
