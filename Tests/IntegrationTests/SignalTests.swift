import DaemonHarness
import Foundation
import Glibc
import MeterClient
import Quantities
import Synchronization
import Testing
import Wire

/// SIGTERM and SIGHUP.
@Suite struct SignalTests {
    /// Sends until the connection ends, and gives the highest sequence that was acknowledged.
    private static func stream(
        _ index: Int,
        to daemon: TestDaemon,
        atFirstAck: () -> Void
    ) throws -> UInt64 {
        let connection = try MeterConnection(
            path: daemon.dataPath,
            encoding: index % 2 == 0 ? .binary : .jsonLines
        )
        _ = try connection.hello(producer: "load-\(index)")
        var acknowledged: UInt64 = 0
        var sequence: UInt64 = 0
        do {
            while true {
                for _ in 0..<50 {
                    sequence += 1
                    let event = UsageEvent(
                        id: "l-\(sequence)",
                        account: .org("acme"),
                        model: "flat",
                        tokens: TokenCounts(input: 100, output: 10)
                    )
                    try connection.append(.usage(event), sequence: sequence)
                }
                try connection.flush()
                while let message = try connection.receive(timeout: .zero) {
                    guard case .ack(.sequence(let safe)) = message else { continue }
                    if acknowledged == 0 { atFirstAck() }
                    acknowledged = safe
                }
            }
        } catch MeterClientError.closedByDaemon(let fault) {
            #expect(fault.code == .shuttingDown)
        } catch MeterClientError.disconnected {}
        return acknowledged
    }

    @Test func `SIGTERM under load ends with 0, and what was acknowledged is stored`() throws {
        let daemon = try TestDaemon.started(balance: "100000")
        let safe = Mutex<[Int: UInt64]>([:])
        let started = Atomic<Int>(0)
        let stopper = Watch {
            guard started.load(ordering: .relaxed) == 4 else {
                usleep(1000)
                return
            }
            daemon.signal(SIGTERM)
            _ = try daemon.waitForEnd(within: 30)
            throw HarnessError("stopped")
        }
        try inParallel(4) { index in
            let acknowledged = try Self.stream(index, to: daemon) {
                started.add(1, ordering: .relaxed)
            }
            safe.withLock { $0[index] = acknowledged }
        }
        #expect(throws: HarnessError.self) { try stopper.finish() }
        #expect(try daemon.waitForEnd() == .exited(0), "\(daemon.logTail())")
        let rows = try daemon.database.query(
            """
            SELECT n.name, count(*), count(DISTINCT u.sequence), max(u.sequence)
            FROM usage_lines u JOIN names n ON n.kind = 'producer' AND n.number = u.producer
            GROUP BY n.name
            """
        )
        #expect(rows.count == 4)
        for row in rows {
            let numbers = row.dropFirst().compactMap { $0.flatMap { UInt64($0) } }
            let index = try #require(row[0].flatMap { Int($0.dropFirst(5)) })
            let acknowledged = try #require(safe.withLock { $0[index] })
            #expect(acknowledged > 0)
            #expect(numbers[0] >= acknowledged, "producer \(index)")
            #expect(numbers == Array(repeating: numbers[0], count: 3), "no gap, no duplicate")
        }
        try daemon.start()
        try daemon.expectGreenAudit()
    }

    @Test func `a stop right after the start does not wait for anything`() throws {
        let daemon = try TestDaemon(rates: Rates.card())
        for _ in 0..<3 {
            try daemon.start()
            #expect(try daemon.stop(within: 10) == .exited(0))
        }
    }

    private func price(_ id: String, _ daemon: TestDaemon) throws -> Amount {
        let before = try daemon.posted()
        _ = try LineClient(daemon).report(Usage(id: id, model: "flat", input: 1_000_000))
        return before - (try daemon.posted())
    }

    @Test func `SIGHUP brings a new rate card into force, and a broken one changes nothing`() throws
    {
        let daemon = try TestDaemon.started(balance: "1000")
        let open = try LineClient(daemon)
        func askForNew(_ input: Int) throws -> JSONValue {
            try open.authorize(org("acme"), model: "new", input: input)
        }
        #expect(try askForNew(1)["code"].text == "unknown_model")
        #expect(try price("a", daemon) == Amount(credits: 3))

        let dearer = Rates.card("second").replacing("input: 3", with: "input: 4")
        let more = "  new:\n    prices: [{from: always, input: 2, output: 2}]\n"
        try daemon.folder.write("rates.yaml", dearer + "\n" + more)
        daemon.signal(SIGHUP)
        try wait(until: "the second card is in force") {
            try daemon.admin.status()["rate_card"].text == "second"
        }
        #expect(try price("b", daemon) == Amount(credits: 4))
        // Also on a connection that asked for it in vain before.
        #expect(try askForNew(500_000)["amount"].text == "1")

        try daemon.folder.write(
            "rates.yaml",
            dearer.replacing("second", with: "third").replacing("input: 4", with: "input: -4")
        )
        daemon.signal(SIGHUP)
        try wait(until: "the trouble is told") {
            try daemon.admin.status()["troubles"].list.isEmpty == false
        }
        let status = try daemon.admin.status()
        #expect(status["rate_card"].text == "second")
        #expect(status["ready"].bool == true)
        #expect(status["troubles"].list.first?.text?.contains("flat") == true, "\(status)")
        #expect(daemon.log.contains("The rate card stays as it was"))
        #expect(try price("c", daemon) == Amount(credits: 4))
        let refused = try daemon.admin.call("POST", "/v1/rates/reload", "{}")
        #expect(refused.status == 400)
        #expect(refused.code == "invalid")

        try daemon.folder.write("rates.yaml", dearer.replacing("second", with: "fourth"))
        try daemon.admin.reloadRates()
        #expect(try daemon.admin.status()["troubles"].list == [])
        // A model that has gone from the card is unknown again.
        #expect(try askForNew(1)["code"].text == "unknown_model")
        try daemon.expectGreenAudit()
        try daemon.expectOrderlyStop()
    }

    @Test func `a broken rate card at the start ends with 78 and says what is wrong`() throws {
        let broken = Rates.card().replacing("input: 3", with: "input: three")
        let daemon = try TestDaemon(rates: broken)
        try daemon.launch()
        #expect(try daemon.waitForEnd() == .exited(78))
        #expect(daemon.log.contains("three"), "\(daemon.log)")
    }

    @Test func `a second daemon on the same sockets and state ends and harms nothing`() throws {
        let daemon = try TestDaemon.started(balance: "1")
        let second = try TestDaemon(rates: Rates.card(), database: daemon.database)
        second.set("node.state_directory", daemon.statePath)
        second.set("data_socket.path", daemon.dataPath)
        second.set("control_socket.path", daemon.controlPath)
        try second.launch()
        let end = try second.waitForEnd(within: 15)
        #expect(end == .exited(75) || end == .exited(78), "\(end) \(second.log)")
        #expect(try LineClient(daemon).report(Usage(id: "u", input: 1))["type"].text == "ack")
        try daemon.expectGreenAudit()
        try daemon.expectOrderlyStop()
    }
}
