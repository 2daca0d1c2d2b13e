extension Migration {
    /// What was used, what it cost, and what came in.
    static let ledger = """
        CREATE TABLE usage_lines (
            org bigint NOT NULL,
            line bigint NOT NULL,
            day_utc date NOT NULL,
            day date NOT NULL,
            applied_at timestamptz NOT NULL,
            at timestamptz NOT NULL,
            amount numeric(38,12) NOT NULL CHECK (amount <= 0),
            balance numeric(38,12) NOT NULL,
            input_tokens bigint NOT NULL,
            cache_read_input_tokens bigint NOT NULL,
            cache_write_input_tokens bigint NOT NULL,
            output_tokens bigint NOT NULL,
            reasoning_output_tokens bigint NOT NULL,
            sequence bigint NOT NULL,
            project integer NOT NULL,
            key integer NOT NULL,
            model integer NOT NULL,
            price integer NOT NULL,
            producer integer NOT NULL,
            first_grant integer NOT NULL,
            provider integer,
            latency_ms bigint,
            tier smallint NOT NULL,
            failed boolean NOT NULL,
            cache_hit boolean NOT NULL,
            hold bigint,
            draws jsonb,
            identity uuid,
            content bigint,
            session text,
            request_id text NOT NULL,
            PRIMARY KEY (org, line, day_utc)
        ) PARTITION BY RANGE (day_utc);
        -- Identities of the last hours are loaded at start. Reports with a sequence have none, and
        -- cost this index nothing.
        CREATE INDEX usage_lines_identity ON usage_lines (applied_at)
            WHERE identity IS NOT NULL;

        CREATE TABLE ledger_lines (
            org bigint NOT NULL,
            line bigint NOT NULL,
            kind text NOT NULL CHECK (kind IN ('purchase', 'promotional_grant', 'plan_grant',
                'coupon', 'refund', 'adjustment', 'expiry', 'forfeiture')),
            amount numeric(38,12) NOT NULL,
            balance numeric(38,12) NOT NULL,
            applied_at timestamptz NOT NULL,
            grant_number integer,
            reference text NOT NULL,
            note text NOT NULL,
            PRIMARY KEY (org, line)
        );

        CREATE VIEW ledger AS
            SELECT org, line, 'usage'::text AS kind, amount, balance, applied_at, at, project, key,
                model, price, first_grant AS grant_number, request_id, session,
                ''::text AS reference, ''::text AS note
            FROM usage_lines
            UNION ALL
            SELECT org, line, kind, amount, balance, applied_at, applied_at, 0, 0, 0, 0,
                grant_number, ''::text, NULL::text, reference, note
            FROM ledger_lines;

        CREATE TABLE rollups (
            org bigint NOT NULL,
            day date NOT NULL,
            project integer NOT NULL,
            key integer NOT NULL,
            model integer NOT NULL,
            requests bigint NOT NULL,
            failed bigint NOT NULL,
            cache_hits bigint NOT NULL,
            input_tokens bigint NOT NULL,
            cache_read_input_tokens bigint NOT NULL,
            cache_write_input_tokens bigint NOT NULL,
            output_tokens bigint NOT NULL,
            reasoning_output_tokens bigint NOT NULL,
            amount numeric(38,12) NOT NULL,
            PRIMARY KEY (org, day, project, key, model)
        ) WITH (fillfactor = 50);
        """
}
