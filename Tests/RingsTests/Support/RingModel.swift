import Testing

@testable import Rings

/// What a byte ring must do, written with an array and no cleverness.
struct RingModel {
    struct Record {
        var length: Int
        var mark: UInt8
        /// The bytes that the record takes, header and the padding before it included.
        var footprint: Int
    }

    let capacity: Int
    var claimed: [Record] = []
    var published: [Record] = []
    var taken: [Record] = []
    /// How much of `published` was there when the batch began.
    var batch = 0
    var canPutBack = false
    var claimedPosition = 0

    var used: Int {
        var bytes = 0
        for record in claimed { bytes += record.footprint }
        for record in published { bytes += record.footprint }
        for record in taken { bytes += record.footprint }
        return bytes
    }

    mutating func claim(_ length: Int, mark: UInt8) -> Bool {
        var footprint = 8 + (length + 7) / 8 * 8
        let toEnd = capacity - claimedPosition % capacity
        if footprint > toEnd { footprint += toEnd }
        guard used + footprint <= capacity else { return false }
        claimed.append(Record(length: length, mark: mark, footprint: footprint))
        claimedPosition += footprint
        return true
    }

    mutating func publish() {
        published += claimed
        claimed = []
    }

    mutating func rollback() {
        for record in claimed { claimedPosition -= record.footprint }
        claimed = []
    }

    mutating func beginBatch() {
        batch = published.count
    }

    mutating func next() -> Record? {
        guard batch > 0 else { return nil }
        batch -= 1
        canPutBack = true
        let record = published.removeFirst()
        taken.append(record)
        return record
    }

    mutating func putBack() {
        guard canPutBack, let record = taken.popLast() else { return }
        published.insert(record, at: 0)
        batch += 1
        canPutBack = false
    }

    mutating func release() {
        taken = []
        canPutBack = false
    }
}

/// A ring and its model, stepped together and compared after each step.
struct RingPair {
    enum Step: CaseIterable {
        case claimNothing
        case claimFive
        case claimMost
        case publish
        case rollback
        case beginAndNext
        case next
        case putBack
        case release
    }

    let ring: ByteRing
    var model: RingModel
    var mark: UInt8 = 0

    init(capacity: Int, startingAt offset: Int) {
        ring = ByteRing(capacity: capacity)
        model = RingModel(capacity: capacity)
        for _ in 0..<(offset / 8) {
            claim(0)
            ring.publish()
            ring.drain { _ in true }
            model.publish()
            model.beginBatch()
            _ = model.next()
            model.release()
        }
    }

    mutating func take(_ step: Step) {
        switch step {
        case .claimNothing: claim(0)
        case .claimFive: claim(5)
        case .claimMost: claim(ring.maximumRecordBytes)
        case .publish:
            ring.publish()
            model.publish()
        case .rollback:
            ring.rollback()
            model.rollback()
        case .beginAndNext:
            ring.beginBatch()
            model.beginBatch()
            next()
        case .next: next()
        case .putBack:
            guard model.canPutBack else { return }
            ring.putBack()
            model.putBack()
        case .release:
            ring.release()
            model.release()
        }
    }

    private mutating func claim(_ length: Int) {
        mark &+= 1
        let could = ring.canClaim(length)
        let space = ring.claim(length)
        let expected = model.claim(length, mark: mark)
        if (space != nil) != expected || could != expected {
            Issue.record("a claim of \(length) is \(space != nil), expected \(expected)")
        }
        guard let space else { return }
        if space.count != length { Issue.record("a claim has its length") }
        for index in 0..<length { space[index] = mark }
    }

    private mutating func next() {
        let record = ring.next()
        let expected = model.next()
        if record?.count != expected?.length {
            Issue.record("next has \(record?.count ?? -1), expected \(expected?.length ?? -1)")
        }
        guard let record, let expected else { return }
        if !record.allSatisfy({ $0 == expected.mark }) { Issue.record("a record keeps its bytes") }
    }

    /// Whether the positions agree.
    var agrees: Bool {
        Int(ring.claimedPosition) == model.claimedPosition
            && Int(ring.claimedPosition - ring.releasedPosition) == model.used
            && ring.releasedPosition <= ring.consumedPosition
            && ring.consumedPosition <= ring.publishedPosition
            && ring.publishedPosition <= ring.claimedPosition
            && ring.isEmpty == (model.published.isEmpty && model.taken.isEmpty)
    }
}
