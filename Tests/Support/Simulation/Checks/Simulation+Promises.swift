import Accounting
import DiskSimulation
import Engine
import Journaling
import LedgerModel
import Quantities
import Rings
import SimulatedBooks

extension Simulation {
    /// Looks at the promises that are cheap to look at: after each step.
    func observe() throws(Violation) {
        if let life {
            try observe(life)
        }
        let stored = storedFloor
        if stored > model.storedPosition {
            history.note(.checkpoint, stored, "\(stored)")
            guard stored <= max(durableFloor, evidence.end) else {
                throw Violation("stored-unsafe", "\(stored), durable is \(durableFloor)")
            }
            // A checkpoint may lie behind seals, which the model does not see.
            model.moveStored(to: min(stored, model.end))
            if step % 4 == 0 { try compareStored() }
        }
        if let violation = evidence.violation { throw violation }
        if let violation = model.violation { throw Violation("model", violation) }
        if let violation = database.violation { throw Violation("database", violation) }
        if step % 64 == 0 { try compareLive() }
    }

    private func observe(_ life: Life) throws(Violation) {
        let positions = life.engine.journal.positions
        let (written, synced, retired) = (positions.written, positions.synced, positions.retired)
        let stored = life.engine.stored
        guard written >= life.lastWritten, synced >= life.lastSynced, stored >= life.lastStored
        else { throw Violation("positions", "one went back: \(written) \(synced) \(stored)") }
        guard written >= synced, synced >= stored, storedCeiling <= synced, retired <= stored else {
            throw Violation(
                "positions",
                "written \(written), synced \(synced), stored \(stored), retired \(retired)"
            )
        }
        if written > life.lastWritten {
            // The new block names at least the position that was synced a step ago.
            let failures = disk.damage.failures
            let before = failures == proven.failures ? proven.floor : 0
            proven = (max(before, life.lastSynced), failures)
        }
        (life.lastWritten, life.lastSynced, life.lastStored) = (written, synced, stored)
        let counts = life.engine.counts
        for index in counts.indices {
            guard counts[index] >= life.lastCounts[index] else {
                throw Violation("counters", "\(counts) after \(life.lastCounts)")
            }
            guard index < 2 || counts[index - 1] >= counts[index] else {
                throw Violation("counters", "\(counts)")
            }
        }
        life.lastCounts = counts
        durableFloor = max(durableFloor, synced)
        survivingFloor = max(survivingFloor, written)
        if written > evidence.end { try feed(upTo: written) }
        history.mix(written << 32 ^ synced)
    }

    /// Takes in what the journal has got since the last time.
    func feed(upTo limit: UInt64) throws(Violation) {
        guard let life else { return }
        defer {
            for number in model.live.organisations.keys where !isCutOff(number) {
                everOpen.insert(number)
            }
        }
        var isGoingOn = true
        while isGoingOn {
            do throws(JournalError) {
                let found: Void? = try life.reader.withNextBlock(upTo: limit) { from, to, bytes in
                    evidence.append(bytes, end: to)
                    model.append(bytes, from: from, to: to)
                    history.note(.journal, to, "\(from)..<\(to)")
                }
                isGoingOn = found != nil
            } catch {
                throw Violation("journal", "cannot be read up to \(limit): \(error)")
            }
        }
    }

    /// Holds the wallets in memory against the model, when all that was decided is written.
    func compareLive() throws(Violation) {
        guard let life, isQuiet, pendingDeath == nil, !disk.isDead else { return }
        for book in life.engine.books {
            if let difference = model.difference(book) { throw Violation("live", difference) }
        }
    }

    /// Holds what is committed against the model at the same position.
    private func compareStored() throws(Violation) {
        guard model.violation == nil else { return }
        if let difference = database.books.difference(from: model.stored) {
            throw Violation("stored", difference)
        }
    }

    /// Ends all faults, lets everybody come to an end, and looks at everything.
    func finish() throws(Violation) {
        finalPhase = true
        isEnding = true
        calm()
        let deadline = clock.steady + 600_000_000
        let most = step + 60_000
        while !isAtRest {
            try takeStep()
            if step > most || clock.steady > deadline {
                let stored = "stored \(storedFloor) and \(life?.engine.stored ?? 0)"
                let overload = life?.engine.overload ?? "no overload"
                throw Violation(
                    "stuck",
                    "\(unrest); durable \(durableFloor), \(stored), \(overload)"
                )
            }
        }
        try checkEverything()
        try stopInOrder()
        while life == nil { try takeStep() }
        try checkEverything()
        pendingDeath = .power
        try settleDeath()
        while life == nil { try takeStep() }
        try checkEverything()
    }

    /// Whether everybody has what he is owed.
    private var isAtRest: Bool { unrest.isEmpty }

    /// What is still owed.
    private var unrest: String {
        guard let life else { return "the daemon is down" }
        for client in clients where !client.isDone || client.speaker?.hasUnsent == true {
            return "\(client.name) waits"
        }
        for subscriber in subscribers where !subscriber.isComplete || subscriber.isBehind {
            return "\(subscriber.name) waits"
        }
        if administrators.contains(where: { !$0.isDone }) { return "an administrator waits" }
        if !executor.isIdle { return "a task waits" }
        if let overload = life.engine.overload { return "overload: \(overload)" }
        if !life.stages.allSatisfy(\.isIdle) { return "a stage waits" }
        let now = clock.steady
        if life.loops.indices.contains(where: { life.isDue($0, now) }) { return "a loop waits" }
        let positions = life.engine.journal.positions
        if positions.written != positions.synced { return "the journal is not synced" }
        if life.engine.stored != positions.synced { return "PostgreSQL is behind" }
        if keepsStored { return "a stored segment is not removed" }
        return ""
    }

    /// Whether a segment is left of which PostgreSQL has everything.
    private var keepsStored: Bool {
        let starts = disk.fileNames.compactMap { name in
            name.hasSuffix(".log") ? UInt64(name.dropFirst(8).dropLast(4)) : nil
        }
        // Where the second one begins, the first one ends.
        return starts.count > 1 && starts[1] <= storedFloor
    }

    /// The costly promises, when everything is at rest.
    private func checkEverything() throws(Violation) {
        guard let life else { return }
        for book in life.engine.books {
            if let difference = model.difference(book) { throw Violation("live", difference) }
        }
        database.check()
        if let violation = database.violation { throw Violation("database", violation) }
        try compareStored()
        for producer in producers { try producer.check() }
        for source in sources { try source.check() }
        try checkListeners(life)
    }

    func isCutOff(_ number: UInt32) -> Bool {
        let scope = NaiveScope(scope: 1, id: 0)
        return model.live.organisations[number]?.isCutOff(scope) ?? false
    }
}
