extension Migration {
    /// A checkpoint for each partition of the organisations, so that several connections can write.
    static let partitions = """
        CREATE TABLE partition_checkpoint (
            node text NOT NULL,
            partition integer NOT NULL,
            position bigint NOT NULL,
            fence bigint NOT NULL,
            updated_at timestamptz NOT NULL,
            PRIMARY KEY (node, partition)
        ) WITH (fillfactor = 50);
        INSERT INTO partition_checkpoint (node, partition, position, fence, updated_at)
            SELECT node, partition, position, fence, updated_at
            FROM checkpoint, generate_series(0, 15) AS partition;
        DROP TABLE checkpoint;
        ALTER TABLE partition_checkpoint RENAME TO checkpoint;
        ALTER INDEX partition_checkpoint_pkey RENAME TO checkpoint_pkey;
        """
}
