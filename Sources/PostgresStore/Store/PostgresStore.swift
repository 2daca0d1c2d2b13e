import Accounting
import Quantities

/// The books in PostgreSQL, for the one daemon that writes them under a node's name.
///
/// Invariants:  one transaction for each batch, the checkpoint in it; a daemon whose fence is not
///              the checkpoint's changes nothing.
/// Queue:       one queue owns it; every call blocks until the server has answered.
public final class PostgresStore: LedgerStore {
    /// What it connects to.
    public let settings: StoreSettings
    /// Under which node's name it writes.
    public let node: String
    /// The fence of the lease, once there is one.
    public internal(set) var fence: UInt64?

    var connection: PostgresConnection?
    var partitions = Partitions()
    let usageRows = OutputBuffer(capacity: 1 << 18)
    let ledgerRows = OutputBuffer(capacity: 1 << 16)

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
        let connection = try PostgresConnection(settings)
        try connection.execute(PostgresStore.writerSession, during: "the session's settings")
        self.connection = connection
        partitions.forget()
    }

    /// Ends the connection.
    public func disconnect() {
        connection?.close()
        connection = nil
    }

    /// Brings the schema up to date; see `LedgerStore`.
    public func migrate() throws(StoreError) -> MigrationReport {
        let connection = try open()
        return try Migrator(connection: connection, schema: settings.schema).migrate()
    }

    func open() throws(StoreError) -> PostgresConnection {
        guard let connection, connection.isOpen else {
            throw .connectionLost(during: "a call", reason: "the connection is closed")
        }
        return connection
    }

    /// Makes the batch's statements find rows by primary key, in the order of their arrays.
    ///
    /// That also is the order of their locks. Any other plan would be made from the statistics of
    /// an empty table, and kept.
    private static let writerSession = """
        SET enable_seqscan TO off; SET enable_bitmapscan TO off; SET enable_hashjoin TO off;
        SET enable_mergejoin TO off; SET plan_cache_mode TO force_generic_plan; SET jit TO off
        """

    /// Undoes `writerSession` in a transaction that reads much.
    static let reportingSession = """
        SET LOCAL enable_seqscan TO on; SET LOCAL enable_bitmapscan TO on;
        SET LOCAL enable_hashjoin TO on; SET LOCAL enable_mergejoin TO on;
        SET LOCAL plan_cache_mode TO auto; SET LOCAL statement_timeout TO 0;
        SET LOCAL work_mem TO '256MB'
        """
}
