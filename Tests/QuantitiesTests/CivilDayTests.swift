import Quantities
import Testing

/// Goal: the calendar is the Gregorian one, day by day.
///
/// Method: every day from 1900 to 2100 against a counter that only knows how long months are.
@Suite struct CivilDayTests {
    private func length(of month: Int, _ year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    @Test func `every day from 1900 to 2100 has its number, date, month and week`() {
        // 1900-01-01 was a Monday, 25,567 days before 1970.
        var number: Int32 = -25_567
        var weekday: Int32 = 0
        var wrong: [String] = []
        for year in 1900...2100 {
            for month in 1...12 {
                let first = number
                let next = first + Int32(length(of: month, year))
                for day in 1...length(of: month, year) {
                    let civil = CivilDay(number: number)
                    let isRight =
                        CivilDay(year: year, month: month, day: day) == civil
                        && civil.date == (year, month, day)
                        && civil.monthStart.number == first
                        && civil.nextMonthStart.number == next
                        && civil.weekStart.number == number - weekday
                        && civil.utcStart.utcDay == civil
                    if !isRight { wrong.append("\(year)-\(month)-\(day)") }
                    number += 1
                    weekday = (weekday + 1) % 7
                }
            }
        }
        #expect(wrong.isEmpty)
        #expect(CivilDay(year: 1970, month: 1, day: 1)?.number == 0)
        #expect(CivilDay(year: 2101, month: 1, day: 1)?.number == number)
    }

    @Test func `dates that are none are refused`() {
        for year in [1900, 2000, 2023, 2024] {
            for month in 0...13 {
                for day in -1...33 {
                    let exists =
                        (1...12).contains(month) && day >= 1 && day <= length(of: month, year)
                    let found = CivilDay(year: year, month: month, day: day) != nil
                    if found != exists { Issue.record("\(year)-\(month)-\(day)") }
                }
            }
        }
        #expect(CivilDay(year: 0, month: 1, day: 1) == nil)
        #expect(CivilDay(year: 10_000, month: 1, day: 1) == nil)
        #expect(CivilDay(year: 2026, month: 1, day: .max) == nil)
        #expect(CivilDay(year: .min, month: 1, day: 1) == nil)
    }

    @Test(arguments: [
        (1, 1, 1, "0001-01-01"), (987, 6, 5, "0987-06-05"), (2026, 3, 1, "2026-03-01"),
        (9999, 12, 31, "9999-12-31"),
    ])
    func `a date is written as ISO 8601 has it`(year: Int, month: Int, day: Int, text: String) {
        #expect(CivilDay(year: year, month: month, day: day)?.description == text)
    }

    @Test func `days are ordered and counted`() {
        let day = CivilDay(number: 10)
        #expect(day < day.advanced(by: 1))
        #expect(day.advanced(by: -11).number == -1)
    }
}
