import Accounting
import Ingest
import Quantities
import Rings

/// Asks for the wallets of the next reports of a batch while earlier ones are booked.
///
/// Why: with many organisations nearly every report waits for main memory. Asked for early, the
/// wallets of several are under way at once. With few they are in the cache anyway, and looking
/// ahead would only cost.
struct WalletPrefetch {
    /// From how many organisations of a shard on it pays.
    static let fromOrganisations = 4096
    /// How many reports ahead an organisation is asked for.
    private static let ahead = 6

    private let ring: ByteRing
    private var place: RingLookahead

    /// Begins with the batch that the ring has just begun.
    init(_ ring: ByteRing, _ books: borrowing BookPointers) {
        self.ring = ring
        place = ring.lookahead()
        for _ in 0..<WalletPrefetch.ahead { step(books) }
    }

    /// Goes on by one record.
    @inline(__always)
    mutating func step(_ books: borrowing BookPointers) {
        guard let message = ring.look(&place), message[0] == CommandKind.usage.rawValue else {
            return
        }
        let org = UsageCommand.draft(in: message).org
        books.withBook(of: org) { $0.prefetch(org) }
    }
}
