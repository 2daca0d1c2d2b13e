import Accounting
import Engine
import Quantities
import Synchronization

/// A clock that goes only when it is told to: the time of day jumps, the steady time never.
final class SimulatedClock: TimeSource {
    /// 2026-03-01T23:50:00Z: ten minutes before a day ends and a price changes.
    static let start = Timestamp(microseconds: 1_772_409_000_000_000)

    private let steadyCell = Atomic<Int64>(0)
    private let offset = Atomic<Int64>(SimulatedClock.start.microseconds)
    private let setBack = Atomic<Bool>(false)

    /// Microseconds since the beginning, which nobody turns back.
    var steady: Int64 { steadyCell.load(ordering: .relaxed) }

    func now() -> Timestamp {
        Timestamp(microseconds: steady + offset.load(ordering: .relaxed))
    }

    func advance(by microseconds: Int64) {
        steadyCell.wrappingAdd(microseconds, ordering: .relaxed)
    }

    /// Whether it has ever shown a time that it had shown before.
    var wasSetBack: Bool { setBack.load(ordering: .relaxed) }

    /// Sets the time of day forward or back.
    func jump(by microseconds: Int64) {
        if microseconds < 0 { setBack.store(true, ordering: .relaxed) }
        offset.wrappingAdd(microseconds, ordering: .relaxed)
    }
}

/// Zones that are a fixed number of minutes from UTC, by names that no time zone table knows.
struct SimulatedCalendar: ZoneCalendar {
    static let zones: [(name: String, minutes: Int64)] = [
        ("UTC", 0), ("Sim/East", 330), ("Sim/West", -480),
    ]

    static func minutesEast(_ name: String) -> Int64 {
        zones.first { $0.name == name }?.minutes ?? 0
    }

    func day(containing moment: Timestamp, zone: String) -> ZonedDay? {
        guard let known = SimulatedCalendar.zones.first(where: { $0.name == zone }) else {
            return nil
        }
        let offset = known.minutes * 60_000_000
        let local = Timestamp(microseconds: moment.microseconds + offset).utcDay
        return ZonedDay(
            day: local,
            start: local.utcStart.advanced(byMicroseconds: -offset),
            end: local.advanced(by: 1).utcStart.advanced(byMicroseconds: -offset)
        )
    }
}
