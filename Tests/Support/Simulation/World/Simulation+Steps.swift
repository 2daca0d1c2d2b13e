import DiskSimulation
import Engine
import Quantities
import Rings
import Wire

extension Simulation {
    /// One thing happens, and then the promises are looked at.
    func takeStep() throws(Violation) {
        step += 1
        if step % 256 == 1 { changeWeather() }
        clock.advance(by: Int64(random.below(300)))
        if let life {
            if !finalPhase { brew() }
            if random.below(3) < 2, runSomething(life) {
                // Done.
            } else if try !actSomebody() {
                try wait(life)
            }
        } else if clock.steady >= startAfter {
            try start()
        } else if try !actSomebody() {
            clock.advance(by: startAfter - clock.steady)
        }
        try settleDeath()
        try observe()
    }

    /// Picks one of the daemon's own parts that has something to do.
    ///
    /// - Returns: False when none has.
    func runSomething(_ life: Life) -> Bool {
        let ready = ready(life)
        guard !ready.isEmpty else { return false }
        run(pick(ready), life)
        return true
    }

    /// Whether the daemon waits for the clock or for somebody else, in all its parts.
    func isResting(_ life: Life) -> Bool {
        depth == 0 && ready(life).isEmpty && life.waits.allSatisfy { $0 == .max }
    }

    private func ready(_ life: Life) -> [Part] {
        let now = clock.steady
        var ready: [Part] = []
        for (number, stage) in life.stages.enumerated() where !stage.isIdle {
            ready.append(.stage(number))
        }
        if depth == 0 || random.below(2) == 0 {
            for loop in life.loops.indices where life.isDue(loop, now) { ready.append(.loop(loop)) }
        }
        if !executor.isIdle { ready.append(.job) }
        if depth == 0 {
            for (number, alarm) in life.alarms.all.enumerated() where alarm.dueAt <= now {
                ready.append(.alarm(number))
            }
            if life.nextTick <= now { ready.append(.tick) }
        }
        return ready
    }

    private func pick(_ ready: [Part]) -> Part {
        var sum = 0
        for part in ready { sum += weight(part) }
        var roll = random.below(sum)
        for part in ready {
            roll -= weight(part)
            if roll < 0 { return part }
        }
        return ready[0]
    }

    private func weight(_ part: Part) -> Int {
        weather.weights.isEmpty ? 1 : weather.weights[part.place % weather.weights.count]
    }

    private func run(_ part: Part, _ life: Life) {
        switch part {
        case .loop(let loop):
            // A shard or a journal that is busy is not run by the loop that has filled its ring:
            // its queue is about to run it, or another thread is at it.
            for stage in life.stages.dropLast(3) where random.below(3) == 0 { stage.kick() }
            let busy = life.stages.dropLast(3).filter { _ in random.below(4) == 0 }
            statistics.turns += 1
            history.note(.turn, UInt64(loop), "\(loop)")
            var turn = { life.turn(loop, self.clock.steady) }
            for stage in busy {
                let inner = turn
                turn = { stage.occupied(inner) }
            }
            turn()
        case .stage(let number):
            statistics.stages += 1
            history.note(.stage, UInt64(number), life.stages[number].label)
            life.stages[number].step()
        case .alarm(let number):
            history.note(.alarm, UInt64(number), "\(number)")
            life.alarms.all[number].ring()
        case .tick:
            history.note(.tick, 0, "")
            life.nextTick = clock.steady + 100_000
            life.engine.tick()
        case .job:
            history.note(.job, 0, "")
            executor.step()
        }
    }

    /// Others go on while one waits for the disk or the database.
    func runMeanwhile(_ most: Int) {
        guard depth < 2, let life, pendingDeath == nil else { return }
        depth += 1
        defer { depth -= 1 }
        for _ in 0..<random.below(most) {
            statistics.nested += 1
            clock.advance(by: Int64(random.below(100)))
            if !runSomething(life) { break }
        }
    }

    /// Some client or administrator does one thing; false when nobody has anything to do.
    func actSomebody() throws(Violation) -> Bool {
        let count = clients.count + administrators.count
        let start = random.below(count)
        for offset in 0..<count {
            let number = (start + offset) % count
            if number < clients.count {
                guard try clients[number].act() else { continue }
                history.note(.client, UInt64(number), clients[number].name)
            } else {
                guard try administrators[number - clients.count].act() else { continue }
                history.note(.administrator, UInt64(number), "\(number)")
            }
            return true
        }
        return false
    }

    /// Nobody has anything to do: time goes on to where somebody has.
    private func wait(_ life: Life) throws(Violation) {
        try checkRest(life)
        var next = min(life.nextTick, life.waits.min() ?? .max)
        for alarm in life.alarms.all { next = min(next, alarm.dueAt) }
        let left = max(1, next - clock.steady)
        history.note(.idle, UInt64(left), "\(left) µs")
        clock.advance(by: left)
        free(stranded: false)
    }

    /// Sockets of dead hosts are noticed as dead.
    func free(stranded all: Bool) {
        let now = clock.steady
        for (socket, until) in stranded where all || until <= now { socket.clientEnd = .reset }
        stranded.removeAll { all || $0.until <= now }
    }

    func strand(_ socket: SimulatedSocket) {
        socket.clientEnd = .dead
        stranded.append((socket, clock.steady + Int64(random.below(3_000_000))))
    }

    func isRandomlyCut() -> Bool {
        guard isGenerating, weather.cut > 0, random.below(weather.cut) == 0 else { return false }
        statistics.vanished += 1
        return true
    }

    func note(_ message: DaemonMessage) {
        switch message {
        case .ack(.sequence(let sequence)): history.note(.answer, sequence, "ack \(sequence)")
        case .ack(.id(let id)): history.note(.answer, 2, "ack \(id)")
        case .granted(let granted):
            history.note(.answer, granted.hold.serial << 8 | 3, "granted \(granted.hold)")
        case .welcome(let welcome):
            history.note(.answer, welcome.lastSequence << 8 | 4, "welcome \(welcome.lastSequence)")
        default: history.note(.answer, 1, "\(message)")
        }
    }
}

/// A part of the daemon that can be run.
private enum Part {
    case stage(Int)
    case loop(Int)
    case alarm(Int)
    case tick
    case job

    /// Where its weight stands.
    var place: Int {
        switch self {
        case .stage(let number): number
        case .loop(let number): 8 + number
        case .alarm: 11
        case .tick: 12
        case .job: 13
        }
    }
}
