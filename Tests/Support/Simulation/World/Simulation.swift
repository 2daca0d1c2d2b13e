import Accounting
import DiskSimulation
import Engine
import Ingest
import Journaling
import LedgerModel
import PostgresStore
import Quantities
import Rings
import SettingsFiles
import SimulatedBooks
import Wire

/// A whole daemon in a simulated world, stepped by one seeded scheduler on one thread.
///
/// Goal:        every interleaving of stages, clients, faults and crashes that a seed can name, and
///              after each step the promises that the daemon makes.
/// Method:      the daemon is the real one, from bytes on a socket to batches in a store; clock,
///              disk, database and sockets are simulated, and what its queues would run is stepped.
/// Queue:       everything on the caller's thread; many simulations may run side by side.
package final class Simulation {
    let plan: SimulationPlan
    var random: SplitMix
    let clock = SimulatedClock()
    let disk: SimulatedDisk
    let database: SimulatedDatabase
    let network: SimulatedNetwork
    let executor = HandExecutor()
    let switches: StartSwitches
    let settings: Settings
    let card: RateCardSource

    let evidence = Evidence()
    let model: JournalModel
    var statistics = Statistics()
    var history = History()

    var life: Life?
    /// How many lives there were.
    var lives = 0
    var step = 0
    /// Whether nobody thinks of anything new any more.
    var isEnding = false
    /// Whether clients think of new things.
    var isGenerating: Bool { !isEnding && !(weather.isHushed && step % 256 > 96) }
    /// How wild the present phase is.
    var weather = Weather()
    /// Up to here everything is known to be durable, whatever has crashed since.
    var durableFloor: UInt64 = 0
    /// Up to here everything is in the database.
    var storedFloor: UInt64 { database.position(of: Simulation.node) }
    /// Up to here something is in the database.
    var storedCeiling: UInt64 { database.furthest(of: Simulation.node) }
    var pendingDeath: Death?
    var depth = 0
    var isFenceStolen = false
    var finalPhase = false

    var producers: [Producer] = []
    var sources: [Source] = []
    var subscribers: [Subscriber] = []
    var clients: [Client] = []
    var administrators: [Administrator] = []
    var accounts: [Account] = []
    /// The coupons that somebody knows to be redeemed.
    var redeemed: Set<String> = []
    /// The coupons whose credits somebody was told to have got.
    var givenCoupons: Set<String> = []
    var wantedAccounts: Int
    var closingNames: Set<String> = []
    var stranded: [(socket: SimulatedSocket, until: Int64)] = []
    /// Organisations that some listener was told are cut off, with the step and the journal's end.
    var cutSince: [String: (step: Int, position: UInt64)] = [:]
    /// Organisations that were seen not to be cut off.
    var everOpen: Set<UInt32> = []
    var grantsByKey: [String: Evidence.GrantKey] = [:]
    var startAfter: Int64 = 0
    /// Up to here everything survives the end of the process, if not of the machine.
    var survivingFloor: UInt64 = 0
    var forwardJumps: Int64 = 0
    /// Up to where a block on disk says that all is durable, and how many disk calls had failed.
    var proven: (floor: UInt64, failures: Int) = (0, 0)
    var damage: DurableDamage?
    var isStopDue = false
    /// What recovery must give, bit for bit.
    var expectedDigests: [String]?

    static let node = "sim"

    var engine: Engine? { life?.engine }

    /// A number below a limit.
    func roll(_ limit: Int) -> Int { random.below(limit) }

    package init(_ plan: SimulationPlan) throws(Violation) {
        self.plan = plan
        var random = SplitMix(seed: plan.seed)
        func seed() -> UInt64 { random.next() }
        disk = SimulatedDisk(seed: seed())
        let clock = clock
        database = SimulatedDatabase(seed: seed()) {
            SimulatedClock.start.advanced(byMicroseconds: clock.steady)
        }
        network = SimulatedNetwork(seed: seed())
        switches = StartSwitches(seed: seed())
        settings = Simulation.settings(&random)
        wantedAccounts = 2 + random.below(6)
        do {
            card = try RateCardSource.read(SimulatedCard.text)
        } catch {
            throw Violation("world", "the card: \(error)")
        }
        model = JournalModel(
            AccountModel(card: SimulatedCard.naive, minutesEast: SimulatedCalendar.minutesEast)
        )
        self.random = random
        history.isTracing = plan.isTracing
        makeClients()
        hook()
    }

    /// Settings at which every border is met within a short run.
    private static func settings(_ random: inout SplitMix) -> Settings {
        var settings = Settings()
        settings.node.name = node
        settings.node.stateDirectory = "/simulated"
        settings.engine.ingestLoops = 1 + random.below(3)
        settings.engine.shards = 1 + random.below(3)
        settings.engine.ringBytes = 4096 << random.below(5)
        settings.engine.drainTimeoutSeconds = 5
        settings.journal.segmentBytes = 96 << 10
        settings.journal.maxUnsyncedBytes = 320 << 10
        settings.journal.maxBytes = random.below(3) == 0 ? 256 << 10 : 4 << 20
        settings.journal.retryMilliseconds = 100
        settings.postgres.lingerMilliseconds = [0, 5, 50, 500][random.below(4)]
        settings.postgres.retryMilliseconds = [20, 500][random.below(2)]
        settings.postgres.batchRows = [8, 64, 4096][random.below(3)]
        // Thrown apart, so that what follows is the same with any number of them.
        var side = random
        settings.postgres.writerConnections = 1 + side.below(3)
        settings.lease.ttlSeconds = 3
        settings.holds.sliceOutputTokens = [64, 1024][random.below(2)]
        settings.holds.defaultTTLMilliseconds = [500, 60_000][random.below(2)]
        settings.holds.maxTTLMilliseconds = 120_000
        settings.dataSocket.readBufferBytes = 512 << random.below(6)
        settings.dataSocket.maxFrameBytes = 64 << 10
        settings.dataSocket.maxLineBytes = 16 << 10
        settings.dataSocket.sendBufferBytes = 64 << 10
        settings.usage.idWindowEntries = 1 << 16
        return settings
    }

    private func makeClients() {
        func encoding() -> WireEncoding { random.below(2) == 0 ? .binary : .jsonLines }
        for number in 0..<1 + random.below(3) {
            let durability: Durability = random.below(3) == 0 ? .stored : .journaled
            producers.append(Producer(self, "producer-\(number)", encoding(), durability))
        }
        for number in 0..<random.below(3) {
            sources.append(Source(self, "source-\(number)", encoding()))
        }
        for number in 0..<1 + random.below(3) {
            sources.append(Gateway(self, "gateway-\(number)", encoding()))
        }
        for number in 0..<1 + random.below(2) {
            subscribers.append(Subscriber(self, "subscriber-\(number)", encoding()))
        }
        let fleets = (0..<random.below(3)).map { Fleet(self, "fleet-\($0)", encoding()) }
        clients = producers + sources + subscribers + fleets
        administrators = (0..<1 + random.below(2)).map { Administrator(self, "admin\($0)") }
    }

    /// Lets others run in the middle of calls that block.
    private func hook() {
        disk.duringSync.always { [unowned self] in self.runMeanwhile(4) }
        database.wait = { [unowned self] microseconds in
            self.clock.advance(by: microseconds)
            self.runMeanwhile(8)
        }
    }

    /// Runs to the end, and says how it went.
    package func run() -> SimulationOutcome {
        var violation: Violation?
        do throws(Violation) {
            while step < plan.steps { try takeStep() }
            try finish()
        } catch {
            violation = error
        }
        statistics.steps = step
        statistics.records = model.judged
        let damage = disk.damage
        statistics.diskFailures = damage.failures
        statistics.bitFlips = damage.flips
        statistics.databaseFailures = database.failures
        let trace = violation == nil ? [] : history.trace
        isEnding = true
        bury()
        return SimulationOutcome(
            seed: plan.seed,
            statistics: statistics,
            history: history.digest,
            violation: violation,
            trace: trace
        )
    }
}

/// How a daemon dies.
enum Death {
    /// The process ends; the kernel has what was written.
    case kill
    /// The machine ends.
    case power
}

/// What may go wrong in a phase: one in so many steps, 0 for never.
struct Weather {
    var death = 0
    var stop = 0
    var jump = 0
    var cut = 0
    var outage = 0
    var diskFault = 0
    var midCall = 0
    /// Whether everybody falls silent after a while, so that the daemon comes to rest.
    var isHushed = false
    /// How much more often each part is picked than others: a part with little is slow.
    var weights: [Int] = []
}

/// What can happen in the world.
enum Happening: UInt8 {
    case turn, stage, alarm, tick, job, client, administrator, idle
    case start, death, recovery, stop, fault, jump, answer, journal, checkpoint
}

/// A digest of everything that happened, and the last of it in words.
struct History {
    private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    private var lines: [String] = []
    private var next = 0
    private static let kept = 200
    /// Whether words are kept, too.
    var isTracing = false

    mutating func mix(_ value: UInt64) {
        var word = digest ^ value
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        digest = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB &+ value
    }

    mutating func mix(_ text: String) {
        for byte in text.utf8 { mix(UInt64(byte)) }
    }

    /// Notes what happened: numbers for the digest, words for people.
    mutating func note(_ kind: Happening, _ first: UInt64, _ words: @autoclosure () -> String) {
        mix(UInt64(kind.rawValue) << 56 ^ first)
        guard isTracing else { return }
        let line = "\(kind) \(words())"
        if lines.count < History.kept {
            lines.append(line)
        } else {
            lines[next] = line
        }
        next = (next + 1) % History.kept
    }

    /// The last lines, oldest first.
    var trace: [String] {
        lines.count < History.kept ? lines : Array(lines[next...] + lines[..<next])
    }
}
