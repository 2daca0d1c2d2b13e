import Accounting
import Quantities

// MARK: - What goes back

extension BatchSection {
    /// A charge is given back: one line, whatever the number of grants it goes to.
    func refund(_ org: UInt32, _ body: OperationRefunded, at: Timestamp) {
        cold.refunds.append(Dated(org: org, at: at, body: body))
        let wallet = walletSlot(org, at: at)
        wallets[wallet].debt -= body.debtPaid.units
        for part in body.parts {
            if part.isNew {
                wallets[wallet].lastGrant = max(wallets[wallet].lastGrant, part.grant)
                cold.grants.append(Dated(org: org, at: at, body: issued(part, of: body)))
            } else {
                let slot = grantSlot(org, part.grant)
                grants[slot].remaining += part.amount.units
                if part.expiresAt <= at { grants[slot].expired = true }
            }
        }
        credit(
            PendingLedgerLine(
                kind: .refund,
                amount: body.amount,
                appliedAt: at,
                org: org,
                grant: body.parts.first?.grant ?? 0,
                reference: "line \(body.line)",
                note: body.reason
            )
        )
    }

    /// The grant that a refund makes; its credit is the refund's line.
    private func issued(_ part: RefundPart, of body: OperationRefunded) -> GrantIssued {
        GrantIssued(
            grant: part.grant,
            grantClass: part.grantClass,
            amount: part.amount,
            priority: part.priority,
            effectiveAt: part.effectiveAt,
            expiresAt: part.expiresAt,
            active: true,
            debtPaid: .zero,
            identity: 0,
            content: 0,
            reference: "line \(body.line)",
            note: body.reason
        )
    }

    func takeBack(_ org: UInt32, _ body: PurchaseReturned, at: Timestamp) {
        cold.returns.append(Dated(org: org, at: at, body: body))
        grants[grantSlot(org, body.grant)].remaining -= body.amount.units
        credit(
            PendingLedgerLine(
                kind: .purchaseRefund,
                amount: -body.amount,
                appliedAt: at,
                org: org,
                grant: body.grant,
                reference: body.reference,
                note: body.reason
            )
        )
    }
}
