import Accounting
import Quantities

extension BatchTables {
    private static let refunding = "the refunds of a batch"

    /// Writes the refunds; before the days turn, as corrections are, for the day that books them.
    func insertRefunds() throws(StoreError) {
        if batch.cold.refunds.isEmpty, batch.cold.returns.isEmpty { return }
        var arrays = RefundArrays()
        let days = bookingDays
        for change in sorted(batch.cold.refunds) {
            arrays.add(change, bookedOn: days[change.org, change.at])
        }
        for change in sorted(batch.cold.returns) { arrays.add(change) }
        let answer = try run(
            """
            INSERT INTO refunds (org, refund, of_line, of_grant, amount, debt_paid, parts,
                applied_at, identity, content, actor, reason, reference, rerate, booked_on)
            SELECT d.org, d.refund, d.of_line, d.of_grant, d.amount, d.debt_paid, d.parts, d.at,
                d.identity, d.content, d.actor, d.reason, d.reference, d.rerate,
                CASE WHEN d.of_line IS NOT NULL THEN coalesce(d.booked_on, o.day) END
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                AS d (org, refund, of_line, of_grant, amount, debt_paid, parts, at, identity,
                    content, actor, reason, reference, rerate, booked_on)
            JOIN organisations o ON o.org = d.org
            """,
            arrays.all,
            BatchTables.refunding
        )
        try expect(answer, arrays.count, "organisations")
    }

    /// What the refunds are of, once all lines are there: whoever replays a journal into older
    /// books has a charge and its refund in one batch.
    func completeRefunds() throws(StoreError) {
        if batch.cold.refunds.isEmpty { return }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int4
        for change in batch.cold.refunds {
            orgs.add(org: change.org)
            numbers.add(change.body.refund)
        }
        _ = try run(
            """
            UPDATE refunds r SET charged_on = c.day, model = c.model, machine = c.machine
            FROM unnest($1, $2) AS d (org, refund)
                JOIN refunds f ON f.org = d.org AND f.refund = d.refund
                CROSS JOIN LATERAL (
                    SELECT u.day, u.model, NULL::integer AS machine FROM usage_lines u
                    WHERE u.org = f.org AND u.line = f.of_line
                    UNION ALL
                    SELECT l.day, NULL, l.machine FROM ledger_lines l
                    WHERE l.org = f.org AND l.line = f.of_line AND l.kind = 'machine'
                ) c
            WHERE r.org = f.org AND r.refund = f.refund
            """,
            [orgs, numbers],
            BatchTables.refunding
        )
    }
}

extension StateLoader {
    /// The highest number of each organisation that ever got something back.
    func addRefunds(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        try merge(
            "SELECT org, max(refund) FROM refunds WHERE org \(range) GROUP BY org ORDER BY org",
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            organisation.lastRefund = try row.number()
        }
    }

    /// Refunds are known by their keys as grants are, and share the keys with them.
    func loadRefundIdentities(
        since moment: Timestamp,
        _ receive: (LoadedItem) -> Void
    ) throws(StoreError) {
        try copy(
            """
            SELECT org, identity, content, applied_at, refund FROM refunds
            WHERE identity IS NOT NULL AND applied_at >= '\(moment)'
            ORDER BY applied_at, org, refund
            """
        ) { (row) throws(StoreError) in
            let org = try row.org()
            let identity = try row.identity()
            let content = try row.unsigned64()
            let appliedAt = try row.time()
            let found = GrantIdentity(
                org: org,
                identity: identity,
                content: content,
                issuedAt: appliedAt,
                grant: try row.number()
            )
            receive(.grantIdentity(found))
        }
    }
}

/// The columns of refunds.
private struct RefundArrays {
    private var orgs = ArrayParameter.int8
    private var numbers = ArrayParameter.int4
    private var lines = ArrayParameter.int8
    private var grants = ArrayParameter.int4
    private var amounts = ArrayParameter.numeric
    private var debts = ArrayParameter.numeric
    private var parts = ArrayParameter.text
    private var times = ArrayParameter.time
    private var identities = ArrayParameter.uuid
    private var contents = ArrayParameter.int8
    private var actors = ArrayParameter.text
    private var reasons = ArrayParameter.text
    private var references = ArrayParameter.text
    private var rerates = ArrayParameter.text
    private var bookingDays = ArrayParameter.date
    private(set) var count = 0

    var all: [ArrayParameter] {
        [
            orgs, numbers, lines, grants, amounts, debts, parts, times, identities, contents,
            actors, reasons, references, rerates, bookingDays,
        ]
    }

    mutating func add(_ change: Dated<OperationRefunded>, bookedOn day: CivilDay?) {
        let body = change.body
        begin(change.org, body.refund, body.amount, change.at)
        lines.add(body.line)
        grants.addNull()
        debts.add(body.debtPaid)
        let texts = body.parts.map { "\($0.amount) to grant \($0.grant)" }
        parts.add(texts.joined(separator: ", "))
        identify(body.identity, body.content)
        actors.add(body.actor)
        reasons.add(body.reason)
        references.add(body.request)
        rerates.add(body.rerate)
        if let day { bookingDays.add(day) } else { bookingDays.addNull() }
    }

    mutating func add(_ change: Dated<PurchaseReturned>) {
        let body = change.body
        begin(change.org, body.refund, body.amount, change.at)
        lines.addNull()
        grants.add(body.grant)
        debts.add(Amount.zero)
        parts.add("")
        identify(body.identity, body.content)
        actors.add(body.actor)
        reasons.add(body.reason)
        references.add(body.reference)
        rerates.add("")
        bookingDays.addNull()
    }

    private mutating func begin(
        _ org: UInt32,
        _ number: RefundNumber,
        _ amount: Amount,
        _ at: Timestamp
    ) {
        count += 1
        orgs.add(org: org)
        numbers.add(number)
        amounts.add(amount)
        times.add(at)
    }

    private mutating func identify(_ identity: UInt128, _ content: UInt64) {
        if identity == 0 {
            identities.addNull()
            contents.addNull()
        } else {
            identities.add(identity)
            contents.add(content)
        }
    }
}
