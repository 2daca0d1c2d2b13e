import Testing

@testable import SettingsFiles

@Suite struct SettingsExplainedTests {
    @Test func `each key tells where its value comes from`() throws {
        let settings = try Settings.load(
            text: "engine:\n  shards: 2\n",
            file: "meterd.yaml",
            environment: ["METERD_LEASE_TTL_S": "30"]
        )
        let lines = settings.explained
        #expect(lines.map(\.key) == Settings.keys.map(\.path))
        let set = lines.filter { $0.origin != .standard }
        #expect(set.map(\.value) == ["2", "30"])
        #expect(set.map(\.standard) == ["0", "15"])
        #expect(set.map(\.origin.description) == ["meterd.yaml:2", "METERD_LEASE_TTL_S"])
        #expect(settings.explanation.contains("engine.shards"))
    }

    @Test func `what a reload finds says what it takes over`() throws {
        let new = try Settings.load(
            text: "logging:\n  level: debug\nengine:\n  shards: 2\nrates:\n  card: /new.yaml\n"
        )
        let changes = Settings().changes(to: new)
        #expect(changes.map(\.key) == ["engine.shards", "rates.card", "logging.level"])
        #expect(changes.map(\.takenAtReload) == [false, true, true])
        #expect(changes.map(\.old) == ["0", "/etc/meterd/rates.yaml", "info"])
    }

    @Test func `keys and variables are unique and named in one way`() {
        #expect(Set(Settings.keys.map(\.path)).count == Settings.keys.count)
        #expect(Set(Settings.keys.map(\.environmentName)).count == Settings.keys.count)
        #expect(
            Settings.key("journal.segment_bytes")?.environmentName == "METERD_JOURNAL_SEGMENT_BYTES"
        )
        // One group's prefix must not hide another's: `METERD_DATA_SOCKET_` against `METERD_DATA_`.
        for group in Settings.groups {
            #expect(!Settings.groups.contains { $0 != group && $0.hasPrefix(group + "_") })
        }
    }

    @Test func `every key lies within its own bounds by default`() throws {
        var settings = Settings()
        for key in Settings.keys {
            guard case .names = key.kind else {
                let text = key.text(in: Settings()).filter { $0 != "\"" }
                #expect(key.take(.scalar(text), into: &settings) == nil, "\(key.path)")
                continue
            }
        }
        #expect(settings == Settings())
        #expect(settings.contradictions().isEmpty)
    }

    @Test(arguments: [(1, 1, 1), (2, 1, 1), (4, 2, 2), (8, 4, 4), (64, 4, 16)])
    func `loops and shards follow the cores`(cores: Int, loops: Int, shards: Int) {
        #expect(Settings().ingestLoops(cores: cores) == loops)
        #expect(Settings().shards(cores: cores) == shards)
    }

    @Test func `the memory is the sum of its parts`() throws {
        var settings = Settings()
        settings.engine.ingestLoops = 2
        settings.engine.shards = 3
        settings.engine.ringBytes = 1 << 20
        let memory = settings.memory(cores: 1)
        #expect(memory.rings == (9 << 20) + (6 << 18) + (6 << 16))
        #expect(memory.perConnection == 5 << 20)
        #expect(memory.connections == 1024 * (5 << 20))
        #expect(memory.blocks >= settings.journal.maxUnsyncedBytes)
        let parts = memory.rings + memory.blocks + memory.names + memory.ids
        #expect(memory.total == parts + memory.connections)
        #expect(memory.description.hasPrefix("at most "))
    }

    @Test func `paths that follow others follow them`() throws {
        var settings = Settings()
        settings.node.stateDirectory = "/srv/m"
        #expect(settings.journalDirectory == "/srv/m/journal")
        settings.journal.directory = "/ssd/j"
        #expect(settings.journalDirectory == "/ssd/j")
        settings.rates.card = "rates.yaml"
        #expect(settings.ratesCard == "rates.yaml")
        settings.baseDirectory = "/etc/meterd"
        #expect(settings.ratesCard == "/etc/meterd/rates.yaml")
    }
}
