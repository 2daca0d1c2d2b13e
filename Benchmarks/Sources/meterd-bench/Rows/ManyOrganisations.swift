import Glibc

/// From a thousand organisations to a million: throughput, memory, and the time of a start.
///
/// A connection knows at most 65,536 keys by number. So all sizes are driven by the same number of
/// connections, one producer each, as many as the largest needs; each speaks for every so manieth
/// organisation. All sizes differ in nothing else.
struct ManyOrganisations {
    static let throughputName = "socket to journal, organisations"
    static let memoryName = "memory of organisations"
    static let replayName = "recovery, journal records replayed"
    static let loadName = "recovery, organisations loaded from PostgreSQL"

    /// More records than usual, so that the seldom ones come as well.
    private static let recordsInAPool = 262_144

    private let options: Options
    private let lend: (WorldPlan, (World) throws -> Void) throws -> Void
    private let isWanted: (String) -> Bool
    private var throughput: [ReportRow] = []
    private var rest: [ReportRow] = []

    /// - Parameters:
    ///   - options: How much.
    ///   - isWanted: Whether a row is to be measured.
    ///   - lend: Lends a world, and throws it away.
    init(
        _ options: Options,
        isWanted: @escaping (String) -> Bool,
        lend: @escaping (WorldPlan, (World) throws -> Void) throws -> Void
    ) {
        self.options = options
        self.isWanted = isWanted
        self.lend = lend
    }

    private var sizes: [Int] {
        var sizes = [1000, 10_000, 100_000].filter { $0 < options.most }
        sizes.append(options.most)
        return sizes
    }

    private var parts: Int { (options.most + options.names - 1) / options.names }

    mutating func run() throws -> [ReportRow] {
        let wantsLargest = [
            ManyOrganisations.memoryName, ManyOrganisations.replayName, ManyOrganisations.loadName,
        ].contains(where: isWanted)
        let wantsAll = isWanted(ManyOrganisations.throughputName)
        for size in sizes where wantsAll || (wantsLargest && size == options.most) {
            var plan = WorldPlan(name: "size-\(size)", organisations: size)
            plan.grants = 2
            plan.hasLedger = false
            try lend(plan) { world in
                let isLargest = size == options.most
                var memory = memoryRow(size)
                var load = loadRow(size)
                if isLargest { addLoad(world, &load, &memory) }
                try world.waitUntilStored(seconds: 60)
                guard try world.keepPostgresAway() || !isLargest else {
                    throw BenchError("recovery is measured with a PostgreSQL on a Unix socket")
                }
                try measureThroughput(world)
                if isLargest {
                    memory.add(world.daemon.residentMiB)
                    memory.details["bytes per organisation, with traffic"] =
                        world.daemon.residentMiB * 1_048_576 / Double(size)
                    rest.append(memory)
                    try recover(world, &load)
                }
            }
        }
        return (wantsAll ? throughput : []) + rest
    }

    // MARK: - Throughput

    private mutating func measureThroughput(_ world: World) throws {
        let size = world.plan.organisations
        var row = ReportRow(
            "\(ManyOrganisations.throughputName): \(size)",
            .perSecond,
            against: throughput.isEmpty
                ? "the journal row, but with \(parts) connections, one producer each"
                : "the row of \(sizes[0]), round by round; \(parts) connections in both"
        )
        if !throughput.isEmpty { row.target = Target(ratio: 0.5) }
        var kind = world.usualProducer()
        kind.records = options.isSmoke ? 8192 : ManyOrganisations.recordsInAPool
        let producers = try (0..<parts).map { part in
            kind.share = Share(part: part, parts: parts)
            return try world.producer("many", part, kind)
        }
        let each = options.eventsEach(of: options.scaled, rounds: 1, producers: parts)
        for round in 0...options.rounds {
            let measured = try world.measure(producers, events: each)
            Progress.say(
                "\(row.what): \(measured.text)" + (round == 0 ? " (warming up)" : "")
            )
            guard round > 0 else { continue }
            let first = throughput.first?.figure.values[round - 1] ?? 0
            row.add(measured.rate, baseline: first)
            row.details["daemon CPU ns/event"] = measured.cpuNanoseconds
        }
        row.details["events in a round"] = Double(each * parts)
        row.details["daemon resident MiB"] = world.daemon.residentMiB
        throughput.append(row)
        let sent = each * parts * (options.rounds + 1)
        try world.checkAllIsJournaled(UInt64(sent))
    }

    // MARK: - Memory

    private func memoryRow(_ size: Int) -> ReportRow {
        ReportRow(
            "\(ManyOrganisations.memoryName): \(size)",
            .mebibytes,
            against: "VmRSS of the daemon with \(size) organisations of 2 grants, a cap and a key "
                + "each, after traffic to them",
            target: Target(figure: 1024)
        )
    }

    // MARK: - Recovery

    private func loadRow(_ size: Int) -> ReportRow {
        ReportRow(
            "\(ManyOrganisations.loadName): \(size)",
            .seconds,
            against: "by the daemon's log; without a time there, from the start of the process "
                + "until it took requests, with nothing to replay",
            target: Target(figure: 10)
        )
    }

    private func addLoad(_ world: World, _ load: inout ReportRow, _ memory: inout ReportRow) {
        let started = StartLog(world.daemon.log)
        let seconds = started.loadSeconds ?? world.daemon.secondsUntilReady
        load.add(seconds)
        load.details["organisations loaded"] = started.organisations
        load.details["start to ready s"] = world.daemon.secondsUntilReady
        memory.details["MiB after loading"] = world.daemon.residentMiB
        memory.details["bytes per organisation, loaded"] =
            world.daemon.residentMiB * 1_048_576 / Double(max(world.plan.organisations, 1))
        Progress.say("\(load.what): \(Unit.seconds.text(seconds))")
    }

    /// Kills and starts the daemon with everything of the measurement before in its journal.
    private mutating func recover(_ world: World, _ load: inout ReportRow) throws {
        var replay = ReportRow(
            ManyOrganisations.replayName,
            .perSecond,
            against: "by the daemon's log; without a time there, from the start of the process "
                + "until it took requests, less the time of a start with nothing to replay",
            target: Target(figure: 3e6)
        )
        let loadOnly = load.figure.median
        for _ in 0..<options.rounds {
            try world.restartAfterKill()
            // What it stores by now will not be replayed again.
            _ = try world.keepPostgresAway()
            let started = StartLog(world.daemon.log)
            let elapsed = world.daemon.secondsUntilReady
            let seconds = started.replaySeconds ?? max(elapsed - loadOnly, 0.001)
            guard started.records > 0 else {
                throw BenchError("nothing was replayed:\n\(world.daemon.logTail)")
            }
            replay.add(started.records / seconds)
            if let seconds = started.loadSeconds { load.add(seconds) }
            replay.details["records"] = started.records
            replay.details["start to ready s"] = elapsed
            replay.details["times by the log"] = started.replaySeconds == nil ? 0 : 1
            Progress.say(
                "\(replay.what): \(Int(started.records)) in \(Unit.seconds.text(seconds)), "
                    + "ready after \(Unit.seconds.text(elapsed))"
            )
        }
        rest += [replay, load]
    }
}

/// What the daemon says of its start: `Loaded N organisations [...] in X s, replayed M [...] in Y
/// s`.
struct StartLog {
    let organisations: Double
    let records: Double
    /// Not told by every version.
    let loadSeconds: Double?
    let replaySeconds: Double?

    init(_ log: String) {
        let line = log.split(separator: "\n").last { $0.contains("Loaded ") } ?? ""
        let words = line.split(separator: " ")
        func number(after word: Substring, from start: Int) -> (value: Double, index: Int)? {
            guard let index = words[start...].firstIndex(of: word), index + 1 < words.count
            else { return nil }
            return Double(words[index + 1]).map { ($0, index) }
        }
        func seconds(from start: Int, to end: Int) -> Double? {
            (start..<max(start, end - 2)).first {
                words[$0] == "in" && words[$0 + 2].hasPrefix("s")
            }.flatMap { Double(words[$0 + 1]) }
        }
        let loaded = words.firstIndex { $0.hasSuffix("Loaded") } ?? 0
        organisations = loaded + 1 < words.count ? Double(words[loaded + 1]) ?? 0 : 0
        let replayed = number(after: "replayed", from: 0)
        records = replayed?.value ?? 0
        let border = replayed?.index ?? words.count
        loadSeconds = seconds(from: 0, to: border)
        replaySeconds = seconds(from: border, to: words.count)
    }
}
