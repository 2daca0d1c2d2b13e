import Accounting
import Quantities

extension PostgresStore {
    /// Fewer records than this are written by one connection: a second transaction costs more than
    /// it saves.
    static let recordsForLanes = 8192

    /// Writes a batch and moves the checkpoint, both or neither; see `LedgerStore`.
    ///
    /// With several connections each writes some sections, in a transaction of its own that moves
    /// their partitions' checkpoints. When only some of them succeed, the partitions stand apart
    /// until the same batch is committed again, or a daemon that starts has levelled them.
    public func commit(
        _ batch: BatchBuilder,
        from: UInt64,
        to: UInt64
    ) throws(StoreError) -> CommitReport {
        invariant(from <= to, "the checkpoint only grows")
        let first = try openFirst()
        let fence = try heldFence()
        let days = batch.days
        if let latest = days.max() {
            try partitions.ensure(Array(days) + [latest.advanced(by: 1)], on: first.connection)
        }
        let lanes = batch.recordCount < recordsForLanes ? [] : openLanes(batch.sectionCount - 1)
        let orders = orders(of: batch, from: from, to: to, fence: fence, count: lanes.count + 1)
        guard !orders.isEmpty else {
            throw .positionMismatch(expected: from, found: try checkpoint())
        }
        try run(orders, producers: batch.producers.touched, on: [first] + lanes)
        let report = CommitReport(
            usageLines: batch.usageCount,
            ledgerLines: batch.sections.reduce(0) { $0 + $1.ledgerLines.count },
            wallets: batch.sections.reduce(0) { $0 + $1.wallets.count }
        )
        batch.markStored()
        return report
    }

    /// Divides a batch among connections; sections that are stored are left out.
    private func orders(
        of batch: BatchBuilder,
        from: UInt64,
        to: UInt64,
        fence: UInt64,
        count: Int
    ) -> [LaneOrder] {
        var orders = (0..<count).map { _ in LaneOrder(node: node, fence: fence, to: to) }
        for section in batch.sections.indices {
            let moves = (0..<AccountBook.partitions).compactMap { partition -> LaneOrder.Move? in
                guard batch.section(ofPartition: partition) == section else { return nil }
                // A partition that is ahead stays where it is, until the others have come as far.
                let stands = max(positions[partition], from)
                return stands < to || from == to
                    ? LaneOrder.Move(partition: partition, from: stands) : nil
            }
            if moves.isEmpty { continue }
            orders[section % count].sections.append(batch.sections[section])
            orders[section % count].moves += moves
        }
        return orders.filter { !$0.moves.isEmpty }
    }

    /// Runs the transactions side by side, the first one on the caller's thread.
    private func run(
        _ orders: [LaneOrder],
        producers: [(producer: UInt32, progress: SequenceSet)],
        on lanes: [StoreLane]
    ) throws(StoreError) {
        let transactions = zip(orders, lanes).map { order, lane in
            LaneTransaction(
                connection: lane.connection,
                order: order,
                producers: producers,
                usageRows: lane.usageRows,
                ledgerRows: lane.ledgerRows,
                floors: lane.floors
            )
        }
        let beside = zip(transactions, lanes).dropFirst().map { transaction, lane in
            SideRun(on: lane.queue) { () throws(StoreError) in try transaction.run() }
        }
        var faults: [StoreError?] = []
        do throws(StoreError) {
            try transactions[0].run()
            faults.append(nil)
        } catch {
            faults.append(error)
        }
        for run in beside { faults.append(run.wait()) }
        for (fault, order) in zip(faults, orders) where fault == nil {
            for move in order.moves { positions[move.partition] = order.to }
        }
        if let worst = StoreError.worst(of: faults.compactMap(\.self)) { throw worst }
    }
}

extension StoreError {
    /// Of several faults the one that says most: waiting does not mend it.
    fileprivate static func worst(of faults: [StoreError]) -> StoreError? {
        faults.first { !$0.isTransient } ?? faults.first
    }
}
