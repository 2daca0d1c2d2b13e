import Accounting
import Quantities
import Synchronization
import Testing

/// Goal: a cap lets exactly its amount through in its window, in the account's own days.
@Suite struct CapTests {
    @Test func `at exact equality it passes, a unit above it is refused`() {
        let bench = Workbench()
        bench.grant("500")
        bench.cap(.month, "100")
        bench.debit("99.99")
        #expect(bench.hold("0.02").word == "spendCapExceeded organisation 0 month")
        #expect(bench.hold("0.010000000001").word == "spendCapExceeded organisation 0 month")
        let hold = bench.held("0.01")
        #expect(bench.hold("0.000000000001").word == "spendCapExceeded organisation 0 month")
        #expect(bench.release(hold))
        #expect(bench.hold("0.01").word == "granted 0.01")
    }

    @Test(arguments: [
        ("UTC", "2026-04-01T00:00:00Z"),
        ("Test/East", "2026-03-31T18:15:00Z"),
        ("Test/West", "2026-04-01T08:00:00Z"),
    ])
    func `a month's cap begins anew at the account's own midnight`(zone: String, turn: String) {
        let bench = Workbench(at: "2026-03-10T00:00:00Z", zone: zone)
        bench.grant("500")
        bench.cap(.month, "100")
        bench.debit("100")
        let midnight = time(turn)
        bench.now = midnight.advanced(byMicroseconds: -1)
        #expect(bench.hold("0.01").word == "spendCapExceeded organisation 0 month")
        bench.now = midnight
        #expect(bench.hold("100.01").word == "spendCapExceeded organisation 0 month")
        #expect(bench.hold("100").word == "granted 100")
        #expect(bench.wallet.spend.month == .zero)
        #expect(bench.wallet.spend.total == credits("100"))
        bench.expectReplayAgrees()
    }

    @Test func `days, weeks and months begin where the calendar says`() {
        // 2026-03-30 is a Monday; April begins on the Wednesday of that week.
        let bench = Workbench(at: "2026-03-29T12:00:00Z")
        bench.grant("500")
        let rows: [(at: String, day: String, week: String, month: String, total: String)] = [
            ("2026-03-29T12:00:00Z", "1", "1", "1", "1"),
            ("2026-03-29T23:59:59Z", "2", "2", "2", "2"),
            ("2026-03-30T00:00:00Z", "1", "1", "3", "3"),
            ("2026-03-31T00:00:00Z", "1", "2", "4", "4"),
            ("2026-04-01T00:00:00Z", "1", "3", "1", "5"),
            ("2026-04-05T23:00:00Z", "1", "4", "2", "6"),
            ("2026-04-06T01:00:00Z", "1", "1", "3", "7"),
            ("2027-04-06T01:00:00Z", "1", "1", "1", "8"),
        ]
        for row in rows {
            bench.wait(until: row.at)
            bench.debit("1")
            let spend = bench.wallet.spend
            #expect(spend.day == credits(row.day), "\(row.at)")
            #expect(spend.week == credits(row.week), "\(row.at)")
            #expect(spend.month == credits(row.month), "\(row.at)")
            #expect(spend.total == credits(row.total), "\(row.at)")
        }
        bench.expectReplayAgrees()
    }

    @Test func `a cap that is set in mid-window counts what was spent before`() {
        let bench = Workbench()
        bench.grant("500")
        bench.project()
        bench.key(project: 1)
        bench.debit("30", project: 1, key: 1)
        for (scope, id) in [(Scope.organisation, UInt32(0)), (.project, 1), (.key, 1)] {
            bench.cap(scope, id, .day, "30.5")
            let path = bench.hold("0.6", project: 1, key: 1).word
            #expect(path == "spendCapExceeded \(scope) \(id) day")
            bench.cap(scope, id, .day, nil)
        }
        #expect(bench.hold("0.6", project: 1, key: 1).word == "granted 0.6")
    }

    @Test func `every cap on the path applies, and no other`() {
        let bench = Workbench()
        bench.grant("500")
        bench.project()
        bench.project()
        bench.key(project: 1)
        bench.key(project: 2)
        bench.cap(.project, 1, .total, "10")
        bench.cap(.key, 2, .total, "5")
        #expect(bench.hold("11", project: 1, key: 1).word == "spendCapExceeded project 1 total")
        #expect(bench.hold("6", project: 2, key: 2).word == "spendCapExceeded key 2 total")
        #expect(bench.hold("6", project: 2).word == "granted 6")
        #expect(bench.hold("11").word == "granted 11")
        #expect(bench.hold("10", project: 1, key: 1).word == "granted 10")
    }

    @Test func `holds of all keys count towards the caps above them`() {
        let bench = Workbench()
        bench.grant("500")
        bench.project()
        bench.key(project: 1)
        bench.key(project: 1)
        bench.cap(.project, 1, .day, "10")
        _ = bench.held("4", project: 1, key: 1)
        _ = bench.held("4", project: 1, key: 2)
        #expect(bench.hold("2.1", project: 1, key: 1).word == "spendCapExceeded project 1 day")
        #expect(bench.hold("2", project: 1, key: 1).word == "granted 2")
        #expect(bench.wallet.projects[0].held == credits("10"))
        #expect(bench.wallet.keys.map(\.scope.held) == [credits("6"), credits("4")])
    }

    @Test func `usage that happened is booked beyond a cap`() {
        let bench = Workbench()
        bench.grant("500")
        bench.cap(.day, "1")
        #expect(bench.debit("3") == "1:3")
        #expect(bench.wallet.spend.day == credits("3"))
    }

    @Test func `an extension gets what a cap leaves and says that it is final`() {
        let bench = Workbench()
        bench.grant("500")
        bench.cap(.day, "10")
        let hold = bench.held("4")
        #expect(bench.extend(hold, to: "12").word == "granted 10 final")
        #expect(bench.extend(hold, to: "12").word == "spendCapExceeded organisation 0 day")
        #expect(bench.extend(hold, to: "10").word == "granted 10", "more time costs nothing")
    }

    @Test func `a cap names something that exists`() {
        let bench = Workbench()
        #expect(bench.cap(.project, 1, .day, "1") == .unknown)
        #expect(bench.cap(.key, 1, .day, "1") == .unknown)
        #expect(bench.cap(.key, 0, .day, "1") == .unknown)
        #expect(bench.cap(.organisation, 4, .day, "1") == .unknown)
        #expect(
            bench.cap(.day, "-1") == .invalid(field: "amount", message: "-1 is below zero.")
        )
        bench.org = 17
        #expect(bench.cap(.day, "1") == .unknown)
    }

    @Test func `a day whose end moves is not turned early and not forgotten`() {
        let zone = ShiftingZone()
        let bench = Workbench(at: "2026-03-01T00:00:00Z", calendar: zone)
        bench.grant("10")
        bench.cap(.day, "1")
        bench.debit("1")
        // The rules change: this day is two hours longer than was thought.
        zone.extend()
        bench.tick(until: "2026-03-02T00:00:00Z")
        #expect(bench.book.nextDue == time("2026-03-02T02:00:00Z"))
        #expect(bench.hold("1").word == "spendCapExceeded organisation 0 day")
        bench.tick(until: "2026-03-02T02:00:00Z")
        #expect(bench.hold("1").word == "granted 1")
        bench.expectReplayAgrees()
    }
}

/// UTC, until somebody decides that days begin two hours later.
private final class ShiftingZone: ZoneCalendar {
    // The tests are single-threaded; the lock satisfies `Sendable`.
    private let shift = Mutex<Int64>(0)

    func extend() {
        shift.withLock { $0 = 2 * hour }
    }

    func day(containing moment: Timestamp, zone: String) -> ZonedDay? {
        let offset = shift.withLock { $0 }
        let day = moment.advanced(byMicroseconds: -offset).utcDay
        return ZonedDay(
            day: day,
            start: day.utcStart.advanced(byMicroseconds: offset),
            end: day.advanced(by: 1).utcStart.advanced(byMicroseconds: offset)
        )
    }
}
