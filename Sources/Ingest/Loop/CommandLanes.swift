import Accounting
import Quantities
import Rings

/// A loop's way to each shard, found by an organisation's number.
///
/// Why: rings in an array would be counted at every event; here they are held once, by the wiring,
/// and pointed to. Held by the loop, as long as its wiring.
struct CommandLanes: ~Copyable {
    private let lanes: UnsafeMutablePointer<Unmanaged<ByteRing>>

    init(_ rings: [ByteRing]) {
        invariant(!rings.isEmpty, "a loop has a way to at least one shard")
        lanes = .allocate(capacity: Int(AccountBook.partitions))
        for partition in 0..<Int(AccountBook.partitions) {
            let ring = rings[partition % rings.count]
            (lanes + partition).initialize(to: .passUnretained(ring))
        }
    }

    deinit {
        lanes.deallocate()
    }

    /// Claims room for a message to the shard that owns an organisation; the caller has made sure
    /// that there is room.
    @inline(__always)
    func claim(_ length: Int, org: UInt32) -> UnsafeMutableRawPointer {
        let lane = lanes[Int(AccountBook.partition(of: org))]
        let space = lane._withUnsafeGuaranteedRef { $0.claim(length) }
        guard let base = space?.baseAddress else {
            invariantBroken("a ring's room is checked before a message is put")
        }
        return base
    }
}
