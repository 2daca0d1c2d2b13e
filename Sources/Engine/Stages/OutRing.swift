import Ingest
import Quantities
import Rings

/// How records and marks lie in the ring from a shard to the journal.
///
/// Layout: 8 bytes of tag (kind in the lowest byte, a count above), then the payload.
enum OutRing {
    enum Kind: UInt8 {
        /// Journal records; the count is how many usage records they hold.
        case records = 1
        /// All commands of a loop up to a position are in the records before this; the count is 1
        /// when somebody waits for them to be durable, 0 when written is enough.
        case mark = 2
        /// A call waits until the records before this are safe.
        case completion = 3
    }

    /// Bytes before the payload.
    static let headerLength = 8
    /// The most bytes of records in one message.
    static let chunk = 65_536
    /// From so many on a message is handed over: what one more command writes nearly always fits.
    static let fullChunk = chunk - 4096

    static func tag(_ kind: Kind, _ count: UInt32 = 0) -> UInt64 {
        UInt64(count) << 8 | UInt64(kind.rawValue)
    }
}

/// A loop's commands, and its calls, up to a position of their rings.
struct LoopMark: BitwiseCopyable, Equatable {
    let loop: UInt64
    let position: UInt64
    let calls: UInt64
}
