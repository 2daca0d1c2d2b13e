import Accounting
import Quantities
import Testing

@testable import PostgresStore

/// Goal: invoices cost what they are about, whatever the books have besides.
@Suite struct InvoiceTests {
    private func day(_ month: Int, _ day: Int) throws -> CivilDay {
        try #require(CivilDay(year: 2026, month: month, day: day))
    }

    private func turn(_ journal: Journal, _ org: UInt32, to day: CivilDay) {
        let body = DayTurned(today: Journal.zoned(day))
        journal.write(.dayTurned(body), org: org, at: day.utcStart)
    }

    /// How many rows of rollups the server has looked at, once it has counted all of a store.
    private func rollupsRead(_ database: TestDatabase, afterTurns turns: Int) throws -> Int {
        for _ in 0..<400 {
            let isCounted =
                try database.count(
                    "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'organisations'"
                ) >= turns
            if isCounted {
                return try database.count(
                    "SELECT coalesce(idx_tup_fetch, 0) + seq_tup_read FROM pg_stat_user_tables "
                        + "WHERE relname = 'rollups'"
                )
            }
            _ = try database.execute("SELECT pg_sleep(0.05)")
        }
        Issue.record("the server has not counted the turns of the days")
        return 0
    }

    @Test func `the turn of a day reads nothing of months that were invoiced or go on`() throws {
        let database = try TestDatabase()
        let journal = Journal()
        let accounts = UInt32(1)...5
        let batch = BatchBuilder()
        for org in accounts {
            journal.create(org)
            let body = BillingChanged(
                mode: .invoice,
                netDays: 30,
                purchaseOrder: "",
                from: try day(1, 1)
            )
            journal.write(.billingChanged(body), org: org)
        }
        var position: UInt64 = 0
        /// A store of its own each time: a session tells what it has read when it ends.
        func commit() throws {
            let store = try database.store()
            try journal.move(to: batch)
            _ = try store.commit(batch, from: position, to: position + 1)
            position += 1
            try store.releaseLease()
            store.disconnect()
        }
        try commit()
        try database.execute(
            """
            INSERT INTO rollups SELECT o, '2026-01-01'::date + d, 0, 0, m, 1, 0, 0, 1, 0, 0, 1, 0,
                0.5, 0
            FROM generate_series(1, 5) o, generate_series(0, 68) d, generate_series(1, 4) m
            """
        )
        // January and February are invoiced at once.
        for org in accounts { turn(journal, org, to: try day(3, 10)) }
        try commit()
        let reader = try database.reader()
        let invoices = try reader.invoices(of: OrgNumber(1), limit: 10)
        #expect(invoices.map(\.number) == ["org-1-2026-02", "org-1-2026-01"])
        #expect(invoices.map(\.total) == [Amount(credits: 56), Amount(credits: 62)])
        let before = try rollupsRead(database, afterTurns: 5)
        for org in accounts { turn(journal, org, to: try day(3, 11)) }
        try commit()
        #expect(try rollupsRead(database, afterTurns: 10) == before)
        // And at the end of a month that month's alone: ten days of four models.
        for org in accounts { turn(journal, org, to: try day(4, 1)) }
        try commit()
        #expect(try rollupsRead(database, afterTurns: 15) <= before + 5 * 40)
        #expect(
            try reader.invoices(of: OrgNumber(5), limit: 1).map(\.total.units) == [
                20_000_000_000_000
            ]
        )
    }
}
