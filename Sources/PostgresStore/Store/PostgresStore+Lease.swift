import Accounting
import Quantities

extension PostgresStore {
    private static let leasing = "the writer lease"

    /// Becomes the one writer under the node's name; see `LedgerStore`.
    public func acquireLease(
        holder: String,
        seconds: Int,
        takeOver: Bool
    ) throws(StoreError) -> UInt64 {
        invariant(seconds > 0, "a lease runs for some time")
        let connection = try open()
        try Migrator(connection: connection, schema: settings.schema).requireLatest()
        let fence = try connection.transaction(during: PostgresStore.leasing) {
            () throws(StoreError) in
            try refuseWhileHeld(by: holder, takeOver: takeOver, on: connection)
            return try takeLease(holder: holder, seconds: seconds, on: connection)
        }
        self.fence = fence
        positions = try StoredPositions.read(
            node: node,
            fence: fence,
            on: connection,
            locking: false
        )
        try makeComingPartitions(on: connection)
        return fence
    }

    private func refuseWhileHeld(
        by holder: String,
        takeOver: Bool,
        on connection: PostgresConnection
    ) throws(StoreError) {
        var parameters = QueryParameters()
        parameters.add(node)
        try connection.query(
            """
            INSERT INTO writer_lease (node, fence, holder, expires_at)
            VALUES ($1, 0, '', '-infinity') ON CONFLICT (node) DO NOTHING
            """,
            parameters,
            during: PostgresStore.leasing
        )
        // The row is locked, so of two daemons that come at once the second sees the first.
        let row = try connection.query(
            """
            SELECT holder, CASE WHEN isfinite(expires_at)
                THEN ceil(extract(epoch FROM expires_at - clock_timestamp()))::bigint
                ELSE 0 END
            FROM writer_lease WHERE node = $1 FOR UPDATE
            """,
            parameters,
            during: PostgresStore.leasing
        )
        let present = row.text(0, 0)
        let left = try row.integer(0, 1)
        if left > 0, present != holder, !takeOver {
            throw .leaseHeld(node: node, holder: present, seconds: left)
        }
    }

    private func takeLease(
        holder: String,
        seconds: Int,
        on connection: PostgresConnection
    ) throws(StoreError) -> UInt64 {
        var parameters = QueryParameters()
        parameters.add(node)
        parameters.add(holder)
        parameters.add(seconds)
        let row = try connection.query(
            """
            UPDATE writer_lease SET fence = fence + 1, holder = $2,
                expires_at = clock_timestamp() + $3 * interval '1 second'
            WHERE node = $1 RETURNING fence
            """,
            parameters,
            during: PostgresStore.leasing
        )
        let fence = try row.unsigned(0, 0)
        var checkpoint = QueryParameters()
        checkpoint.add(node)
        checkpoint.add(fence)
        // Waits for a batch of the former writer that is under way; its next one finds the new
        // fence.
        try connection.query(
            """
            INSERT INTO checkpoint AS c (node, partition, position, fence, updated_at)
            SELECT $1, partition, 0, $2, clock_timestamp()
            FROM generate_series(0, \(AccountBook.partitions - 1)) AS partition
            ON CONFLICT (node, partition) DO UPDATE SET fence = excluded.fence
            """,
            checkpoint,
            during: PostgresStore.leasing
        )
        return fence
    }

    /// Lets the lease run on from now; see `LedgerStore`.
    public func renewLease(seconds: Int) throws(StoreError) {
        invariant(seconds > 0, "a lease runs for some time")
        let connection = try open()
        let fence = try heldFence()
        var parameters = QueryParameters()
        parameters.add(node)
        parameters.add(fence)
        parameters.add(seconds)
        let answer = try connection.query(
            """
            UPDATE writer_lease SET expires_at = clock_timestamp() + $3 * interval '1 second'
            WHERE node = $1 AND fence = $2
            """,
            parameters,
            during: PostgresStore.leasing
        )
        if answer.affectedRows != 1 { throw .fencedOut(node: node, fence: fence) }
    }

    /// Gives the lease back; see `LedgerStore`.
    public func releaseLease() throws(StoreError) {
        guard let fence else { return }
        let connection = try open()
        var parameters = QueryParameters()
        parameters.add(node)
        parameters.add(fence)
        try connection.query(
            """
            UPDATE writer_lease SET expires_at = clock_timestamp()
            WHERE node = $1 AND fence = $2
            """,
            parameters,
            during: PostgresStore.leasing
        )
        self.fence = nil
    }

    /// The journal position up to which everything is stored; see `LedgerStore`.
    public func checkpoint() throws(StoreError) -> UInt64 {
        let connection = try open()
        positions = try StoredPositions.read(
            node: node,
            fence: try heldFence(),
            on: connection,
            locking: true
        )
        return positions.lowest
    }

    /// A writer without a lease is one that was never let in: its fence is 0.
    func heldFence() throws(StoreError) -> UInt64 {
        guard let fence else { throw .fencedOut(node: node, fence: 0) }
        return fence
    }

    /// Today's and tomorrow's partitions, so that midnight costs nothing.
    private func makeComingPartitions(on connection: PostgresConnection) throws(StoreError) {
        let row = try connection.query("SELECT now()", during: "reading the clock")
        let today = try row.time(0, 0).utcDay
        try partitions.ensure([today, today.advanced(by: 1)], on: connection)
    }
}

extension StoredPositions {
    /// Reads where a node's partitions stand.
    ///
    /// - Parameters:
    ///   - node: The node.
    ///   - fence: The fence that its writer holds.
    ///   - connection: A connection.
    ///   - locking: Whether to wait for transactions that may still move them, so that the answer
    ///     is final.
    /// - Returns: The positions.
    /// - Throws: `fencedOut`, `inconsistent`, or what the server says.
    static func read(
        node: String,
        fence: UInt64,
        on connection: PostgresConnection,
        locking: Bool
    ) throws(StoreError) -> StoredPositions {
        var parameters = QueryParameters()
        parameters.add(node)
        let rows = try connection.query(
            "SELECT partition, position, fence FROM checkpoint WHERE node = $1 ORDER BY partition"
                + (locking ? " FOR UPDATE" : ""),
            parameters,
            during: "reading the checkpoint"
        )
        guard rows.rowCount == Int(AccountBook.partitions) else {
            throw .inconsistent("node \(node) has no checkpoint")
        }
        var found = StoredPositions()
        for row in 0..<rows.rowCount {
            guard try rows.unsigned(row, 2) == fence else {
                throw .fencedOut(node: node, fence: fence)
            }
            found[UInt32(row)] = try rows.unsigned(row, 1)
        }
        return found
    }
}
