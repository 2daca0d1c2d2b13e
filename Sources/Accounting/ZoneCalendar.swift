import Quantities

/// Tells the days of a time zone.
///
/// Why: time zone rules change with the machine; the books must not. What a calendar says is
/// journaled (`DayTurned`), so that replay never asks one.
/// Queue: called from any shard, rarely: once per organisation and day.
public protocol ZoneCalendar: Sendable {
    /// The day that holds a moment in a time zone, or nil when there is no such zone.
    ///
    /// - Parameters:
    ///   - moment: The moment.
    ///   - zone: An IANA name.
    /// - Returns: The day with its two midnights.
    func day(containing moment: Timestamp, zone: String) -> ZonedDay?
}

extension ZoneCalendar {
    /// The first moment of a date in a time zone; nil when there is no such zone.
    ///
    /// A date that a zone skipped altogether begins where the next one does.
    ///
    /// - Parameters:
    ///   - date: The date.
    ///   - zone: An IANA name.
    /// - Returns: Its first moment.
    public func start(of date: CivilDay, zone: String) -> Timestamp? {
        var moment = date.utcStart
        // No zone is more than a day away from UTC, so that three steps always arrive.
        for _ in 0..<4 {
            guard let day = self.day(containing: moment, zone: zone) else { return nil }
            if day.day == date { return day.start }
            if day.day < date {
                moment = day.end
            } else {
                let before = day.start.advanced(byMicroseconds: -1)
                guard let previous = self.day(containing: before, zone: zone) else { return nil }
                if previous.day < date { return day.start }
                moment = before
            }
        }
        return moment
    }
}

/// The calendar without time zones: every name is read as UTC.
public struct UTCCalendar: ZoneCalendar {
    /// Makes it.
    public init() {}

    /// The day in UTC.
    ///
    /// - Parameters:
    ///   - moment: The moment.
    ///   - zone: Ignored.
    /// - Returns: The day with its two midnights.
    public func day(containing moment: Timestamp, zone: String) -> ZonedDay? {
        let day = moment.utcDay
        return ZonedDay(day: day, start: day.utcStart, end: day.advanced(by: 1).utcStart)
    }
}
