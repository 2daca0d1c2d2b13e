extension Migration {
    /// What organisations buy, and how they top up by themselves.
    static let purchases = """
        -- What is open here is the outbox: it is handed to its connector until it is settled.
        CREATE TABLE purchases (
            org bigint NOT NULL,
            purchase integer NOT NULL,
            state text NOT NULL CHECK (state IN ('open', 'confirmed', 'failed')),
            automatic boolean NOT NULL,
            pack text NOT NULL,
            credits numeric(38,12) NOT NULL CHECK (credits > 0),
            price numeric(38,12) NOT NULL CHECK (price >= 0),
            currency text NOT NULL,
            connector text NOT NULL,
            month date NOT NULL,
            asked_at timestamptz NOT NULL,
            settled_at timestamptz,
            payment text,
            receipt integer,
            grant_number integer,
            reason text,
            identity uuid,
            content bigint,
            PRIMARY KEY (org, purchase)
        ) WITH (fillfactor = 70);
        -- A payment is credited once, for ever.
        CREATE UNIQUE INDEX purchases_payment ON purchases (org, payment)
            WHERE payment IS NOT NULL;
        CREATE UNIQUE INDEX purchases_receipt ON purchases (org, receipt)
            WHERE receipt IS NOT NULL;
        -- Those of the last weeks are loaded at start, to recognise repeats.
        CREATE INDEX purchases_asked_at ON purchases (asked_at);
        CREATE INDEX purchases_settled_at ON purchases (settled_at);

        CREATE TABLE topups (
            org bigint PRIMARY KEY,
            enabled boolean NOT NULL,
            threshold numeric(38,12) NOT NULL,
            credits numeric(38,12) NOT NULL,
            price numeric(38,12) NOT NULL,
            currency text NOT NULL,
            pack text NOT NULL,
            connector text NOT NULL,
            monthly_limit numeric(38,12),
            changed_at timestamptz NOT NULL,
            failures integer NOT NULL,
            retry_at timestamptz NOT NULL,
            limit_month date
        ) WITH (fillfactor = 70);
        """
}
