import Accounting
import PostgresStore
import Quantities

// MARK: - What all changes write rows with

extension StoredOrganisation {
    /// Adds a line at the chain's end.
    mutating func book(
        _ line: StoredLine,
        _ org: UInt32,
        _ result: inout TransactionResult
    ) {
        var line = line
        lineCount += 1
        balance += line.amount
        line.line = lineCount
        line.balance = balance
        lines.append(line)
        result.lines.append((org, line))
        result.wallets.insert(org)
        if line.kind == .usage {
            result.report.usageLines += 1
        } else {
            result.report.ledgerLines += 1
        }
    }

    mutating func book(
        _ kind: LedgerKind,
        _ amount: Amount,
        at moment: Timestamp,
        grant: UInt32,
        reference: String = "",
        note: String = "",
        _ org: UInt32,
        _ result: inout TransactionResult
    ) {
        var line = StoredLine(
            line: 0,
            kind: kind,
            amount: amount,
            balance: .zero,
            appliedAt: moment,
            at: moment
        )
        line.grant = grant
        line.reference = reference
        line.note = note
        book(line, org, &result)
    }

    mutating func take(_ amount: Amount, from grant: UInt32) throws(StoreError) {
        guard var found = grants[grant] else { throw .inconsistent("1 of 1 grants are missing") }
        found.remaining -= amount
        grants[grant] = found
        if found.remaining.isNegative {
            throw .server(
                sqlState: "23514",
                message: "grants_remaining_check",
                during: "what is left of the grants"
            )
        }
    }

    /// Takes what a charge draws from its grants, and the rest as a debt.
    mutating func take(_ draws: Draws) throws(StoreError) {
        for index in 0..<draws.count {
            let draw = draws[index]
            if draw.grant == 0 {
                debt += draw.amount
            } else {
                try take(draw.amount, from: draw.grant)
            }
        }
    }

    mutating func removeHold(_ hold: UInt64) throws(StoreError) {
        guard holds.removeValue(forKey: hold) != nil else {
            throw .inconsistent("1 of 1 holds are missing")
        }
    }

    func insert<Key: Hashable, Row>(
        _ table: inout [Key: Row],
        _ key: Key,
        _ row: Row,
        _ during: String
    ) throws(StoreError) {
        guard table.updateValue(row, forKey: key) == nil else {
            throw .duplicate(during)
        }
    }
}

extension StoreError {
    /// A row whose key is taken.
    static func duplicate(_ during: String) -> StoreError {
        .server(sqlState: "23505", message: "duplicate key", during: during)
    }
}
