/// A day of the Gregorian calendar, without a time zone.
///
/// Units: days since 1970-01-01. The arithmetic is the proleptic Gregorian calendar's
/// (years of 400 x 365.2425 days that begin in March, so that leap days come last).
public struct CivilDay: Sendable, Hashable, Comparable {
    /// Days since 1970-01-01.
    public let number: Int32

    /// Makes the day with this number.
    ///
    /// - Parameter number: Days since 1970-01-01.
    @inlinable
    public init(number: Int32) {
        self.number = number
    }

    /// Makes a day from its date, or nil when there is no such date.
    ///
    /// - Parameters:
    ///   - year: 1 to 9999.
    ///   - month: 1 to 12.
    ///   - day: 1 to the month's length.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else {
            return nil
        }
        let marchYear = month <= 2 ? year - 1 : year
        let era = marchYear / 400
        let yearOfEra = marchYear - era * 400
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let candidate = CivilDay(number: Int32(era * 146_097 + dayOfEra - 719_468))
        // A day beyond the month's end comes back as another date.
        guard candidate.date == (year, month, day) else { return nil }
        self = candidate
    }

    /// Year, month and day of the month.
    public var date: (year: Int, month: Int, day: Int) {
        let shifted = Int(number) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, day)
    }

    /// The first day of this day's month.
    public var monthStart: CivilDay {
        CivilDay(number: number - Int32(date.day) + 1)
    }

    /// The first day of the month after this day's.
    public var nextMonthStart: CivilDay {
        // 31 days after a month's first day is always in the next month or on its first days.
        CivilDay(number: monthStart.number + 31).monthStart
    }

    /// The Monday of this day's week (ISO 8601).
    public var weekStart: CivilDay {
        // 1970-01-01 was a Thursday, the fourth day of its week.
        let fromMonday = (Int64(number) + 3) - (Int64(number) + 3).dividedFloor(by: 7) * 7
        return CivilDay(number: number - Int32(fromMonday))
    }

    /// The day so many days later.
    ///
    /// - Parameter days: How many, may be negative.
    /// - Returns: That day.
    public func advanced(by days: Int32) -> CivilDay {
        CivilDay(number: number + days)
    }

    /// Midnight in UTC at this day's start; stops at the ends of time.
    public var utcStart: Timestamp {
        let (start, overflow) = Int64(number).multipliedReportingOverflow(by: 86_400_000_000)
        if overflow { return Timestamp(microseconds: number > 0 ? .max : .min) }
        return Timestamp(microseconds: start)
    }

    /// Orders by time.
    @inlinable
    public static func < (left: CivilDay, right: CivilDay) -> Bool {
        left.number < right.number
    }
}

extension CivilDay: CustomStringConvertible {
    /// ISO 8601: "2026-03-01".
    public var description: String {
        let (year, month, day) = date
        let yearText = String(year)
        let padded = String(repeating: "0", count: Swift.max(0, 4 - yearText.utf8.count)) + yearText
        return padded + (month < 10 ? "-0" : "-") + String(month) + (day < 10 ? "-0" : "-")
            + String(day)
    }
}
