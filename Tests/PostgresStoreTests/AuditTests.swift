import Accounting
import Quantities
import Testing

@testable import PostgresStore

/// Goal: the audit finds every kind of error, and nothing in books that are right.
///
/// Method: one error planted by SQL into books that are right.
@Suite struct AuditTests {
    /// Two organisations with credits and usage on two days, two models and a key.
    private func books() throws -> TestDatabase {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        for org in 1...UInt32(2) {
            journal.create(org)
            journal.grant(org, 1, Amount(credits: 100))
            for number in 0..<20 {
                let at = Journal.noon.advanced(
                    byMicroseconds: Int64(number) * 6_000_000_000
                )
                var usage = Journal.usage(org, Amount(units: 1_000_000_000_007), at: at)
                usage.model = UInt32(1 + number % 2)
                journal.write(usage)
            }
            journal.grant(org, 2, Amount(credits: 1))
        }
        let batch = BatchBuilder()
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)
        return database
    }

    struct Plant: Sendable, CustomTestStringConvertible {
        let sql: String
        let faults: [AuditFault]
        var line: UInt64 = 0
        var testDescription: String { sql }
    }

    static let plants = [
        Plant(
            sql: "DELETE FROM usage_lines WHERE org = 2 AND line = 5",
            faults: [.lineCount, .lineGap, .brokenChain, .rollup, .dearest],
            line: 6
        ),
        Plant(
            sql: "DELETE FROM usage_lines WHERE org = 2 AND line > 5",
            faults: [
                .lineCount, .lineGap, .brokenChain, .rollup, .rollup, .rollup, .rollup,
                .dearest, .dearest,
            ],
            line: 22
        ),
        Plant(
            sql:
                "INSERT INTO ledger_lines SELECT org, 3, 'refund', 0, balance, applied_at, 1, '', "
                + "'' FROM usage_lines WHERE org = 2 AND line = 3",
            faults: [.lineCount, .lineGap],
            line: 3
        ),
        Plant(
            sql: "UPDATE usage_lines SET balance = balance + 0.000000000001 "
                + "WHERE org = 2 AND line = 7",
            faults: [.brokenChain, .brokenChain],
            line: 7
        ),
        Plant(
            sql: "UPDATE usage_lines SET amount = amount - 0.000000000001 "
                + "WHERE org = 2 AND line = 7",
            faults: [.brokenChain, .rollup, .dearest],
            line: 7
        ),
        Plant(sql: "UPDATE wallets SET lines = 99 WHERE org = 2", faults: [.lineCount]),
        Plant(
            sql: "UPDATE wallets SET balance = balance + 1 WHERE org = 2",
            faults: [.walletBalance, .grantSum]
        ),
        Plant(sql: "UPDATE wallets SET debt = 1 WHERE org = 2", faults: [.grantSum]),
        Plant(
            sql: "UPDATE grants SET remaining = remaining + 0.000000000001 "
                + "WHERE org = 2 AND grant_number = 1",
            faults: [.grantSum]
        ),
        Plant(
            sql: "UPDATE grants SET active = false WHERE org = 2 AND grant_number = 2",
            faults: [.grantSum]
        ),
        Plant(
            sql: "DELETE FROM wallets WHERE org = 2",
            faults: [.missingWallet, .lineCount, .walletBalance, .grantSum]
        ),
        Plant(sql: "DELETE FROM organisations WHERE org = 2", faults: [.missingWallet]),
        Plant(
            sql: "UPDATE rollups SET requests = requests + 1 WHERE org = 2 AND model = 2 "
                + "AND day = '2026-03-01'",
            faults: [.rollup]
        ),
        Plant(
            sql: "UPDATE rollups SET reasoning_output_tokens = 0 WHERE org = 2 AND model = 1 "
                + "AND day = '2026-03-01'",
            faults: [.rollup]
        ),
        Plant(
            sql: "DELETE FROM rollups WHERE org = 2 AND day = '2026-03-02'",
            faults: [.rollup, .rollup]
        ),
        Plant(
            sql: "INSERT INTO rollups VALUES (2, '2025-01-01', 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
            faults: [.rollup]
        ),
        Plant(
            sql: "INSERT INTO invoices VALUES (2, '2026-03-01', 'x', '2026-04-01', '2026-04-01', "
                + "'2026-05-01', 30, '', 1)",
            faults: [.invoice]
        ),
        Plant(
            sql: "INSERT INTO refunds SELECT org, 1, line, NULL, 0.000000000001 - amount, 0, '', "
                + "now(), NULL, NULL, '', '', '' FROM usage_lines WHERE org = 2 AND line = 7",
            faults: [.refund],
            line: 7
        ),
        Plant(
            sql: "INSERT INTO purchases VALUES (2, 2, 'open', false, '', 1, 1, 'EUR', 'manual', "
                + "'2026-03-01', now())",
            faults: [.purchases]
        ),
        Plant(
            sql: "INSERT INTO purchases VALUES (2, 1, 'confirmed', false, '', 7, 1, 'EUR', "
                + "'manual', '2026-03-01', now(), now(), 'pi_1', 1, 1)",
            faults: [.purchases]
        ),
        Plant(
            sql: "DELETE FROM dearest WHERE org = 2 AND day = '2026-03-02'",
            faults: [.dearest]
        ),
        Plant(
            sql: "UPDATE dearest SET entries = set_byte(entries, 30, 1) WHERE org = 2 "
                + "AND day = '2026-03-01'",
            faults: [.dearest]
        ),
        Plant(
            sql: "UPDATE rollups SET corrected = 1 WHERE org = 2 AND model = 2 "
                + "AND day = '2026-03-01'",
            faults: [.correction]
        ),
        Plant(
            sql: "INSERT INTO corrections VALUES "
                + "(2, 'march', '2026-03-01', 0, 0, 1, 1.5, 3, now())",
            faults: [.correction, .correction]
        ),
        Plant(
            sql: "INSERT INTO machine_rollups VALUES (2, '2025-01-01', 0, 'web', 1, 1, 1, 0, 60)",
            faults: [.machineRollup]
        ),
        Plant(
            sql: "INSERT INTO machine_runs VALUES (2, 1, 'web', 0, 1, 'hourly', 'running', now(), "
                + "now(), NULL, 1, 0, 60, 60)",
            faults: [.run]
        ),
    ]

    @Test(arguments: plants)
    func `a planted error is found, and only that`(plant: Plant) throws {
        let database = try books()
        let reader = try database.reader()
        try database.execute(plant.sql)
        let report = try reader.audit(org: nil, violationLimit: 100) { _ in }
        #expect(report.violations.map(\.fault) == plant.faults, "\(report.violations)")
        #expect(report.violationCount == plant.faults.count)
        #expect(report.violations.allSatisfy { $0.org == OrgNumber(2) })
        let firstLine = report.violations.first { $0.line != 0 }?.line ?? 0
        #expect(firstLine == plant.line)
        let other = try reader.audit(org: OrgNumber(1), violationLimit: 100) { _ in }
        #expect(other.isClean)
        let same = try reader.audit(org: OrgNumber(2), violationLimit: 100) { _ in }
        #expect(same.violations == report.violations)
    }

    @Test func `every kind of fault is planted by some test`() {
        let planted = Set(AuditTests.plants.flatMap(\.faults))
        #expect(planted == Set(AuditFault.allCases))
        for fault in AuditFault.allCases { #expect(!fault.explanation.isEmpty) }
    }

    @Test func `right books give exact sums`() throws {
        let database = try books()
        var wallets: [AuditedWallet] = []
        let report = try database.reader().audit(org: nil, violationLimit: 1) {
            wallets.append($0)
        }
        #expect(report.isClean)
        #expect(report.organisations == 2)
        #expect(report.lines == 44)
        #expect(report.usageLines == 40)
        #expect(report.rollups == 8)
        #expect(report.charges == Amount(units: 40 * 1_000_000_000_007))
        #expect(report.credits == Amount(credits: 202))
        #expect(report.balances == report.credits - report.charges)
        let balance = Amount(units: 101_000_000_000_000 - 20 * 1_000_000_000_007)
        #expect(wallets.map(\.org.raw) == [1, 2])
        #expect(wallets.allSatisfy { $0.lines == 22 && $0.balance == balance })
    }

    @Test func `violations are listed up to the limit and counted beyond`() throws {
        let database = try books()
        try database.execute("UPDATE usage_lines SET balance = balance + line")
        let report = try database.reader().audit(org: nil, violationLimit: 3) { _ in }
        #expect(report.violations.count == 3)
        #expect(report.violationCount > 3)
        #expect(!report.isClean)
    }
}
