import Accounting
import Quantities

extension PostgresStore {
    private static let committing = "a batch"
    /// Rows go to the server in parts of this size, while it works on the part before.
    private static let copyPart = 192 * 1024

    /// Writes a batch and moves the checkpoint, both or neither; see `LedgerStore`.
    public func commit(
        _ batch: BatchBuilder,
        from: UInt64,
        to: UInt64
    ) throws(StoreError) -> CommitReport {
        invariant(from <= to, "the checkpoint only grows")
        let connection = try open()
        let fence = try heldFence()
        try ensurePartitions(of: batch, on: connection)
        try connection.transaction(during: PostgresStore.committing) { () throws(StoreError) in
            try moveCheckpoint(from: from, to: to, fence: fence, on: connection)
            try BatchTables(batch: batch, connection: connection).writeBeforeLines()
            let order = try lockWallets(batch, on: connection)
            try copyLines(batch, order: order, on: connection)
            try BatchTables(batch: batch, connection: connection).writeAfterLines()
        }
        let report = CommitReport(
            usageLines: batch.usageCount,
            ledgerLines: batch.ledgerLines.count,
            wallets: batch.wallets.count
        )
        batch.markStored()
        return report
    }

    private func ensurePartitions(
        of batch: BatchBuilder,
        on connection: PostgresConnection
    ) throws(StoreError) {
        guard let latest = batch.days.max() else { return }
        try partitions.ensure(batch.days + [latest.advanced(by: 1)], on: connection)
    }

    /// Compares and sets: who does not follow on the stored position, or has an old fence, is out.
    private func moveCheckpoint(
        from: UInt64,
        to: UInt64,
        fence: UInt64,
        on connection: PostgresConnection
    ) throws(StoreError) {
        var parameters = QueryParameters()
        parameters.add(node)
        parameters.add(from)
        parameters.add(to)
        parameters.add(fence)
        let answer = try connection.query(
            """
            UPDATE checkpoint SET position = $3, updated_at = now()
            WHERE node = $1 AND position = $2 AND fence = $4
            """,
            parameters,
            during: PostgresStore.committing
        )
        if answer.affectedRows == 1 { return }
        let found = try checkpoint()
        throw .positionMismatch(expected: from, found: found)
    }

    /// Raises the wallets in the order of their numbers and learns where each one's lines begin.
    ///
    /// - Returns: The places of the batch's wallets, by organisation.
    private func lockWallets(
        _ batch: BatchBuilder,
        on connection: PostgresConnection
    ) throws(StoreError) -> [Int] {
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

    private func walletParameters(_ batch: BatchBuilder, order: [Int]) -> QueryParameters {
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

    /// Numbers the lines along each wallet's chain and sends them.
    ///
    /// Rows go out by organisation and line: the primary key's index then grows in few places, and
    /// an organisation's lines lie together.
    private func copyLines(
        _ batch: BatchBuilder,
        order: [Int],
        on connection: PostgresConnection
    ) throws(StoreError) {
        if batch.lines.isEmpty { return }
        let during = "the usage lines of a batch"
        ledgerRows.removeAll()
        usageRows.removeAll()
        if batch.usageCount > 0 {
            try connection.beginCopyIn(
                "COPY usage_lines (\(UsageRow.columns)) FROM STDIN (FORMAT binary)",
                during: during
            )
            CopyFrame.header.withUnsafeBytes { usageRows.append($0) }
        }
        for slot in order { try sendChain(batch, slot: slot, on: connection, during: during) }
        if batch.usageCount > 0 {
            CopyFrame.trailer.withUnsafeBytes { usageRows.append($0) }
            try connection.putCopy(usageRows.bytes, during: during)
            let stored = try connection.endCopyIn(during: during)
            invariant(stored == batch.usageCount, "every usage record becomes one line")
        }
        if ledgerRows.count > 0 { try copyLedgerLines(on: connection) }
    }

    private func sendChain(
        _ batch: BatchBuilder,
        slot: Int,
        on connection: PostgresConnection,
        during: String
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
                    to: usageRows
                )
                if usageRows.count >= PostgresStore.copyPart {
                    try connection.putCopy(usageRows.bytes, during: during)
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

    private func copyLedgerLines(on connection: PostgresConnection) throws(StoreError) {
        let during = "the ledger lines of a batch"
        try connection.beginCopyIn(
            "COPY ledger_lines (\(LedgerRow.columns)) FROM STDIN (FORMAT binary)",
            during: during
        )
        try CopyFrame.send(ledgerRows.bytes, on: connection, during: during)
    }
}

extension BatchBuilder {
    /// The record that begins at an offset of the arena.
    func record(at offset: Int) -> UnsafeRawBufferPointer {
        let bytes = arena.bytes
        let length = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }
}
