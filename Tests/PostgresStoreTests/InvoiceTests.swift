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

    // MARK: - Corrections

    private func noon(_ month: Int, _ number: Int) throws -> Timestamp {
        try day(month, number).utcStart.advanced(byMicroseconds: 43_200_000_000)
    }

    private func bill(
        _ journal: Journal,
        _ org: UInt32,
        _ mode: BillingMode,
        at moment: Timestamp
    ) {
        let body = BillingChanged(
            mode: mode,
            netDays: 30,
            purchaseOrder: "",
            from: moment.utcDay
        )
        journal.write(.billingChanged(body), org: org, at: moment)
    }

    private func use(_ journal: Journal, _ org: UInt32, _ credits: Int, at moment: Timestamp) {
        journal.write(Journal.usage(org, Amount(credits: credits), grant: 0, at: moment))
    }

    /// Corrects the requests of a day to model 1; of less, the debt is paid.
    private func correct(
        _ journal: Journal,
        _ org: UInt32,
        _ day: CivilDay,
        _ credits: Int,
        grant: UInt32,
        at moment: Timestamp
    ) {
        var body = Rerated(
            rerate: "fix",
            day: day,
            project: 0,
            key: 0,
            model: 1,
            requests: 1,
            amount: Amount(credits: credits),
            note: "note"
        )
        if credits > 0 {
            body.draws.append(Draw(grant: grant, amount: body.amount))
        } else {
            body.grant = grant
            body.debtPaid = -body.amount
        }
        journal.write(.rerated(body), org: org, at: moment)
    }

    /// 7 is invoiced, and corrected when March is over; 8 is corrected and then invoiced from that
    /// day on; 9 is invoiced, corrected, and then prepaid from that day on.
    private func books() throws -> Journal {
        let journal = Journal()
        journal.write(.nameDeclared(NameDeclared(kind: .model, number: 1, name: "gpt")))
        for org in UInt32(7)...9 { journal.create(org) }
        bill(journal, 7, .invoice, at: try noon(3, 1))
        bill(journal, 9, .invoice, at: try noon(3, 1))
        journal.grant(8, 1, Amount(credits: 50))
        for org in UInt32(7)...9 { use(journal, org, 10, at: try noon(3, 1)) }
        for org in UInt32(7)...9 { turn(journal, org, to: try day(4, 1)) }
        for org in [UInt32(8), 9] { turn(journal, org, to: try day(4, 10)) }
        let later = try noon(4, 10).advanced(byMicroseconds: 1)
        correct(journal, 8, try day(3, 1), 3, grant: 1, at: try noon(4, 10))
        bill(journal, 8, .invoice, at: later)
        correct(journal, 9, try day(3, 1), 2, grant: 0, at: try noon(4, 10))
        bill(journal, 9, .prepaid, at: later)
        use(journal, 8, 5, at: later)
        correct(journal, 7, try day(3, 1), -4, grant: 1, at: try noon(4, 1))
        for org in UInt32(7)...9 { turn(journal, org, to: try day(5, 1)) }
        return journal
    }

    /// Stores the books in batches of `size` records.
    private func store(_ journal: Journal, in database: TestDatabase, size: Int) throws {
        let store = try database.store()
        let batch = BatchBuilder()
        var position: UInt64 = 0
        var walker = RecordWalker(journal.buffer.bytes)
        while let (kind, record) = walker.next() {
            try batch.add(kind, record)
            guard batch.recordCount >= size else { continue }
            _ = try store.commit(batch, from: position, to: position + 1)
            position += 1
        }
        if !batch.isEmpty { _ = try store.commit(batch, from: position, to: position + 1) }
    }

    @Test(arguments: [1, 2, 3, 100])
    func `a correction is on the invoice of the month in which it was booked`(size: Int) throws {
        let database = try TestDatabase()
        try store(try books(), in: database, size: size)
        let reader = try database.reader()
        let seven = try reader.invoices(of: OrgNumber(7), limit: 10)
        #expect(seven.map(\.total) == [-Amount(credits: 4), Amount(credits: 10)])
        #expect(seven.first?.lines.map(\.kind) == ["correction"])
        #expect(seven.first?.lines.map(\.name) == ["gpt"])
        #expect(seven.first?.lines.map(\.requests) == [1])
        // What credits have paid for is not asked for again.
        let eight = try reader.invoices(of: OrgNumber(8), limit: 10)
        #expect(eight.map(\.total) == [Amount(credits: 5)])
        let nine = try reader.invoices(of: OrgNumber(9), limit: 10)
        #expect(nine.map(\.total) == [Amount(credits: 2), Amount(credits: 10)])
        #expect(nine.first?.lines.map(\.kind) == ["correction"])
        let audit = try reader.audit(org: nil, violationLimit: 10) { _ in }
        #expect(audit.violations.filter { $0.fault == .invoice }.isEmpty, "\(audit.violations)")
        try database.execute("UPDATE corrections SET amount = amount + 1 WHERE org = 7")
        let faults = try reader.audit(org: OrgNumber(7), violationLimit: 10) { _ in }.violations
        #expect(faults.map(\.fault).contains(.invoice), "\(faults)")
    }

    // MARK: - Refunds

    /// Gives a part of a line back into the debt.
    private func refund(
        _ journal: Journal,
        _ org: UInt32,
        _ number: UInt32,
        line: UInt64,
        _ credits: Int,
        at moment: Timestamp
    ) {
        let body = OperationRefunded(
            refund: number,
            line: line,
            amount: Amount(credits: credits),
            debtPaid: Amount(credits: credits),
            parts: [],
            identity: 0,
            content: 0,
            actor: "ann",
            reason: "it failed",
            request: "request"
        )
        journal.write(.operationRefunded(body), org: org, at: moment)
    }

    /// 7 is invoiced, and gets back in March, in April before and after the day turns, and in May;
    /// 8 used under prepaid and is invoiced since; 9 was invoiced and gets back under prepaid.
    private func refundedBooks() throws -> Journal {
        let journal = Journal()
        journal.write(.nameDeclared(NameDeclared(kind: .model, number: 1, name: "gpt")))
        for org in UInt32(7)...9 { journal.create(org) }
        bill(journal, 7, .invoice, at: try noon(3, 1))
        bill(journal, 9, .invoice, at: try noon(3, 1))
        for org in UInt32(7)...9 {
            use(journal, org, 10, at: try noon(3, 1))
            use(journal, org, 20, at: try noon(3, 1))
        }
        refund(journal, 7, 1, line: 1, 3, at: try noon(3, 2))
        for org in UInt32(7)...9 { turn(journal, org, to: try day(4, 1)) }
        refund(journal, 7, 2, line: 1, 4, at: try noon(4, 1))
        refund(journal, 7, 3, line: 1, 1, at: try noon(4, 1))
        refund(journal, 7, 4, line: 2, 5, at: try noon(4, 1))
        bill(journal, 8, .invoice, at: try noon(4, 1))
        bill(journal, 9, .prepaid, at: try noon(4, 1))
        use(journal, 8, 2, at: try noon(4, 1))
        refund(journal, 8, 1, line: 1, 6, at: try noon(4, 1))
        refund(journal, 8, 2, line: 3, 1, at: try noon(4, 1).advanced(byMicroseconds: 1))
        refund(journal, 9, 1, line: 1, 6, at: try noon(4, 1))
        for org in UInt32(7)...9 { turn(journal, org, to: try day(5, 1)) }
        return journal
    }

    @Test(arguments: [1, 2, 3, 5, 100])
    func `a refund is on the invoice of the month that books it, where its charge was`(
        size: Int
    ) throws {
        let database = try TestDatabase()
        try store(try refundedBooks(), in: database, size: size)
        let reader = try database.reader()
        let seven = try reader.invoices(of: OrgNumber(7), limit: 10)
        #expect(seven.map(\.total) == [-Amount(credits: 10), Amount(credits: 27)])
        #expect(seven.last?.lines.map(\.kind) == ["model", "refund"])
        let april = try #require(seven.first?.lines)
        #expect(april.map(\.kind) == ["refund"])
        #expect(april.map(\.name) == ["gpt"])
        #expect(april.map(\.requests) == [2], "one of them in two parts")
        // What credits have paid for has gone back into credits.
        let eight = try reader.invoices(of: OrgNumber(8), limit: 10)
        #expect(eight.map(\.total) == [Amount(credits: 1)])
        let nine = try reader.invoices(of: OrgNumber(9), limit: 10)
        #expect(nine.map(\.total) == [Amount(credits: 30)])
        let audit = try reader.audit(org: nil, violationLimit: 10) { _ in }
        #expect(audit.violations.filter { $0.fault == .invoice }.isEmpty, "\(audit.violations)")
        try database.execute("UPDATE refunds SET amount = amount + 1 WHERE org = 7")
        let faults = try reader.audit(org: OrgNumber(7), violationLimit: 10) { _ in }.violations
        #expect(faults.map(\.fault).contains(.invoice), "\(faults)")
    }
}
