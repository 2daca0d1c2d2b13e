import Quantities

extension CivilDay {
    /// The same day of a later month, or that month's last day where it is shorter.
    ///
    /// - Parameter months: How many months later, may be negative.
    /// - Returns: The day; nil beyond the years 1 to 9999.
    public func advanced(byMonths months: Int) -> CivilDay? {
        let (year, month, day) = date
        let (sum, overflow) = (year * 12 + month - 1).addingReportingOverflow(months)
        guard !overflow, sum >= 12,
            let first = CivilDay(year: sum / 12, month: sum % 12 + 1, day: 1)
        else { return nil }
        let last = first.nextMonthStart.advanced(by: -1).date.day
        return first.advanced(by: Int32(min(day, last) - 1))
    }
}

extension ZoneCalendar {
    /// A moment some calendar months and days later in a time zone, as long after midnight as the
    /// moment is; no later than that day's end, where a day is shorter than usual.
    ///
    /// - Parameters:
    ///   - moment: The moment.
    ///   - months: How many months later.
    ///   - days: How many days later, after the months.
    ///   - zone: An IANA name.
    /// - Returns: The later moment; nil beyond the year 9999 and where there is no such zone.
    public func moment(
        after moment: Timestamp,
        months: Int,
        days: Int,
        zone: String
    ) -> Timestamp? {
        guard let day = day(containing: moment, zone: zone),
            let month = day.day.advanced(byMonths: months),
            let last = CivilDay(year: 9999, month: 12, day: 31),
            days <= Int(last.number) - Int(month.number),
            let start = start(of: month.advanced(by: Int32(days)), zone: zone),
            let target = self.day(containing: start, zone: zone)
        else { return nil }
        let offset = moment.microseconds - day.start.microseconds
        return min(start.advanced(byMicroseconds: offset), target.end)
    }
}

extension AccountBook {
    /// A moment some calendar months and days later in an organisation's time zone.
    ///
    /// - Parameters:
    ///   - moment: The moment.
    ///   - months: How many months later.
    ///   - days: How many days later, after the months.
    ///   - org: The organisation's number.
    /// - Returns: The later moment; `never` beyond the year 9999; nil for an unknown organisation.
    public func moment(
        after moment: Timestamp,
        months: Int,
        days: Int,
        of org: UInt32
    ) -> Timestamp? {
        guard let organisation = organisation(org) else { return nil }
        return calendar.moment(
            after: moment,
            months: months,
            days: days,
            zone: zone(of: organisation)
        ) ?? .never
    }
}
