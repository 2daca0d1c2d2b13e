/// What to measure and how much of it.
struct Options: Codable, Sendable {
    /// Usage events in the measured rounds of the socket-to-journal row, together.
    var events = 21_000_000
    /// The same in JSON lines.
    var lines = 3_000_000
    /// Usage events in the measured rounds of the socket-to-PostgreSQL row, together.
    var stored = 12_000_000
    /// Authorisations in each measured round.
    var calls = 10_000
    /// Usage events a second while authorisations are measured under load.
    var load = 500_000
    /// Wallets that are emptied in each measured round.
    var wallets = 2000
    var organisations = 10_000
    /// The most organisations, in the rows about their number.
    var most = 1_000_000
    /// Usage events in a measured round of the rows about the number of organisations.
    var scaled = 3_000_000
    /// Seconds in which requests are debited one by one, and in which nothing is done, in a round.
    var seconds = 4
    var idleSeconds = 20
    /// Connections that do nothing.
    var connections = 100
    /// Records through a ring, and rated requests, in a measured round.
    var records = 20_000_000
    /// Usage events in a round while allocations are counted.
    var counted = 2_000_000
    /// Keys that a connection knows by number; one with more organisations shares them with others.
    var names = 60_000
    var producers = 2
    /// Usage records in a frame.
    var batch = 512
    var rounds = 3
    var seed: UInt64 = 1
    /// Only rows whose name contains this.
    var filter = ""
    var isSmoke = false
    /// The whole run ends with an error after so many seconds.
    var timeLimitSeconds = 3600
    var daemon = ""
    var shim = ""
    var postgres = ""
    var trace = "../shared/data/azure-llm-2023-code.csv"
    var output = "Benchmarks/results.json"
    /// Where the private folder goes; a disk, as a sync must mean something.
    var folder = "/var/tmp"
    /// Leave PostgreSQL connected while the journal is measured.
    var isStoringThroughout = false
    /// Seconds to wait before the socket-to-journal row, for who wants to attach a profiler.
    var pauseSeconds = 0

    /// What the report tells: not where things are, and no connection text, which may hold secrets.
    private enum CodingKeys: String, CodingKey {
        case events, lines, stored, calls, load, wallets, organisations, most, scaled, seconds
        case idleSeconds, connections, records, counted, names, producers, batch, rounds, seed
        case filter
        case isSmoke, isStoringThroughout
    }

    static let help = """
        usage: meterd-bench [options]

          --smoke              every row with tiny parameters, in less than a minute; checks the
                               harness and the count of allocations, not the speed
          --filter TEXT        only rows whose name contains TEXT; --list tells the names
          --list               print the rows' names
          --events N           events of the socket-to-journal row (21000000)
          --lines N            events of the same in JSON lines (3000000)
          --stored N           events of the socket-to-PostgreSQL row (12000000)
          --calls N            authorisations in a round (10000)
          --load N             events a second beside them, in the row under load (500000)
          --wallets N          wallets emptied in a round (2000)
          --organisations N    Zipf-distributed organisations (10000)
          --most N             the most organisations, in the rows about their number (1000000)
          --scaled N           events in a round of those rows (3000000)
          --seconds N          of debits one by one, in a round (4)
          --idle N             seconds of doing nothing, in a round (20)
          --connections N      that do nothing, at most 900 (100)
          --records N          through a ring, or rated, in a round (20000000)
          --counted N          events in a round while allocations are counted (2000000)
          --names N            keys that one connection interns, at most 65536 (60000)
          --producers N        connections that send usage (2)
          --batch N            usage records in a frame (512)
          --rounds N           measured rounds, beside one to warm up (3)
          --seed N             of everything that is random (1)
          --storing            leave PostgreSQL connected while the journal is measured
          --daemon PATH        meterd, built for release (METERD_BENCH_DAEMON)
          --shim PATH          the library that counts allocations (METERD_BENCH_SHIM)
          --postgres CONNINFO  a server that may be filled up (METERD_BENCH_POSTGRES)
          --trace FILE         CSV with columns time, input tokens, output tokens
          --output FILE        where the JSON goes (Benchmarks/results.json)
          --folder DIR         where the journal goes, in a folder of its own (/var/tmp)
          --time-limit N       seconds until everything is given up (3600)
          --pause N            seconds to wait before the journal row, to attach a profiler

        Settings of the daemon can be overridden by METERD_<GROUP>_<KEY> in the environment.
        """

    /// Reads the command line; nil when help was asked for.
    init?(_ arguments: [String], environment: [String: String]) throws {
        daemon = environment["METERD_BENCH_DAEMON"] ?? ""
        shim = environment["METERD_BENCH_SHIM"] ?? ""
        postgres = environment["METERD_BENCH_POSTGRES"] ?? ""
        if arguments.contains("--smoke") { shrink() }
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "--help", "-h", "--list": return nil
            case "--smoke": continue
            case "--storing": isStoringThroughout = true
            default:
                guard let value = rest.popFirst() else {
                    throw BenchError("\(name) is unknown, or has no value; see --help")
                }
                if try !setAmount(name, value) { try setPlace(name, value) }
            }
        }
        if daemon.isEmpty {
            throw BenchError("which meterd? Give --daemon PATH, or run `make bench`.")
        }
        if postgres.isEmpty {
            throw BenchError("which PostgreSQL? Give --postgres CONNINFO, or run `make bench`.")
        }
    }

    private mutating func shrink() {
        isSmoke = true
        events = 40_000
        lines = 10_000
        stored = 20_000
        calls = 200
        load = 48_000
        wallets = 50
        organisations = 100
        most = 2000
        scaled = 20_000
        seconds = 1
        idleSeconds = 1
        records = 100_000
        counted = 200_000
        rounds = 1
        timeLimitSeconds = 180
    }

    /// Takes an option that is a number; false when it is none.
    private mutating func setAmount(_ name: String, _ value: String) throws -> Bool {
        func number<Number: FixedWidthInteger>(_ range: ClosedRange<Number>) throws -> Number {
            guard let number = Number(value), range.contains(number) else {
                throw BenchError("\(name) \(value): a whole number in \(range) is wanted")
            }
            return number
        }
        switch name {
        case "--events": events = try number(1...1_000_000_000)
        case "--lines": lines = try number(1...1_000_000_000)
        case "--stored": stored = try number(1...1_000_000_000)
        case "--calls": calls = try number(1...10_000_000)
        case "--load": load = try number(1000...10_000_000)
        case "--wallets": wallets = try number(1...4000)
        case "--organisations": organisations = try number(1...1_000_000)
        case "--most": most = try number(1000...4_000_000)
        case "--scaled": scaled = try number(1...1_000_000_000)
        case "--seconds": seconds = try number(1...3600)
        case "--idle": idleSeconds = try number(1...3600)
        case "--connections": connections = try number(1...900)
        case "--records": records = try number(1...1_000_000_000)
        case "--counted": counted = try number(1...1_000_000_000)
        case "--names": names = try number(1...65_536)
        case "--producers": producers = try number(1...64)
        case "--batch": batch = try number(1...8000)
        case "--rounds": rounds = try number(1...100)
        case "--seed": seed = try number(0...UInt64.max)
        case "--time-limit": timeLimitSeconds = try number(1...86_400)
        case "--pause": pauseSeconds = try number(0...600)
        default: return false
        }
        return true
    }

    private mutating func setPlace(_ name: String, _ value: String) throws {
        switch name {
        case "--filter": filter = value
        case "--daemon": daemon = value
        case "--shim": shim = value
        case "--postgres": postgres = value
        case "--trace": trace = value
        case "--output": output = value
        case "--folder": folder = value
        default: throw BenchError("\(name) is unknown; see --help")
        }
    }

    /// How many whole frames' worth of events one producer sends in one round.
    func eventsEach(of total: Int, rounds: Int, producers: Int) -> Int {
        let frames = total / rounds / producers / batch
        return max(frames, 1) * batch
    }

    var text: String {
        "\(events) events to the journal, \(stored) to PostgreSQL, \(organisations) organisations "
            + "(Zipf 1.0, seed \(seed)), \(producers) producers, frames of \(batch) records, "
            + "\(rounds) rounds after one to warm up"
    }
}
