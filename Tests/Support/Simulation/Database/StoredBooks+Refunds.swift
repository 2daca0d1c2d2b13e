import Accounting
import PostgresStore
import Quantities

/// A row of what was given or taken back.
package struct StoredRefund: Hashable {
    /// The line that was given back, or nil.
    package var line: UInt64?
    package var amount: Amount
    package var at: Timestamp
    package var identity: UInt128
    package var content: UInt64
}

extension StoredOrganisation {
    mutating func refund(
        _ body: OperationRefunded,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        debt -= body.debtPaid
        for part in body.parts {
            if part.isNew {
                try add(part, of: body, at: moment)
                continue
            }
            try take(-part.amount, from: part.grant)
            if part.expiresAt <= moment { grants[part.grant]?.expired = true }
        }
        let row = StoredRefund(
            line: body.line,
            amount: body.amount,
            at: moment,
            identity: body.identity,
            content: body.identity == 0 ? 0 : body.content
        )
        try insert(&refunds, body.refund, row, "the refunds of a batch")
        book(
            .refund,
            body.amount,
            at: moment,
            grant: body.parts.first?.grant ?? 0,
            reference: "line \(body.line)",
            note: body.reason,
            org,
            &result
        )
    }

    private mutating func add(
        _ part: RefundPart,
        of body: OperationRefunded,
        at moment: Timestamp
    ) throws(StoreError) {
        lastGrant = max(lastGrant, part.grant)
        let issued = GrantIssued(
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
        let row = GrantSnapshot(
            issued: issued,
            issuedAt: moment,
            active: true,
            expired: false,
            remaining: part.amount
        )
        try insert(&grants, part.grant, row, "the grants of a batch")
    }

    mutating func takeBack(
        _ body: PurchaseReturned,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        try take(body.amount, from: body.grant)
        let row = StoredRefund(
            line: nil,
            amount: body.amount,
            at: moment,
            identity: body.identity,
            content: body.identity == 0 ? 0 : body.content
        )
        try insert(&refunds, body.refund, row, "the refunds of a batch")
        book(
            .purchaseRefund,
            -body.amount,
            at: moment,
            grant: body.grant,
            reference: body.reference,
            note: body.reason,
            org,
            &result
        )
    }

    /// What is wrong with what was given back; nil for nothing.
    func refundFault() -> String? {
        var sums: [UInt64: Amount] = [:]
        for (_, refund) in refunds {
            if let line = refund.line { sums[line, default: .zero] += refund.amount }
        }
        for (line, sum) in sums {
            let charge = lines.first { $0.line == line && $0.kind == .usage }
            guard let charge, sum <= -charge.amount else {
                return "\(sum) of line \(line) was given back"
            }
        }
        return nil
    }

    /// A charge as the real reader finds it; nil where the line is none of usage.
    package func charge(_ line: UInt64) -> StoredCharge? {
        guard line > 0, line <= lineCount, lines[Int(line) - 1].kind == .usage else { return nil }
        let found = lines[Int(line) - 1]
        var charge = StoredCharge(
            line: line,
            request: found.requestID,
            sources: [],
            refunded: .zero,
            storedLines: lineCount
        )
        for (_, refund) in refunds where refund.line == line { charge.refunded += refund.amount }
        for index in 0..<found.draws.count {
            let draw = found.draws[index]
            guard let grant = grants[draw.grant] else {
                charge.sources.append(ChargeSource(debt: draw.amount))
                continue
            }
            charge.sources.append(
                ChargeSource(
                    RefundPart(
                        grant: draw.grant,
                        amount: draw.amount,
                        isNew: false,
                        grantClass: grant.issued.grantClass,
                        priority: grant.issued.priority,
                        effectiveAt: grant.issued.effectiveAt,
                        expiresAt: grant.issued.expiresAt
                    )
                )
            )
        }
        return charge
    }
}

extension StoredBooks {
    /// The keys of refunds, in the order in which the real store hands them over.
    func refundIdentities(since moment: Timestamp) -> [GrantIdentity] {
        var found: [GrantIdentity] = []
        for (org, rows) in organisations {
            for (number, refund) in rows.refunds
            where refund.identity != 0 && refund.at >= moment {
                found.append(
                    GrantIdentity(
                        org: org,
                        identity: refund.identity,
                        content: refund.content,
                        issuedAt: refund.at,
                        grant: number
                    )
                )
            }
        }
        found.sort { ($0.issuedAt, $0.org, $0.grant) < ($1.issuedAt, $1.org, $1.grant) }
        return found
    }
}
