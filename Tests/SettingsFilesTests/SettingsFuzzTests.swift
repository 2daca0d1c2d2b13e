import Testing

@testable import SettingsFiles

// Goal: no file and no variable brings the loader down; it loads or it complains, the same each
// time.
// Method: the documented file with its keys uncommented, mutated from a fixed seed; every key with
// values from the edges of what numbers and texts can be.
@Suite struct SettingsFuzzTests {
    private static let edges = [
        "", " ", "0", "-1", "1", "+1", "01", "0x10", "1e3", "1.0", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "9223372036854775807 KiB", "KiB", "_",
        "1__0",
        "0777", "0o17", "~", "null", "true", "\u{0}", "\u{7F}", "é", "'", "\"", "=", "a=", "a='",
        "a=\\", "//", "://", "postgresql://", "postgresql://@", "postgresql://:@/?password=",
        "127.0.0.1:", ":1", "[]:1", "[::1]:65535", "127.0.0.1:65536", "127.1:1", "[", "]", ",",
        ",,",
        String(repeating: "x", count: 5000),
    ]

    @Test func `every key survives every edge`() throws {
        for key in Settings.keys {
            for edge in Self.edges {
                var settings = Settings()
                let complaint = key.take(.scalar(edge), into: &settings)
                if complaint != nil { #expect(settings == Settings(), "\(key.path): \(edge)") }
                _ = settings.explanation
                _ = settings.contradictions()
            }
        }
    }

    @Test func `a damaged file is loaded or refused, and always in the same way`() throws {
        let pristine = Settings.groups.map { group in
            let keys = Settings.keys.filter { $0.group == group }
            return group + ":\n"
                + keys.map { "  \($0.name): \($0.text(in: Settings()))\n" }.joined()
        }.joined()
        #expect(try Settings.load(text: pristine) == Settings())

        var random = SplitMix(state: 20_260_301)
        var refused = 0
        for _ in 0..<400 {
            var bytes = Array(pristine.utf8)
            for _ in 0...Int(random.next() % 4) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next() % 128)
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8(ascii: ":"), at: place)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let first = outcome(of: text)
            #expect(first == outcome(of: text))
            if first != nil { refused += 1 }
        }
        #expect(refused > 100)
    }

    private func outcome(of text: String) -> String? {
        do throws(SettingsError) {
            _ = try Settings.load(text: text)
            return nil
        } catch {
            return error.description
        }
    }
}

/// A small generator that gives the same numbers for the same seed everywhere.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
