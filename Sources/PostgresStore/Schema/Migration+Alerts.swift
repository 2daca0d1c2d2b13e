extension Migration {
    /// Who is told of what: the wishes, and the outbox of what went off.
    static let alerts = """
        CREATE TABLE alert_settings (
            org bigint NOT NULL,
            rules text NOT NULL,
            set_at timestamptz NOT NULL,
            PRIMARY KEY (org)
        );

        CREATE TABLE alerts (
            org bigint NOT NULL,
            alert bigint NOT NULL,
            kind text NOT NULL,
            scope text NOT NULL,
            id integer NOT NULL,
            period text NOT NULL,
            threshold numeric(38,12) NOT NULL,
            value numeric(38,12) NOT NULL,
            measure numeric(38,12) NOT NULL,
            day date NOT NULL,
            text text NOT NULL,
            raised_at timestamptz NOT NULL,
            cleared_at timestamptz,
            PRIMARY KEY (org, alert)
        ) WITH (fillfactor = 80);
        -- What has not recovered is loaded at start; there is little of it at a time.
        CREATE INDEX alerts_open ON alerts (org) WHERE cleared_at IS NULL;
        CREATE INDEX alerts_raised_at ON alerts (raised_at, org, alert);
        """
}
