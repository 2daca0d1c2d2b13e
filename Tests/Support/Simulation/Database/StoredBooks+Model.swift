import Accounting
import LedgerModel
import PostgresStore
import Quantities

// MARK: - Against the model

extension StoredBooks {
    /// Compares all that is committed with the model at the same position.
    ///
    /// Partitions that are further than the others are left out until the others have come as far.
    ///
    /// - Parameter model: The model that took exactly the records up to the checkpoint.
    /// - Returns: The first difference.
    package func difference(from model: AccountModel) -> String? {
        let ahead = Set(
            positions.values.flatMap { positions in
                (0..<AccountBook.partitions).filter { positions[$0] > positions.lowest }
            }
        )
        func isAtModel(_ org: UInt32) -> Bool { !ahead.contains(AccountBook.partition(of: org)) }
        let mine = organisations.filter { isAtModel($0.key) }
        let wanted = model.organisations.keys.count { isAtModel($0) }
        if mine.count != wanted { return "\(mine.count) organisations, not \(wanted)" }
        for (org, rows) in mine.sorted(by: { $0.key < $1.key }) {
            guard let wallet = model.organisations[org] else {
                return "organisation \(org) is in the database alone"
            }
            if let difference = rows.difference(from: wallet) {
                return "organisation \(org): \(difference)"
            }
        }
        for (producer, lines) in model.booked.sorted(by: { $0.key < $1.key }) {
            for sequence in lines.keys.sorted()
            where producers[producer]?.contains(sequence) != true {
                return "sequence \(sequence) of producer \(producer) is booked and not noted"
            }
        }
        return nil
    }
}

extension StoredOrganisation {
    fileprivate func difference(from wallet: NaiveOrganisation) -> String? {
        if balance.units != wallet.posted {
            return "balance \(balance.units), not \(wallet.posted)"
        }
        if debt.units != wallet.debt { return "debt \(debt.units), not \(wallet.debt)" }
        if held.units != wallet.held { return "held \(held.units), not \(wallet.held)" }
        if lineCount != wallet.lines { return "\(lineCount) lines, not \(wallet.lines)" }
        if closed != wallet.closed { return "closed \(closed)" }
        if lastHold != wallet.lastHold { return "last hold \(lastHold), not \(wallet.lastHold)" }
        for grant in wallet.grants {
            guard let row = grants[grant.number] else { return "grant \(grant.number) is missing" }
            // What had not begun when a wallet closed is worth nothing any more.
            let left = wallet.closed && !grant.begun ? 0 : grant.remaining
            if row.remaining.units != left {
                return "grant \(grant.number) has \(row.remaining.units), not \(left)"
            }
        }
        for hold in wallet.holds {
            guard let row = holds[hold.serial] else { return "hold \(hold.serial) is missing" }
            if row.draws.parts != hold.parts { return "hold \(hold.serial) keeps something else" }
        }
        if holds.count != wallet.holds.count { return "\(holds.count) holds" }
        if caps.count != wallet.caps.count { return "\(caps.count) caps" }
        for cap in wallet.caps {
            let row = caps.first {
                $0.key.scope.rawValue == cap.of.scope && $0.key.id == cap.of.id
                    && $0.key.period.rawValue == cap.period
            }
            if row?.value.units != cap.amount { return "a cap on \(cap.of)" }
        }
        if let difference = purchaseDifference(from: wallet.shop) { return difference }
        return spendDifference(from: wallet)
    }

    private func spendDifference(from wallet: NaiveOrganisation) -> String? {
        // The row stands at the day of its last decision, the wallet at that of its last record.
        guard Int64(today.day.number) == wallet.today else { return nil }
        let spends = snapshot(0).spends
        for scope in wallet.scopes {
            let row = spends.first { $0.scope.rawValue == scope.scope && $0.id == scope.id }
            let found = [
                row?.day.units ?? 0, row?.week.units ?? 0, row?.month.units ?? 0,
                row?.total.units ?? 0,
            ]
            let wanted = wallet.spent(by: scope)
            if found != wanted { return "spend of \(scope) is \(found), not \(wanted)" }
        }
        return nil
    }
}
