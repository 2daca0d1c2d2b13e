import DiskSimulation
import Journaling
import Testing

/// Sizes so small that every border is met within a few blocks.
let smallSettings = JournalSettings(
    segmentBytes: 512,
    maximumBodyBytes: 64,
    maximumUnsyncedBytes: 1024,
    maximumBytes: 512 * 8
)

/// A block as a reader hands it out.
struct ReadBlock: Hashable {
    var position: UInt64
    var end: UInt64
    var bytes: [UInt8]
}

/// A journal with its writer and syncer, all on one thread.
final class Bench {
    let journal: Journal
    let writer: JournalWriter
    let syncer: JournalSyncer

    init(
        _ disk: any JournalStorage,
        _ settings: JournalSettings = smallSettings,
        startingAt: UInt64 = 0,
        knownSynced: UInt64 = 0
    ) throws(JournalError) {
        journal = try Journal(
            storage: disk,
            settings: settings,
            startingAt: startingAt,
            knownSynced: knownSynced
        )
        writer = journal.takeWriter()
        syncer = journal.takeSyncer()
    }

    /// Opens the disk again after its opener, which is still in memory, has died.
    convenience init(
        _ disk: SimulatedDisk,
        _ settings: JournalSettings = smallSettings,
        knownSynced: UInt64 = 0,
        afterDeathOf former: Bench
    ) throws(JournalError) {
        disk.kill()
        _ = former
        try self.init(disk as any JournalStorage, settings, knownSynced: knownSynced)
    }

    /// Puts bytes into the open block.
    @discardableResult
    func append(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { writer.append($0) }
    }

    /// Writes one block with these bytes.
    func write(_ bytes: [UInt8]) throws(JournalError) {
        append(bytes)
        try writer.writeBlock()
    }

    /// Writes one block of one value.
    func write(_ value: UInt8, count: Int = 16) throws(JournalError) {
        try write([UInt8](repeating: value, count: count))
    }

    /// Everything from a position to the synced position.
    func blocks(from position: UInt64? = nil) throws(JournalError) -> [ReadBlock] {
        let start = position ?? journal.recovered.firstPosition
        let reader = try journal.reader(from: start)
        return try readAll(reader, upTo: journal.positions.synced)
    }

    /// The bodies of everything that is synced.
    func bodies() throws(JournalError) -> [[UInt8]] {
        try blocks(from: nil).map(\.bytes)
    }
}

/// Reads blocks until the limit.
func readAll(_ reader: JournalReader, upTo limit: UInt64) throws(JournalError) -> [ReadBlock] {
    var found: [ReadBlock] = []
    while let block = try reader.withNextBlock(
        upTo: limit,
        { ReadBlock(position: $0, end: $1, bytes: Array($2)) }
    ) {
        found.append(block)
    }
    return found
}
