import Accounting

/// How far each partition of the organisations is in the database, in the node's journal.
///
/// They are all the same, unless one of the connections that write a batch side by side has stored
/// its part and another has not; the next batch then levels them.
public struct StoredPositions: Sendable, Hashable {
    private var values: [UInt64]

    /// The same position for all partitions.
    ///
    /// - Parameter position: Where all of them stand.
    public init(_ position: UInt64 = 0) {
        values = Array(repeating: position, count: Int(AccountBook.partitions))
    }

    /// Up to where everything of a partition is stored.
    ///
    /// - Parameter partition: The partition.
    public subscript(partition: UInt32) -> UInt64 {
        get { values[Int(partition)] }
        set { values[Int(partition)] = newValue }
    }

    /// Up to here everything is stored.
    public var lowest: UInt64 { values.min() ?? 0 }

    /// Beyond here nothing is stored.
    public var highest: UInt64 { values.max() ?? 0 }

    /// Whether all partitions stand at the same position.
    public var isLevel: Bool { lowest == highest }

    /// Whether an organisation's records in a block are stored.
    ///
    /// - Parameters:
    ///   - org: The organisation; 0 for what belongs to none, which goes with the first partition.
    ///   - position: Where the block begins.
    /// - Returns: True when the block lies before the position of the organisation's partition.
    public func has(_ org: UInt32, at position: UInt64) -> Bool {
        position < values[Int(AccountBook.partition(of: org))]
    }
}
