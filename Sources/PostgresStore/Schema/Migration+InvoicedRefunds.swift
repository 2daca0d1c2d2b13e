extension Migration {
    /// The account's days on which a refund was booked and its charge was, and what was charged:
    /// the refund goes on the invoice of the month that books it.
    ///
    /// As with corrections, refunds of months that were invoiced before this step are on no
    /// invoice, and of the others the day is that in UTC.
    static let invoicedRefunds = """
        ALTER TABLE refunds ADD COLUMN booked_on date, ADD COLUMN charged_on date,
            ADD COLUMN model integer, ADD COLUMN machine integer;
        UPDATE refunds r SET booked_on = (r.applied_at AT TIME ZONE 'UTC')::date,
            charged_on = c.day, model = c.model, machine = c.machine
        FROM (
            SELECT org, line, day, model, NULL::integer AS machine FROM usage_lines
            UNION ALL
            SELECT org, line, day, NULL, machine FROM ledger_lines WHERE kind = 'machine'
        ) c
        WHERE c.org = r.org AND c.line = r.of_line AND NOT EXISTS (
            SELECT FROM invoices i WHERE i.org = r.org AND i.period_start >=
                date_trunc('month', r.applied_at AT TIME ZONE 'UTC')::date);
        CREATE INDEX refunds_booked_on ON refunds (org, booked_on) WHERE of_line IS NOT NULL;
        """
}
