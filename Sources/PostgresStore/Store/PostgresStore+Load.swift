import Accounting
import Quantities

extension PostgresStore {
    private static let loading = "loading the state"

    /// Hands over the whole state at the checkpoint; see `LedgerStore`.
    public func loadAll(
        identitiesSince: Timestamp,
        receive: (LoadedItem) -> Void
    ) throws(StoreError) -> UInt64 {
        let connection = try open()
        let fence = try heldFence()
        return try connection.transaction(
            "ISOLATION LEVEL REPEATABLE READ READ ONLY",
            during: PostgresStore.loading
        ) { () throws(StoreError) in
            try connection.execute(
                PostgresStore.reportingSession,
                during: PostgresStore.loading
            )
            let position = try storedPosition(fence: fence, on: connection)
            let loader = StateLoader(connection: connection)
            try loader.loadNames(receive)
            try loader.loadPrices(receive)
            try loader.loadProducers(receive)
            try loader.loadOrganisations(receive)
            try loader.loadIdentities(since: identitiesSince, receive)
            return position
        }
    }

    private func storedPosition(
        fence: UInt64,
        on connection: PostgresConnection
    ) throws(StoreError) -> UInt64 {
        var parameters = QueryParameters()
        parameters.add(node)
        let row = try connection.query(
            "SELECT position, fence FROM checkpoint WHERE node = $1",
            parameters,
            during: PostgresStore.loading
        )
        guard row.rowCount == 1 else { throw .inconsistent("node \(node) has no checkpoint") }
        guard try row.unsigned(0, 1) == fence else {
            throw .fencedOut(node: node, fence: fence)
        }
        return try row.unsigned(0, 0)
    }
}
