extension Migration {
    /// The account's day on which a correction was booked: it goes on that month's invoice.
    ///
    /// Corrections of months that were invoiced before this step are on no invoice, and none is
    /// changed; of the others the day is that in UTC.
    static let invoicedCorrections = """
        ALTER TABLE corrections ADD COLUMN booked_on date;
        UPDATE corrections c SET booked_on = (c.applied_at AT TIME ZONE 'UTC')::date
        WHERE NOT EXISTS (SELECT FROM invoices i WHERE i.org = c.org AND i.period_start >=
            date_trunc('month', c.applied_at AT TIME ZONE 'UTC')::date);
        CREATE INDEX corrections_booked_on ON corrections (org, booked_on);
        """
}
