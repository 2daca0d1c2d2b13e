import Accounting
import Quantities

extension PostgresStore {
    private static let loading = "loading the state"
    private static let snapshotMode = "ISOLATION LEVEL REPEATABLE READ READ ONLY"

    /// Hands over the whole state at the checkpoint; see `LedgerStore`.
    public func loadAll(
        identitiesSince: Timestamp,
        receive: (LoadedItem) -> Void
    ) throws(StoreError) -> StoredPositions {
        let first = try openFirst()
        let connection = first.connection
        let fence = try heldFence()
        positions = try connection.transaction(
            PostgresStore.snapshotMode,
            during: PostgresStore.loading
        ) { () throws(StoreError) in
            try connection.execute(
                PostgresStore.reportingSession,
                during: PostgresStore.loading
            )
            let positions = try StoredPositions.read(
                node: node,
                fence: fence,
                on: connection,
                locking: false
            )
            let loader = StateLoader(connection: connection)
            try loader.loadNames(receive)
            try loader.loadPrices(receive)
            try loader.loadProducers(receive)
            try loadOrganisations(on: first, receive)
            try loader.loadCommonAlerts(receive)
            try connection.execute(PostgresStore.reportingSession, during: PostgresStore.loading)
            try loader.loadIdentities(since: identitiesSince, receive)
            return positions
        }
        return positions
    }

    /// Loads the organisations over all connections, which see what the first one sees.
    private func loadOrganisations(
        on first: StoreLane,
        _ receive: (LoadedItem) -> Void
    ) throws(StoreError) {
        let during = PostgresStore.loading
        let highest = try first.connection.query(
            "SELECT coalesce(max(org), 0) FROM organisations",
            during: during
        )
        let last = try highest.unsigned(0, 0)
        // Few organisations are not worth a second connection.
        let isLarge = last > OrganisationChunk.length
        let beside = isLarge ? openLanes(settings.writerConnections - 1) : []
        defer { for lane in beside { lane.connection.rollBack(during: during) } }
        try follow(first.connection, with: beside)
        for lane in [first] + beside {
            try lane.connection.execute(PostgresStore.rangeSession, during: during)
        }
        try ChunkLoad(lanes: [first] + beside).run(upTo: last, receive)
    }

    /// Begins a transaction on each connection that sees what the first one sees.
    private func follow(
        _ first: PostgresConnection,
        with lanes: [StoreLane]
    ) throws(StoreError) {
        if lanes.isEmpty { return }
        let during = PostgresStore.loading
        let row = try first.query("SELECT pg_export_snapshot()", during: during)
        let snapshot = row.text(0, 0)
        for lane in lanes {
            try lane.connection.execute("BEGIN \(PostgresStore.snapshotMode)", during: during)
            try lane.connection.execute(
                "SET TRANSACTION SNAPSHOT '\(snapshot)'; \(PostgresStore.reportingSession)",
                during: during
            )
        }
    }

    /// Makes the planner go by the primary keys, whatever a young table's statistics say.
    private static let rangeSession =
        "SET LOCAL enable_seqscan TO off; SET LOCAL enable_bitmapscan TO off"
}
