import Quantities

/// What a run has done.
package struct Statistics: Sendable {
    package var steps = 0
    package var turns = 0
    package var stages = 0
    package var nested = 0
    package var starts = 0
    package var kills = 0
    package var powerCuts = 0
    package var midCallDeaths = 0
    package var orderlyStops = 0
    package var diskFailures = 0
    package var bitFlips = 0
    package var databaseFailures = 0
    package var databaseOutages = 0
    package var connectionsCut = 0
    package var takeovers = 0
    package var clockJumps = 0
    package var vanished = 0
    package var reports = 0
    package var repeats = 0
    package var acknowledged = 0
    package var authorizations = 0
    package var grants = 0
    package var refusals = 0
    package var extensions = 0
    package var settlements = 0
    package var releases = 0
    package var cutoffs = 0
    package var heartbeats = 0
    package var orders = 0
    package var administration = 0
    package var purchases = 0
    package var payments = 0
    package var topUpsPaid = 0
    package var records = 0
    package var rests = 0
    package var listenersHeard = 0
    package var apartStarts = 0
    package var apartFirst = 0
    package var apartAll = 0
    package var apartRecords = 0

    package init() {}

    /// The figures by name, for summing up.
    package var fields: [(String, Int)] {
        [
            ("steps", steps), ("turns", turns), ("stages", stages), ("nested", nested),
            ("starts", starts), ("kills", kills), ("power cuts", powerCuts),
            ("deaths within a call", midCallDeaths), ("orderly stops", orderlyStops),
            ("failed disk calls", diskFailures), ("flipped bits", bitFlips),
            ("failed database calls", databaseFailures), ("database outages", databaseOutages),
            ("connections cut", connectionsCut), ("lease takeovers", takeovers),
            ("clock jumps", clockJumps), ("clients vanished", vanished), ("reports", reports),
            ("repeats", repeats), ("acknowledged", acknowledged),
            ("authorisations", authorizations), ("holds granted", grants), ("refusals", refusals),
            ("extensions", extensions), ("settlements", settlements), ("releases", releases),
            ("cutoffs told", cutoffs), ("administrative calls", administration),
            ("purchases", purchases),
            ("payments", payments), ("paid top-ups", topUpsPaid),
            ("records judged", records), ("rests without debts", rests),
            ("listeners compared", listenersHeard), ("starts on partitions apart", apartStarts),
            ("of them, the first ahead", apartFirst), ("of them, all stored", apartAll),
            ("records left out at starts", apartRecords),
        ]
    }
}

/// How a run is made.
package struct SimulationPlan: Sendable {
    package var seed: UInt64
    package var steps: Int
    /// Whether the last steps are kept in words.
    package var isTracing: Bool

    package init(seed: UInt64, steps: Int, isTracing: Bool = false) {
        self.seed = seed
        self.steps = steps
        self.isTracing = isTracing
    }
}

/// How a run ended.
package struct SimulationOutcome: Sendable {
    package var seed: UInt64
    package var statistics: Statistics
    /// A digest of everything that happened, in order.
    package var history: UInt64
    package var violation: Violation?
    /// The last things that happened before a violation.
    package var trace: [String]
}
