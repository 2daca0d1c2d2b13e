extension Migration {
    /// What re-rating has corrected.
    ///
    /// A rollup's own sums stay what was charged when it happened; corrections stand beside them.
    static let corrections = """
        CREATE TABLE rerates (
            rerate text PRIMARY KEY,
            undoes text NOT NULL,
            org bigint NOT NULL,
            from_time timestamptz NOT NULL,
            to_time timestamptz NOT NULL,
            card text NOT NULL,
            digest text NOT NULL,
            begun_at timestamptz NOT NULL
        );

        CREATE TABLE corrections (
            org bigint NOT NULL,
            rerate text NOT NULL,
            day date NOT NULL,
            project integer NOT NULL,
            key integer NOT NULL,
            model integer NOT NULL,
            amount numeric(38,12) NOT NULL,
            requests bigint NOT NULL,
            applied_at timestamptz NOT NULL,
            PRIMARY KEY (org, rerate, day, project, key, model)
        );
        CREATE INDEX corrections_rerate ON corrections (rerate);

        ALTER TABLE rollups ADD COLUMN corrected numeric(38,12) NOT NULL DEFAULT 0;
        ALTER TABLE ledger_lines DROP CONSTRAINT ledger_lines_kind_check;
        ALTER TABLE ledger_lines ADD CONSTRAINT ledger_lines_kind_check CHECK (kind IN (
            'purchase', 'promotional_grant', 'plan_grant', 'coupon', 'refund', 'adjustment',
            'expiry', 'forfeiture', 'machine', 'purchase_refund', 'correction'));
        """

    /// What a re-rating has made of a single charge, and which refunds were of all that it left.
    static let correctedRefunds = """
        CREATE TABLE rerate_cards (
            rerate text NOT NULL,
            part integer NOT NULL,
            text text NOT NULL,
            PRIMARY KEY (rerate, part)
        );
        ALTER TABLE refunds ADD COLUMN rerate text NOT NULL DEFAULT '';
        CREATE INDEX refunds_rerate ON refunds (rerate) WHERE rerate <> '';
        """
}
