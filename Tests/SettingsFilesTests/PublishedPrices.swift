import Testing

/// JSON with the texts of its numbers: enough for a price list, and shared with nothing.
indirect enum PublishedValue: Sendable {
    case object([(name: String, value: PublishedValue)])
    case list([PublishedValue])
    /// A string, a number, `true`, `false` or `null`.
    case text(String)

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var list: [PublishedValue] {
        guard case .list(let list) = self else { return [] }
        return list
    }

    var fields: [(name: String, value: PublishedValue)] {
        guard case .object(let fields) = self else { return [] }
        return fields
    }

    subscript(name: String) -> PublishedValue? {
        fields.first { $0.name == name }?.value
    }

    struct Wrong: Error {
        let offset: Int
    }

    static func read(_ text: String) throws -> PublishedValue {
        var reader = Reader(bytes: Array(text.utf8))
        let value = try reader.value()
        reader.skipBlanks()
        guard reader.offset == reader.bytes.count else { throw Wrong(offset: reader.offset) }
        return value
    }

    private struct Reader {
        let bytes: [UInt8]
        var offset = 0

        var next: UInt8 { offset < bytes.count ? bytes[offset] : 0 }

        mutating func skipBlanks() {
            while next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 { offset += 1 }
        }

        mutating func take(_ character: Character) -> Bool {
            skipBlanks()
            guard next == character.asciiValue else { return false }
            offset += 1
            return true
        }

        mutating func value() throws -> PublishedValue {
            if take("{") {
                var fields: [(name: String, value: PublishedValue)] = []
                if take("}") { return .object([]) }
                repeat {
                    skipBlanks()
                    let name = try string()
                    guard take(":") else { throw Wrong(offset: offset) }
                    fields.append((name, try value()))
                } while take(",")
                guard take("}") else { throw Wrong(offset: offset) }
                return .object(fields)
            }
            if take("[") {
                var list: [PublishedValue] = []
                if take("]") { return .list([]) }
                repeat { list.append(try value()) } while take(",")
                guard take("]") else { throw Wrong(offset: offset) }
                return .list(list)
            }
            skipBlanks()
            if next == UInt8(ascii: "\"") { return .text(try string()) }
            let start = offset
            while !",]} \n\r\t".utf8.contains(next), offset < bytes.count { offset += 1 }
            guard offset > start else { throw Wrong(offset: offset) }
            return .text(String(decoding: bytes[start..<offset], as: UTF8.self))
        }

        /// Escapes stay as they stand, but for the two that occur in names.
        private mutating func string() throws -> String {
            guard next == UInt8(ascii: "\"") else { throw Wrong(offset: offset) }
            offset += 1
            var result: [UInt8] = []
            while next != UInt8(ascii: "\"") {
                guard offset < bytes.count else { throw Wrong(offset: offset) }
                if next == UInt8(ascii: "\\") {
                    offset += 1
                    if next != UInt8(ascii: "\""), next != UInt8(ascii: "\\") {
                        result.append(UInt8(ascii: "\\"))
                    }
                }
                result.append(next)
                offset += 1
            }
            offset += 1
            return String(decoding: result, as: UTF8.self)
        }
    }
}

/// What a request costs by the published list, computed without the rating or the import.
///
/// Prices are whole numbers of 10^-12 credit a token, rounded half to even from the digits where
/// the list has more of them; the rules are those of the charters, written down once more.
struct PublishedPrices {
    /// Classes in the order input, cache read, cache write, output, reasoning.
    static let fields = [
        "input_cost_per_token", "cache_read_input_token_cost", "cache_creation_input_token_cost",
        "output_cost_per_token", "output_cost_per_reasoning_token",
    ]

    /// The prices of one model, nil where none is published.
    var base = [Int128?](repeating: nil, count: 5)
    /// The prices above a bound on the request's input tokens, ascending.
    var tiers: [(bound: Int, prices: [Int128?])] = []
    /// Whether a request of exactly the bound already counts as above it.
    var isInclusive = false

    /// The prices of an entry, or nil when it does not price both input and output by the token.
    init?(_ entry: PublishedValue) {
        isInclusive = entry["litellm_provider"]?.text == "xai"
        for (name, value) in entry.fields { take(name, value.text) }
        for (index, range) in (entry["tiered_pricing"]?.list ?? []).enumerated() {
            let bounds = range["range"]?.list.compactMap { $0.text.flatMap(Self.whole) } ?? []
            // Ranges of something else, such as results of a search, price no tokens.
            guard bounds.count == 2 else { return nil }
            for (name, value) in range.fields {
                guard let place = Self.fields.firstIndex(of: name), let text = value.text else {
                    continue
                }
                set(Self.price(text), place, above: index == 0 ? nil : bounds[0])
            }
        }
        tiers.sort { $0.bound < $1.bound }
        guard base[0] != nil else { return nil }
        if base[3] == nil {
            let mode = entry["mode"]?.text ?? ""
            if let image = entry["output_cost_per_image_token"]?.text {
                base[3] = Self.price(image)
            } else if ["embedding", "rerank", "moderation"].contains(mode) {
                base[3] = 0
            }
        }
        guard base[3] != nil else { return nil }
    }

    /// Whether every price of every class is 0.
    var isFree: Bool {
        (base + tiers.flatMap(\.prices)).allSatisfy { $0 == nil || $0 == 0 }
    }

    /// The charge in 10^-12 credit: plain rules, one class after the other.
    func charge(input: Int, read: Int, write: Int, output: Int, reasoning: Int) -> Int128 {
        let tier = tiers.last { isInclusive ? input >= $0.bound : input > $0.bound }
        var prices: [Int128] = []
        for place in 0..<5 {
            let own = tier?.prices[place] ?? base[place]
            // A cache price that was never published is that of input, a reasoning price output's.
            let standIn = place < 3 ? prices.first : prices.last
            prices.append(own ?? standIn ?? 0)
        }
        let counts = [input - read - write, read, write, output - reasoning, reasoning]
        return zip(prices, counts).reduce(0) { $0 + $1.0 * Int128($1.1) }
    }

    // MARK: - Reading

    private mutating func take(_ name: String, _ text: String?) {
        guard let text else { return }
        for (place, field) in Self.fields.enumerated() where name.hasPrefix(field) {
            if name == field { return set(Self.price(text), place, above: nil) }
            // "_above_200k_tokens", and nothing behind it.
            let words = name.dropFirst(field.count).split(separator: "_")
            guard words.count == 3, words[0] == "above", words[2] == "tokens",
                let bound = Self.whole(words[1].replacing("k", with: "000"))
            else { continue }
            return set(Self.price(text), place, above: bound)
        }
    }

    private mutating func set(_ price: Int128?, _ place: Int, above bound: Int?) {
        guard let bound else {
            base[place] = price
            return
        }
        if let index = tiers.firstIndex(where: { $0.bound == bound }) {
            tiers[index].prices[place] = price
        } else {
            var prices = [Int128?](repeating: nil, count: 5)
            prices[place] = price
            tiers.append((bound, prices))
        }
    }

    private static func whole(_ text: some StringProtocol) -> Int? {
        guard let digits = DigitString(String(text)), digits.decimals <= 0 else { return nil }
        return Int(String(digits.digits) + String(repeating: "0", count: -digits.decimals))
            ?? (digits.digits.isEmpty ? 0 : nil)
    }

    /// A decimal in units of its twelfth place, rounded half to even on the digits.
    static func price(_ text: String) -> Int128? {
        guard let number = DigitString(text) else { return nil }
        if number.decimals <= 12 {
            let zeros = String(repeating: "0", count: 12 - number.decimals)
            return number.digits.isEmpty ? 0 : Int128(String(number.digits) + zeros)
        }
        let cut = number.decimals - 12
        let kept = String(number.digits.dropLast(cut))
        let zeros = String(repeating: "0", count: max(0, cut - number.digits.count))
        let lost = zeros + String(number.digits.suffix(cut))
        let half = "5" + String(repeating: "0", count: cut - 1)
        guard let units = Int128(kept.isEmpty ? "0" : kept) else { return nil }
        // Texts of one length compare as the numbers do.
        let isUp = lost > half || (lost == half && units % 2 == 1)
        return units + (isUp ? 1 : 0)
    }
}
