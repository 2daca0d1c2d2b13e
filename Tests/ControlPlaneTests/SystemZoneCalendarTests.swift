import Accounting
import ControlPlane
import Quantities
import Testing

/// Goal: midnights are exact in every zone, whatever its clocks do.
///
/// Method: a table of moments with the day, its start and its end from the IANA database, and a
/// walk through whole years.
@Suite struct SystemZoneCalendarTests {
    struct Case: Sendable {
        var zone: String
        var moment: String
        var day: String
        var start: String
        var end: String

        init(_ zone: String, _ moment: String, _ day: String, _ start: String, _ end: String) {
            self.zone = zone
            self.moment = moment
            self.day = day
            self.start = start
            self.end = end
        }
    }

    static let cases: [Case] = [
        Case(
            "UTC",
            "2026-03-01T10:00:00Z",
            "2026-03-01",
            "2026-03-01T00:00:00Z",
            "2026-03-02T00:00:00Z"
        ),
        // Clocks go forward: a day of 23 hours, and back: one of 25.
        Case(
            "Europe/Berlin",
            "2026-03-29T12:00:00Z",
            "2026-03-29",
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z"
        ),
        Case(
            "Europe/Berlin",
            "2026-10-25T22:59:59.999999Z",
            "2026-10-25",
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z"
        ),
        Case(
            "America/New_York",
            "2026-03-08T04:59:59.999999Z",
            "2026-03-07",
            "2026-03-07T05:00:00Z",
            "2026-03-08T05:00:00Z"
        ),
        Case(
            "America/New_York",
            "2026-03-08T05:00:00Z",
            "2026-03-08",
            "2026-03-08T05:00:00Z",
            "2026-03-09T04:00:00Z"
        ),
        Case(
            "America/New_York",
            "2026-11-02T04:00:00Z",
            "2026-11-01",
            "2026-11-01T04:00:00Z",
            "2026-11-02T05:00:00Z"
        ),
        // There midnight itself does not exist when clocks go forward: the day begins at one.
        Case(
            "America/Sao_Paulo",
            "2018-11-04T03:00:00Z",
            "2018-11-04",
            "2018-11-04T03:00:00Z",
            "2018-11-05T02:00:00Z"
        ),
        Case(
            "America/Sao_Paulo",
            "2018-11-04T02:59:59Z",
            "2018-11-03",
            "2018-11-03T03:00:00Z",
            "2018-11-04T03:00:00Z"
        ),
        // And clocks go back at midnight to 23:00 of the day before, which lasts 25 hours.
        Case(
            "America/Sao_Paulo",
            "2018-02-18T02:30:00Z",
            "2018-02-17",
            "2018-02-17T02:00:00Z",
            "2018-02-18T03:00:00Z"
        ),
        // Clocks went back at 00:01: the day that began for a minute goes on.
        Case(
            "America/St_Johns",
            "2010-11-07T02:30:30Z",
            "2010-11-07",
            "2010-11-07T02:30:00Z",
            "2010-11-08T03:30:00Z"
        ),
        Case(
            "America/St_Johns",
            "2010-11-07T03:00:00Z",
            "2010-11-07",
            "2010-11-07T02:30:00Z",
            "2010-11-08T03:30:00Z"
        ),
        Case(
            "Asia/Kathmandu",
            "2026-06-15T18:15:00Z",
            "2026-06-16",
            "2026-06-15T18:15:00Z",
            "2026-06-16T18:15:00Z"
        ),
        // Samoa crossed the date line: there was no 30 December 2011.
        Case(
            "Pacific/Apia",
            "2011-12-30T09:59:59Z",
            "2011-12-29",
            "2011-12-29T10:00:00Z",
            "2011-12-30T10:00:00Z"
        ),
        Case(
            "Pacific/Apia",
            "2011-12-30T10:00:00Z",
            "2011-12-31",
            "2011-12-30T10:00:00Z",
            "2011-12-31T10:00:00Z"
        ),
        // Names that IANA keeps as links.
        Case(
            "US/Eastern",
            "2026-07-04T12:00:00Z",
            "2026-07-04",
            "2026-07-04T04:00:00Z",
            "2026-07-05T04:00:00Z"
        ),
    ]

    @Test(arguments: cases)
    func `a day has its zone's midnights`(_ wanted: Case) throws {
        let moment = try #require(Timestamp(rfc3339: wanted.moment.utf8))
        let day = try #require(SystemZoneCalendar().day(containing: moment, zone: wanted.zone))
        #expect(day.day.description == wanted.day)
        #expect(day.start.description == wanted.start)
        #expect(day.end.description == wanted.end)
    }

    @Test(arguments: [
        "", "Mars/Olympus", "Europe/Nowhere", "GMT+0530", "+02:00", "../etc/passwd", "/UTC",
        "europe/berlin", "Europe/Berlin ", "CET-1CEST",
    ])
    func `a zone that IANA does not know is nil`(name: String) {
        #expect(SystemZoneCalendar().day(containing: .epoch, zone: name) == nil)
    }

    @Test(arguments: [
        "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/St_Johns",
        "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo", "Australia/Lord_Howe",
        "Antarctica/Troll", "America/Havana", "Asia/Beirut",
    ])
    func `days follow each other without gap or overlap`(zone: String) throws {
        let calendar = SystemZoneCalendar()
        var moment = try #require(Timestamp(rfc3339: "2010-01-01T00:00:00Z".utf8))
        var day = try #require(calendar.day(containing: moment, zone: zone))
        for _ in 0..<3000 {
            #expect(day.start <= moment && moment < day.end)
            let next = try #require(calendar.day(containing: day.end, zone: zone))
            #expect(next.start == day.end)
            #expect(next.day.number - day.day.number >= 1)
            #expect(next.day.number - day.day.number <= 2)
            let last = day.end.advanced(byMicroseconds: -1)
            #expect(calendar.day(containing: last, zone: zone) == day)
            day = next
            moment = day.start
        }
    }

    @Test func `the first moment of a skipped date is the next date's`() throws {
        let skipped = try #require(CivilDay(year: 2011, month: 12, day: 30))
        let start = SystemZoneCalendar().start(of: skipped, zone: "Pacific/Apia")
        #expect(start?.description == "2011-12-30T10:00:00Z")
    }
}
