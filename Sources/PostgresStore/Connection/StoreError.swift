/// What can be wrong between the daemon and its database.
///
/// No case carries a row's data or a password; every description ends with the next step.
public enum StoreError: Error, Sendable, Hashable {
    /// The conninfo text is none; libpq's own words are not kept, as they may quote a password.
    case badConnectionSettings(String)
    /// No connection came about: the server is away, or refused us.
    case cannotConnect(server: String, reason: String)
    /// The connection broke. Whether a COMMIT under way took place is told by `checkpoint()`.
    case connectionLost(during: String, reason: String)
    /// The server refused a statement.
    case server(sqlState: String, message: String, during: String)
    /// Another daemon writes under this node's name; its lease has not run out.
    case leaseHeld(node: String, holder: String, seconds: Int)
    /// Another daemon took the lease over: this one must not write any more.
    case fencedOut(node: String, fence: UInt64)
    /// The stored position is not the one that the batch follows on.
    case positionMismatch(expected: UInt64, found: UInt64)
    /// The database was migrated by a newer program.
    case newerSchema(found: Int, known: Int)
    /// The database was not migrated to what this program needs.
    case olderSchema(found: Int, known: Int)
    /// A journal record is not readable; the offset counts from the block's beginning.
    case badRecord(offset: Int, kind: UInt8)
    /// The database does not have what the journal builds on.
    case inconsistent(String)
    /// The server's answer is not of the shape that was asked for.
    case unexpectedAnswer(String)

    /// Whether the same call may succeed later without anybody doing anything.
    public var isTransient: Bool {
        switch self {
        case .cannotConnect, .connectionLost: true
        case .server(let sqlState, _, _): StoreError.isTransient(sqlState: sqlState)
        case .badConnectionSettings, .leaseHeld, .fencedOut, .positionMismatch, .newerSchema,
            .olderSchema, .badRecord, .inconsistent, .unexpectedAnswer:
            false
        }
    }

    /// The server's five-letter code, where the server said it.
    public var sqlState: String? {
        if case .server(let sqlState, _, _) = self { return sqlState }
        return nil
    }

    /// Classes 08 connection, 40 rollback, 53 resources, 57 operator intervention, 58 system error,
    /// 55P03 lock not available, 25P03 idle in transaction: the next try may do.
    static func isTransient(sqlState: String) -> Bool {
        switch sqlState.prefix(2) {
        case "08", "40", "53", "57", "58": true
        default: sqlState == "55P03" || sqlState == "25P03"
        }
    }
}

extension StoreError: CustomStringConvertible {
    /// What happened and what to do, as sentences.
    public var description: String {
        switch self {
        case .badConnectionSettings(let fault):
            "The database connection text \(fault). Correct it in the configuration."
        case .cannotConnect(let server, let reason):
            "No connection to PostgreSQL (\(server)): \(reason). "
                + "Check that it runs and lets this user in; it is tried again."
        case .connectionLost(let during, let reason):
            "The connection to PostgreSQL broke during \(during): \(reason). "
                + "Reconnect and read the checkpoint, which tells what was committed."
        case .server(let sqlState, let message, let during):
            "PostgreSQL refused \(during) with \(sqlState): \(message). "
                + (isTransient ? "It is tried again." : "See the server's log for the details.")
        case .leaseHeld(let node, let holder, let seconds):
            "Node \(node) is written by \(holder), whose lease runs \(seconds) s more. "
                + "Stop that daemon, wait, or take the lease over."
        case .fencedOut(let node, let fence):
            "Another daemon has taken over node \(node); fence \(fence) is no longer valid. "
                + "This daemon must stop writing."
        case .positionMismatch(let expected, let found):
            "The stored position is \(found), not \(expected). Read the checkpoint and go on there."
        case .newerSchema(let found, let known):
            "The database has schema \(found), this program knows \(known). "
                + "Install the newer program."
        case .olderSchema(let found, let known):
            "The database has schema \(found), this program needs \(known). Run meterctl migrate."
        case .badRecord(let offset, let kind):
            "A journal record of kind \(kind) at byte \(offset) of its block is not readable. "
                + "A newer program wrote it, or the journal is damaged."
        case .inconsistent(let what):
            "The database does not fit the journal: \(what). Run meterctl audit."
        case .unexpectedAnswer(let what):
            "PostgreSQL answered unexpectedly: \(what). Check the versions of server and schema."
        }
    }
}
