import Accounting
import Quantities

/// What one connection writes of a batch.
struct LaneOrder {
    /// A partition whose checkpoint moves, and where it must stand.
    struct Move {
        let partition: UInt32
        let from: UInt64
    }

    let node: String
    let fence: UInt64
    let to: UInt64
    var sections: [BatchSection] = []
    var moves: [Move] = []

    /// Whether it is the one that writes what belongs to no organisation.
    var hasFirstPartition: Bool { moves.contains { $0.partition == 0 } }

    var usageCount: Int { sections.reduce(0) { $0 + $1.usageCount } }
}

/// The one transaction in which a connection writes its part of a batch.
struct LaneTransaction {
    let connection: PostgresConnection
    let order: LaneOrder
    /// How far each producer has come, for the one that has the first partition.
    let producers: [(producer: UInt32, progress: SequenceSet)]
    let usageRows: OutputBuffer
    let ledgerRows: OutputBuffer
    let floors: DearestFloors

    private static let committing = "a batch"
    private static let copying = "the usage lines of a batch"
    /// Rows go to the server in parts of this size, while it works on the part before.
    private static let copyPart = 192 * 1024

    /// Writes everything and moves the checkpoint, both or neither.
    ///
    /// - Throws: What the server says, `positionMismatch`, `fencedOut` or `inconsistent`.
    func run() throws(StoreError) {
        var learnt: [DearestFloors.Floor] = []
        try connection.transaction(during: LaneTransaction.committing) { () throws(StoreError) in
            try moveCheckpoint()
            var chains: [[Int]] = []
            for section in order.sections {
                try BatchTables(batch: section, connection: connection).writeBeforeLines()
                chains.append(try lockWallets(section))
            }
            var dearest = DearestCandidates()
            try copyLines(chains, &dearest)
            dearest.finish()
            learnt = try DearestTable(connection: connection, floors: floors).write(dearest)
            for section in order.sections {
                try BatchTables(batch: section, connection: connection).writeAfterLines()
            }
            if order.hasFirstPartition { try writeProducers() }
            // Last, because lanes wait for each other here.
            for section in order.sections {
                try BatchTables(batch: section, connection: connection).writeAlerts()
            }
        }
        // Not before: of a transaction that is rolled back nothing was learnt.
        floors.take(learnt)
    }

    /// Compares and sets: who does not follow on the stored positions, or has an old fence, is out.
    private func moveCheckpoint() throws(StoreError) {
        var partitions = ArrayParameter.int4
        var positions = ArrayParameter.int8
        for move in order.moves {
            partitions.add(Int32(bitPattern: move.partition))
            positions.add(move.from)
        }
        var parameters = QueryParameters()
        parameters.add(order.node)
        parameters.add(order.to)
        parameters.add(order.fence)
        parameters.add(partitions)
        parameters.add(positions)
        let answer = try connection.query(
            """
            UPDATE checkpoint c SET position = $2, updated_at = now()
            FROM unnest($4, $5) AS d (partition, position)
            WHERE c.node = $1 AND c.partition = d.partition AND c.position = d.position
                AND c.fence = $3
            """,
            parameters,
            during: LaneTransaction.committing
        )
        if answer.affectedRows == order.moves.count { return }
        let found = try StoredPositions.read(
            node: order.node,
            fence: order.fence,
            on: connection,
            locking: false
        )
        let expected = order.moves.map(\.from).min() ?? 0
        throw .positionMismatch(expected: expected, found: found.lowest)
    }

    /// Raises the wallets in the order of their numbers and learns where each one's lines begin.
    ///
    /// - Returns: The places of the section's wallets, by organisation.
    private func lockWallets(_ batch: BatchSection) throws(StoreError) -> [Int] {
        let order = batch.wallets.indices.sorted {
            batch.wallets[$0].org < batch.wallets[$1].org
        }
        if order.isEmpty { return order }
        let answer = try connection.query(
            """
            UPDATE wallets w SET lines = w.lines + d.lines, balance = w.balance + d.amount,
                debt = w.debt + d.debt, last_grant = greatest(w.last_grant, d.last_grant),
                last_hold = greatest(w.last_hold, d.last_hold),
                updated_at = greatest(w.updated_at, d.updated_at)
            FROM unnest($1, $2, $3, $4, $5, $6, $7)
                AS d (org, lines, amount, debt, last_grant, last_hold, updated_at)
            WHERE w.org = d.org
            RETURNING w.org, w.lines - d.lines, w.balance - d.amount
            """,
            walletParameters(batch, order: order),
            during: "the wallets of a batch"
        )
        guard answer.rowCount == order.count else {
            throw .inconsistent("\(order.count - answer.rowCount) wallets are missing")
        }
        for row in 0..<answer.rowCount {
            let org = try answer.number(row, 0)
            // The plan keeps the order of the arrays; another order is found just the same.
            let expected = order[row]
            let slot =
                batch.wallets[expected].org == org ? expected : batch.walletSlot(org, at: .epoch)
            guard slot < answer.rowCount else {
                throw .unexpectedAnswer("a wallet that is not in the batch")
            }
            batch.wallets[slot].linesBefore = try answer.int64(row, 1)
            batch.wallets[slot].balanceBefore = try answer.amount(row, 2).units
        }
        return order
    }

    private func walletParameters(_ batch: BatchSection, order: [Int]) -> QueryParameters {
        var orgs = ArrayParameter.int8
        var lines = ArrayParameter.int8
        var amounts = ArrayParameter.numeric
        var debts = ArrayParameter.numeric
        var grants = ArrayParameter.int4
        var holds = ArrayParameter.int8
        var times = ArrayParameter.time
        for slot in order {
            let wallet = batch.wallets[slot]
            orgs.add(org: wallet.org)
            lines.add(wallet.lines)
            amounts.add(Amount(units: wallet.amount))
            debts.add(Amount(units: wallet.debt))
            grants.add(wallet.lastGrant)
            holds.add(wallet.lastHold)
            times.add(wallet.updatedAt)
        }
        var parameters = QueryParameters()
        for array in [orgs, lines, amounts, debts, grants, holds, times] { parameters.add(array) }
        return parameters
    }

    private func writeProducers() throws(StoreError) {
        if producers.isEmpty { return }
        var numbers = ArrayParameter.int4
        var contiguous = ArrayParameter.int8
        var ahead = ArrayParameter.bytea
        for (producer, progress) in producers {
            numbers.add(producer)
            contiguous.add(progress.contiguous)
            ahead.add(progress.aheadBytes)
        }
        var parameters = QueryParameters()
        for array in [numbers, contiguous, ahead] { parameters.add(array) }
        try connection.query(
            """
            INSERT INTO producers (producer, contiguous, ahead)
            SELECT * FROM unnest($1, $2, $3)
            ON CONFLICT (producer) DO UPDATE SET contiguous = excluded.contiguous,
                ahead = excluded.ahead
            """,
            parameters,
            during: "the producers of a batch"
        )
    }
}

// MARK: - The lines

extension LaneTransaction {
    /// Numbers the lines along each wallet's chain and sends them.
    ///
    /// Rows go out by organisation and line: the primary key's index then grows in few places, and
    /// an organisation's lines lie together.
    private func copyLines(
        _ chains: [[Int]],
        _ dearest: inout DearestCandidates
    ) throws(StoreError) {
        ledgerRows.removeAll()
        usageRows.removeAll()
        let usageCount = order.usageCount
        let seldom = order.sections.reduce(into: SeldomColumns()) { $0.formUnion($1.seldom) }
        if usageCount > 0 {
            try connection.beginCopyIn(
                "COPY usage_lines (\(UsageRow.columns(seldom))) FROM STDIN (FORMAT binary)",
                during: LaneTransaction.copying
            )
            CopyFrame.header.withUnsafeBytes { usageRows.append($0) }
        }
        for (section, wallets) in zip(order.sections, chains) {
            for slot in wallets { try sendChain(section, slot: slot, seldom, &dearest) }
        }
        if usageCount > 0 {
            CopyFrame.trailer.withUnsafeBytes { usageRows.append($0) }
            try connection.putCopy(usageRows.bytes, during: LaneTransaction.copying)
            let stored = try connection.endCopyIn(during: LaneTransaction.copying)
            invariant(stored == usageCount, "every usage record becomes one line")
        }
        if ledgerRows.count > 0 { try copyLedgerLines() }
    }

    private func sendChain(
        _ batch: BatchSection,
        slot: Int,
        _ seldom: SeldomColumns,
        _ dearest: inout DearestCandidates
    ) throws(StoreError) {
        var line = batch.wallets[slot].linesBefore
        var balance = batch.wallets[slot].balanceBefore
        var index = batch.wallets[slot].firstLine
        while index >= 0 {
            let pending = batch.lines[Int(index)]
            line += 1
            if pending.reference >= 0 {
                UsageRow.write(
                    batch.record(at: pending.reference),
                    line: line,
                    balance: &balance,
                    seldom: seldom,
                    dearest: &dearest,
                    to: usageRows
                )
                if usageRows.count >= LaneTransaction.copyPart {
                    try connection.putCopy(usageRows.bytes, during: LaneTransaction.copying)
                    usageRows.removeAll()
                }
            } else {
                LedgerRow.write(
                    batch.ledgerLines[~pending.reference],
                    line: line,
                    balance: &balance,
                    to: ledgerRows
                )
            }
            index = pending.next
        }
    }

    private func copyLedgerLines() throws(StoreError) {
        let during = "the ledger lines of a batch"
        try connection.beginCopyIn(
            "COPY ledger_lines (\(LedgerRow.columns)) FROM STDIN (FORMAT binary)",
            during: during
        )
        try CopyFrame.send(ledgerRows.bytes, on: connection, during: during)
    }
}
