import Engine
import Rings
import Synchronization

/// An alarm by the simulated clock; the scheduler rings it.
final class SimulatedAlarm: Alarm {
    private let stage: Stage
    private let clock: SimulatedClock
    private let due = Atomic<Int64>(.max)

    init(_ stage: Stage, _ clock: SimulatedClock) {
        self.stage = stage
        self.clock = clock
    }

    /// When it goes off, in steady microseconds.
    var dueAt: Int64 { due.load(ordering: .relaxed) }
    var isSet: Bool { dueAt != .max }

    func set(milliseconds: Int) {
        due.store(clock.steady + Int64(milliseconds) * 1000, ordering: .relaxed)
    }

    func cancel() {
        due.store(.max, ordering: .relaxed)
    }

    func ring() {
        cancel()
        stage.kick()
    }
}

/// The alarms of one daemon.
final class AlarmRegister: Sendable {
    private let alarms = Mutex<[SimulatedAlarm]>([])

    func make(_ stage: Stage, _ clock: SimulatedClock) -> SimulatedAlarm {
        let alarm = SimulatedAlarm(stage, clock)
        alarms.withLock { $0.append(alarm) }
        return alarm
    }

    var all: [SimulatedAlarm] { alarms.withLock { $0 } }
}
