/// Makes broken inputs of good ones; the same ones for the same seed, everywhere.
struct Mutator {
    private var state: UInt64
    private static let words = [
        "\"", "\\", "{", "}", "[", "]", ":", ",", "-", "\\u0000", "null", "1e9", "0", "MTJB", "\n",
        "18446744073709551616", "\u{0}", "é", "#", "'", "  ", "- ", "&a", "*a", "!!str", "|",
    ].map { Array($0.utf8) }

    init(seed: UInt64) {
        state = seed
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    private mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }

    /// One of the inputs, changed in one to four places.
    mutating func mutated(_ corpus: [[UInt8]], atMost limit: Int) -> [UInt8] {
        var bytes = corpus[below(corpus.count)]
        for _ in 0...below(4) where !bytes.isEmpty {
            let place = below(bytes.count)
            switch below(8) {
            case 0: bytes[place] = UInt8(below(256))
            case 1: bytes[place] ^= 1 << UInt8(below(8))
            case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][below(5)]
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + below(8)))
            case 4: bytes.insert(contentsOf: bytes[place...].prefix(1 + below(32)), at: place)
            case 5: bytes.insert(contentsOf: Self.words[below(Self.words.count)], at: place)
            case 6: bytes = Array(bytes[..<place]) + corpus[below(corpus.count)]
            default: bytes.removeSubrange(place...)
            }
        }
        return Array(bytes.prefix(limit))
    }
}
