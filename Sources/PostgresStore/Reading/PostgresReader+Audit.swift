import Accounting
import Quantities

extension PostgresReader {
    private static let auditing = "the audit"

    /// Proves the books, of all organisations or of one, as they stand at one moment.
    ///
    /// For each wallet: lines are numbered 1 to n without gaps over both tables of lines; each
    /// balance is the one before plus the amount; the wallet has the last line's number and
    /// balance; what is left of active grants less the debt is the balance. For each rollup: it is
    /// the sum of its lines.
    ///
    /// - Parameters:
    ///   - org: One organisation, or nil for all.
    ///   - violationLimit: How many violations are listed; all are counted.
    ///   - each: Takes every wallet, in the order of the organisations.
    /// - Returns: Counts, sums and violations.
    /// - Throws: What the server or the transport says.
    public func audit(
        org: OrgNumber?,
        violationLimit: Int,
        each: (AuditedWallet) -> Void
    ) throws(StoreError) -> AuditReport {
        let connection = try open()
        let condition = org.map { "org = \($0.raw)" } ?? "true"
        var audit = Audit(limit: violationLimit)
        func walk(
            _ text: String,
            _ check: (QueryResult) throws(StoreError) -> Void
        ) throws(StoreError) {
            try connection.stream(text, during: PostgresReader.auditing, row: check)
        }
        try connection.transaction(
            "ISOLATION LEVEL REPEATABLE READ READ ONLY",
            during: PostgresReader.auditing
        ) { () throws(StoreError) in
            try connection.execute(
                "SET LOCAL statement_timeout TO 0",
                during: PostgresReader.auditing
            )
            try walk(AuditText.wallets(condition)) { (row) throws(StoreError) in
                try audit.check(wallet: row, each: each)
            }
            if audit.hasBrokenLines {
                try walk(AuditText.brokenLines(condition)) { (row) throws(StoreError) in
                    try audit.check(line: row)
                }
            }
            try walk(AuditText.rollups(condition)) { (row) throws(StoreError) in
                try audit.check(rollup: row)
            }
            try walk(AuditText.machineRollups(condition)) { (row) throws(StoreError) in
                try audit.check(machineRollup: row)
            }
            try walk(AuditText.runs(condition)) { (row) throws(StoreError) in
                try audit.check(run: row)
            }
            try walk(AuditText.refunds(condition)) { (row) throws(StoreError) in
                try audit.check(refund: row)
            }
            try walk(PurchaseAuditText.broken(condition)) { (row) throws(StoreError) in
                try audit.check(purchases: row)
            }
            try walk(AuditText.dearest(condition)) { (row) throws(StoreError) in
                try audit.check(dearest: row)
            }
            try walk(AuditText.corrections(condition)) { (row) throws(StoreError) in
                try audit.check(correction: row)
            }
            let count = try connection.query(
                "SELECT count(*) FROM rollups WHERE \(condition)",
                during: PostgresReader.auditing
            )
            audit.report.rollups = try count.unsigned(0, 0)
            try walk(InvoiceText.audit(condition)) { (row) throws(StoreError) in
                try audit.check(invoice: row)
            }
        }
        return audit.report
    }
}

/// An audit under way.
private struct Audit {
    let limit: Int
    var report = AuditReport()
    var hasBrokenLines = false

    init(limit: Int) {
        self.limit = limit
    }

    private mutating func note(
        _ fault: AuditFault,
        _ org: OrgNumber,
        line: UInt64 = 0,
        found: String,
        expected: String
    ) {
        report.violationCount += 1
        guard report.violations.count < limit else { return }
        report.violations.append(
            AuditViolation(
                org: org,
                fault: fault,
                line: line,
                found: found,
                expected: expected
            )
        )
    }

    mutating func check(
        wallet row: QueryResult,
        each: (AuditedWallet) -> Void
    ) throws(StoreError) {
        let org = OrgNumber(try row.number(0, 0))
        let lines = try row.unsigned(0, 3)
        let balance = try row.amount(0, 4)
        let counted = try row.unsigned(0, 6)
        report.organisations += 1
        report.lines += counted
        report.usageLines += try row.unsigned(0, 7)
        report.charges -= try row.amount(0, 8)
        report.credits += try row.amount(0, 9)
        report.balances += balance
        if !row.bool(0, 1) || !row.bool(0, 2) {
            let found = row.bool(0, 1) ? "no wallet" : "no organisation"
            note(.missingWallet, org, found: found, expected: "both")
        }
        try checkSums(row, org: org, lines: lines, balance: balance, counted: counted)
        each(
            AuditedWallet(org: org, lines: lines, balance: balance, debt: try row.amount(0, 5))
        )
    }

    private mutating func checkSums(
        _ row: QueryResult,
        org: OrgNumber,
        lines: UInt64,
        balance: Amount,
        counted: UInt64
    ) throws(StoreError) {
        // Broken lines are listed one by one in a second pass, which a clean ledger does not need.
        if try row.integer(0, 12) > 0 { hasBrokenLines = true }
        let last = try row.unsigned(0, 10)
        if lines != counted || lines != last {
            note(.lineCount, org, found: "\(lines)", expected: "\(counted), last line \(last)")
        }
        let lastBalance = try row.amount(0, 11)
        if balance != lastBalance {
            note(.walletBalance, org, found: "\(balance)", expected: "\(lastBalance)")
        }
        let left = try row.amount(0, 13) - (try row.amount(0, 5))
        if left != balance {
            note(.grantSum, org, found: "\(left)", expected: "\(balance)")
        }
    }

    mutating func check(line row: QueryResult) throws(StoreError) {
        let org = OrgNumber(try row.number(0, 0))
        let line = try row.unsigned(0, 1)
        let before = try row.unsigned(0, 2)
        if line != before + 1 {
            note(.lineGap, org, line: line, found: "\(line)", expected: "\(before + 1)")
        }
        let balance = try row.amount(0, 3)
        let expected = try row.amount(0, 4)
        if balance != expected {
            note(.brokenChain, org, line: line, found: "\(balance)", expected: "\(expected)")
        }
    }

    mutating func check(invoice row: QueryResult) throws(StoreError) {
        let org = OrgNumber(try row.number(0, 0))
        report.invoices += 1
        let total = try row.amount(0, 2)
        let lines = try row.amount(0, 3)
        let debits = try row.amount(0, 4)
        guard total != lines || total != debits else { return }
        note(
            .invoice,
            org,
            found: "\(row.text(0, 1)): \(total)",
            expected: "\(debits) by the debits, \(lines) by its lines"
        )
    }

    mutating func check(machineRollup row: QueryResult) throws(StoreError) {
        let org = OrgNumber(try row.number(0, 0))
        let place =
            "day \(try row.day(0, 1)) project \(try row.integer(0, 2)) "
            + "deployment \(row.text(0, 3)) machine \(try row.integer(0, 4))"
        note(
            .machineRollup,
            org,
            found: "\(place): \(try row.integer(0, 5)) lines, \(try row.amount(0, 6))",
            expected: "\(try row.integer(0, 7)) lines, \(try row.amount(0, 8))"
        )
    }

    mutating func check(run row: QueryResult) throws(StoreError) {
        let org = OrgNumber(try row.number(0, 0))
        note(
            .run,
            org,
            found: "run \(try row.integer(0, 1)): \(try row.amount(0, 2))",
            expected: "\(try row.amount(0, 3))"
        )
    }

    mutating func check(refund row: QueryResult) throws(StoreError) {
        note(
            .refund,
            OrgNumber(try row.number(0, 0)),
            line: try row.unsigned(0, 1),
            found: "\(try row.amount(0, 2))",
            expected: "at most \(try row.amount(0, 3))"
        )
    }

    mutating func check(purchases row: QueryResult) throws(StoreError) {
        let confirmed = try row.unsigned(0, 5)
        note(
            .purchases,
            OrgNumber(try row.number(0, 0)),
            found: "\(try row.unsigned(0, 1)) purchases up to number \(try row.unsigned(0, 2)), "
                + "\(try row.unsigned(0, 3)) receipts up to number \(try row.unsigned(0, 4))",
            expected: "no gaps, and as many grants as the \(confirmed) that were confirmed, "
                + "of which \(try row.unsigned(0, 6)) have theirs"
        )
    }

    mutating func check(rollup row: QueryResult) throws(StoreError) {
        let org = OrgNumber(try row.number(0, 0))
        let place =
            "day \(try row.day(0, 1)) project \(try row.integer(0, 2)) "
            + "key \(try row.integer(0, 3)) model \(try row.integer(0, 4))"
        note(
            .rollup,
            org,
            found: "\(place): \(try row.integer(0, 5)) requests, \(try row.amount(0, 6))",
            expected: "\(try row.integer(0, 7)) requests, \(try row.amount(0, 8))"
        )
    }

    mutating func check(dearest row: QueryResult) throws(StoreError) {
        note(
            .dearest,
            OrgNumber(try row.number(0, 0)),
            found: "day \(try row.day(0, 1)): lines \(row.text(0, 2))",
            expected: "lines \(row.text(0, 3))"
        )
    }

    mutating func check(correction row: QueryResult) throws(StoreError) {
        note(
            .correction,
            OrgNumber(try row.number(0, 0)),
            found: "\(row.text(0, 1)): \(try row.amount(0, 2))",
            expected: "\(try row.amount(0, 3))"
        )
    }
}
