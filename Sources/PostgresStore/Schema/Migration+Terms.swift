extension Migration {
    /// Plans, coupons, billing, adjustments and invoices: what else holds for an account.
    static let terms = """
        -- Whether credits were ever bought: plans may ask for it.
        ALTER TABLE organisations ADD COLUMN has_purchased boolean NOT NULL DEFAULT false;
        UPDATE organisations o SET has_purchased = true
        FROM (SELECT DISTINCT org FROM grants WHERE class = 'purchased') g WHERE g.org = o.org;

        -- The plan in force with its present period, and the one that follows when it ends.
        CREATE TABLE account_plans (
            org bigint PRIMARY KEY,
            plan text NOT NULL,
            api_access boolean NOT NULL,
            may_purchase boolean NOT NULL,
            needs_purchase boolean NOT NULL,
            included numeric(38,12) NOT NULL CHECK (included >= 0),
            lapses boolean NOT NULL,
            priority integer NOT NULL,
            next_plan text,
            next_api_access boolean NOT NULL,
            next_may_purchase boolean NOT NULL,
            next_needs_purchase boolean NOT NULL,
            next_included numeric(38,12) NOT NULL CHECK (next_included >= 0),
            next_lapses boolean NOT NULL,
            next_priority integer NOT NULL,
            period_start date NOT NULL,
            period_end timestamptz NOT NULL,
            changed_at timestamptz NOT NULL
        ) WITH (fillfactor = 70);

        -- The credits of a period, once for each account, plan and period.
        CREATE TABLE plan_periods (
            org bigint NOT NULL,
            plan text NOT NULL,
            period_start date NOT NULL,
            grant_number integer NOT NULL,
            issued_at timestamptz NOT NULL,
            PRIMARY KEY (org, period_start, plan)
        );

        -- Once for each account, for ever.
        CREATE TABLE coupons (
            org bigint NOT NULL,
            code text NOT NULL,
            grant_number integer NOT NULL,
            redeemed_at timestamptz NOT NULL,
            PRIMARY KEY (org, code)
        );

        -- How an account is billed, from a day in its time zone on.
        CREATE TABLE billing (
            org bigint NOT NULL,
            from_day date NOT NULL,
            mode text NOT NULL CHECK (mode IN ('prepaid', 'invoice', 'unmetered')),
            net_days integer NOT NULL CHECK (net_days >= 0),
            purchase_order text NOT NULL,
            changed_at timestamptz NOT NULL,
            PRIMARY KEY (org, from_day)
        );

        -- Credits that an operator took out; those that were given are grants.
        CREATE TABLE adjustments (
            org bigint NOT NULL,
            identity uuid NOT NULL,
            content bigint NOT NULL,
            amount numeric(38,12) NOT NULL CHECK (amount > 0),
            actor text NOT NULL,
            reason text NOT NULL,
            adjusted_at timestamptz NOT NULL,
            PRIMARY KEY (org, identity, adjusted_at)
        );
        CREATE INDEX adjustments_adjusted_at ON adjustments (adjusted_at);

        CREATE TABLE invoices (
            org bigint NOT NULL,
            period_start date NOT NULL,
            number text NOT NULL,
            issued_at timestamptz NOT NULL,
            issued_on date NOT NULL,
            due_on date NOT NULL,
            net_days integer NOT NULL,
            purchase_order text NOT NULL,
            total numeric(38,12) NOT NULL,
            PRIMARY KEY (org, period_start)
        );

        CREATE TABLE invoice_lines (
            org bigint NOT NULL,
            period_start date NOT NULL,
            line integer NOT NULL,
            kind text NOT NULL,
            -- The model's number; its name may be stored by another connection a moment later.
            number integer NOT NULL,
            requests bigint NOT NULL,
            input_tokens bigint NOT NULL,
            output_tokens bigint NOT NULL,
            amount numeric(38,12) NOT NULL,
            PRIMARY KEY (org, period_start, line)
        );
        """
}
