import Accounting
import Quantities

/// The books in PostgreSQL, for the one daemon that writes them under a node's name.
///
/// Invariants:  one transaction for each batch and connection, the checkpoint of its partitions in
///              it; a daemon whose fence is not the checkpoint's changes nothing.
/// Queue:       one queue owns it; every call blocks until the server has answered. The other
///              connections' work runs beside it, on queues of their own, within the call.
public final class PostgresStore: LedgerStore {
    /// What it connects to.
    public let settings: StoreSettings
    /// Under which node's name it writes.
    public let node: String
    /// The fence of the lease, once there is one.
    public internal(set) var fence: UInt64?

    /// Where the partitions of the organisations stand, as far as is known.
    var positions = StoredPositions()
    /// From how many records on a batch is divided among the connections.
    var recordsForLanes = PostgresStore.recordsForLanes

    var partitions = Partitions()
    private var first: StoreLane?
    /// The connections beside it, made when they are needed first.
    private var lanes: [StoreLane] = []

    /// Makes a store that is not connected yet.
    ///
    /// - Parameters:
    ///   - settings: What to connect to.
    ///   - node: Under which node's name it writes.
    public init(settings: StoreSettings, node: String) {
        self.settings = settings
        self.node = node
    }

    /// Connects, or connects anew; see `LedgerStore`.
    public func connect() throws(StoreError) {
        disconnect()
        first = StoreLane(connection: try makeConnection(), number: 0)
        partitions.forget()
    }

    /// Ends all connections.
    public func disconnect() {
        first?.connection.close()
        first = nil
        for lane in lanes { lane.connection.close() }
        lanes.removeAll()
    }

    /// Brings the schema up to date; see `LedgerStore`.
    public func migrate() throws(StoreError) -> MigrationReport {
        let connection = try open()
        return try Migrator(connection: connection, schema: settings.schema).migrate()
    }

    func open() throws(StoreError) -> PostgresConnection {
        try openFirst().connection
    }

    func openFirst() throws(StoreError) -> StoreLane {
        guard let first, first.connection.isOpen else {
            throw .connectionLost(during: "a call", reason: "the connection is closed")
        }
        return first
    }

    /// The connections beside the first, at most so many, and no more than the settings allow.
    ///
    /// One that cannot be had is done without: the work is then done by those there are.
    func openLanes(_ most: Int) -> [StoreLane] {
        lanes.removeAll { !$0.connection.isOpen }
        let wanted = max(0, min(most, settings.writerConnections - 1))
        while lanes.count < wanted {
            do throws(StoreError) {
                let connection = try makeConnection()
                lanes.append(StoreLane(connection: connection, number: lanes.count + 1))
            } catch {
                break
            }
        }
        return Array(lanes.prefix(wanted))
    }

    private func makeConnection() throws(StoreError) -> PostgresConnection {
        let connection = try PostgresConnection(settings)
        try connection.execute(PostgresStore.writerSession, during: "the session's settings")
        return connection
    }

    /// Makes the batch's statements find rows by primary key, in the order of their arrays.
    ///
    /// That also is the order of their locks. Any other plan would be made from the statistics of
    /// an empty table, and kept. The arrays of a long batch, unnested, lie in memory.
    private static let writerSession = """
        SET enable_seqscan TO off; SET enable_bitmapscan TO off; SET enable_hashjoin TO off;
        SET enable_mergejoin TO off; SET plan_cache_mode TO force_generic_plan; SET jit TO off;
        SET work_mem TO '64MB'
        """

    /// Undoes `writerSession` in a transaction that reads much.
    static let reportingSession = """
        SET LOCAL enable_seqscan TO on; SET LOCAL enable_bitmapscan TO on;
        SET LOCAL enable_hashjoin TO on; SET LOCAL enable_mergejoin TO on;
        SET LOCAL plan_cache_mode TO auto; SET LOCAL statement_timeout TO 0;
        SET LOCAL work_mem TO '256MB'
        """
}
