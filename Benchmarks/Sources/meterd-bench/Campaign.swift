import Foundation

/// One run: the rows that are wanted, each group with a daemon and a database of its own.
///
/// Why: what PostgreSQL writes out for minutes after millions of rows would slow the journal's disk
/// and its baseline alike, and their ratio would say nothing about meterd.
struct Campaign {
    private let options: Options
    private let folder: String
    private let workload: Workload

    init(_ options: Options) throws {
        self.options = options
        folder = try Campaign.makeFolder(in: options.folder)
        Leftovers.folder(folder)
        workload = Workload(organisations: options.organisations, trace: options.trace)
    }

    /// Measures everything that is wanted.
    func run() throws -> Report {
        var report = Report(machine: Machine(folder: folder), options: options)
        report.notes = notes(report.machine) + [try Database(options.postgres).settings()]
        for line in [report.heading] + report.notes { Progress.say(line) }
        var calls: [ReportRow] = []
        var journal: SocketToJournal.Result?
        if isWanted(AuthorizeRoundTrip.name) || isWanted(SocketToJournal.name) {
            try withWorld("journal") { world in
                if isWanted(AuthorizeRoundTrip.name) { calls = try AuthorizeRoundTrip(world).run() }
                if isWanted(SocketToJournal.name) { journal = try SocketToJournal(world).run() }
            }
        }
        if let journal { report.rows += journal.rows }
        var copyRate = 0.0
        if isWanted(SocketToPostgres.name) {
            try withWorld("store") { world in
                let row = try SocketToPostgres(world).run()
                copyRate = row.baseline.median
                report.rows.append(row)
            }
        }
        if let rate = journal?.backlogRate {
            var row = ReportRow(
                SocketToJournal.backlogName,
                .perSecond,
                against: "the median COPY of the row above"
            )
            row.add(rate, baseline: copyRate)
            report.rows.append(row)
        }
        report.rows += calls
        guard !report.rows.isEmpty else { throw BenchError("no row is named \(options.filter)") }
        return report
    }

    private func isWanted(_ name: String) -> Bool {
        options.filter.isEmpty || name.contains(options.filter)
    }

    /// Lends a fresh daemon with its accounts, and checks at the end that nothing was lost.
    private func withWorld(_ name: String, _ body: (World) throws -> Void) throws {
        let world = try World(options, folder: "\(folder)/\(name)", workload: workload)
        do {
            try world.populate()
            try body(world)
            try world.checkNothingIsLost()
        } catch {
            let log = world.daemon.logTail
            world.end()
            throw BenchError("\(error)\nthe end of meterd's log:\n\(log)")
        }
        world.end()
    }

    private func notes(_ machine: Machine) -> [String] {
        var notes = [
            "the load generator runs on the same \(machine.cores) cores as meterd and PostgreSQL",
            workload.source,
        ]
        if machine.isInMemory {
            notes.append("\(options.folder) IS IN MEMORY: a sync means nothing")
        }
        if options.isSmoke { notes.append("A SMOKE RUN: these figures say nothing about speed") }
        notes.append(
            options.isStoringThroughout
                ? "PostgreSQL was storing while the journal was measured"
                : "PostgreSQL was kept away while the journal was measured, unless it is on TCP"
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
