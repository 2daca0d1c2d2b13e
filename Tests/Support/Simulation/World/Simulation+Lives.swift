import Accounting
import DiskSimulation
import Engine
import Ingest
import Journaling
import LedgerModel
import PostgresStore
import Quantities
import Rings
import SimulatedBooks

extension Simulation {
    /// Tries to start the daemon.
    func start() throws(Violation) {
        startAfter = clock.steady + 200_000
        let store = database.store(node: Simulation.node)
        let alarms = AlarmRegister()
        let clock = clock
        let switches = switches
        switches.beginStart()
        let pauser = Pauser(self)
        var doors = EngineDoors(
            time: clock,
            store: store,
            storage: disk,
            drive: .hand,
            alarm: { alarms.make($0, clock) },
            pause: { pauser.pause($0) },
            secret: { switches.secret() }
        )
        doors.blockBytes = 72 << 10
        let shelf = PurchaseShelf(database)
        doors.findPurchase = { org, key in shelf.find(key, of: org) }
        let engine: Engine
        do throws(EngineError) {
            engine = try Engine(
                settings: settings,
                card: card,
                calendar: SimulatedCalendar(),
                version: "simulated",
                doors: doors,
                log: { _ in },
                isStopping: { switches.isGivingUp },
                onFatal: { switches.fail($0) }
            )
        } catch {
            store.die()
            try failedStart(error)
            return
        }
        lives += 1
        statistics.starts += 1
        isFenceStolen = false
        try recovered(engine, store, alarms)
    }

    private func failedStart(_ error: EngineError) throws(Violation) {
        history.note(.start, 0, "did not come about: \(error)")
        if disk.isDead {
            statistics.midCallDeaths += 1
            crashDisk(random.below(2) == 0 ? .kill : .power)
            return
        }
        disk.kill()
        switch error {
        case .journal(.corrupted) where damage != nil: return mendDurable()
        case .stopped, .journal(.disk), .journal(.full): return
        case .store(let error) where error.isTransient: return
        default: throw Violation("start", "\(error)")
        }
    }

    private func recovered(
        _ engine: Engine,
        _ store: SimulatedStore,
        _ alarms: AlarmRegister
    ) throws(Violation) {
        let end = engine.journal.recovered.endPosition
        if let damage {
            throw Violation("damage-unseen", "at \(damage.position), recovered to \(end)")
        }
        history.note(.recovery, end, "at \(end), durable \(durableFloor), \(engine.recovery)")
        guard end >= durableFloor else {
            throw Violation("durable-lost", "recovered to \(end), durable was \(durableFloor)")
        }
        guard end >= survivingFloor else {
            throw Violation("written-lost", "recovered to \(end), written was \(survivingFloor)")
        }
        try checkTail(behind: end)
        evidence.truncate(to: end)
        // A commit that was under way at the death may have come through since.
        model.moveStored(to: min(storedFloor, model.end))
        model.restart(at: end)
        // A write that was said to fail may have left a shorter block where a longer one, lost with
        // the power, was written later: it is read from its beginning.
        evidence.rewind(to: model.end)
        let reader: JournalReader
        do throws(JournalError) {
            reader = try JournalReader(
                storage: JournalView(disk: disk),
                // From the last block that is left as it was: behind it there may be a shorter one
                // now, of an attempt to write that was said to fail.
                from: max(model.end, storedFloor),
                readAhead: 128 << 10
            )
        } catch {
            throw Violation("journal", "cannot be read from \(evidence.end): \(error)")
        }
        life = Life(
            engine: engine,
            store: store,
            alarms: alarms,
            network: network,
            reader: reader,
            now: clock.steady
        )
        // A block whose writing was said to fail may have come through all the same.
        try feed(upTo: end)
        for book in engine.books {
            if let difference = model.difference(book) {
                throw Violation("replay", "after recovery to \(end): \(difference)")
            }
        }
        try checkDeclarations(engine)
        countApart()
        let found = digests
        if let expected = expectedDigests, expected != found {
            throw Violation("digest", "replayed to \(found), was \(expected)")
        }
        expectedDigests = nil
    }

    /// Holds names and prices against the model: they are no organisation's, and their partition
    /// may stand before or behind the others.
    private func checkDeclarations(_ engine: Engine) throws(Violation) {
        for kind in NameKind.allCases {
            for (number, name) in model.live.names[kind.rawValue] ?? [:] {
                let found = engine.name(kind, number) ?? "nothing"
                guard found != name else { continue }
                throw Violation("declarations", "\(kind) \(number) is \(found), not \(name)")
            }
        }
        for price in model.live.declaredPrices {
            let found = engine.number(ofPrice: price)
            guard found != price.price else { continue }
            throw Violation("declarations", "\(price) has the number \(found)")
        }
    }

    /// Counts starts at which the partitions stood apart, and what they had of each other's blocks.
    private func countApart() {
        guard let stored = database.books.positions[Simulation.node], !stored.isLevel else {
            return
        }
        statistics.apartStarts += 1
        statistics.apartRecords += model.count { org, position in stored.has(org, at: position) }
        if stored[0] == stored.highest { statistics.apartFirst += 1 }
        if isAllApart(stored) { statistics.apartAll += 1 }
    }

    /// Whether nothing is left to replay: what is behind the checkpoint is stored already.
    private func isAllApart(_ stored: StoredPositions) -> Bool {
        model.count { org, position in !stored.has(org, at: position) } == 0
    }

    /// Notes what memory has, if all of it will be there after the end that is coming.
    private func expectDigests(survivesPower: Bool) {
        expectedDigests = nil
        guard let life, isQuiet, !disk.isDead else { return }
        let positions = life.engine.journal.positions
        if survivesPower, positions.synced != positions.written { return }
        expectedDigests = digests
    }

    /// A digest of the state of each partition.
    var digests: [String] {
        let books = life?.engine.books ?? []
        return books.sorted { $0.partition < $1.partition }.map { "\($0.digest.value)" }
    }

    /// Whether all that was decided is in the journal.
    var isQuiet: Bool {
        guard let life, life.engine.overload == nil else { return false }
        return life.stages.dropLast().allSatisfy(\.isIdle)
    }

    /// Carries out a death that was due in the last step.
    func settleDeath() throws(Violation) {
        if disk.isDead, pendingDeath == nil {
            statistics.midCallDeaths += 1
            pendingDeath = random.below(2) == 0 ? .kill : .power
        }
        if let reason = switches.takeFatal() {
            // A process that dies within a call reads nothing either.
            guard isFenceStolen || disk.isDead else { throw Violation("fatal", reason) }
            pendingDeath = .kill
        }
        guard let death = pendingDeath else {
            if isStopDue { try stopInOrder() }
            return
        }
        pendingDeath = nil
        isStopDue = false
        guard life != nil else { return }
        try observe()
        history.note(.death, death == .kill ? 1 : 2, "\(death)")
        if case .kill = death { statistics.kills += 1 } else { statistics.powerCuts += 1 }
        expectDigests(survivesPower: death == .power)
        bury()
        crashDisk(death)
        if case .kill = death, !finalPhase, random.below(4) == 0 { spoilDurable() }
        network.die(losingAnswers: death == .power || random.below(2) == 0)
        startAfter = clock.steady + Int64(random.below(2_000_000))
    }

    private func crashDisk(_ death: Death) {
        cutSince = [:]
        switch death {
        case .kill: disk.kill()
        case .power:
            // What proves the damage may be gone with the power.
            mendDurable()
            proven = (0, 0)
            survivingFloor = durableFloor
            switch random.below(4) {
            case 0: disk.cutPower(.nothing)
            case 1: disk.cutPower(.everything)
            default: disk.cutPower(.random)
            }
        }
    }

    /// Lets go of everything that a dead daemon has.
    func bury() {
        guard let life else { return }
        self.life = nil
        // What a call of this life answers from now on means nothing.
        lives += 1
        life.store.die()
        for _ in 0..<1000 {
            life.engine.abandon()
            if executor.isIdle { break }
            while !executor.isIdle { executor.step() }
        }
        life.engine.retire()
    }

    /// Stops the daemon as an operator does, and holds what it wrote against what it had.
    func stopInOrder() throws(Violation) {
        isStopDue = false
        guard let life else { return }
        history.note(.stop, 0, "")
        statistics.orderlyStops += 1
        for signal in life.signals { signal.stop() }
        for _ in 0..<4_000 {
            if life.loops.allSatisfy(\.isFinished) { break }
            clock.advance(by: 5_000)
            if !runSomething(life) {
                for loop in life.loops.indices { life.turn(loop, clock.steady) }
            }
            if disk.isDead { return try settleDeath() }
            try observe()
            for client in clients where random.below(2) == 0 { _ = try client.act() }
        }
        guard life.loops.allSatisfy(\.isFinished) else {
            throw Violation("stuck", "a loop does not end")
        }
        for loop in life.loops { loop.finish() }
        life.engine.stop()
        try observe()
        let isWhole = life.engine.journal.positions.synced == life.engine.journal.positions.written
        if isWhole { try compareLive() }
        expectDigests(survivesPower: true)
        _ = switches.takeFatal()
        bury()
        network.die(losingAnswers: false)
        if disk.isDead { crashDisk(.kill) } else { disk.kill() }
        startAfter = clock.steady + Int64(random.below(500_000))
    }

    /// Time that a daemon waits for itself: its parts go on meanwhile.
    func pause(_ milliseconds: Int) {
        clock.advance(by: Int64(milliseconds) * 1000)
        guard let life else { return }
        for _ in 0..<32 where !runSomething(life) { return }
    }
}

/// Lets a daemon's pauses pass in the world.
final class Pauser: @unchecked Sendable {
    // SAFETY: a simulation and all its daemon's parts run on one thread.
    private unowned let world: Simulation

    init(_ world: Simulation) {
        self.world = world
    }

    func pause(_ milliseconds: Int) {
        world.pause(milliseconds)
    }
}

/// Purchases as a reader of the database is told of them.
final class PurchaseShelf: @unchecked Sendable {
    // SAFETY: a simulation and all its daemon's parts run on one thread.
    private let database: SimulatedDatabase

    init(_ database: SimulatedDatabase) {
        self.database = database
    }

    func find(_ key: PurchaseKey, of org: UInt32) -> Purchase? {
        switch key {
        case .number(let number): database.books.purchase(.number(number), of: org)
        case .receipt(let receipt): database.books.purchase(.receipt(receipt), of: org)
        case .payment(let payment): database.books.purchase(.payment(payment), of: org)
        }
    }
}
