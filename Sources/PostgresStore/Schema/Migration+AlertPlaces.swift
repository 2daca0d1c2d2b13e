extension Migration {
    /// A place in one line for the alerts of all accounts, in the order in which they are stored:
    /// who has read up to one has read all before it, for ever.
    static let alertPlaces = """
        ALTER TABLE alerts ADD COLUMN place bigint;
        UPDATE alerts a SET place = n.place FROM (
            SELECT org, alert, row_number() OVER (ORDER BY raised_at, org, alert) AS place
            FROM alerts
        ) n WHERE n.org = a.org AND n.alert = a.alert;
        ALTER TABLE alerts ALTER COLUMN place SET NOT NULL;
        CREATE INDEX alerts_place ON alerts (place);

        -- The last place that was given; one row, whose lock is the order.
        CREATE TABLE alert_places (last bigint NOT NULL);
        INSERT INTO alert_places SELECT coalesce(max(place), 0) FROM alerts;
        """
}
