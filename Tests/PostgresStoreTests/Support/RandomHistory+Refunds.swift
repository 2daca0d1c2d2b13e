import Accounting
import Quantities

@testable import PostgresStore

extension RandomHistory {
    /// Gives one charge back as a whole, each at most once.
    mutating func refund(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        guard !account.debits.isEmpty else { return }
        let index = generator.below(account.debits.count)
        let (line, draws) = account.debits.remove(at: index)
        let paid = min(account.snapshot.debt, draws.total)
        var open = paid
        var parts: [RefundPart] = []
        for place in (0..<draws.count).reversed() {
            let skipped = min(open, draws[place].amount)
            open -= skipped
            let amount = draws[place].amount - skipped
            guard amount.isPositive else { continue }
            parts.append(part(draws[place].grant, amount, of: line, &account))
        }
        account.snapshot.lastRefund += 1
        account.snapshot.debt -= paid
        let body = OperationRefunded(
            refund: account.snapshot.lastRefund,
            line: line,
            amount: draws.total,
            debtPaid: paid,
            parts: parts,
            identity: generator.below(2) == 0 ? 0 : UInt128(generator.next()) << 62 | 1,
            content: 9,
            actor: "ann",
            reason: "it failed",
            request: "r"
        )
        journal.write(.operationRefunded(body), org: org, at: now)
        account.book(.refund, draws.total)
    }

    private func part(
        _ grant: UInt32,
        _ amount: Amount,
        of line: UInt64,
        _ account: inout NaiveLedger.Account
    ) -> RefundPart {
        var part = RefundPart(
            grant: grant,
            amount: amount,
            isNew: grant == 0,
            grantClass: .refund,
            priority: 20,
            effectiveAt: now,
            expiresAt: .never
        )
        if grant == 0 {
            account.snapshot.lastGrant += 1
            part.grant = account.snapshot.lastGrant
            var issued = Journal.grant(part.grant, amount, grantClass: .refund)
            issued.priority = 20
            issued.effectiveAt = now
            issued.reference = "line \(line)"
            issued.note = "it failed"
            account.snapshot.grants.append(
                GrantSnapshot(
                    issued: issued,
                    issuedAt: now,
                    active: true,
                    expired: false,
                    remaining: amount
                )
            )
            return part
        }
        for index in account.snapshot.grants.indices
        where account.snapshot.grants[index].issued.grant == grant {
            let issued = account.snapshot.grants[index].issued
            part.grantClass = issued.grantClass
            part.priority = issued.priority
            part.effectiveAt = issued.effectiveAt
            part.expiresAt = issued.expiresAt
            account.snapshot.grants[index].remaining += amount
            if issued.expiresAt <= now { account.snapshot.grants[index].expired = true }
        }
        return part
    }

    /// Takes half of what is left of a grant.
    mutating func takeBack(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        let live = account.snapshot.grants.indices.filter {
            account.snapshot.grants[$0].active
                && account.snapshot.grants[$0].remaining.units > 1
        }
        guard let index = live.last else { return }
        let amount = Amount(units: account.snapshot.grants[index].remaining.units / 2)
        account.snapshot.grants[index].remaining -= amount
        account.snapshot.lastRefund += 1
        let body = PurchaseReturned(
            refund: account.snapshot.lastRefund,
            grant: account.snapshot.grants[index].issued.grant,
            amount: amount,
            identity: UInt128(generator.next()) << 61 | 1,
            content: 4,
            actor: "ann",
            reason: "asked for it",
            reference: "pay-1"
        )
        journal.write(.purchaseReturned(body), org: org, at: now)
        account.book(.purchaseRefund, -amount)
    }
}
