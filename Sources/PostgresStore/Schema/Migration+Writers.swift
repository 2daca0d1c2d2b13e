extension Migration {
    /// What numbers stand for, how far producers and nodes have come, and who may write.
    static let writers = """
        CREATE TABLE names (
            kind text NOT NULL CHECK (kind IN ('model', 'provider', 'producer')),
            number integer NOT NULL,
            name text NOT NULL,
            PRIMARY KEY (kind, number)
        );

        CREATE TABLE prices (
            price integer PRIMARY KEY,
            model text NOT NULL,
            effective_from timestamptz NOT NULL,
            text text NOT NULL
        );

        CREATE TABLE rate_cards (
            loaded_at timestamptz NOT NULL,
            name text NOT NULL,
            digest text NOT NULL,
            PRIMARY KEY (loaded_at, name)
        );

        CREATE TABLE producers (
            producer integer PRIMARY KEY,
            contiguous bigint NOT NULL,
            ahead bytea NOT NULL
        );

        CREATE TABLE checkpoint (
            node text PRIMARY KEY,
            position bigint NOT NULL,
            fence bigint NOT NULL,
            updated_at timestamptz NOT NULL
        ) WITH (fillfactor = 50);

        CREATE TABLE writer_lease (
            node text PRIMARY KEY,
            fence bigint NOT NULL,
            holder text NOT NULL,
            expires_at timestamptz NOT NULL
        ) WITH (fillfactor = 50);
        """
}
