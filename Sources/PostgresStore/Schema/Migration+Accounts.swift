extension Migration {
    /// Who there is and what is in the wallets.
    ///
    /// Pages of tables that every batch updates are filled by half: the new version of a row then
    /// finds room on its page, and no index has to be touched.
    static let accounts = """
        CREATE TABLE organisations (
            org bigint PRIMARY KEY,
            name text NOT NULL,
            zone text NOT NULL,
            created_at timestamptz NOT NULL,
            closed_at timestamptz,
            close_reason text,
            day date NOT NULL,
            day_start timestamptz NOT NULL,
            day_end timestamptz NOT NULL
        ) WITH (fillfactor = 70);
        -- People ask by name. Not unique: uniqueness over all organisations is the daemon's to
        -- keep, and a distributed table could not promise it.
        CREATE INDEX organisations_name ON organisations (name);

        CREATE TABLE projects (
            org bigint NOT NULL,
            project integer NOT NULL,
            name text NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (org, project)
        );

        CREATE TABLE keys (
            org bigint NOT NULL,
            key integer NOT NULL,
            project integer NOT NULL,
            name text NOT NULL,
            prefix text NOT NULL,
            hash bytea NOT NULL CHECK (length(hash) = 32),
            generation integer NOT NULL,
            created_at timestamptz NOT NULL,
            rotated_at timestamptz,
            revoked_at timestamptz,
            PRIMARY KEY (org, key)
        );

        CREATE TABLE wallets (
            org bigint PRIMARY KEY,
            lines bigint NOT NULL CHECK (lines >= 0),
            balance numeric(38,12) NOT NULL,
            debt numeric(38,12) NOT NULL CHECK (debt >= 0),
            last_grant integer NOT NULL,
            last_hold bigint NOT NULL,
            updated_at timestamptz NOT NULL
        ) WITH (fillfactor = 50);

        CREATE TABLE grants (
            org bigint NOT NULL,
            grant_number integer NOT NULL,
            class text NOT NULL,
            amount numeric(38,12) NOT NULL CHECK (amount > 0),
            remaining numeric(38,12) NOT NULL CHECK (remaining >= 0),
            priority integer NOT NULL,
            effective_at timestamptz NOT NULL,
            expires_at timestamptz,
            issued_at timestamptz NOT NULL,
            active boolean NOT NULL,
            expired boolean NOT NULL,
            identity uuid,
            content bigint,
            reference text NOT NULL,
            note text NOT NULL,
            PRIMARY KEY (org, grant_number)
        ) WITH (fillfactor = 50);
        -- The identities of the last hours are loaded at start. Grants are issued rarely, and an
        -- update of what is left does not touch this column.
        CREATE INDEX grants_issued_at ON grants (issued_at);

        CREATE TABLE holds (
            org bigint NOT NULL,
            hold bigint NOT NULL,
            project integer NOT NULL,
            key integer NOT NULL,
            model integer NOT NULL,
            expires_at timestamptz NOT NULL,
            draws bytea NOT NULL,
            PRIMARY KEY (org, hold)
        );

        CREATE TABLE caps (
            org bigint NOT NULL,
            scope text NOT NULL CHECK (scope IN ('organisation', 'project', 'key')),
            id integer NOT NULL,
            period text NOT NULL CHECK (period IN ('day', 'week', 'month', 'total')),
            amount numeric(38,12) NOT NULL,
            PRIMARY KEY (org, scope, id, period)
        );
        """
}
