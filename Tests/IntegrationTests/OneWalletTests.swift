import DaemonHarness
import MeterClient
import Quantities
import Synchronization
import Testing
import Wire

/// 64 clients, one wallet: the promise that holds make.
@Suite struct OneWalletTests {
    /// A request of 600 tokens in and none out at 3 credits a million is held at 0.0018.
    private static let input: UInt32 = 600
    private static let worth = "1.8"

    private struct Client {
        let connection: MeterConnection
        let name: String
        var sequence: UInt64 = 0

        init(_ daemon: TestDaemon, _ index: Int) throws {
            name = "client-\(index)"
            connection = try MeterConnection(
                path: daemon.dataPath,
                encoding: index % 2 == 0 ? .binary : .jsonLines
            )
            _ = try connection.hello(producer: name)
        }

        /// Asks once and settles; false when it was refused.
        mutating func runOne(used: UInt32) throws -> Bool {
            var call = AuthorizeCall(account: .org("acme"), model: "flat")
            call.maxInputTokens = OneWalletTests.input
            call.maxOutputTokens = 0
            _ = try connection.append(call)
            switch try answer() {
            case .granted(let granted):
                sequence += 1
                var event = UsageEvent(
                    id: "\(name)-\(sequence)",
                    account: .org("acme"),
                    model: "flat",
                    tokens: TokenCounts(input: used)
                )
                event.hold = granted.hold
                try connection.append(.usage(event), sequence: sequence)
                return true
            case .refused(let refused):
                #expect(refused.status == 402)
                #expect(refused.body.code == "insufficient_credits")
                return false
            default: throw HarnessError("neither granted nor refused")
            }
        }

        private func answer() throws -> DaemonMessage {
            while let message = try connection.receive(timeout: .seconds(20)) {
                if case .ack = message { continue }
                return message
            }
            throw HarnessError("\(name) waits in vain for an answer")
        }

        /// Sends what was settled last.
        func finish() throws {
            try connection.flush()
        }
    }

    /// Runs 64 clients until each is refused, and then one alone until it is refused.
    private func hammer(_ daemon: TestDaemon, used: UInt32) throws -> Int {
        let granted = Atomic<Int>(0)
        let lowest = Mutex(Amount.max)
        let watch = Watch {
            let wallet = try daemon.admin.balance("acme")["wallet"]
            for field in ["posted", "available"] {
                guard let found = wallet[field].amount else { throw HarnessError("no \(field)") }
                lowest.withLock { $0 = min($0, found) }
            }
        }
        try inParallel(64) { index in
            var client = try Client(daemon, index)
            while try client.runOne(used: used) { granted.add(1, ordering: .relaxed) }
            try client.finish()
        }
        try wait(until: "all holds are settled") {
            try daemon.admin.status()["open_holds"].int == 0
        }
        var last = try Client(daemon, 64)
        while try last.runOne(used: used) { granted.add(1, ordering: .relaxed) }
        try last.finish()
        try watch.finish()
        #expect(lowest.withLock { $0 } >= .zero)
        return granted.load(ordering: .relaxed)
    }

    private func expectSoundBooks(_ daemon: TestDaemon, requests: Int, left: String) throws {
        #expect(try daemon.storedLines() == requests)
        #expect(try daemon.posted() == amount(left))
        let lowest = try daemon.database.value("SELECT min(balance) FROM ledger")
        #expect(try amount(lowest) >= .zero)
        let status = try daemon.admin.status()
        #expect(status["overshoot"].text == "0")
        #expect(status["granted"].int == requests)
        try daemon.expectGreenAudit()
        try daemon.expectOrderlyStop()
    }

    @Test func `64 clients on a wallet worth 1,000 requests are granted exactly 1,000`() throws {
        let daemon = try TestDaemon.started(balance: Self.worth)
        #expect(try hammer(daemon, used: 600) == 1000)
        try expectSoundBooks(daemon, requests: 1000, left: "0")
    }

    @Test func `what a request does not use is there for the next`() throws {
        let daemon = try TestDaemon.started(balance: Self.worth)
        // Each is held at 0.0018 and costs half of it: the last is granted when 0.0018 are left.
        #expect(try hammer(daemon, used: 300) == 1999)
        try expectSoundBooks(daemon, requests: 1999, left: "0.0009")
    }
}
