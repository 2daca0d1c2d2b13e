import Accounting
import Quantities

/// Some blocks' records, sorted by the partition whose book they change.
///
/// Layout:      the blocks' bytes one after the other, and for each partition where its records
///              lie, in the journal's order.
/// Queue:       one thread fills it; after that any number may read it, each another partition.
/// Cost:        one copy of the records; memory is kept for the next time.
final class ReplayBatch {
    /// Where a record lies and whose it is; so that looking ahead does not touch the record.
    private struct Place: BitwiseCopyable {
        let offset: UInt32
        let org: UInt32
    }

    /// How many records ahead an organisation is asked for.
    private static let ahead = 12

    @exclusivity(unchecked) private var bytes: UnsafeMutableRawBufferPointer
    /// How many bytes are in it.
    @exclusivity(unchecked) private(set) var count = 0
    /// How many records are noted: those for a book.
    @exclusivity(unchecked) private(set) var records = 0
    @exclusivity(unchecked) private var places: [[Place]]
    /// Where each block ends, here and in the journal.
    private var ends: [(offset: Int, position: UInt64)] = []

    init(capacity: Int) {
        bytes = .allocate(byteCount: capacity + capacity / 4, alignment: 4096)
        places = Array(repeating: [], count: Int(AccountBook.partitions))
    }

    deinit {
        bytes.deallocate()
    }

    func removeAll() {
        count = 0
        records = 0
        ends.removeAll(keepingCapacity: true)
        for partition in places.indices { places[partition].removeAll(keepingCapacity: true) }
    }

    /// Takes in a block's bytes, and tells from which offset on they lie here.
    func append(_ block: UnsafeRawBufferPointer, endingAt position: UInt64) -> Int {
        let start = count
        if start + block.count > bytes.count { grow(to: start + block.count) }
        UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).copyMemory(from: block)
        count += block.count
        ends.append((count, position))
        return start
    }

    /// Notes a record that is in its organisation's partition.
    func note(_ offset: Int, org: UInt32) {
        places[Int(AccountBook.partition(of: org))]
            .append(Place(offset: UInt32(offset), org: org))
        records += 1
    }

    private func grow(to needed: Int) {
        let more = UnsafeMutableRawBufferPointer.allocate(byteCount: needed * 2, alignment: 4096)
        more.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        bytes.deallocate()
        bytes = more
    }

    /// Goes through the records of a partition until one cannot be applied.
    ///
    /// - Parameters:
    ///   - partition: Which.
    ///   - ahead: Gets each record's organisation some records before.
    ///   - apply: Gets each record.
    /// - Returns: nil, or the end in the journal of the block with the record that `apply` did not
    ///   take.
    @inline(__always)
    func forEach(
        of partition: Int,
        ahead: (UInt32) -> Void,
        apply: (ChangeKind, UnsafeRawBufferPointer) -> Bool
    ) -> UInt64? {
        places[partition].withUnsafeBufferPointer { places in
            for place in places.prefix(ReplayBatch.ahead) { ahead(place.org) }
            for index in places.indices {
                let next = index + ReplayBatch.ahead
                if next < places.count {
                    ahead(places[next].org)
                    if let base = bytes.baseAddress {
                        Prefetch.bytes(base + Int(places[next].offset), count: 128)
                    }
                }
                let offset = Int(places[index].offset)
                guard let (kind, record) = record(at: offset), apply(kind, record) else {
                    return ends.first { $0.offset > offset }?.position ?? 0
                }
            }
            return nil
        }
    }

    /// The record at an offset, as it was when it was noted.
    @inline(__always)
    private func record(at offset: Int) -> (ChangeKind, UnsafeRawBufferPointer)? {
        let length = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        guard let kind = ChangeKind(rawValue: bytes[offset + 4]) else { return nil }
        return (kind, UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
    }
}
