import DaemonHarness
import Dispatch
import Glibc
import MeterClient
import Quantities
import Synchronization
import Wire

/// Machines, plans, coupons, purchases, top-ups and refunds beside the load of a course.
///
/// Method: everything has a plan whose sums do not depend on when it happens: whatever is killed,
/// samples are told again, calls are made again, a payment provider is asked again, and orders are
/// answered late or never. At the end plain SQL is compared with the plan.
package final class Systems {
    static let fleet = "fleet"
    static let buyer = "buyer"
    static let refiller = "refiller"

    let daemon: TestDaemon
    private(set) var boots: [PlannedBoot] = []
    private(set) var late: [LateMachine] = []
    private(set) var rounds = 0
    private(set) var asked = 0
    private(set) var repeatedCalls = 0
    private(set) var samplesSent = 0
    private let folder: ScratchFolder
    private let base: Timestamp
    private var random: SeededRandom
    private var stream: MeterStream?
    private let notebook = Notebook()
    private var probes: [CallProbe] = []
    private var allCalls: [CallProbe] = []
    private let beats = DispatchGroup()

    private struct Notes: Sendable {
        var orders: [String: Order] = [:]
        var told = 0
        var violations: [String] = []
    }

    /// What the stream's notices change; apart from its owner, as they come on its own queue.
    private final class Notebook: Sendable {
        let notes = Mutex(Notes())

        func note(_ notice: MeterNotice) {
            notes.withLock { notes in
                switch notice {
                case .order(let order):
                    notes.orders[order.deployment] = order
                    notes.told += 1
                case .rejected(let rejection): notes.violations.append("rejected: \(rejection)")
                case .renumbered(let last): notes.violations.append("renumbered after \(last)")
                default: break
                }
            }
        }

        func violation(_ text: String) {
            notes.withLock { $0.violations.append(text) }
        }
    }

    /// How often an order was told.
    package var ordersTold: Int { notebook.notes.withLock { $0.told } }

    /// Prepares a daemon with the system's own card.
    ///
    /// - Parameter plan: Where the books are, and the seed.
    /// - Throws: `HarnessError` when there is no room for it.
    package init(_ plan: CoursePlan) throws {
        random = SeededRandom(seed: plan.seed &+ 4)
        folder = try ScratchFolder()
        let log = "\(folder.path)/payments"
        let path = try folder.write("connector", PlannedSystem.connector(log: log))
        guard chmod(path, 0o755) == 0 else { throw HarnessError("\(path): errno \(errno)") }
        daemon = try Rig.daemon(plan, rates: PlannedSystem.card(connector: path))
        // Nine hours ago: samples tell when they were taken.
        base = Timestamp(microseconds: (Int64(time(nil)) - 32_400) * 1_000_000)
    }

    /// Makes the organisations, with a daemon that is ready.
    func begin() throws {
        let admin = daemon.admin
        for (name, credits) in [(Systems.fleet, "10000000"), (Systems.buyer, "1000")] {
            try admin.createOrganisation(name)
            try admin.grant(credits, to: name)
        }
        try admin.createOrganisation(Systems.refiller)
        try admin.grant("\(PlannedSystem.threshold)", to: Systems.refiller)
        try admin.request(
            "PUT",
            "/v1/organisations/\(Systems.refiller)/topup",
            """
            {"threshold":"\(PlannedSystem.threshold)","amount":"\(PlannedSystem.topUp)",
            "monthly_limit":"none","connector":"shop"}
            """
        )
        var settings = MeterStreamSettings(path: daemon.dataPath, producer: "fleet")
        settings.firstBackoff = .milliseconds(10)
        settings.longestBackoff = .milliseconds(200)
        settings.topics = .orders
        stream = MeterStream(settings) { [notebook] notice in notebook.note(notice) }
    }

    /// Begins a round: new machines ask and run, what was begun goes on, and credits are used up.
    func beginRound(_ round: Int) throws {
        guard let stream else { return }
        rounds = round + 1
        try advanceLate()
        for machine in ["gpu-s", "standard"] {
            let pair = PlannedBoot.pair(machine, round: round, base: base, &random)
            boots += pair
            try start(machine, pair[0].deployment, of: Systems.fleet)
            let samples = pair.flatMap { $0.samples(&random) }
            samplesSent += samples.count
            beat(samples, stream)
        }
        for manner in LateMachine.Manner.allCases {
            let name = "late-\(round)-\(manner)"
            try daemon.admin.createOrganisation(name)
            try daemon.admin.grant("450", to: name)
            try start("gpu-l", name, of: name)
            let machine = LateMachine(name, manner, start: base)
            try machine.begin(stream)
            late.append(machine)
        }
        try daemon.admin.createOrganisation("team-\(round)")
        try use(Systems.buyer, "operation-\(round)", PlannedSystem.operation)
        try use(Systems.refiller, "burn-\(round)", PlannedSystem.topUp)
    }

    /// Tells samples in order, spread over the time in which somebody is killed.
    private func beat(_ samples: [MachineSample], _ stream: MeterStream) {
        let pauses = samples.map { _ in UInt32(random.next() % 40_000) }
        DispatchQueue(label: "crash.machine").async(group: beats) { [notebook] in
            for (sample, pause) in zip(samples, pauses) {
                do {
                    try stream.send(sample)
                } catch {
                    notebook.violation("a sample: \(error)")
                }
                usleep(pause)
            }
        }
    }

    private func use(_ organisation: String, _ id: String, _ credits: Int128) throws {
        let event = UsageEvent(
            id: id,
            account: .org(organisation),
            model: "token",
            tokens: TokenCounts(input: UInt32(credits), output: 0)
        )
        try stream?.send(event)
    }

    /// Asks whether a machine may start.
    private func start(_ machine: String, _ name: String, of organisation: String) throws {
        let socket = try LocalSocket(path: daemon.dataPath)
        let answer = try socket.ask(
            #"{"type":"authorize","request":"\#(name)","org":"\#(organisation)","#
                + #""machine":"\#(machine)","deployment":"\#(name)"}"#
        )
        if answer["type"].text != "granted" {
            notebook.violation("\(name) may not start: \(answer)")
        }
    }

    private func advanceLate() throws {
        guard let stream else { return }
        let orders = notebook.notes.withLock { $0.orders }
        for index in late.indices {
            try late[index].advance(orders[late[index].name], stream, daemon.admin)
        }
    }

    /// Makes calls right before somebody is killed.
    func ask(_ round: Int) {
        func probe(_ method: String, _ path: String, _ body: String, key: String? = nil) {
            let path = "/v1/organisations/\(path)"
            probes.append(CallProbe(daemon.admin, method, path, body, key: key))
        }
        probe("POST", "\(Systems.buyer)/purchases", #"{"pack":"small","payment":"pay-\#(round)"}"#)
        probe("POST", "team-\(round)/coupons", #"{"code":"WELCOME"}"#)
        probe("PUT", "team-\(round)/plan", #"{"plan":"team"}"#)
        if round > 0 {
            let body = #"{"request_id":"operation-\#(round - 1)","reason":"it failed"}"#
            probe("POST", "\(Systems.buyer)/refunds", body, key: "refund-\(round - 1)")
        }
        for probe in probes { probe.ask() }
        usleep(UInt32(random.next() % 12_000))
    }

    /// Makes the same calls again, when everybody is back.
    func repeatAsked() throws -> [String] {
        let faults = try probes.compactMap { try $0.repeated() }
        asked += probes.count
        allCalls += probes
        probes = []
        beats.wait()
        return faults
    }

    /// Lets everything come to its planned end.
    ///
    /// - Parameter seconds: How long it may take.
    /// - Returns: What is wrong.
    /// - Throws: `HarnessError` when it does not come to its end.
    func windUp(within seconds: Double) throws -> [String] {
        var faults: [String] = []
        // All calls once more: whatever was killed since, each is known.
        for call in allCalls {
            if let text = try call.repeated() { faults.append(text) }
            repeatedCalls += 1
        }
        var waiting: [String] = []
        try wait(until: "orders are told: \(waiting.prefix(9))", within: seconds, step: 20_000) {
            try advanceLate()
            waiting = late.filter { !$0.isOver }.map(\.name)
            return waiting.isEmpty
        }
        if stream?.drain(timeout: .seconds(Int(seconds))) != true {
            faults.append("fleet: not everything is acknowledged")
        }
        let path = "/v1/organisations/\(Systems.refiller)/purchases?state=open"
        try wait(until: "top-ups are paid", within: seconds, step: 50_000) {
            let wallet = try daemon.admin.organisation(Systems.refiller)["wallet"]
            return try wallet["posted"].text == "\(PlannedSystem.threshold)"
                && daemon.admin.request("GET", path)["purchases"].list.isEmpty
        }
        try faults += checkOrders(within: seconds)
        return faults + notebook.notes.withLock { $0.violations }
    }

    /// Whoever subscribes now is told every order that was never answered, and no other.
    private func checkOrders(within seconds: Double) throws -> [String] {
        let planned = Set(
            late.compactMap { machine in
                machine.openOrder.map { "\(machine.name) \($0)" }
            }
        )
        var found: Set<String> = []
        let socket = try LocalSocket(path: daemon.dataPath)
        socket.send(line: #"{"type":"hello","protocol":1,"producer":"listener"}"#)
        socket.send(line: #"{"type":"subscribe","topics":["orders"]}"#)
        let end = HarnessClock.seconds + min(seconds, 15)
        // Once more after all are told: what is too much comes with the next repetition.
        while HarnessClock.seconds < end, found != planned {
            guard let line = socket.line(within: 1) else { continue }
            let message = try JSONValue(parsing: line)
            guard message["type"].text == "order" else { continue }
            let (name, action) = (message["deployment"].text, message["action"].text)
            found.insert("\(name ?? "?") \(action ?? "?")")
        }
        if found == planned { return [] }
        let (missing, more) = (planned.subtracting(found), found.subtracting(planned))
        return ["orders not told: \(missing.sorted()); not planned: \(more.sorted())"]
    }

    /// Ends the stream.
    func tearDown() {
        stream?.close()
        stream = nil
    }

    /// What happened, for the table.
    package var rows: [(String, String)] {
        let open = late.count { $0.openOrder != nil }
        return [
            ("machine runs", "\(boots.count + late.count), exact; \(samplesSent) samples"),
            ("orders", "\(ordersTold) tellings, \(open) never done and still told"),
            ("top-ups", "\(rounds) through a program that loses answers"),
            ("calls around a kill", "\(asked), each again, and once more at the end"),
        ]
    }
}
