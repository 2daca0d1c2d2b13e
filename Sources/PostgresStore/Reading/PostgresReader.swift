import Accounting
import Quantities

/// Answers people's questions from the books.
///
/// It only reads, and has a connection of its own, so that a long report never waits for a batch
/// nor a batch for a report.
///
/// Queue:       one queue owns it; every call blocks until the server has answered.
public final class PostgresReader {
    /// What it connects to.
    public let settings: StoreSettings
    private var connection: PostgresConnection?

    /// Makes a reader that is not connected yet.
    ///
    /// - Parameter settings: What to connect to.
    public init(settings: StoreSettings) {
        self.settings = settings
    }

    /// Connects, or connects anew.
    ///
    /// - Throws: `badConnectionSettings`, `cannotConnect`, `olderSchema`, `newerSchema`, or what
    ///   the server says.
    public func connect() throws(StoreError) {
        disconnect()
        let connection = try PostgresConnection(settings)
        try connection.execute(
            "SET default_transaction_read_only TO on",
            during: "the session's settings"
        )
        try Migrator(connection: connection, schema: settings.schema).requireLatest()
        self.connection = connection
    }

    /// Ends the connection.
    public func disconnect() {
        connection?.close()
        connection = nil
    }

    /// The connection, made anew when the last call has lost it.
    func open() throws(StoreError) -> PostgresConnection {
        if let connection, connection.isOpen { return connection }
        try connect()
        guard let connection else { invariantBroken("a reader that has connected is connected") }
        return connection
    }
}
