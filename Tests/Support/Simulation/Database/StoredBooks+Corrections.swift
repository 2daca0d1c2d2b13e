import Accounting
import PostgresStore
import Quantities

// MARK: - Adjustments and re-ratings

extension StoredOrganisation {
    mutating func adjust(
        _ body: BalanceAdjusted,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        try take(body.draws)
        adjustments.append((moment, body))
        book(
            .adjustment,
            -body.draws.total,
            at: moment,
            grant: 0,
            reference: body.actor,
            note: body.reason,
            org,
            &result
        )
    }

    mutating func correct(
        _ body: Rerated,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        if body.grant != 0 {
            lastGrant = max(lastGrant, body.grant)
            let issued = GrantIssued(
                grant: body.grant,
                grantClass: .adjustment,
                amount: -body.amount,
                priority: 20,
                effectiveAt: moment,
                expiresAt: .never,
                active: true,
                debtPaid: .zero,
                identity: 0,
                content: 0,
                reference: body.rerate,
                note: body.note
            )
            let row = GrantSnapshot(
                issued: issued,
                issuedAt: moment,
                active: true,
                expired: false,
                remaining: -body.amount - body.debtPaid
            )
            try insert(&grants, body.grant, row, "the grants of a batch")
            debt -= body.debtPaid
        }
        try take(body.draws)
        var line = StoredLine(
            line: 0,
            kind: .correction,
            amount: -body.amount,
            balance: .zero,
            appliedAt: moment,
            at: moment
        )
        line.grant = body.grant
        line.reference = body.rerate
        line.note = body.note
        line.day = body.day
        line.project = body.project
        line.key = body.key
        line.model = body.model
        book(line, org, &result)
        let key = RollupKey(
            day: body.day.number,
            project: body.project,
            key: body.key,
            model: body.model
        )
        // Requests that nobody has booked cannot be corrected.
        guard rollups[key] != nil else { throw .inconsistent("1 of 1 rollups are missing") }
        rollups[key]?.corrected += body.amount.units
    }
}
