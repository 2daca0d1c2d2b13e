/// How a place counts its days: so far from UTC, and further in its summers.
///
/// Written down from the places' own rules ("the second Sunday of March, at 2 in the morning"), not
/// taken from a table of zones: the daemon's calendar is held against it.
package struct NaiveZone: Sendable {
    /// When the clocks go forward, and when they go back, in microseconds since 1970.
    package struct Summer: Sendable {
        var from: Int64
        var to: Int64
    }

    /// How far it is from UTC in winter.
    package var minutesEast: Int64
    /// How far the clocks go forward in summer.
    package var summerMinutes: Int64 = 0
    /// The summers, as far as anybody asks.
    package var summers: [Summer] = []

    /// A place without summer time.
    package init(minutesEast: Int64) {
        self.minutesEast = minutesEast
    }

    private init(
        minutesEast: Int64,
        summerMinutes: Int64,
        from begin: (month: Int, sunday: Sunday, minutes: Int64),
        to end: (month: Int, sunday: Sunday, minutes: Int64)
    ) {
        self.minutesEast = minutesEast
        self.summerMinutes = summerMinutes
        // In the south, 2026 begins in the midst of a summer.
        if end.month < begin.month {
            let to =
                end.sunday.day(2026, end.month) * 1440 + end.minutes - minutesEast - summerMinutes
            summers.append(Summer(from: .min, to: to * 60_000_000))
        }
        for year in 2026...2039 {
            let from = begin.sunday.day(year, begin.month) * 1440 + begin.minutes - minutesEast
            // In the south a summer ends in the year after.
            let last = end.month < begin.month ? year + 1 : year
            let to =
                end.sunday.day(last, end.month) * 1440 + end.minutes - minutesEast - summerMinutes
            summers.append(Summer(from: from * 60_000_000, to: to * 60_000_000))
        }
    }

    private enum Sunday {
        case first
        case second
        case last

        func day(_ year: Int, _ month: Int) -> Int64 {
            // The first day of the month: walk on month by month from the first of 2026.
            var first: Int64 = 20_454
            for _ in 0..<((year - 2026) * 12 + month - 1) {
                first = NaiveCalendar.month(of: first).next
            }
            let next = NaiveCalendar.month(of: first).next
            var sundays = (first..<next).filter { NaiveCalendar.monday(of: $0) + 6 == $0 }
            switch self {
            case .first: return sundays.removeFirst()
            case .second: return sundays[1]
            case .last: return sundays.removeLast()
            }
        }
    }

    /// How far it is from UTC at a moment.
    func offset(at moment: Int64) -> Int64 {
        let isSummer = summers.contains { $0.from <= moment && moment < $0.to }
        return minutesEast + (isSummer ? summerMinutes : 0)
    }

    /// Days since 1970-01-01 at a moment.
    package func day(at moment: Int64) -> Int64 {
        NaiveCalendar.day(at: moment, minutesEast: offset(at: moment))
    }

    /// The first moment of a day: its midnight, or what comes for it where it is left out.
    package func start(of day: Int64) -> Int64 {
        let midnight = day * NaiveCalendar.microsecondsPerDay
        let winter = midnight - minutesEast * 60_000_000
        let summer = winter - summerMinutes * 60_000_000
        return [summer, winter].first { self.day(at: $0) >= day } ?? winter
    }
}

extension NaiveZone {
    /// Places of many habits, by the names that the table of zones has for them.
    package static let places: [(name: String, zone: NaiveZone)] = [
        ("UTC", NaiveZone(minutesEast: 0)),
        (
            "America/New_York",
            NaiveZone(
                minutesEast: -300,
                summerMinutes: 60,
                from: (3, .second, 120),
                to: (11, .first, 120)
            )
        ),
        (
            "Europe/Berlin",
            NaiveZone(
                minutesEast: 60,
                summerMinutes: 60,
                from: (3, .last, 120),
                to: (10, .last, 180)
            )
        ),
        // The clocks go forward at midnight, which is left out, and back at midnight.
        (
            "Asia/Beirut",
            NaiveZone(
                minutesEast: 120,
                summerMinutes: 60,
                from: (3, .last, 0),
                to: (10, .last, 0)
            )
        ),
        // Half an hour, in the south.
        (
            "Australia/Lord_Howe",
            NaiveZone(
                minutesEast: 630,
                summerMinutes: 30,
                from: (10, .first, 120),
                to: (4, .first, 120)
            )
        ),
        ("Asia/Kolkata", NaiveZone(minutesEast: 330)),
    ]
}
