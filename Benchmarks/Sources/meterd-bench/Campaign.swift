import Foundation

/// One run: the rows that are wanted, each group with a daemon and a database of its own.
///
/// Why: what PostgreSQL writes out for minutes after millions of rows would slow the journal's disk
/// and its baseline alike, and their ratio would say nothing about meterd.
struct Campaign {
    private let options: Options
    private let folder: String

    /// What `--filter` looks at.
    static let names =
        SocketToJournal.names + [
            SocketToPostgres.name, DebitPerRequest.name, AuthorizeRoundTrip.name,
            AuthorizeRoundTrip.loadName, CutoffLatency.name, ManyOrganisations.throughputName,
            ManyOrganisations.memoryName, ManyOrganisations.replayName,
            ManyOrganisations.loadName, IdleDaemon.name, HeapAllocations.name, RingsAlone.name,
            RatingAlone.name,
        ]

    init(_ options: Options) throws {
        self.options = options
        guard Campaign.names.contains(where: { Campaign.isWanted($0, options) }) else {
            throw BenchError("no row is named \(options.filter); see --list")
        }
        folder = try Campaign.makeFolder(in: options.folder)
        Leftovers.folder(folder)
    }

    /// Measures everything that is wanted.
    func run() throws -> Report {
        var report = Report(machine: Machine(folder: folder), options: options)
        let source = Workload(trace: options.trace).source
        report.notes = notes(report.machine, source) + [try Database(options.postgres).settings()]
        for line in [report.heading] + report.notes { Progress.say(line) }
        let started = Clock.nanoseconds
        // In this order: what is measured alone first, what fills the disk last.
        let alone = try runAlone()
        let counted = try runCounted()
        let idle = try runIdle()
        let many = try runMany()
        let (stored, copyRate) = try runStored()
        let data = try runDataPlane(copyRate)
        report.rows = data.journal + stored + data.calls + many + idle + counted + alone
        report.notes.append("measured in \(Int(Clock.seconds(since: started))) s")
        return report
    }

    /// The journal, and everything that is timed call by call.
    private func runDataPlane(
        _ copyRate: Rounds
    ) throws -> (journal: [ReportRow], calls: [ReportRow]) {
        let wantsJournal = SocketToJournal.names.contains(where: isWanted)
        let calls = [AuthorizeRoundTrip.name, AuthorizeRoundTrip.loadName, CutoffLatency.name]
        guard wantsJournal || calls.contains(where: isWanted) else { return ([], []) }
        var rows: (journal: [ReportRow], calls: [ReportRow]) = ([], [])
        var plan = WorldPlan(name: "journal", organisations: options.organisations)
        plan.poor = isWanted(CutoffLatency.name) ? CutoffLatency.walletsNeeded(options) : 0
        try withWorld(plan) { world in
            let trips = try AuthorizeRoundTrip(world)
            if isWanted(AuthorizeRoundTrip.name) { rows.calls += try trips.runIdle() }
            if isWanted(CutoffLatency.name) {
                let cutoffs = try CutoffLatency(world)
                rows.calls += try cutoffs.run()
            }
            let before = try world.waitUntilStored(seconds: 60)
            let isAway = try world.keepPostgresAway()
            if isWanted(AuthorizeRoundTrip.loadName) { rows.calls += try trips.runUnderLoad() }
            if wantsJournal {
                let journal = try SocketToJournal(world)
                rows.journal = try journal.run()
                guard isAway else { return }
                rows.journal.append(try journal.drain(from: before, copyRate: copyRate))
            }
            try world.database.open()
        }
        return rows
    }

    private func runStored() throws -> (rows: [ReportRow], copyRate: Rounds) {
        guard isWanted(SocketToPostgres.name) || isWanted(DebitPerRequest.name) else {
            return ([], Rounds())
        }
        var rows: [ReportRow] = []
        let plan = WorldPlan(name: "store", organisations: options.organisations)
        try withWorld(plan) { world in
            let row = try SocketToPostgres(world).run()
            rows.append(row)
            guard isWanted(DebitPerRequest.name) else { return }
            try world.waitUntilStored(seconds: 60)
            rows.append(try DebitPerRequest(world).run(row.figure))
        }
        return (rows, rows[0].baseline)
    }

    private func runMany() throws -> [ReportRow] {
        var many = ManyOrganisations(options, isWanted: isWanted) { plan, body in
            try withWorld(plan, isStored: false, body)
        }
        return try many.run()
    }

    private func runIdle() throws -> [ReportRow] {
        guard isWanted(IdleDaemon.name) else { return [] }
        var rows: [ReportRow] = []
        try withWorld(WorldPlan(name: "idle", organisations: options.organisations)) { world in
            rows.append(try IdleDaemon(world).run())
        }
        return rows
    }

    private func runCounted() throws -> [ReportRow] {
        guard isWanted(HeapAllocations.name) else { return [] }
        guard !options.shim.isEmpty else {
            guard options.filter.isEmpty else {
                throw BenchError("which library counts? Give --shim PATH, or run `make bench`.")
            }
            Progress.say("\(HeapAllocations.name): left out, there is no --shim")
            return []
        }
        var rows: [ReportRow] = []
        var plan = WorldPlan(name: "heap", organisations: options.organisations)
        plan.isCounting = true
        try withWorld(plan, isStored: false) { world in
            _ = try world.keepPostgresAway()
            rows.append(try HeapAllocations(world).run())
        }
        return rows
    }

    private func runAlone() throws -> [ReportRow] {
        var rows: [ReportRow] = []
        if isWanted(RingsAlone.name) { rows += try RingsAlone(options).run() }
        if isWanted(RatingAlone.name) { rows.append(try RatingAlone(options).run()) }
        return rows
    }

    private func isWanted(_ name: String) -> Bool { Campaign.isWanted(name, options) }

    private static func isWanted(_ name: String, _ options: Options) -> Bool {
        options.filter.isEmpty || name.contains(options.filter)
    }

    /// Lends a fresh daemon with its accounts, and checks at the end that nothing was lost.
    ///
    /// - Parameters:
    ///   - plan: Who is there.
    ///   - isStored: Whether all of it goes to PostgreSQL in the end; else it is thrown away.
    ///   - body: What to measure.
    /// - Throws: `BenchError` with the end of the daemon's log.
    private func withWorld(
        _ plan: WorldPlan,
        isStored: Bool = true,
        _ body: (World) throws -> Void
    ) throws {
        let world = try World(options, plan: plan, folder: "\(folder)/\(plan.name)")
        do {
            try body(world)
            if isStored { try world.checkNothingIsLost() }
        } catch {
            let log = world.daemon.logTail
            world.endAtOnce()
            throw BenchError("\(error)\nthe end of meterd's log:\n\(log)")
        }
        if isStored { world.end() } else { world.endAtOnce() }
    }

    private func notes(_ machine: Machine, _ source: String) -> [String] {
        var notes = [
            "the load generator runs on the same \(machine.cores) cores as meterd and PostgreSQL",
            source,
            "organisations are written into the tables by SQL before the daemon starts",
        ]
        if machine.isInMemory {
            notes.append("\(options.folder) IS IN MEMORY: a sync means nothing")
        }
        if options.isSmoke { notes.append("A SMOKE RUN: these figures say nothing about speed") }
        notes.append(
            options.isStoringThroughout
                ? "PostgreSQL was storing while the journal was measured"
                : "PostgreSQL was kept away from the rows to the journal, those about the number "
                    + "of organisations and those under load, unless it is on TCP"
        )
        return notes
    }

    private static func makeFolder(in parent: String) throws -> String {
        var template = Array("\(parent)/meterd-bench.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw BenchError("cannot make a folder in \(parent): \(BenchError.reason())")
        }
        let path = template.dropLast().map { UInt8(bitPattern: $0) }
        return String(decoding: path, as: UTF8.self)
    }
}
