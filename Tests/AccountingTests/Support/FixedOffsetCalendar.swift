import Accounting
import LedgerModel
import Quantities

/// Zones that are a fixed number of minutes from UTC, by names that no time zone table knows.
struct FixedOffsetCalendar: ZoneCalendar {
    /// The zones and their minutes east of UTC.
    static let zones: [(name: String, minutes: Int64)] = [
        ("UTC", 0), ("Test/East", 345), ("Test/West", -480),
    ]

    /// The same zones as the model counts their days.
    static let places = zones.map { (name: $0.name, zone: NaiveZone(minutesEast: $0.minutes)) }

    func day(containing moment: Timestamp, zone: String) -> ZonedDay? {
        guard let known = FixedOffsetCalendar.zones.first(where: { $0.name == zone }) else {
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
