/// What to measure and how much of it.
struct Options: Codable, Sendable {
    /// Usage events in the measured rounds of the socket-to-journal row, together.
    var events = 6_000_000
    /// Usage events in the measured rounds of the socket-to-PostgreSQL row, together.
    var stored = 3_000_000
    /// Authorisations in each measured round.
    var calls = 10_000
    var organisations = 1000
    var producers = 2
    /// Usage records in a frame.
    var batch = 512
    var rounds = 3
    var seed: UInt64 = 1
    /// Only rows whose name contains this.
    var filter = ""
    var isSmoke = false
    /// The whole run ends with an error after so many seconds.
    var timeLimitSeconds = 1800
    var daemon = ""
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
        case events, stored, calls, organisations, producers, batch, rounds, seed, filter, isSmoke
        case isStoringThroughout
    }

    static let help = """
        usage: meterd-bench [options]

          --smoke              a few seconds with tiny parameters; checks the harness, not the speed
          --filter TEXT        only rows whose name contains TEXT
          --events N           events of the socket-to-journal row (6000000)
          --stored N           events of the socket-to-PostgreSQL row (3000000)
          --calls N            authorisations in a round (10000)
          --organisations N    Zipf-distributed organisations, at most 65536 (1000)
          --producers N        connections that send usage (2)
          --batch N            usage records in a frame (512)
          --rounds N           measured rounds, beside one to warm up (3)
          --seed N             of everything that is random (1)
          --storing            leave PostgreSQL connected while the journal is measured
          --daemon PATH        meterd, built for release (METERD_BENCH_DAEMON)
          --postgres CONNINFO  a server that may be filled up (METERD_BENCH_POSTGRES)
          --trace FILE         CSV with columns time, input tokens, output tokens
          --output FILE        where the JSON goes (Benchmarks/results.json)
          --folder DIR         where the journal goes, in a folder of its own (/var/tmp)
          --time-limit N       seconds until everything is given up (1800)
          --pause N            seconds to wait before the journal row, to attach a profiler

        Settings of the daemon can be overridden by METERD_<GROUP>_<KEY> in the environment.
        """

    /// Reads the command line; nil when help was asked for.
    init?(_ arguments: [String], environment: [String: String]) throws {
        daemon = environment["METERD_BENCH_DAEMON"] ?? ""
        postgres = environment["METERD_BENCH_POSTGRES"] ?? ""
        if arguments.contains("--smoke") { shrink() }
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "--help", "-h": return nil
            case "--smoke": continue
            case "--storing": isStoringThroughout = true
            default:
                guard let value = rest.popFirst() else {
                    throw BenchError("\(name) is unknown, or has no value; see --help")
                }
                try set(name, value)
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
        stored = 20_000
        calls = 200
        organisations = 20
        rounds = 1
        timeLimitSeconds = 120
    }

    private mutating func set(_ name: String, _ value: String) throws {
        func number<Number: FixedWidthInteger>(_ range: ClosedRange<Number>) throws -> Number {
            guard let number = Number(value), range.contains(number) else {
                throw BenchError("\(name) \(value): a whole number in \(range) is wanted")
            }
            return number
        }
        switch name {
        case "--events": events = try number(1...1_000_000_000)
        case "--stored": stored = try number(1...1_000_000_000)
        case "--calls": calls = try number(1...10_000_000)
        case "--organisations": organisations = try number(1...65_536)
        case "--producers": producers = try number(1...64)
        case "--batch": batch = try number(1...8000)
        case "--rounds": rounds = try number(1...100)
        case "--seed": seed = try number(0...UInt64.max)
        case "--time-limit": timeLimitSeconds = try number(1...86_400)
        case "--pause": pauseSeconds = try number(0...600)
        case "--filter": filter = value
        case "--daemon": daemon = value
        case "--postgres": postgres = value
        case "--trace": trace = value
        case "--output": output = value
        case "--folder": folder = value
        default: throw BenchError("\(name) is unknown; see --help")
        }
    }

    /// How many whole frames' worth of events one producer sends in one round.
    func eventsEach(of total: Int) -> Int {
        let frames = total / rounds / producers / batch
        return max(frames, 1) * batch
    }

    var text: String {
        "\(events) + \(stored) events, \(organisations) organisations (Zipf 1.0, seed \(seed)), "
            + "\(producers) producers, frames of "
            + "\(batch) records, \(rounds) rounds after one to warm up"
    }
}
