extension Migration {
    /// What was given back: of a charge, or of a purchase.
    static let refunds = """
        CREATE TABLE refunds (
            org bigint NOT NULL,
            refund integer NOT NULL,
            of_line bigint,
            of_grant integer,
            amount numeric(38,12) NOT NULL CHECK (amount > 0),
            debt_paid numeric(38,12) NOT NULL CHECK (debt_paid >= 0),
            parts text NOT NULL,
            applied_at timestamptz NOT NULL,
            identity uuid,
            content bigint,
            actor text NOT NULL,
            reason text NOT NULL,
            reference text NOT NULL,
            PRIMARY KEY (org, refund),
            CHECK ((of_line IS NULL) <> (of_grant IS NULL))
        );
        -- How much was given back of a line is asked at every refund.
        CREATE INDEX refunds_of_line ON refunds (org, of_line) WHERE of_line IS NOT NULL;
        -- The identities of the last days are loaded at start.
        CREATE INDEX refunds_applied_at ON refunds (applied_at);
        -- The balance of any time is looked up, not searched for.
        CREATE INDEX ledger_lines_applied_at ON ledger_lines (org, applied_at);

        ALTER TABLE ledger_lines DROP CONSTRAINT ledger_lines_kind_check;
        ALTER TABLE ledger_lines ADD CONSTRAINT ledger_lines_kind_check CHECK (kind IN ('purchase',
            'promotional_grant', 'plan_grant', 'coupon', 'refund', 'adjustment', 'expiry',
            'forfeiture', 'machine', 'purchase_refund'));
        """
}
