import Dispatch
import Foundation

/// Measures a whole daemon against bare baselines, in one run.
@main
struct MeterdBench {
    static func main() {
        do {
            let environment = ProcessInfo.processInfo.environment
            let arguments = Array(CommandLine.arguments.dropFirst())
            guard let options = try Options(arguments, environment: environment) else {
                print(Options.help)
                return
            }
            let watch = Watch(timeLimitSeconds: options.timeLimitSeconds)
            defer { watch.end() }
            try measure(options)
        } catch {
            // Whoever breaks the run off makes it fail here, and ends the process.
            guard Leftovers.clear() else { return Watch.waitForTheEnd() }
            Progress.say("\(error)")
            exit(1)
        }
    }

    private static func measure(_ options: Options) throws {
        let folder = try makeFolder(in: options.folder)
        Leftovers.folder(folder)
        let machine = Machine(folder: folder)
        var report = Report(machine: machine, options: options)
        Progress.say(machine.text)
        Progress.say(options.text)
        let world = try World(options, folder: folder)
        do {
            report.notes = notes(options, world, machine)
            try world.populate()
            report.rows = try rows(options, world)
        } catch {
            let log = world.daemon.logTail
            world.end()
            throw BenchError("\(error)\nthe end of meterd's log:\n\(log)")
        }
        world.end()
        guard Leftovers.clear() else { return Watch.waitForTheEnd() }
        print("\(machine.text)\n\(options.text)\n\n\(report.text)")
        try report.write(to: options.output)
    }

    /// The quiet ones first: what fills the tables and the disk comes after.
    private static func rows(_ options: Options, _ world: World) throws -> [ReportRow] {
        func isWanted(_ name: String) -> Bool {
            options.filter.isEmpty || name.contains(options.filter)
        }
        var rows: [ReportRow] = []
        if isWanted(AuthorizeRoundTrip.name) {
            let row = try AuthorizeRoundTrip(world)
            rows += try row.run()
        }
        var stored: ReportRow?
        if isWanted(SocketToPostgres.name) {
            stored = try SocketToPostgres(world).run()
        }
        if isWanted(SocketToJournal.name) {
            rows.insert(
                contentsOf: try SocketToJournal(world).run(copyRate: stored?.baseline),
                at: 0
            )
        }
        if let stored { rows.insert(stored, at: min(1, rows.count)) }
        guard !rows.isEmpty else { throw BenchError("no row's name contains \(options.filter)") }
        try checkNothingIsLost(options, world, rows)
        return rows
    }

    /// A figure for events that were not all booked would be worth nothing.
    private static func checkNothingIsLost(
        _ options: Options,
        _ world: World,
        _ rows: [ReportRow]
    ) throws {
        let status = try world.waitUntilStored(seconds: Double(options.timeLimitSeconds))
        guard status.rejected == 0 else {
            throw BenchError("meterd rejected \(status.rejected) events")
        }
        let database = try Database(world.database.direct)
        let lines = try database.run("SELECT count(*) FROM meterd.usage_lines")
        let sums = try database.run("SELECT sum(requests) FROM meterd.rollups")
        guard lines == sums || (lines == "0" && sums.isEmpty),
            UInt64(lines) == status.positions.stored
        else {
            throw BenchError(
                "PostgreSQL has \(lines) usage lines and rollups of \(sums), meterd has stored "
                    + "\(status.positions.stored)"
            )
        }
        let charged = try database.run("SELECT coalesce(-sum(amount), 0) FROM meterd.usage_lines")
        Progress.say("checked: \(lines) usage lines, \(charged) credits charged, none rejected")
    }

    private static func notes(_ options: Options, _ world: World, _ machine: Machine) -> [String] {
        var notes = [
            "the load generator runs on the same \(machine.cores) cores as meterd and PostgreSQL",
            world.workload.source,
        ]
        if machine.isInMemory {
            notes.append("\(options.folder) IS IN MEMORY: a sync means nothing")
        }
        if options.isSmoke { notes.append("A SMOKE RUN: these figures say nothing about speed") }
        if options.isStoringThroughout || !world.database.hasDoor {
            notes.append("PostgreSQL was storing while the journal was measured")
        } else {
            notes.append("PostgreSQL was kept away while the journal was measured")
        }
        for note in notes { Progress.say(note) }
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

/// Ends the run at a signal, or when it takes too long, and leaves nothing behind.
struct Watch {
    private let sources: [any DispatchSourceProtocol]

    init(timeLimitSeconds: Int) {
        let queue = DispatchQueue(label: "meterd-bench.watch")
        var sources: [any DispatchSourceProtocol] = []
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { Watch.breakOff("stopped by signal \(number)", 128 + number) }
            source.resume()
            sources.append(source)
        }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + .seconds(timeLimitSeconds))
        timer.setEventHandler { Watch.breakOff("more than \(timeLimitSeconds) s: given up", 75) }
        timer.resume()
        self.sources = sources + [timer]
    }

    /// Watches no longer.
    func end() {
        for source in sources { source.cancel() }
    }

    /// For a thread that has lost its daemon to `breakOff`.
    static func waitForTheEnd() {
        while true { sleep(60) }
    }

    private static func breakOff(_ reason: String, _ code: Int32) {
        Progress.say(reason)
        guard Leftovers.clear() else { return }
        exit(code)
    }
}
