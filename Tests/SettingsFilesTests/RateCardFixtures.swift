import Glibc
import Quantities
import Rating
import SettingsFiles

/// The package's folder, whether or not the tests' files are reached through links.
let packageFolder: String = {
    // .../Tests/SettingsFilesTests/<this file>: three steps up.
    guard let real = realpath(#filePath, nil) else { return "." }
    defer { free(real) }
    let parts = String(cString: real).split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/")
}()

/// A card around some models, with what every card needs.
func cardText(_ models: String) -> String {
    """
    rate_card: test
    unit: credits per 1,000,000 tokens
    models:

    """ + models
}

/// The issues of a text that should be a rate card, one line each.
func cardIssues(of text: String) -> [String] {
    do throws(SettingsError) {
        return try RateCardFile.load(text: text, file: "card.yaml").warnings.map(\.description)
    } catch {
        guard case .invalid(_, let issues) = error else { return ["\(error)"] }
        return issues.map(\.description)
    }
}

/// A small generator of pseudo-random numbers, the same for a seed on every machine (SplitMix64).
struct CardNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
