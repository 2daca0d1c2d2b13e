import Accounting
import Quantities

/// What one transaction will write for a share of the organisations.
///
/// Invariants:  a record is in with all its effects; the order of records is kept for each
///              organisation; nothing here depends on the order of hashing.
/// Queue:       one owner at a time: the batch's, then that of the transaction that writes it.
/// Cost:        a copy of each record and four look-ups for a usage record; no allocation for it
///              once the memory has grown to the largest batch.
final class BatchSection {
    let arena = OutputBuffer(capacity: 1 << 20)
    var lines: [PendingLine] = []
    var ledgerLines: [PendingLedgerLine] = []
    var wallets: [WalletDelta] = []
    var walletIndex = IndexTable(minimumCapacity: 4096)
    var grants: [GrantDelta] = []
    var grantIndex = IndexTable(minimumCapacity: 4096)
    var rollups: [RollupDelta] = []
    var rollupIndex = IndexTable(minimumCapacity: 4096)
    var holds: [HoldDelta] = []
    var holdIndex = IndexTable(minimumCapacity: 1024)
    var cold = ColdChanges()
    var days: [CivilDay] = []
    /// Which of the columns that are seldom set some usage record sets.
    var seldom: SeldomColumns = []
    /// How many of the records are usage.
    var usageCount = 0

    /// The record that begins at an offset of the arena.
    func record(at offset: Int) -> UnsafeRawBufferPointer {
        let bytes = arena.bytes
        let length = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }

    /// Forgets everything and keeps the memory.
    func removeAll() {
        arena.removeAll()
        lines.removeAll(keepingCapacity: true)
        ledgerLines.removeAll(keepingCapacity: true)
        wallets.removeAll(keepingCapacity: true)
        walletIndex.removeAll()
        grants.removeAll(keepingCapacity: true)
        grantIndex.removeAll()
        rollups.removeAll(keepingCapacity: true)
        rollupIndex.removeAll()
        holds.removeAll(keepingCapacity: true)
        holdIndex.removeAll()
        cold = ColdChanges()
        days.removeAll(keepingCapacity: true)
        seldom = []
        usageCount = 0
    }
}
