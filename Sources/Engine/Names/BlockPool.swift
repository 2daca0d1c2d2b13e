import Quantities

/// Growing lists of many owners in one array.
///
/// Layout:      a list lies in a block of a power of two places, so that its rows are found by
///              index; a list that outgrows its block moves to the next larger size, and the old
///              block waits for another list of its size.
/// Cost:        no allocation for a list; at most half of the places stand empty.
struct BlockPool<Row: BitwiseCopyable> {
    /// Where a list lies.
    struct Block {
        var start: UInt32 = 0
        var count: UInt32 = 0

        var indices: Range<Int> { Int(start)..<Int(start) + Int(count) }
    }

    private var rows: [Row] = []
    /// The starts of the blocks that nobody uses, by the logarithm of their size.
    private var free: [[UInt32]] = []
    private let blank: Row

    init(blank: Row) {
        self.blank = blank
    }

    /// How many places there are, taken or not.
    var placeCount: Int { rows.count }

    subscript(place: Int) -> Row {
        get { rows[place] }
        set { rows[place] = newValue }
    }

    /// Adds a row to a list.
    ///
    /// - Returns: Whether the list moved, so that the places of its rows are others now.
    @discardableResult
    mutating func append(_ row: Row, to block: inout Block) -> Bool {
        var moved = false
        if block.count == 0 {
            block.start = take(0)
        } else if block.count & (block.count - 1) == 0 {
            // It fills its block.
            let size = block.count.trailingZeroBitCount
            let start = take(size + 1)
            for offset in 0..<Int(block.count) {
                rows[Int(start) + offset] = rows[Int(block.start) + offset]
            }
            free[size].append(block.start)
            block.start = start
            moved = true
        }
        rows[Int(block.start + block.count)] = row
        block.count += 1
        return moved
    }

    private mutating func take(_ size: Int) -> UInt32 {
        while free.count <= size { free.append([]) }
        if let start = free[size].popLast() { return start }
        let start = rows.count
        invariant(start + 1 << size <= Int(UInt32.max), "a pool's places fit 32 bits")
        rows.append(contentsOf: repeatElement(blank, count: 1 << size))
        return UInt32(start)
    }
}
