import Quantities
import Synchronization

extension ByteRing {
    /// How far the producer has claimed; only for the producer.
    @inlinable public var claimedPosition: UInt64 { claimed }

    /// Whether a record of so many bytes can be claimed now; only for the producer.
    ///
    /// - Parameter length: The record's bytes, at most `maximumRecordBytes`.
    /// - Returns: True when `claim` of the same length will succeed.
    @inlinable
    public func canClaim(_ length: Int) -> Bool {
        let place = place(for: length)
        return hasRoom(until: place.start &+ UInt64(place.bytes))
    }

    /// Claims space for a record, or nil when the ring is full.
    ///
    /// The bytes belong to the producer until `publish()`; they are not cleared. Several claims may
    /// be published at once.
    ///
    /// - Parameter length: The record's bytes, at most `maximumRecordBytes`; may be 0.
    /// - Returns: The record's space, aligned to 8, or nil.
    @inlinable
    public func claim(_ length: Int) -> UnsafeMutableRawBufferPointer? {
        let place = place(for: length)
        let end = place.start &+ UInt64(place.bytes)
        guard hasRoom(until: end) else { return nil }
        if place.start != claimed {
            let skipped = Int64(place.start &- claimed)
            base.storeBytes(of: -skipped, toByteOffset: Int(claimed & mask), as: Int64.self)
        }
        let record = base + Int(place.start & mask)
        record.storeBytes(of: Int64(length), as: Int64.self)
        lastClaim = place.start
        claimed = end
        return UnsafeMutableRawBufferPointer(start: record + ByteRing.headerBytes, count: length)
    }

    /// Shortens the record claimed last, when it turned out shorter than was claimed.
    ///
    /// - Parameter length: The bytes that are kept, from the record's beginning.
    @inlinable
    public func trim(to length: Int) {
        let published = published.value.load(ordering: .relaxed)
        invariant(lastClaim >= published && lastClaim < claimed, "only a claim is trimmed")
        let record = base + Int(lastClaim & mask)
        let claimedLength = record.loadUnaligned(as: Int64.self)
        invariant(length >= 0 && Int64(length) <= claimedLength, "a trim shortens")
        record.storeBytes(of: Int64(length), as: Int64.self)
        claimed = lastClaim &+ UInt64(ByteRing.bytes(for: length))
    }

    /// Gives up what was claimed after a position, or everything since the last publish.
    ///
    /// - Parameter position: A `claimedPosition` noted since the last publish.
    @inlinable
    public func rollback(to position: UInt64? = nil) {
        let start = published.value.load(ordering: .relaxed)
        let target = position ?? start
        invariant(target >= start && target <= claimed, "only what is not published is given up")
        claimed = target
        // Nothing is left to trim: the record before, if any, was closed by the one given up.
        lastClaim = target
    }

    /// Hands everything claimed to the consumer.
    @inlinable
    public func publish() {
        // Pairs with the acquiring load in `beginBatch()`.
        published.value.store(claimed, ordering: .releasing)
    }

    /// The bytes that a record takes, with its header.
    @inlinable
    static func bytes(for length: Int) -> Int {
        headerBytes + (length + 7) & ~7
    }

    /// Where a record would begin, and how many bytes it would take.
    @inlinable
    func place(for length: Int) -> (start: UInt64, bytes: Int) {
        invariant(length >= 0 && length <= maximumRecordBytes, "a record fits half its ring")
        let bytes = ByteRing.bytes(for: length)
        let toEnd = capacity - Int(claimed & mask)
        return (bytes <= toEnd ? claimed : claimed &+ UInt64(toEnd), bytes)
    }

    /// Whether the ring is free up to a position; asks the consumer's cursor only when it must.
    @inlinable
    func hasRoom(until end: UInt64) -> Bool {
        if end &- releasedSeen <= UInt64(capacity) { return true }
        // Pairs with the releasing store in `release()`.
        releasedSeen = released.value.load(ordering: .acquiring)
        return end &- releasedSeen <= UInt64(capacity)
    }
}
