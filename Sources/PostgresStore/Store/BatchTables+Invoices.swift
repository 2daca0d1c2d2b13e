import Accounting
import Quantities

extension BatchTables {
    /// How many accounts one statement invoices: none is long, however many months end at once.
    private static let accountsInAStatement = 256

    /// Invoices of the months that are over for accounts whose day turned, or that were closed.
    ///
    /// Exact without any further job: an account's records are stored in their order, so that with
    /// the turn of its day all that was used before is in the rollups, which this transaction has
    /// just written. One invoice for each account and month, however often it is tried.
    ///
    /// Where no month has ended it costs a few look-ups for each account, however long its books.
    func writeInvoices() throws(StoreError) {
        if batch.cold.turned.isEmpty, batch.cold.closed.isEmpty { return }
        let invoiced = try invoicedAmong(
            Set(batch.cold.turned.map(\.org) + batch.cold.closed.map(\.org))
        )
        if invoiced.isEmpty { return }
        var events: [UInt32: [InvoiceEvent]] = [:]
        for change in batch.cold.turned where invoiced.contains(change.org) {
            events[change.org, default: []].append(
                InvoiceEvent(at: change.at, day: change.body.day)
            )
        }
        for change in batch.cold.closed where invoiced.contains(change.org) {
            events[change.org, default: []].append(InvoiceEvent(at: change.at, day: nil))
        }
        let accounts = events.keys.sorted()
        for start in stride(from: 0, to: accounts.count, by: BatchTables.accountsInAStatement) {
            let end = min(start + BatchTables.accountsInAStatement, accounts.count)
            try issueInvoices(accounts[start..<end], events)
        }
    }

    private func issueInvoices(
        _ accounts: ArraySlice<UInt32>,
        _ events: [UInt32: [InvoiceEvent]]
    ) throws(StoreError) {
        var orgs = ArrayParameter.int8
        var times = ArrayParameter.time
        var days = ArrayParameter.date
        for org in accounts {
            for event in events[org] ?? [] {
                orgs.add(org: org)
                times.add(event.at)
                if let day = event.day { days.add(day) } else { days.addNull() }
            }
        }
        _ = try run(InvoiceText.issue, [orgs, times, days], "the invoices of a batch")
    }

    /// Those that were ever billed by invoice: all others are done with one look-up each.
    private func invoicedAmong(_ candidates: Set<UInt32>) throws(StoreError) -> Set<UInt32> {
        var orgs = ArrayParameter.int8
        for org in candidates.sorted() { orgs.add(org: org) }
        let answer = try run(
            """
            SELECT DISTINCT b.org FROM unnest($1) AS d (org) JOIN billing b ON b.org = d.org
            WHERE b.mode = 'invoice'
            """,
            [orgs],
            "who is billed by invoice"
        )
        var found: Set<UInt32> = []
        for row in 0..<answer.rowCount { found.insert(try answer.number(row, 0)) }
        return found
    }
}

/// What may end a month of an account.
private struct InvoiceEvent {
    let at: Timestamp
    /// The day that has begun; nil for a closed account, whose days turn no more.
    let day: CivilDay?
}

/// The SQL of invoices.
enum InvoiceText {
    /// What one account was charged under one of its terms, by month and kind of line.
    ///
    /// A correction is no part of the month that it is about, whose invoice is out: it goes on the
    /// invoice of the month in which it was booked, if the account was billed by invoice at that
    /// moment. Terms that changed on that day count from their moment on. So does a refund, if its
    /// charge was invoiced: what credits have paid for goes back into credits alone.
    ///
    /// - Parameters:
    ///   - low: The first day.
    ///   - high: The day after the last.
    ///   - late: The day after the last for corrections.
    /// - Returns: A query, for a row `t` of terms, with `org`, `period_start`, `kind`, `number`,
    ///   `last_day`, `requests`, `input_tokens`, `output_tokens` and `amount`.
    private static func debits(low: String, high: String, late: String) -> String {
        let condition = "r.org = t.org AND r.day >= \(low) AND r.day < \(high)"
        let booking = """
            r.org = t.org AND r.booked_on >= \(low) AND r.booked_on < \(late)
                AND t.from_day = (SELECT max(b.from_day) FROM billing b WHERE b.org = r.org
                    AND b.from_day <= r.booked_on AND b.changed_at <= r.applied_at)
            """
        return """
            SELECT org, date_trunc('month', day::timestamp)::date AS period_start,
                'model'::text AS kind, model AS number, max(day) AS last_day,
                sum(requests) AS requests, sum(input_tokens) AS input_tokens,
                sum(output_tokens) AS output_tokens, sum(amount) AS amount
            FROM rollups r WHERE \(condition) GROUP BY 1, 2, 4
            UNION ALL
            SELECT org, date_trunc('month', day::timestamp)::date, 'machine'::text, machine,
                max(day), sum(lines), 0, 0, sum(amount)
            FROM machine_rollups r WHERE \(condition) GROUP BY 1, 2, 4
            UNION ALL
            SELECT org, date_trunc('month', booked_on::timestamp)::date, 'correction'::text, model,
                max(booked_on), sum(requests), 0, 0, sum(amount)
            FROM corrections r WHERE \(booking) GROUP BY 1, 2, 4
            UNION ALL
            SELECT org, date_trunc('month', booked_on::timestamp)::date,
                CASE WHEN machine IS NULL THEN 'refund' ELSE 'machine_refund' END,
                coalesce(machine, model), max(booked_on), count(DISTINCT of_line), 0, 0,
                -sum(amount)
            FROM refunds r
            WHERE \(booking) AND r.of_line IS NOT NULL
                AND (SELECT b.mode FROM billing b WHERE b.org = r.org
                    AND b.from_day <= r.charged_on ORDER BY b.from_day DESC LIMIT 1) = 'invoice'
            GROUP BY 1, 2, 3, 4
            """
    }

    /// Each invoice with its total, the sum of its lines and that of its month's debits,
    /// corrections and refunds.
    static func audit(_ condition: String) -> String {
        """
        WITH terms AS (
            SELECT org, from_day, mode,
                lead(from_day, 1, 'infinity'::date) OVER (PARTITION BY org ORDER BY from_day)
                    AS until_day
            FROM billing WHERE \(condition)
        ), charged AS (
            SELECT d.org, d.period_start, sum(d.amount) AS amount
            FROM terms t CROSS JOIN LATERAL (
                \(debits(low: "t.from_day", high: "t.until_day", late: "t.until_day + 1"))
            ) d
            WHERE t.mode = 'invoice' GROUP BY 1, 2
        ), lines AS (
            SELECT org, period_start, sum(amount) AS amount FROM invoice_lines WHERE \(condition)
            GROUP BY 1, 2
        )
        SELECT i.org, i.number, i.total, coalesce(l.amount, 0), coalesce(c.amount, 0)
        FROM (SELECT * FROM invoices WHERE \(condition)) i
            LEFT JOIN lines l USING (org, period_start)
            LEFT JOIN charged c USING (org, period_start)
        ORDER BY i.org, i.period_start
        """
    }

    /// Makes the invoices of months that are over: `$1` accounts, `$2` times, `$3` the days that
    /// began then, null where the account was closed.
    ///
    /// Of each account it reads the days alone that no invoice has yet and whose month is over, by
    /// the primary key: none at nearly every turn of a day. What was found is due, so that nothing
    /// is compared with what was made.
    static let issue = """
        WITH asked AS (
            SELECT d.org, d.at, coalesce(d.day, o.day) AS day, d.day IS NULL AS closed
            FROM unnest($1, $2, $3) AS d (org, at, day) JOIN organisations o ON o.org = d.org
        ), spans AS (
            -- Months up to the last one that was invoiced are done.
            SELECT a.org, a.until, (SELECT (max(i.period_start) + interval '1 month')::date
                FROM invoices i WHERE i.org = a.org) AS since
            FROM (
                SELECT org, CASE WHEN bool_or(closed) THEN 'infinity'::date
                    ELSE date_trunc('month', max(day)::timestamp)::date END AS until
                FROM asked GROUP BY org
            ) a
        ), terms AS (
            SELECT b.org, b.from_day, b.until_day, b.net_days, b.purchase_order,
                greatest(b.from_day, b.since) AS low, least(b.until_day, b.until) AS high,
                least(b.until_day + 1, b.until) AS late
            FROM (
                SELECT b.*, s.since, s.until, lead(b.from_day, 1, 'infinity'::date)
                    OVER (PARTITION BY b.org ORDER BY b.from_day) AS until_day
                FROM spans s JOIN billing b ON b.org = s.org
            ) b
            WHERE b.mode = 'invoice'
        ), charged AS MATERIALIZED (
            SELECT d.org, d.period_start, d.kind, d.number, max(d.last_day) AS last_day,
                sum(d.requests)::bigint AS requests, sum(d.input_tokens)::bigint AS input_tokens,
                sum(d.output_tokens)::bigint AS output_tokens, sum(d.amount) AS amount
            FROM terms t CROSS JOIN LATERAL (
                \(debits(low: "t.low", high: "t.high", late: "t.late"))
            ) d
            WHERE t.low < t.late GROUP BY 1, 2, 3, 4
        ), periods AS (
            SELECT org, period_start, max(last_day) AS last_day, sum(amount) AS total
            FROM charged GROUP BY org, period_start
        ), made AS (
            INSERT INTO invoices (org, period_start, number, issued_at, issued_on, due_on, net_days,
                purchase_order, total)
            SELECT p.org, p.period_start,
                (SELECT o.name FROM organisations o WHERE o.org = p.org)
                    || '-' || to_char(p.period_start, 'YYYY-MM'),
                a.at, a.day, a.day + t.net_days, t.net_days, t.purchase_order, p.total
            FROM periods p
                -- Those of the last day that has a line.
                CROSS JOIN LATERAL (
                    SELECT net_days, purchase_order FROM terms
                    WHERE terms.org = p.org AND terms.from_day <= p.last_day
                    ORDER BY terms.from_day DESC LIMIT 1
                ) t
                -- Issued on the first day that is known to lie after the month.
                CROSS JOIN LATERAL (
                    SELECT at, day FROM asked
                    WHERE asked.org = p.org AND (asked.closed
                        OR asked.day >= (p.period_start + interval '1 month')::date)
                    ORDER BY day, at LIMIT 1
                ) a
        )
        INSERT INTO invoice_lines (org, period_start, line, kind, number, requests, input_tokens,
            output_tokens, amount)
        SELECT c.org, c.period_start,
            row_number() OVER (PARTITION BY c.org, c.period_start
                ORDER BY c.kind NOT IN ('model', 'machine'), c.kind, c.number),
            c.kind, c.number, c.requests, c.input_tokens, c.output_tokens, c.amount
        FROM charged c
        """
}
