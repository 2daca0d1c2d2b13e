import Testing

@testable import SettingsFiles

// Goal: the files in config/ say what the code does.
// Method: config/meterd.yaml is read as it is, and with the # of every commented-out key taken
//         away.
@Suite struct SettingsShippedTests {
    private static let folder: String = {
        // .../Tests/SettingsFilesTests/<this file>
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return parts.joined(separator: "/") + "/config"
    }()

    private func lines() throws -> [Substring] {
        try TextFile.read(Self.folder + "/meterd.yaml").split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
    }

    /// The key and value of a line such as `  #shards: 0`; prose has a blank after the #.
    private func commentedOut(_ line: Substring) -> (name: String, value: String)? {
        let rest = line.drop { $0 == " " }
        guard rest.first == "#", let next = rest.dropFirst().first, next.isLetter else {
            return nil
        }
        guard let colon = rest.firstIndex(of: ":") else { return nil }
        let value = SettingsText.trimmed(rest[rest.index(after: colon)...])
        return (String(rest[rest.index(after: rest.startIndex)..<colon]), value)
    }

    @Test func `the documented file loads to the defaults`() throws {
        let settings = try Settings.load(path: Self.folder + "/meterd.yaml")
        #expect(settings == Settings())
        #expect(settings.origins.isEmpty)
    }

    @Test func `every key stands in the documented file, in order, at its default`() throws {
        let lines = try lines()
        let names = lines.compactMap { commentedOut($0)?.name }
        #expect(names == Settings.keys.map(\.name))

        let uncommented = lines.map { line in
            commentedOut(line) == nil ? line : "  " + line.drop { $0 == " " }.dropFirst()
        }
        let settings = try Settings.load(text: uncommented.joined(separator: "\n"))
        #expect(settings == Settings())
        for key in Settings.keys {
            #expect(settings.origins[key.path] != nil, "\(key.path) stands in another group")
        }
    }

    @Test func `every key is explained above it, with its unit`() throws {
        var prose = ""
        var keys = Settings.keys[...]
        for line in try lines() {
            // Keys that are explained together stand without a blank line between them.
            if line.isEmpty { prose = "" }
            guard commentedOut(line) != nil else {
                prose += line.lowercased() + "\n"
                continue
            }
            let next = keys.popFirst()
            let key = try #require(next)
            #expect(prose.contains("# "), "\(key.path) is not explained")
            #expect(prose.contains(key.unit) || key.unit.isEmpty, "\(key.path): \(key.unit)?")
        }
    }

    @Test(arguments: ["meterd-minimal.yaml", "demo.yaml"])
    func `the other files load`(name: String) throws {
        let settings = try Settings.load(path: Self.folder + "/" + name)
        #expect(!settings.origins.isEmpty)
        #expect(settings.warnings.isEmpty)
    }

    @Test func `settings find the system in their folder`() throws {
        let settings = try Settings.load(path: Self.folder + "/demo.yaml")
        #expect(settings.ratesCard == Self.folder + "/systems/llm-gateway.yaml")
    }
}
