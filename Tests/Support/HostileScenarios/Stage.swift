import DaemonHarness
import Dispatch
import Glibc
import Quantities
import Synchronization

/// How large an attack is.
package struct Scale: Sendable {
    /// For how long each client attacks.
    package var seconds: Double
    /// For how long the neighbours are measured alone.
    package var alone = 4.0
    /// How many connections the crowd is.
    package var crowd: Int
    /// How many connections the others have.
    package var connections: Int
    /// For how long half-open frames stay.
    package var lorisSeconds: Double
    /// How many events a second the well-behaved gateway reports.
    package var reports = 2000

    /// The full thing.
    package static let full = Scale(seconds: 8, crowd: 1000, connections: 400, lorisSeconds: 120)
    /// For tests.
    package static let small = Scale(
        seconds: 0.4,
        alone: 0.1,
        crowd: 200,
        connections: 40,
        lorisSeconds: 0.4,
        reports: 500
    )
}

/// A daemon with two well-behaved gateways, beside which somebody misbehaves.
package final class Stage {
    /// The organisation of the well-behaved.
    static let neighbour = "neighbour"
    /// An organisation with little credit, whose key is flooded.
    static let flooded = "flooded"

    let daemon: TestDaemon
    let scale: Scale
    /// The key of ``flooded``.
    let key: String
    /// The key of an organisation with much credit, for those who use much.
    let heavyKey: String
    private let asker: Asker
    private let reporter: Reporter
    private let overFlag: Flag

    /// Whether the attack is over; shared with the attackers' threads.
    final class Flag: Sendable {
        private let value = Atomic<Bool>(false)
        var isUp: Bool { value.load(ordering: .acquiring) }
        func raise() { value.store(true, ordering: .releasing) }
        func lower() { value.store(false, ordering: .releasing) }
    }

    /// What the daemon's settings allow, in bytes.
    package struct Limits: Sendable {
        var connections = 1024
        var readBuffer = 64 << 10
        var frame = 256 << 10
        var line = 64 << 10
        var sendBuffer = 256 << 10
        /// What the daemon counts for the names of one connection.
        var names = 1 << 20
        /// Rows on their way to PostgreSQL, at 512 bytes, and the journal's blocks.
        var batches = 65_536 * 512 + (2 << 20)
        /// What is written to the journal and not synced stays in memory, to be written again.
        var unsynced = 64 << 20

        /// What one connection may take with full buffers, but for its names.
        var perConnection: Int { max(readBuffer, frame, line) + sendBuffer }
    }

    let limits: Limits

    /// What the bounds follow from, for below the table.
    package var settings: String {
        "Bounds: memory before + what the client's connections may take by max_connections "
            + "\(limits.connections), max_frame_bytes \(limits.frame >> 10) KiB, "
            + "read_buffer_bytes \(limits.readBuffer >> 10) KiB, send_buffer_bytes "
            + "\(limits.sendBuffer >> 10) KiB, 1 MiB of names + \(Stage.slack >> 20) MiB of slack."
    }

    /// Starts the daemon and the well-behaved gateways.
    ///
    /// - Parameter scale: How large the attacks are.
    /// - Throws: `HarnessError` when the daemon does not start.
    package init(_ scale: Scale) throws {
        self.scale = scale
        var limits = Limits()
        limits.connections = scale.crowd + 24
        self.limits = limits
        daemon = try TestDaemon(
            rates: """
                rate_card: hostile
                unit: credits per 1,000,000 tokens
                default: refuse
                models:
                  plain:
                    prices: [{from: always, input: 1, output: 2}]

                """,
            settings: [
                "data_socket.max_connections": "\(limits.connections)",
                "data_socket.read_buffer_bytes": "\(limits.readBuffer)",
                "data_socket.max_frame_bytes": "\(limits.frame)",
                "data_socket.max_line_bytes": "\(limits.line)",
                "data_socket.send_buffer_bytes": "\(limits.sendBuffer)",
                "journal.max_bytes": "8 GiB", "journal.segment_bytes": "64 MiB",
            ]
        )
        try daemon.start()
        try daemon.admin.createOrganisation(Stage.neighbour)
        try daemon.admin.grant("1000000", to: Stage.neighbour)
        try daemon.admin.createOrganisation(Stage.flooded)
        try daemon.admin.grant("2", to: Stage.flooded)
        key = try daemon.admin.createKey("leaked", of: Stage.flooded)
        try daemon.admin.createOrganisation("heavy")
        try daemon.admin.grant("1000000", to: "heavy")
        heavyKey = try daemon.admin.createKey("heavy", of: "heavy")
        overFlag = Flag()
        asker = Asker(daemon)
        reporter = Reporter(daemon, rate: scale.reports)
    }

    /// Lets a client misbehave, and measures what the others have of it.
    ///
    /// - Parameter client: Who.
    /// - Returns: The table's row.
    /// - Throws: When the daemon has ended, or the harness fails.
    package func run(_ client: any HostileClient) throws -> HostileRow {
        let seconds = client.isSlow ? scale.lorisSeconds : scale.seconds
        asker.restart()
        usleep(UInt32(scale.alone * 1e6))
        let alone = Latency(asker.seconds)
        let before = try memory()
        let (flag, group) = (overFlag, DispatchGroup())
        flag.lower()
        let outcome = Mutex<Result<String, any Error>?>(nil)
        let attack = Attack(
            path: daemon.dataPath,
            admin: daemon.admin,
            scale: scale,
            limits: limits,
            key: key,
            heavyKey: heavyKey,
            over: flag
        )
        asker.restart()
        let deadline = HarnessClock.seconds + seconds
        DispatchQueue(label: "hostile.attack").async(group: group) {
            let result = Result { try client.attack(attack) }
            outcome.withLock { $0 = result }
        }
        var peak = before
        while HarnessClock.seconds < deadline {
            usleep(20_000)
            peak = max(peak, try memory())
        }
        let during = Latency(asker.seconds)
        flag.raise()
        group.wait()
        peak = max(peak, try memory())
        let answer = try outcome.withLock { $0 }?.get() ?? "none"
        try settle()
        let bound = before + client.allowance(limits, scale) + Stage.slack
        var row = HostileRow(
            client: client.name,
            deed: client.deed(scale),
            answer: answer,
            memory: (before, peak, try memory(), bound),
            alone: alone,
            during: during
        )
        row.faults = asker.faults + reporter.faults
        if peak > bound { row.faults.append("memory: \(peak >> 10) KiB, bound \(bound >> 10)") }
        if during.count == 0 { row.faults.append("the neighbour had no answer at all") }
        return row
    }

    /// What an allocator may keep beyond what is in use: pages of arenas, one for each thread.
    private static let slack = 24 << 20

    /// Resident memory of the daemon, in bytes.
    private func memory() throws -> Int {
        guard let process = daemon.processID, daemon.isRunning,
            let file = fopen("/proc/\(process)/status", "r")
        else { throw HarnessError("the daemon has ended:\n\(daemon.logTail())") }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(
                decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
                as: UTF8.self
            )
            guard text.hasPrefix("VmRSS:") else { continue }
            return (text.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first)
                .flatMap { Int($0) }
                .map { $0 << 10 } ?? 0
        }
        throw HarnessError("the daemon has no VmRSS")
    }

    /// Waits until the daemon has let go of the attackers' connections.
    private func settle() throws {
        try wait(until: "the attackers are gone: \(daemon.logTail(3))", within: 20) {
            try daemon.admin.status()["connections"].int ?? 0 <= 2
        }
    }

    /// Ends the neighbours, and proves that nobody took or forgot anything of theirs.
    ///
    /// - Returns: What is wrong; empty when all is as it should be.
    /// - Throws: When the daemon does not answer.
    package func finish() throws -> [String] {
        asker.stop()
        let isAcknowledged = reporter.stop()
        var faults = asker.faults + reporter.faults
        if !isAcknowledged { faults.append("not all reports were acknowledged") }
        try daemon.waitUntilStored(within: 60)
        let stored = try daemon.database.count(
            """
            SELECT count(DISTINCT u.sequence) FROM usage_lines u JOIN names n
            ON n.kind = 'producer' AND n.number = u.producer WHERE n.name = '\(Reporter.name)'
            """
        )
        if UInt64(stored) != reporter.sent {
            faults.append("\(reporter.sent) reports were sent, \(stored) are stored")
        }
        let expected = Amount(credits: 1_000_000) - Amount(units: Int128(reporter.sent) * 1_000_000)
        let wallet = try daemon.admin.organisation(Stage.neighbour)["wallet"]
        if wallet["posted"].amount != expected || wallet["held"].amount != .zero {
            faults.append("the neighbour's wallet is \(wallet), \(expected) is right")
        }
        let audit = try daemon.admin.call("POST", "/v1/audit", "{}", within: 60)
        if try audit.json()["green"].bool != true { faults.append("audit: \(audit.text)") }
        if try daemon.stop() != .exited(0) { faults.append("no orderly end:\n\(daemon.logTail())") }
        return faults
    }
}
