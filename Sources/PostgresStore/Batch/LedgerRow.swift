import Accounting
import Quantities

/// Writes ledger lines other than usage as rows of binary COPY.
///
/// Invariants:  `columns` and `write` name the same columns in the same order.
enum LedgerRow {
    static let columns = """
        org, line, kind, amount, balance, applied_at, grant_number, reference, note,
        day, at, project, price, machine, run, from_at, to_at, hours, sent_bytes, draws
        """
    private static let fields: Int16 = 20

    /// Writes one row.
    ///
    /// - Parameters:
    ///   - item: The line.
    ///   - line: Its number.
    ///   - balance: The wallet's units before it; after it when this returns.
    ///   - buffer: Where to.
    static func write(
        _ item: PendingLedgerLine,
        line: Int64,
        balance: inout Int128,
        to buffer: OutputBuffer
    ) {
        let kind = Array(item.kind.rawValue.utf8)
        let reference = Array(item.reference.utf8)
        let note = Array(item.note.utf8)
        let texts = (kind.count + reference.count + note.count) * StoredText.maximumGrowth
        balance += item.amount.units
        var row = RowWriter(
            at: buffer.reserve(512 + texts + (item.machine?.room ?? 0)),
            fields: fields
        )
        row.put(Int64(item.org))
        row.put(line)
        kind.withUnsafeBytes { row.put(text: $0) }
        row.put(amount: item.amount.units)
        row.put(amount: balance)
        row.put(item.appliedAt)
        if item.grant != 0 { row.put(item.grant) } else { row.null() }
        reference.withUnsafeBytes { row.put(text: $0) }
        note.withUnsafeBytes { row.put(text: $0) }
        if let machine = item.machine {
            row.put(machine)
        } else {
            for _ in 0..<11 { row.null() }
        }
        buffer.commit(row.count)
    }
}

extension MachineLine {
    /// Bytes that its columns take at most beside those of every line.
    fileprivate var room: Int { 80 * (draws.count + 1) }
}

extension RowWriter {
    fileprivate mutating func put(_ machine: MachineLine) {
        put(machine.day)
        put(machine.at)
        put(machine.project)
        put(machine.price)
        put(machine.machine)
        put(machine.run)
        put(machine.from)
        put(machine.to)
        put(Int64(machine.hours))
        put(Int64(clamping: machine.sentBytes))
        DrawCoding.json(machine.draws).withUnsafeBytes { put(text: $0) }
    }
}
