import DaemonHarness
import MeterClient
import Quantities
import Synchronization
import Testing
import Wire

/// What several loops and shards have in common: names, prices, producers, and PostgreSQL.
@Suite struct ShardTests {
    @Test func `shards that use the same names at the same time store all of it`() throws {
        let organisations = 48
        let daemon = try TestDaemon(
            rates: Rates.card(),
            settings: ["engine.ingest_loops": "3", "engine.shards": "4"]
        )
        try daemon.start()
        for index in 0..<organisations {
            try daemon.admin.createOrganisation("org-\(index)")
            try daemon.admin.grant("1", to: "org-\(index)")
        }
        // Each producer reports for all organisations, so that each shard meets each producer.
        try inParallel(6) { producer in
            let encoding: WireEncoding = producer % 2 == 0 ? .binary : .jsonLines
            let connection = try MeterConnection(path: daemon.dataPath, encoding: encoding)
            _ = try connection.hello(producer: "producer-\(producer)")
            let last = organisations * 5
            for sequence in 1...last {
                var event = UsageEvent(
                    id: "e-\(sequence)",
                    account: .org("org-\(sequence % organisations)"),
                    model: ["plain", "flat", "free"][sequence % 3],
                    tokens: TokenCounts(input: 1000)
                )
                event.provider = "provider-\(sequence % 7)"
                try connection.append(.usage(event), sequence: UInt64(sequence))
            }
            while let message = try connection.receive(timeout: .seconds(8)) {
                if message == .ack(.sequence(UInt64(last))) { return }
                guard case .ack = message else { throw HarnessError("not an ack: \(message)") }
            }
            throw HarnessError("producer \(producer) waits in vain for its last ack")
        }
        let lines = 6 * organisations * 5
        #expect(try daemon.storedLines() == lines)
        // A third of them each at 0.001, 0.003 and nothing.
        #expect(try daemon.storedCharge() == Amount(units: Int128(lines) / 3 * 4_000_000_000))
        #expect(try daemon.database.count("SELECT count(*) FROM names WHERE kind = 'model'") == 3)
        #expect(
            try daemon.database.count("SELECT count(*) FROM names WHERE kind = 'provider'") == 7
        )
        #expect(
            try daemon.database.count("SELECT count(*) FROM names WHERE kind = 'producer'") == 6
        )
        try daemon.expectGreenAudit()
        daemon.kill()
        try daemon.start()
        let connection = try MeterConnection(path: daemon.dataPath)
        let welcome = try connection.hello(producer: "producer-3")
        #expect(welcome.lastSequence == UInt64(organisations * 5))
        try daemon.expectGreenAudit()
        try daemon.expectOrderlyStop()
    }

    @Test func `every connection of a burst is answered, on every loop`() throws {
        let daemon = try TestDaemon(rates: Rates.card(), settings: ["engine.ingest_loops": "4"])
        try daemon.start()
        for round in 0..<1000 {
            let sockets = try (0..<6).map { _ in try LocalSocket(path: daemon.dataPath) }
            for socket in sockets { socket.send(line: #"{"type":"ping"}"#) }
            for (index, socket) in sockets.enumerated() {
                let answer = socket.line(within: 5)
                try #require(answer == #"{"type":"pong"}"#, "connection \(index) of round \(round)")
            }
        }
        try daemon.expectOrderlyStop()
    }

    @Test func `the library's stream is told of cutoffs on every shard`() throws {
        let daemon = try TestDaemon(rates: Rates.card())
        try daemon.start()
        var settings = MeterStreamSettings(path: daemon.dataPath, producer: "watcher")
        settings.topics = .cutoffs
        let notices = Notices()
        let stream = MeterStream(settings) { notices.note($0) }
        try wait(until: "it is subscribed") { notices.isSubscribed }
        let names = (0..<12).map { "org-\($0)" }
        for name in names {
            try daemon.admin.createOrganisation(name)
            try daemon.admin.grant("0.001", to: name)
        }
        for name in names {
            let event = UsageEvent(
                id: "spend-\(name)",
                account: .org(name),
                model: "plain",
                tokens: TokenCounts(input: 1000)
            )
            try stream.send(event)
        }
        let all = Set(names)
        try wait(until: "all cutoffs are told") { notices.cutOff == all }
        for name in names { try daemon.admin.grant("1", to: name) }
        try wait(until: "all are told to go on") { notices.cutOff.isEmpty }
        #expect(stream.drain(timeout: .seconds(5)))
        stream.close()
        #expect(notices.cutoffs == names.count, "each is told once")
    }

    /// What a stream was told.
    private final class Notices: Sendable {
        private struct State {
            var isSubscribed = false
            var cutOff: Set<String> = []
            var cutoffs = 0
        }

        private let state = Mutex(State())

        var isSubscribed: Bool { state.withLock { $0.isSubscribed } }
        var cutOff: Set<String> { state.withLock { $0.cutOff } }
        var cutoffs: Int { state.withLock { $0.cutoffs } }

        func note(_ notice: MeterNotice) {
            state.withLock { state in
                switch notice {
                case .subscribed: state.isSubscribed = true
                case .cutoff(let cutoff):
                    state.cutoffs += 1
                    state.cutOff.insert(cutoff.id)
                case .restored(let cutoff): state.cutOff.remove(cutoff.id)
                case .connected, .disconnected, .rejected, .renumbered, .order: break
                }
            }
        }
    }
}
