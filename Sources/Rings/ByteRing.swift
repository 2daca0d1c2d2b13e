import Quantities
import Synchronization

/// A bounded, lock-free ring of variable-length records, for one producer and one consumer.
///
/// Layout:      | free | published | claimed | free |     capacity is a power of two
///                     ^ released  ^ published ^ claimed
///              A record is an 8-byte header (its length) and its bytes, padded to 8. Records are
///              contiguous: where one does not fit before the end, a padding record fills the end
///              (a header of minus the bytes to skip) and the record begins at offset 0.
/// Units:       positions count bytes since the start, headers and padding included; they only
///              grow.
/// Invariants:  released <= consumed <= published <= claimed <= released + capacity; every
///              position is a multiple of 8.
/// Order:       `publish()` stores `published` releasing, `beginBatch()` loads it acquiring: the
///              consumer sees the bytes. `release()` stores `released` releasing, the producer
///              loads it acquiring: bytes are overwritten only after they were read.
/// Queue:       claim, trim, rollback, publish by one producer at a time; beginBatch, next,
///              putBack, release by one consumer at a time. Turns that change threads need a
///              happens-before edge of their own, as `Stage` gives.
/// Cost:        no allocation and no system call after start; the producer reads the consumer's
///              position only when the ring looks full, the consumer reads the producer's once a
///              batch.
/// Why:         one producer and one consumer need no compare-and-swap; fan-in is a matrix of
///              rings.
public final class ByteRing: @unchecked Sendable {
    // SAFETY: the producer's fields belong to the one producer and the consumer's to the one
    // consumer; the bytes change hands through `published` and `released` (see Order). Attacked by
    // `ByteRingStressTests` with two threads.

    /// How many bytes the ring holds, headers and padding included.
    public let capacity: Int
    /// The longest record that can be claimed.
    public let maximumRecordBytes: Int

    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let mask: UInt64

    @usableFromInline let published = PaddedCursor()
    @usableFromInline let released = PaddedCursor()

    // The producer's own; the cursor before and the padding after keep it off the consumer's lines.
    @usableFromInline @exclusivity(unchecked) var claimed: UInt64 = 0
    @usableFromInline @exclusivity(unchecked) var lastClaim: UInt64 = 0
    @usableFromInline @exclusivity(unchecked) var releasedSeen: UInt64 = 0
    private let between = InlineArray<16, UInt64>(repeating: 0)

    // The consumer's own.
    @usableFromInline @exclusivity(unchecked) var consumed: UInt64 = 0
    @usableFromInline @exclusivity(unchecked) var lastTaken: UInt64 = 0
    @usableFromInline @exclusivity(unchecked) var batchEnd: UInt64 = 0
    private let after = InlineArray<16, UInt64>(repeating: 0)

    /// The bytes of a record's header.
    @inlinable static var headerBytes: Int { 8 }

    /// Allocates a ring.
    ///
    /// - Parameter capacity: Bytes; a power of two, at least 64.
    public init(capacity: Int) {
        invariant(capacity >= 64, "a ring holds at least 64 bytes")
        invariant(capacity & (capacity - 1) == 0, "a ring's capacity is a power of two")
        self.capacity = capacity
        // Half, so that a record and the padding before it always fit into an empty ring.
        self.maximumRecordBytes = capacity / 2 - ByteRing.headerBytes
        self.mask = UInt64(capacity) - 1
        self.base = .allocate(byteCount: capacity, alignment: 128)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
    }

    deinit {
        base.deallocate()
    }

    /// How far the producer has published; readable from any thread.
    @inlinable public var publishedPosition: UInt64 { published.value.load(ordering: .acquiring) }

    /// How far the consumer has given back; readable from any thread.
    @inlinable public var releasedPosition: UInt64 { released.value.load(ordering: .acquiring) }

    /// Whether everything published was released; readable from any thread, true for that moment.
    public var isEmpty: Bool {
        // `released` first: it can only be behind the `published` that is read after it.
        let released = releasedPosition
        return released == publishedPosition
    }
}
