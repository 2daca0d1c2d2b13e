import Accounting
import Ingest
import Quantities
import Rings

/// Asks for the wallets of the next reports of a batch while earlier ones are booked.
///
/// Why: with many organisations nearly every report waits for main memory three times: for the
/// organisation, its grant and its key. Asked for early, those of several are under way at once.
/// With few they are in the cache anyway, and looking ahead would only cost.
struct WalletPrefetch {
    /// From how many organisations of a shard on it pays.
    static let fromOrganisations = 8_192
    /// How many reports ahead an organisation is asked for, and then its parts.
    private static let farAhead = 8
    private static let nearAhead = 4

    private let ring: ByteRing
    private var far: RingLookahead
    private var near: RingLookahead

    /// Begins with the batch that the ring has just begun.
    init(_ ring: ByteRing, _ books: borrowing BookPointers) {
        self.ring = ring
        far = ring.lookahead()
        near = far
        for _ in 0..<WalletPrefetch.farAhead { askFar(books) }
        for _ in 0..<WalletPrefetch.nearAhead { askNear(books) }
    }

    /// Goes on by one record.
    @inline(__always)
    mutating func step(_ books: borrowing BookPointers) {
        askFar(books)
        askNear(books)
    }

    @inline(__always)
    private mutating func askFar(_ books: borrowing BookPointers) {
        guard let org = organisation(ring.look(&far)) else { return }
        books.withBook(of: org) { $0.prefetch(org) }
    }

    @inline(__always)
    private mutating func askNear(_ books: borrowing BookPointers) {
        guard let org = organisation(ring.look(&near)) else { return }
        books.withBook(of: org) { $0.prefetchParts(org) }
    }

    /// Whose report it is; nil for what is none.
    @inline(__always)
    private func organisation(_ message: UnsafeRawBufferPointer?) -> UInt32? {
        guard let message, message[0] == CommandKind.usage.rawValue else { return nil }
        return UsageCommand.draft(in: message).org
    }
}
