import Quantities
import Synchronization

extension ByteRing {
    /// How far the consumer has read; only for the consumer.
    @inlinable public var consumedPosition: UInt64 { consumed }

    /// Looks once at what is published and makes it the batch that `next()` goes through.
    ///
    /// - Returns: How many bytes the batch has, with headers and padding; 0 when there is nothing.
    @inlinable
    @discardableResult
    public func beginBatch() -> Int {
        // Pairs with the releasing store in `publish()`.
        batchEnd = published.value.load(ordering: .acquiring)
        return Int(batchEnd &- consumed)
    }

    /// The next record of the batch, or nil at its end.
    ///
    /// The bytes stay valid until `release()`. Whoever stops before the end leaves the rest for the
    /// next batch.
    @inlinable
    public func next() -> UnsafeRawBufferPointer? {
        let start = consumed
        while consumed != batchEnd {
            let record = UnsafeRawPointer(base + Int(consumed & mask))
            let length = record.load(as: Int64.self)
            if length >= 0 {
                lastTaken = start
                consumed &+= UInt64(ByteRing.bytes(for: Int(length)))
                return UnsafeRawBufferPointer(
                    start: record + ByteRing.headerBytes,
                    count: Int(length)
                )
            }
            consumed &+= UInt64(-length)
        }
        return nil
    }

    /// Puts the record that `next()` gave last back: it will be the next one again.
    ///
    /// At most once after each `next()`, and not after `release()`.
    @inlinable
    public func putBack() {
        invariant(
            lastTaken < consumed && lastTaken >= released.value.load(ordering: .relaxed),
            "only a record taken and not released is put back"
        )
        consumed = lastTaken
    }

    /// Gives the space of everything read back to the producer.
    @inlinable
    public func release() {
        // Pairs with the acquiring load in `hasRoom(until:)`.
        released.value.store(consumed, ordering: .releasing)
        lastTaken = consumed
    }

    /// Goes through one batch until it ends or the body stops it, then releases what was read.
    ///
    /// - Parameter body: Gets each record; false stops and leaves that record in the ring.
    /// - Returns: How many records were consumed.
    @inlinable
    @discardableResult
    public func drain(_ body: (UnsafeRawBufferPointer) -> Bool) -> Int {
        guard beginBatch() > 0 else { return 0 }
        var count = 0
        while let record = next() {
            guard body(record) else {
                putBack()
                break
            }
            count += 1
        }
        release()
        return count
    }
}
