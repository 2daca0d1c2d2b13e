import Accounting
import Quantities
import Testing

@testable import PostgresStore

/// Goal: plans, coupons, billing and adjustments arrive in their tables and load as they were, and
/// a month that is over is invoiced once, to the last digit.
///
/// Method: batches written by hand, cut in every way, and the rows that they must give.
@Suite struct TermsCommitTests {
    private static func day(_ month: Int, _ day: Int) throws -> CivilDay {
        try #require(CivilDay(year: 2026, month: month, day: day))
    }

    private static func noon(_ month: Int, _ day: Int) throws -> Timestamp {
        try TermsCommitTests.day(month, day).utcStart.advanced(byMicroseconds: 43_200_000_000)
    }

    private func turn(_ journal: Journal, _ org: UInt32, to day: CivilDay) {
        let body = DayTurned(today: Journal.zoned(day))
        journal.write(.dayTurned(body), org: org, at: day.utcStart)
    }

    private func bill(
        _ journal: Journal,
        _ org: UInt32,
        _ mode: BillingMode,
        from day: CivilDay,
        order: String = ""
    ) {
        let body = BillingChanged(mode: mode, netDays: 30, purchaseOrder: order, from: day)
        journal.write(.billingChanged(body), org: org, at: day.utcStart)
    }

    private func use(
        _ journal: Journal,
        _ org: UInt32,
        _ units: Int128,
        model: UInt32 = 1,
        at moment: Timestamp
    ) {
        var usage = Journal.usage(org, Amount(units: units), grant: 0, at: moment)
        usage.model = model
        journal.write(usage)
    }

    /// An account's spring: invoiced from the 10th of March to the 19th of May.
    private func spring(_ journal: Journal) throws {
        journal.create(7, name: "acme")
        journal.write(.nameDeclared(NameDeclared(kind: .model, number: 1, name: "gpt")))
        journal.write(.nameDeclared(NameDeclared(kind: .model, number: 2, name: "sonnet")))
        use(journal, 7, 1_000_000_000_000, at: try Self.noon(3, 1))
        turn(journal, 7, to: try Self.day(3, 10))
        bill(journal, 7, .invoice, from: try Self.day(3, 10), order: "PO-1")
        use(journal, 7, 3_000_000_000_001, at: try Self.noon(3, 10))
        use(journal, 7, 17_250_000_000, model: 2, at: try Self.noon(3, 10))
        use(journal, 7, 5, at: try Self.noon(3, 10))
        turn(journal, 7, to: try Self.day(4, 1))
        use(journal, 7, 7_000_000_000_000, at: try Self.noon(4, 1))
        turn(journal, 7, to: try Self.day(4, 2))
        bill(journal, 7, .invoice, from: try Self.day(4, 2), order: "PO-2")
        use(journal, 7, 1, model: 2, at: try Self.noon(4, 2))
        turn(journal, 7, to: try Self.day(5, 20))
        bill(journal, 7, .prepaid, from: try Self.day(5, 20))
        use(journal, 7, 2_000_000_000_000, at: try Self.noon(5, 20))
        turn(journal, 7, to: try Self.day(6, 1))
    }

    @Test(arguments: [1, 2, 3, 5, 100])
    func `months that are over are invoiced once, however the batches are cut`(size: Int) throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        try spring(journal)
        let batch = BatchBuilder()
        var position: UInt64 = 0
        func commit() throws {
            if batch.isEmpty { return }
            _ = try store.commit(batch, from: position, to: position + 1)
            position += 1
        }
        var walker = RecordWalker(journal.buffer.bytes)
        while let (kind, record) = walker.next() {
            try batch.add(kind, record)
            if batch.recordCount == size { try commit() }
        }
        try commit()
        let reader = try database.reader()
        let invoices = try reader.invoices(of: OrgNumber(7), limit: 10)
        #expect(invoices.map(\.number) == ["acme-2026-04", "acme-2026-03"])
        try #require(invoices.count == 2)
        #expect(invoices[1].total == Amount(units: 3_017_250_000_006))
        #expect(invoices[1].lines.map(\.name) == ["gpt", "sonnet"])
        #expect(invoices[1].lines.map(\.amount.units) == [3_000_000_000_006, 17_250_000_000])
        #expect(invoices[1].lines.map(\.requests) == [2, 1])
        #expect(invoices[1].purchaseOrder == "PO-1")
        #expect(invoices[1].issuedOn == (try Self.day(4, 1)))
        #expect(invoices[1].dueOn == (try Self.day(5, 1)))
        // The terms are those of the last day that was charged.
        #expect(invoices[0].purchaseOrder == "PO-2")
        #expect(invoices[0].total == Amount(units: 7_000_000_000_001))
        #expect(invoices[0].issuedOn == (try Self.day(5, 20)))
        #expect(try reader.invoices(of: OrgNumber(7), limit: 1).count == 1)
        let audit = try reader.audit(org: nil, violationLimit: 10) { _ in }
        #expect(audit.isClean, "\(audit)")
        #expect(audit.invoices == 2)
        // A changed total, line or debit is found.
        for change in [
            "UPDATE invoices SET total = total + 1 WHERE period_start = '2026-03-01'",
            "UPDATE invoices SET total = total - 1 WHERE period_start = '2026-03-01'",
            "UPDATE invoice_lines SET amount = amount + 0.1 WHERE period_start = '2026-04-01'",
        ] {
            try database.execute(change)
            let faults = try reader.audit(org: OrgNumber(7), violationLimit: 10) { _ in }.violations
            let isUndone = change.contains("- 1")
            #expect(faults.map(\.fault) == (isUndone ? [] : [.invoice]), "\(faults)")
        }
    }

    @Test func `closing invoices what was used in the month`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        journal.create(7, name: "acme")
        bill(journal, 7, .invoice, from: try Self.day(3, 1))
        use(journal, 7, 12, at: Journal.noon)
        let closed = OrganisationClosed(forfeited: Draws(), reason: "asked")
        journal.write(.organisationClosed(closed), org: 7)
        let batch = BatchBuilder()
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)
        let reader = try database.reader()
        let invoices = try reader.invoices(of: OrgNumber(7), limit: 10)
        #expect(invoices.map(\.total) == [Amount(units: 12)])
        // A model that has no name yet is told by its number.
        #expect(invoices.first?.lines.map(\.name) == ["#1"])
    }

    @Test func `an invoice has a line for each machine, whatever deployments it served`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        journal.create(7, name: "acme")
        let model = NameDeclared(kind: .model, number: 1, name: "gpt")
        journal.write(.nameDeclared(model))
        journal.write(.nameDeclared(NameDeclared(kind: .machine, number: 1, name: "gpu-s")))
        bill(journal, 7, .invoice, from: try Self.day(3, 1))
        use(journal, 7, 12, at: try Self.noon(3, 1))
        turn(journal, 7, to: try Self.day(3, 2))
        let batch = BatchBuilder()
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)
        try database.execute(
            """
            INSERT INTO machine_rollups VALUES
                (7, '2026-03-01', 0, 'web', 1, 2, 2, 0, 120.000000000001),
                (7, '2026-03-02', 0, 'api', 1, 3, 0, 9, 0.5),
                (7, '2026-02-28', 0, 'api', 1, 1, 0, 9, 77),
                (7, '2026-04-01', 0, 'api', 2, 1, 0, 9, 99)
            """
        )
        turn(journal, 7, to: try Self.day(4, 1))
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 1, to: 2)
        let invoices = try database.reader().invoices(of: OrgNumber(7), limit: 10)
        #expect(invoices.map(\.total) == [Amount(units: 120_500_000_000_013)])
        let lines = invoices.first?.lines ?? []
        #expect(lines.map(\.kind) == ["machine", "model"])
        #expect(lines.map(\.name) == ["gpu-s", "gpt"])
        #expect(lines.map(\.amount.units) == [120_500_000_000_001, 12])
        #expect(lines.map(\.requests) == [5, 1])
    }

    @Test func `terms load as they were`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        let team = PlanTerms(
            name: "team",
            needsPurchase: true,
            included: Amount(units: 5),
            lapses: true,
            priority: 3
        )
        let free = PlanTerms(name: "free", apiAccess: false, mayPurchase: false)
        journal.create(7)
        journal.create(9)
        let march = try Self.day(3, 1)
        let april = try Self.day(4, 1)
        var plan = PlanChanged(
            plan: free,
            next: nil,
            periodStart: march,
            periodEnd: april.utcStart,
            grant: nil
        )
        journal.write(.planChanged(plan), org: 7)
        plan.plan = team
        plan.grant = Journal.grant(1, Amount(units: 5), grantClass: .plan)
        journal.write(.planChanged(plan), org: 7)
        plan.grant = nil
        plan.next = free
        journal.write(.planChanged(plan), org: 7)
        let coupon = Journal.grant(2, Amount(units: 9), grantClass: .coupon)
        journal.write(.couponRedeemed(CouponRedeemed(code: "B", grant: coupon)), org: 7)
        bill(journal, 7, .invoice, from: march, order: "PO")
        bill(journal, 7, .prepaid, from: try Self.day(3, 2))
        journal.grant(7, 3, Amount(units: 1))
        var draws = Draws()
        draws.append(Draw(grant: 2, amount: Amount(units: 9)))
        draws.append(Draw(grant: 0, amount: Amount(units: 4)))
        let adjusted = BalanceAdjusted(
            draws: draws,
            identity: 77,
            content: 78,
            actor: "ada",
            reason: "given twice"
        )
        journal.write(.balanceAdjusted(adjusted), org: 7)
        let batch = BatchBuilder()
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)

        let loaded = try store.loadEverything()
        try #require(loaded.organisations.count == 2)
        let terms = loaded.organisations[0].terms
        #expect(terms.plan == plan)
        #expect(terms.given == ["team"])
        #expect(terms.coupons == ["B"])
        #expect(terms.billing?.mode == .invoice)
        #expect(terms.billing?.purchaseOrder == "PO")
        #expect(terms.nextBilling?.mode == .prepaid)
        #expect(terms.nextBilling?.from == (try Self.day(3, 2)))
        #expect(loaded.organisations[0].hasPurchased)
        #expect(loaded.organisations[0].debt == Amount(units: 4))
        #expect(loaded.organisations[1].terms.isEmpty)
        #expect(!loaded.organisations[1].hasPurchased)
        #expect(loaded.grantIdentities.map(\.identity).contains(77))
        #expect(
            try database.execute("SELECT actor || ':' || reason FROM adjustments").text(0, 0)
                == "ada:given twice"
        )
    }
}
