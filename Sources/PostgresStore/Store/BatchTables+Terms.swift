import Accounting
import Quantities

extension BatchTables {
    /// Plans, coupons, billing and adjustments; before the lines.
    func writeTerms() throws(StoreError) {
        try notePurchases()
        try writePlans()
        try writePlanPeriods()
        try writeCoupons()
        try writeBilling()
        try writeAdjustments()
    }

    /// Who bought credits in this batch has bought some, for ever.
    private func notePurchases() throws(StoreError) {
        let buyers = Set(
            batch.cold.grants.filter { $0.body.grantClass == .purchased }.map(\.org)
        ).sorted()
        if buyers.isEmpty { return }
        var orgs = ArrayParameter.int8
        for org in buyers { orgs.add(org: org) }
        _ = try run(
            """
            UPDATE organisations o SET has_purchased = true
            FROM unnest($1) AS d (org) WHERE o.org = d.org AND NOT o.has_purchased
            """,
            [orgs],
            "the first purchases of a batch"
        )
    }

    private func writePlans() throws(StoreError) {
        let changed = last(batch.cold.terms.plans) { _ in 0 }
        if changed.isEmpty { return }
        var orgs = ArrayParameter.int8
        var present = PlanArrays()
        var next = PlanArrays()
        var starts = ArrayParameter.date
        var ends = ArrayParameter.time
        var times = ArrayParameter.time
        for change in changed {
            orgs.add(org: change.org)
            present.add(change.body.plan)
            next.add(change.body.next)
            starts.add(change.body.periodStart)
            ends.add(change.body.periodEnd)
            times.add(change.at)
        }
        _ = try run(
            """
            INSERT INTO account_plans (org, plan, api_access, may_purchase, needs_purchase,
                included, lapses, priority, next_plan, next_api_access, next_may_purchase,
                next_needs_purchase, next_included, next_lapses, next_priority, period_start,
                period_end, changed_at)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                $16, $17, $18)
            ON CONFLICT (org) DO UPDATE SET plan = excluded.plan,
                api_access = excluded.api_access, may_purchase = excluded.may_purchase,
                needs_purchase = excluded.needs_purchase, included = excluded.included,
                lapses = excluded.lapses, priority = excluded.priority,
                next_plan = excluded.next_plan, next_api_access = excluded.next_api_access,
                next_may_purchase = excluded.next_may_purchase,
                next_needs_purchase = excluded.next_needs_purchase,
                next_included = excluded.next_included, next_lapses = excluded.next_lapses,
                next_priority = excluded.next_priority, period_start = excluded.period_start,
                period_end = excluded.period_end, changed_at = excluded.changed_at
            """,
            [orgs] + present.all + next.all + [starts, ends, times],
            "the plans of a batch"
        )
    }

    private func writePlanPeriods() throws(StoreError) {
        let given = sorted(batch.cold.terms.plans.filter { $0.body.grant != nil })
        if given.isEmpty { return }
        var orgs = ArrayParameter.int8
        var plans = ArrayParameter.text
        var starts = ArrayParameter.date
        var grants = ArrayParameter.int4
        var times = ArrayParameter.time
        for change in given {
            orgs.add(org: change.org)
            plans.add(change.body.plan.name)
            starts.add(change.body.periodStart)
            grants.add(change.body.grant?.grant ?? 0)
            times.add(change.at)
        }
        _ = try run(
            """
            INSERT INTO plan_periods (org, plan, period_start, grant_number, issued_at)
            SELECT * FROM unnest($1, $2, $3, $4, $5)
            """,
            [orgs, plans, starts, grants, times],
            "the plans' periods of a batch"
        )
    }

    private func writeCoupons() throws(StoreError) {
        let redeemed = sorted(batch.cold.terms.coupons)
        if redeemed.isEmpty { return }
        var orgs = ArrayParameter.int8
        var codes = ArrayParameter.text
        var grants = ArrayParameter.int4
        var times = ArrayParameter.time
        for change in redeemed {
            orgs.add(org: change.org)
            codes.add(change.body.code)
            grants.add(change.body.grant.grant)
            times.add(change.at)
        }
        _ = try run(
            """
            INSERT INTO coupons (org, code, grant_number, redeemed_at)
            SELECT * FROM unnest($1, $2, $3, $4)
            """,
            [orgs, codes, grants, times],
            "the coupons of a batch"
        )
    }

    /// A change replaces what was to hold from its day on.
    private func writeBilling() throws(StoreError) {
        for change in sorted(batch.cold.terms.billing) {
            var orgs = ArrayParameter.int8
            var days = ArrayParameter.date
            var modes = ArrayParameter.text
            var net = ArrayParameter.int4
            var orders = ArrayParameter.text
            var times = ArrayParameter.time
            orgs.add(org: change.org)
            days.add(change.body.from)
            modes.add(SQLName.of(change.body.mode))
            net.add(Int32(change.body.netDays))
            orders.add(change.body.purchaseOrder)
            times.add(change.at)
            let during = "the billing of a batch"
            _ = try run(
                """
                DELETE FROM billing b USING unnest($1, $2) AS d (org, from_day)
                WHERE b.org = d.org AND b.from_day > d.from_day
                """,
                [orgs, days],
                during
            )
            _ = try run(
                """
                INSERT INTO billing (org, from_day, mode, net_days, purchase_order, changed_at)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6)
                ON CONFLICT (org, from_day) DO UPDATE SET mode = excluded.mode,
                    net_days = excluded.net_days, purchase_order = excluded.purchase_order,
                    changed_at = excluded.changed_at
                """,
                [orgs, days, modes, net, orders, times],
                during
            )
        }
    }

    private func writeAdjustments() throws(StoreError) {
        let made = sorted(batch.cold.terms.adjustments)
        if made.isEmpty { return }
        var orgs = ArrayParameter.int8
        var identities = ArrayParameter.uuid
        var contents = ArrayParameter.int8
        var amounts = ArrayParameter.numeric
        var actors = ArrayParameter.text
        var reasons = ArrayParameter.text
        var times = ArrayParameter.time
        for change in made {
            orgs.add(org: change.org)
            identities.add(change.body.identity)
            contents.add(change.body.content)
            amounts.add(change.body.draws.total)
            actors.add(change.body.actor)
            reasons.add(change.body.reason)
            times.add(change.at)
        }
        _ = try run(
            """
            INSERT INTO adjustments (org, identity, content, amount, actor, reason, adjusted_at)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
            """,
            [orgs, identities, contents, amounts, actors, reasons, times],
            "the adjustments of a batch"
        )
    }

    // MARK: - Invoices

    /// Invoices of the months that are over for accounts whose day turned, or that were closed.
    ///
    /// Exact without any further job: an account's records are stored in their order, so that with
    /// the turn of its day all that was used before is in the rollups, which this transaction has
    /// just written. One invoice for each account and month, however often it is tried.
    func writeInvoices() throws(StoreError) {
        if batch.cold.turned.isEmpty, batch.cold.closed.isEmpty { return }
        let invoiced = try invoicedAmong(
            Set(batch.cold.turned.map(\.org) + batch.cold.closed.map(\.org))
        )
        if invoiced.isEmpty { return }
        let turned = sorted(batch.cold.turned.filter { invoiced.contains($0.org) })
        let closed = sorted(batch.cold.closed.filter { invoiced.contains($0.org) })
        var orgs = ArrayParameter.int8
        var times = ArrayParameter.time
        var days = ArrayParameter.date
        for change in turned {
            orgs.add(org: change.org)
            times.add(change.at)
            days.add(change.body.day)
        }
        for change in closed {
            orgs.add(org: change.org)
            times.add(change.at)
            // The day at which the account stands, which turns no more.
            days.addNull()
        }
        _ = try run(InvoiceText.issue, [orgs, times, days], "the invoices of a batch")
    }
}

extension BatchTables {
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

/// The columns of a plan's terms.
private struct PlanArrays {
    private var names = ArrayParameter.text
    private var access = ArrayParameter.bool
    private var purchase = ArrayParameter.bool
    private var needs = ArrayParameter.bool
    private var included = ArrayParameter.numeric
    private var lapses = ArrayParameter.bool
    private var priorities = ArrayParameter.int4

    var all: [ArrayParameter] { [names, access, purchase, needs, included, lapses, priorities] }

    mutating func add(_ plan: PlanTerms?) {
        if let plan { names.add(plan.name) } else { names.addNull() }
        let plan = plan ?? PlanTerms(name: "")
        access.add(plan.apiAccess)
        purchase.add(plan.mayPurchase)
        needs.add(plan.needsPurchase)
        included.add(plan.included)
        lapses.add(plan.lapses)
        priorities.add(plan.priority)
    }
}

/// The SQL of invoices.
enum InvoiceText {
    /// Where debits by day and kind come from: each row has `org`, `day`, `kind`, `number`,
    /// `requests`, `input_tokens`, `output_tokens` and `amount`, and the table's name is `r`.
    ///
    /// - Parameter condition: On `org` and `day`, or `true`.
    /// - Returns: One query for each kind of line on an invoice.
    private static func debits(_ condition: String) -> [String] {
        [
            """
            SELECT org, day, 'model'::text AS kind, model AS number, requests, input_tokens,
                output_tokens, amount
            FROM rollups r WHERE \(condition)
            """,
            """
            SELECT org, day, 'machine'::text AS kind, machine AS number, lines AS requests,
                0::bigint AS input_tokens, 0::bigint AS output_tokens, amount
            FROM machine_rollups r WHERE \(condition)
            """,
        ]
    }

    /// The debits of accounts on days on which they were billed by invoice, by month and kind.
    ///
    /// - Parameters:
    ///   - condition: On `org`, or `true`.
    ///   - days: A condition on `r.org` and `r.day`, or `true`.
    /// - Returns: Common table expressions, of which `terms` and `charged` are for others.
    static func charged(_ condition: String, days: String = "true") -> String {
        """
        terms AS (
            SELECT org, from_day, mode, net_days, purchase_order,
                lead(from_day, 1, 'infinity'::date) OVER (PARTITION BY org ORDER BY from_day)
                    AS until_day
            FROM billing WHERE \(condition)
        ), debits AS (
            \(debits("\(condition) AND \(days)").joined(separator: "\nUNION ALL\n"))
        ), charged AS (
            SELECT d.org, date_trunc('month', d.day::timestamp)::date AS period_start, d.kind,
                d.number, max(d.day) AS last_day, sum(d.requests)::bigint AS requests,
                sum(d.input_tokens)::bigint AS input_tokens,
                sum(d.output_tokens)::bigint AS output_tokens, sum(d.amount) AS amount
            FROM debits d JOIN terms t ON t.org = d.org AND t.mode = 'invoice'
                AND d.day >= t.from_day AND d.day < t.until_day
            GROUP BY 1, 2, 3, 4
        )
        """
    }

    /// Each invoice with its total, the sum of its lines and that of the debits of its days.
    static func audit(_ condition: String) -> String {
        """
        WITH \(charged(condition))
        SELECT i.org, i.number, i.total,
            coalesce((SELECT sum(l.amount) FROM invoice_lines l
                WHERE l.org = i.org AND l.period_start = i.period_start), 0),
            coalesce((SELECT sum(c.amount) FROM charged c
                WHERE c.org = i.org AND c.period_start = i.period_start), 0)
        FROM (SELECT * FROM invoices WHERE \(condition)) i ORDER BY i.org, i.period_start
        """
    }

    /// Months up to the last one that was invoiced are done.
    private static let open = """
        r.day >= coalesce((SELECT (max(i.period_start) + interval '1 month')::date FROM invoices i
            WHERE i.org = r.org), '-infinity')
        """

    static let issue = """
        WITH asked AS (
            SELECT org, at, day FROM unnest($1, $2, $3) AS d (org, at, day)
        ), \(charged("org IN (SELECT org FROM asked)", days: open)), periods AS (
            SELECT org, period_start, max(last_day) AS last_day, sum(amount) AS total
            FROM charged GROUP BY org, period_start
        ), due AS (
            -- Issued on the first day that is known to lie after the month.
            SELECT p.*, o.name, a.at, a.day
            FROM periods p JOIN organisations o USING (org) CROSS JOIN LATERAL (
                SELECT at, coalesce(asked.day, o.day) AS day FROM asked
                WHERE asked.org = p.org AND (asked.day IS NULL
                    OR asked.day >= (p.period_start + interval '1 month')::date)
                ORDER BY coalesce(asked.day, o.day), at LIMIT 1
            ) a
            WHERE NOT EXISTS (SELECT FROM invoices i
                WHERE i.org = p.org AND i.period_start = p.period_start)
        ), made AS (
            INSERT INTO invoices (org, period_start, number, issued_at, issued_on, due_on, net_days,
                purchase_order, total)
            SELECT d.org, d.period_start, d.name || '-' || to_char(d.period_start, 'YYYY-MM'), d.at,
                d.day, d.day + t.net_days, t.net_days, t.purchase_order, d.total
            FROM due d JOIN terms t ON t.org = d.org AND t.from_day <= d.last_day
                AND d.last_day < t.until_day
            ON CONFLICT (org, period_start) DO NOTHING
            RETURNING org, period_start
        )
        INSERT INTO invoice_lines (org, period_start, line, kind, number, requests, input_tokens,
            output_tokens, amount)
        SELECT c.org, c.period_start,
            row_number() OVER (PARTITION BY c.org, c.period_start ORDER BY c.kind, c.number),
            c.kind, c.number, c.requests, c.input_tokens, c.output_tokens, c.amount
        FROM charged c JOIN made USING (org, period_start)
        """
}
