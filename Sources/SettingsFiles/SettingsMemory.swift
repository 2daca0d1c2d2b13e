/// The memory that settings ask for, which is printed at the start.
///
/// Units:  bytes.
/// Why:    every container has a bound, so that the sum can be told before the first event. What
///         the books themselves take (organisations, keys, grants, open holds) grows with the
///         customers and is not in it.
public struct MemoryBound: Sendable, Hashable {
    /// Rings between the queues; taken at the start.
    public let rings: Int
    /// Blocks on their way to the journal and to the database, and those that are kept until they
    /// are synced; grows up to this.
    public let blocks: Int
    /// The names that connections intern; grows up to this.
    public let names: Int
    /// The remembered ids of sources without sequences; grows up to this.
    public let ids: Int
    /// One connection with full buffers.
    public let perConnection: Int
    /// All connections with full buffers; most never come near it.
    public let connections: Int

    /// Everything at its bound.
    public var total: Int { rings + blocks + names + ids + connections }
}

extension MemoryBound: CustomStringConvertible {
    /// A line for the log.
    public var description: String {
        "at most \(mebibytes(total)): rings \(mebibytes(rings)), blocks \(mebibytes(blocks)), "
            + "names \(mebibytes(names)), ids \(mebibytes(ids)), connections "
            + mebibytes(connections)
    }

    private func mebibytes(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20) MiB" }
}

extension Settings {
    /// The largest block of the journal; two are in the making.
    private static let journalBlockBytes = 1 << 20
    /// A line of the ledger on its way to the database, generously.
    private static let rowBytes = 512
    /// A remembered id with its fingerprint, its time, and the table's slack.
    private static let idBytes = 64
    /// The ring from a loop to a shard for calls, beside the one for usage: those that do not fit
    /// go the other way.
    public static let callRingBytes = 65_536
    /// What the names that all connections intern may take together.
    public static let nameBytes = 256 << 20

    /// The memory that these settings ask for on a machine of so many cores.
    ///
    /// - Parameter cores: The cores that this process may use.
    /// - Returns: The parts and their sum.
    public func memory(cores: Int) -> MemoryBound {
        let loops = ingestLoops(cores: cores)
        let shards = shards(cores: cores)
        // A frame is parsed in place, so that the read buffer grows to hold the longest.
        let longest = max(
            dataSocket.readBufferBytes,
            dataSocket.maxFrameBytes,
            dataSocket.maxLineBytes
        )
        let perConnection = longest + dataSocket.sendBufferBytes
        return MemoryBound(
            // To the shards, the answers back, and from the shards to the journal.
            rings: loops * shards
                * (engine.ringBytes + Settings.callRingBytes + max(engine.ringBytes / 4, 65_536))
                + shards * max(engine.ringBytes, 1 << 20),
            blocks: 2 * Settings.journalBlockBytes + postgres.batchRows * Settings.rowBytes
                + journal.maxUnsyncedBytes,
            names: Settings.nameBytes,
            ids: usage.idWindowEntries * Settings.idBytes,
            perConnection: perConnection,
            connections: perConnection * dataSocket.maxConnections
        )
    }
}
