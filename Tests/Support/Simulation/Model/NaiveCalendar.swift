/// Days by counting, for the model: no formula of the code under test.
package enum NaiveCalendar {
    package static let microsecondsPerDay: Int64 = 86_400_000_000

    /// Days since 1970-01-01 at a moment, so many minutes east of UTC.
    package static func day(at moment: Int64, minutesEast: Int64) -> Int64 {
        let local = moment + minutesEast * 60_000_000
        var day = local / microsecondsPerDay
        if local % microsecondsPerDay < 0 { day -= 1 }
        return day
    }

    /// The Monday of a day's week: 1970-01-05 was one.
    package static func monday(of day: Int64) -> Int64 {
        var monday: Int64 = 4 - 7
        let ahead = (day - monday) / 7
        monday += ahead * 7
        return monday
    }

    /// The first day of a day's month, and of the month after it, by walking the months since 2026.
    package static func month(of day: Int64) -> (first: Int64, next: Int64) {
        var first: Int64 = 20_454
        var year = 2026
        while true {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            for length in lengths {
                if day < first + length { return (first, first + length) }
                first += length
            }
            year += 1
        }
    }
}
