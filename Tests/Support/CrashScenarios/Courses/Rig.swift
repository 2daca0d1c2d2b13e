import DaemonHarness
import Glibc
import MeterClient
import Quantities
import Wire

/// A daemon with its books, four gateways that stream into it, and what was promised so far.
///
/// Queue: the course's own thread; gateways and the asker have theirs.
final class Rig {
    static let vault = "vault"
    private static let organisations = (1...6).map { "org-\($0)" }

    let daemon: TestDaemon
    let workload: Workload
    let producers: [LoadProducer]
    let asker: MeterStream
    /// How to ask PostgreSQL itself, whatever stands between it and the daemon.
    let conninfo: String
    private(set) var recoveries: [Double] = []
    private(set) var faults: [String] = []
    private var holds: [HoldNumber: Amount] = [:]
    private(set) var holdsChecked = 0
    private(set) var grants = 0
    private var probe: GrantProbe?
    private let say: @Sendable (String) -> Void
    private let patience: Double

    /// A daemon as the campaign wants it, not started.
    ///
    /// - Parameters:
    ///   - plan: Where the books are.
    ///   - rates: The rate card.
    ///   - settings: Settings over the campaign's own.
    /// - Returns: The daemon.
    /// - Throws: `HarnessError` when there is no room for it.
    static func daemon(
        _ plan: CoursePlan,
        rates: String = PlannedModel.card,
        settings: [String: String] = [:]
    ) throws -> TestDaemon {
        let common = [
            "postgres.connection": plan.conninfo,
            "postgres.retry_ms": "300",
            "journal.max_bytes": "8 GiB",
            "journal.segment_bytes": "8 MiB",
        ]
        return try TestDaemon(
            rates: rates,
            settings: common.merging(settings) { _, own in own }
        )
    }

    /// Starts the daemon, and makes organisations, keys and grants.
    ///
    /// - Parameters:
    ///   - plan: What is sent, and where the books are.
    ///   - given: The daemon, if it is not the usual one.
    /// - Throws: `HarnessError` when the daemon does not start or refuses an administrative call.
    init(_ plan: CoursePlan, _ given: TestDaemon? = nil) throws {
        say = plan.say
        patience = plan.patience
        conninfo = plan.conninfo
        workload = Workload(
            seed: plan.seed,
            producers: 4,
            eventsEach: plan.events / 4,
            organisations: Rig.organisations
        )
        daemon = try given ?? Rig.daemon(plan)
        try daemon.start(within: 30)
        var accounts: [[MeterAccount]] = [[], []]
        for name in Rig.organisations + [Rig.vault] {
            try daemon.admin.createOrganisation(name)
            try daemon.admin.grant("1000000", to: name)
            accounts[0].append(.org(name))
            accounts[1].append(.key(try daemon.admin.createKey("gateway", of: name)))
        }
        let (workload, path) = (self.workload, daemon.dataPath)
        producers = (0..<workload.producers).map { index in
            LoadProducer(index, workload: workload, accounts: accounts[index % 2], socket: path)
        }
        var asking = MeterStreamSettings(path: path, producer: "asker")
        asking.firstBackoff = .milliseconds(10)
        asking.longestBackoff = .milliseconds(200)
        asker = MeterStream(asking)
        for producer in producers { producer.start() }
    }

    /// Ends the gateways and the daemon, however far they are.
    func tearDown() {
        daemon.signal(SIGCONT)
        daemon.kill()
        for producer in producers { producer.stop() }
        asker.close()
    }

    // MARK: - Load

    /// How many events were acknowledged at least.
    var acknowledged: UInt64 { producers.map(\.acknowledged).reduce(0, +) }

    /// How many events were given to the gateways' streams.
    var sent: UInt64 { producers.map(\.sent).reduce(0, +) }

    /// Lets all gateways together send up to so many events.
    func allow(_ events: UInt64) {
        for producer in producers { producer.allow(events / UInt64(producers.count)) }
    }

    /// Notes what is acknowledged; every later welcome must cover it.
    func noteFloors() {
        for producer in producers { producer.noteFloor() }
    }

    func fault(_ text: String) {
        say("FAULT: \(text)")
        faults.append(text)
    }

    // MARK: - The daemon's ends and beginnings

    /// Kills the daemon, and notes what had been acknowledged by then.
    func kill() { kill {} }

    /// Kills the daemon, and notes what had been acknowledged by then.
    ///
    /// - Parameter revive: Has PostgreSQL answer again, where it was stopped; it is asked next.
    func kill(_ revive: () throws -> Void) rethrows {
        if !daemon.isRunning { fault("the daemon had ended by itself:\n\(daemon.logTail())") }
        daemon.kill()
        noteFloors()
        try revive()
        checkStoredAcknowledgements()
    }

    /// What was acknowledged as stored is in the tables, whether or not a daemon runs.
    private func checkStoredAcknowledgements() {
        for producer in producers where producer.wantsStored {
            let acknowledged = producer.acknowledged
            let query = """
                SELECT p.contiguous FROM producers p JOIN names n ON n.number = p.producer
                WHERE n.kind = 'producer' AND n.name = '\(producer.name)'
                """
            // PostgreSQL may be away, too.
            guard let found = try? Database(conninfo).number(query) ?? 0 else { return }
            if found < acknowledged {
                fault("\(producer.name): \(acknowledged) acknowledged as stored, \(found) are")
            }
        }
    }

    /// Starts the daemon and notes how long it takes until it is ready.
    func recover(within seconds: Double = 60) throws {
        let start = HarnessClock.seconds
        try daemon.start(within: seconds)
        recoveries.append(HarnessClock.seconds - start)
    }

    /// Waits until a daemon that was only launched takes requests.
    func waitUntilReady(within seconds: Double) throws {
        let start = HarnessClock.seconds
        try wait(until: "the daemon is ready:\n\(daemon.logTail(5))", within: seconds) {
            guard daemon.isRunning else {
                throw HarnessError("the daemon has ended:\n\(daemon.logTail())")
            }
            return (try? daemon.admin.call("GET", "/ready").status) == 200
        }
        recoveries.append(HarnessClock.seconds - start)
    }

    // MARK: - Holds

    /// Places a hold that must outlive what follows.
    func placeHold() {
        var call = AuthorizeCall(account: .org(Rig.vault), model: "plain")
        call.maxInputTokens = UInt32(1000 + holds.count)
        call.maxOutputTokens = 500
        call.ttlMilliseconds = 3_600_000
        do {
            switch try asker.authorize(call, timeout: .seconds(10)) {
            case .granted(let granted): holds[granted.hold] = granted.amount
            case .refused(let refused): fault("a hold was refused: \(refused)")
            }
        } catch {
            fault("no hold: \(error)")
        }
    }

    /// Gives one hold back, which must not come again.
    func releaseHold() {
        guard let hold = holds.keys.min(by: { $0.serial < $1.serial }) else { return }
        do {
            try asker.release(hold, timeout: .seconds(10))
            holds[hold] = nil
        } catch {
            fault("a hold could not be given back: \(error)")
        }
    }

    /// Compares the holds in memory with those that were granted and not given back.
    func checkHolds() throws {
        let wallet = try daemon.admin.organisation(Rig.vault)
        let held = wallet["wallet"]["held"].amount
        let expected = holds.values.reduce(Amount.zero, +)
        holdsChecked += holds.count
        if held != expected || wallet["open_holds"].int != holds.count {
            fault(
                "\(holds.count) holds of \(expected) were granted, memory has "
                    + "\(wallet["open_holds"]) of \(held ?? .zero)"
            )
        }
    }

    /// Settles all holds by a release.
    func releaseAllHolds() {
        while !holds.isEmpty, faults.isEmpty { releaseHold() }
    }

    // MARK: - Grants

    /// Asks for a grant whose answer may be lost in a kill.
    func askForGrant() {
        grants += 1
        probe = GrantProbe(daemon.admin, organisation: Rig.vault, key: "crash-grant-\(grants)")
    }

    /// Asks for the same grant again.
    func repeatGrant() throws {
        if let text = try probe?.repeated() { fault(text) }
        probe = nil
    }

    /// All grants to the vault, each exactly once.
    private func checkGrants(_ database: Database) throws {
        let found = try database.rows(
            """
            SELECT count(*), sum(l.amount)::numeric(38,0) FROM ledger_lines l
            JOIN organisations o USING (org) WHERE o.name = '\(Rig.vault)' AND kind = 'purchase'
            """
        )
        let expected = ["\(grants + 1)", "\(1_000_000 + 7 * grants)"]
        if found != [expected] { fault("grants: \(found) instead of \(expected)") }
    }

    // MARK: - The end

    /// Lets the gateways send what is left, waits until it is stored, and proves it.
    ///
    /// - Parameters:
    ///   - all: Whether the whole plan is sent, or only what was allowed so far.
    ///   - prove: What else the tables must say; gives what is wrong.
    /// - Returns: What was proved, and every fault until now.
    /// - Throws: When the load or the backlog does not come to an end.
    func finish(
        all: Bool = true,
        proving prove: (Database) throws -> [String] = { _ in [] }
    ) throws -> Summary {
        if all { allow(workload.events) }
        try wait(until: "everything is sent, by now \(sent) events", within: patience) {
            producers.allSatisfy(\.hasCaughtUp)
        }
        for producer in producers where !producer.drain(seconds: Int(patience)) {
            fault("\(producer.name): not everything is acknowledged")
        }
        noteFloors()
        let acknowledged = self.acknowledged
        try waitUntilStored(within: patience)
        try checkHolds()
        releaseAllHolds()
        try checkHolds()
        let audit = try daemon.admin.call("POST", "/v1/audit", "{}", within: patience)
        let isGreen = try audit.status == 200 && audit.json()["green"].bool == true
        if !isGreen { fault("the audit is not green: \(audit.text)") }
        let database = try Database(conninfo)
        let proof = try Proof(database, workload: workload, sent: producers.map(\.sent))
        for text in proof.faults { fault(text) }
        try checkGrants(database)
        for text in try prove(database) { fault(text) }
        for producer in producers {
            for text in producer.violations { fault("\(producer.name): \(text)") }
        }
        let end = try daemon.stop(within: 60)
        if end != .exited(0) { fault("the daemon ended with \(end)") }
        tearDown()
        return Summary(
            proof: proof,
            acknowledged: acknowledged,
            recoveries: recoveries,
            holdsChecked: holdsChecked,
            grants: grants,
            auditIsGreen: isGreen,
            faults: faults
        )
    }

    /// Waits until everything that the gateways may send is acknowledged.
    func waitUntilAnswered(within seconds: Double) throws {
        try wait(until: "\(acknowledged) of \(sent) are acknowledged", within: seconds) {
            producers.allSatisfy { $0.hasCaughtUp && $0.acknowledged == $0.sent }
        }
    }

    /// Waits until PostgreSQL has all that the journal has.
    func waitUntilStored(within seconds: Double) throws {
        var status = JSONValue.null
        let what = "everything is stored"
        try wait(until: "\(what): \(status["troubles"])", within: seconds, step: 20_000) {
            status = try daemon.admin.status()
            return status["journal"]["written"] == status["journal"]["stored"]
        }
    }

    /// Caught up with what was durable at one moment: new events keep coming.
    func waitUntilCaughtUp(within seconds: Double = 120) throws {
        let target = try daemon.admin.status()["journal"]["synced"].int ?? 0
        try wait(until: "the backlog is stored", within: seconds, step: 20_000) {
            try daemon.admin.status()["journal"]["stored"].int ?? 0 >= target
        }
    }
}
