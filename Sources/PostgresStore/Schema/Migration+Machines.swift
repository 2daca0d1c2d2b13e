extension Migration {
    /// Machines: their deployments and runs, their lines in the ledger, and their rollups.
    ///
    /// A deployment's `state` is the whole of it as the journal writes it, which is what a start
    /// loads; the other columns are for people and for the audit.
    static let machines = """
        ALTER TABLE names DROP CONSTRAINT IF EXISTS names_kind_check;
        ALTER TABLE names ADD CONSTRAINT names_kind_check
            CHECK (kind IN ('model', 'provider', 'producer', 'machine'));
        ALTER TABLE ledger_lines DROP CONSTRAINT IF EXISTS ledger_lines_kind_check;
        ALTER TABLE ledger_lines ADD CONSTRAINT ledger_lines_kind_check
            CHECK (kind IN ('purchase', 'promotional_grant', 'plan_grant', 'coupon', 'refund',
                'adjustment', 'expiry', 'forfeiture', 'machine'));

        -- Of a line that charges a machine: its deployment's name is the line's reference.
        ALTER TABLE ledger_lines
            ADD COLUMN IF NOT EXISTS day date, ADD COLUMN IF NOT EXISTS at timestamptz,
            ADD COLUMN IF NOT EXISTS project integer, ADD COLUMN IF NOT EXISTS price integer,
            ADD COLUMN IF NOT EXISTS machine integer, ADD COLUMN IF NOT EXISTS run integer,
            ADD COLUMN IF NOT EXISTS from_at timestamptz,
            ADD COLUMN IF NOT EXISTS to_at timestamptz, ADD COLUMN IF NOT EXISTS hours bigint,
            ADD COLUMN IF NOT EXISTS sent_bytes bigint, ADD COLUMN IF NOT EXISTS draws jsonb;

        CREATE OR REPLACE VIEW ledger AS
            SELECT org, line, 'usage'::text AS kind, amount, balance, applied_at, at, project, key,
                model, price, first_grant AS grant_number, request_id, session,
                ''::text AS reference, ''::text AS note
            FROM usage_lines
            UNION ALL
            SELECT org, line, kind, amount, balance, applied_at, coalesce(at, applied_at),
                coalesce(project, 0), 0, 0, coalesce(price, 0), grant_number, ''::text, NULL::text,
                reference, note
            FROM ledger_lines;

        CREATE TABLE IF NOT EXISTS machine_rollups (
            org bigint NOT NULL,
            day date NOT NULL,
            project integer NOT NULL,
            deployment text NOT NULL,
            machine integer NOT NULL,
            lines bigint NOT NULL,
            hours bigint NOT NULL,
            sent_bytes numeric(38,0) NOT NULL,
            amount numeric(38,12) NOT NULL,
            PRIMARY KEY (org, day, project, deployment, machine)
        ) WITH (fillfactor = 50);

        CREATE TABLE IF NOT EXISTS deployments (
            org bigint NOT NULL,
            deployment integer NOT NULL,
            name text NOT NULL,
            project integer NOT NULL,
            lease text NOT NULL,
            run integer,
            open_order integer,
            updated_at timestamptz NOT NULL,
            state bytea NOT NULL,
            PRIMARY KEY (org, deployment)
        ) WITH (fillfactor = 50);

        CREATE TABLE IF NOT EXISTS machine_runs (
            org bigint NOT NULL,
            run integer NOT NULL,
            deployment text NOT NULL,
            project integer NOT NULL,
            machine integer NOT NULL,
            mode text NOT NULL,
            state text NOT NULL,
            started_at timestamptz NOT NULL,
            last_sample_at timestamptz NOT NULL,
            ended_at timestamptz,
            hours bigint NOT NULL,
            sent_bytes numeric(38,0) NOT NULL,
            cost numeric(38,12) NOT NULL,
            debited numeric(38,12) NOT NULL,
            PRIMARY KEY (org, run)
        ) WITH (fillfactor = 50);
        """
}
