import Quantities

/// A place in a ring's batch ahead of the one that is being read.
///
/// Queue:       the ring's consumer's; of use until the batch ends.
@frozen
public struct RingLookahead {
    @usableFromInline var position: UInt64

    @usableFromInline
    init(position: UInt64) {
        self.position = position
    }
}

extension ByteRing {
    /// Begins to look ahead at the record that `next()` gives next.
    @inlinable
    public func lookahead() -> RingLookahead {
        RingLookahead(position: consumed)
    }

    /// The next record ahead in the batch, or nil at its end; nothing is taken.
    ///
    /// Why: a consumer that knows what its next records will touch can ask for that memory early.
    ///
    /// - Parameter ahead: Where to look; moves on by one record.
    /// - Returns: The record, valid as long as one that `next()` gives.
    @inlinable
    public func look(_ ahead: inout RingLookahead) -> UnsafeRawBufferPointer? {
        while ahead.position != batchEnd {
            let record = UnsafeRawPointer(base + Int(ahead.position & mask))
            let length = record.load(as: Int64.self)
            if length >= 0 {
                ahead.position &+= UInt64(ByteRing.bytes(for: Int(length)))
                return UnsafeRawBufferPointer(
                    start: record + ByteRing.headerBytes,
                    count: Int(length)
                )
            }
            ahead.position &+= UInt64(-length)
        }
        return nil
    }
}
