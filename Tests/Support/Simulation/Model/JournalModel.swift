import Accounting
import Quantities

/// The model beside a journal that can lose its tail: one wallet at the database's checkpoint, one
/// at the journal's end, and the blocks between them.
///
/// Method: blocks are given as they are written. When a crash has cut the tail off, the live model
/// begins again at the checkpoint and takes the blocks that are left.
package final class JournalModel {
    private struct Block {
        var from: UInt64
        var to: UInt64
        var body: [UInt8]
    }

    /// The model at the journal's end.
    package private(set) var live: AccountModel
    /// The model at the database's checkpoint.
    package private(set) var stored: AccountModel
    /// Where the journal ends.
    package private(set) var end: UInt64
    /// Where the database's checkpoint is.
    package private(set) var storedPosition: UInt64
    /// What was broken first.
    package private(set) var violation: String?
    /// How many records were judged.
    package private(set) var judged = 0

    private var blocks: [Block] = []

    /// Makes a model of an empty journal.
    ///
    /// - Parameters:
    ///   - model: An empty model.
    ///   - position: Where the journal begins.
    package init(_ model: AccountModel, at position: UInt64 = 0) {
        live = model
        stored = model
        end = position
        storedPosition = position
    }

    /// Takes in a block that was written.
    ///
    /// - Parameters:
    ///   - body: Whole records.
    ///   - from: Its position, at or behind the end so far: headers and ends of segments lie
    ///     between.
    ///   - to: The position behind it.
    package func append(_ body: UnsafeRawBufferPointer, from: UInt64, to: UInt64) {
        if from < end { return complain("a block at \(from) is written over one before \(end)") }
        blocks.append(Block(from: from, to: to, body: Array(body)))
        end = to
        judge(body, at: from)
    }

    private func judge(_ body: UnsafeRawBufferPointer, at position: UInt64) {
        var walker = RecordWalker(body)
        while violation == nil, let (kind, record) = walker.next() {
            judged += 1
            if let complaint = live.apply(kind, record) {
                complain("\(complaint) (\(kind), block \(position))")
            }
        }
        if violation == nil, walker.position != body.count {
            complain("the block at \(position) does not end with a record")
        }
    }

    /// The database has everything up to here.
    package func moveStored(to position: UInt64) {
        if position < storedPosition {
            return complain("the checkpoint goes back from \(storedPosition) to \(position)")
        }
        if position > end {
            return complain("the checkpoint \(position) is beyond the journal's end \(end)")
        }
        var count = 0
        while count < blocks.count, blocks[count].to <= position {
            apply(blocks[count], to: &stored)
            count += 1
        }
        blocks.removeFirst(count)
        storedPosition = position
        if let next = blocks.first, next.from < position {
            complain("the checkpoint \(position) lies within a block")
        }
    }

    /// A crash was survived: the journal ends here now.
    ///
    /// - Parameter position: Where recovery found the end.
    package func restart(at position: UInt64) {
        if position < storedPosition {
            complain("the journal ends at \(position), the database has \(storedPosition)")
        }
        blocks.removeAll { $0.to > position }
        live = stored
        live.restart()
        for block in blocks { apply(block, to: &live) }
        // Blocks that nobody had seen yet follow, where there are such.
        end = max(storedPosition, blocks.last?.to ?? 0)
    }

    /// Applies a block that was judged before.
    private func apply(_ block: Block, to model: inout AccountModel) {
        block.body.withUnsafeBytes { body in
            var walker = RecordWalker(body)
            while let (kind, record) = walker.next() { _ = model.apply(kind, record) }
        }
    }

    /// Counts records behind the checkpoint.
    ///
    /// - Parameter isMeant: Gets a record's organisation, and where its block begins.
    /// - Returns: How many are meant.
    package func count(where isMeant: (_ org: UInt32, _ position: UInt64) -> Bool) -> Int {
        var count = 0
        for block in blocks {
            block.body.withUnsafeBytes { body in
                var walker = RecordWalker(body)
                while let (_, record) = walker.next() {
                    let org = record.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
                    if isMeant(org, block.from) { count += 1 }
                }
            }
        }
        return count
    }

    /// Compares all wallets of a book with the live model: to be asked when all that the book has
    /// decided is written.
    ///
    /// - Parameter book: One partition of the daemon.
    /// - Returns: The first difference.
    package func difference(_ book: AccountBook) -> String? {
        var comparison = BookComparison()
        let mine = live.organisations.keys.filter { $0 % AccountBook.partitions == book.partition }
        let all = book.all
        if all.count != mine.count {
            return "partition \(book.partition) has \(all.count) organisations, not \(mine.count)"
        }
        for org in mine.sorted() {
            guard let model = live.organisations[org] else { continue }
            comparison.compare(org, book, model)
        }
        return comparison.difference
    }

    private func complain(_ complaint: String) {
        if violation == nil { violation = complaint }
    }
}
