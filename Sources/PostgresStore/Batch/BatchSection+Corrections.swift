import Accounting
import Quantities

extension BatchSection {
    /// A correction: a line of the ledger, a share of a rollup, and a row of its own.
    func correct(_ org: UInt32, _ body: Rerated, at moment: Timestamp) {
        let wallet = walletSlot(org, at: moment)
        if let issued = body.credit(at: moment) {
            cold.grants.append(Dated(org: org, at: moment, body: issued))
            wallets[wallet].lastGrant = max(wallets[wallet].lastGrant, issued.grant)
            wallets[wallet].debt -= body.debtPaid.units
        }
        for index in 0..<body.draws.count {
            let draw = body.draws[index]
            if draw.grant == 0 {
                wallets[wallet].debt += draw.amount.units
            } else {
                grants[grantSlot(org, draw.grant)].remaining -= draw.amount.units
            }
        }
        credit(
            PendingLedgerLine(
                kind: .correction,
                amount: -body.amount,
                appliedAt: moment,
                org: org,
                grant: body.grant,
                reference: body.rerate,
                note: body.note
            )
        )
        cold.corrections.append(Dated(org: org, at: moment, body: body))
    }
}
