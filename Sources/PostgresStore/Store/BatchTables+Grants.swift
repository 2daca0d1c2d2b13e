import Accounting
import Quantities

extension BatchTables {
    func insertGrants() throws(StoreError) {
        let issued = sorted(batch.cold.grants)
        if issued.isEmpty { return }
        var arrays = GrantArrays()
        for change in issued { arrays.add(change) }
        _ = try run(
            """
            INSERT INTO grants (org, grant_number, class, amount, remaining, priority,
                effective_at, expires_at, issued_at, active, expired, identity, content,
                reference, note)
            SELECT org, grant_number, class, amount, remaining, priority, effective_at,
                expires_at, issued_at, active, false, identity, content, reference, note
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                AS d (org, grant_number, class, amount, remaining, priority, effective_at,
                    expires_at, issued_at, active, identity, content, reference, note)
            """,
            arrays.all,
            "the grants of a batch"
        )
    }

    /// What usage, expiry, closing and paid debt leave of the grants.
    func changeGrants() throws(StoreError) {
        if batch.grants.isEmpty { return }
        let order = batch.grants.indices.sorted { left, right in
            let (one, two) = (batch.grants[left], batch.grants[right])
            return one.org != two.org ? one.org < two.org : one.grant < two.grant
        }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int4
        var remaining = ArrayParameter.numeric
        var expired = ArrayParameter.bool
        for slot in order {
            orgs.add(org: batch.grants[slot].org)
            numbers.add(batch.grants[slot].grant)
            remaining.add(Amount(units: batch.grants[slot].remaining))
            expired.add(batch.grants[slot].expired)
        }
        let answer = try run(
            """
            UPDATE grants g SET remaining = g.remaining + d.remaining,
                expired = g.expired OR d.expired
            FROM unnest($1, $2, $3, $4) AS d (org, grant_number, remaining, expired)
            WHERE g.org = d.org AND g.grant_number = d.grant_number
            """,
            [orgs, numbers, remaining, expired],
            "what is left of the grants"
        )
        try expect(answer, order.count, "grants")
    }

    /// Grants that begin: their lines get what was said when they were issued.
    func activateGrants() throws(StoreError) {
        let activations = batch.cold.activations.sorted { left, right in
            left.org != right.org ? left.org < right.org : left.grant < right.grant
        }
        if activations.isEmpty { return }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int4
        for activation in activations {
            orgs.add(org: activation.org)
            numbers.add(activation.grant)
        }
        let answer = try run(
            """
            UPDATE grants g SET active = true
            FROM unnest($1, $2) WITH ORDINALITY AS d (org, grant_number, place)
            WHERE g.org = d.org AND g.grant_number = d.grant_number
            RETURNING d.place, g.class, g.reference, g.note
            """,
            [orgs, numbers],
            "the grants that begin"
        )
        try expect(answer, activations.count, "grants")
        for row in 0..<answer.rowCount {
            let place = try answer.integer(row, 0) - 1
            guard activations.indices.contains(place) else {
                throw .unexpectedAnswer("a grant that is not in the batch")
            }
            let grantClass: GrantClass = try SQLName.value(answer.text(row, 1), SQLName.of)
            let line = activations[place].line
            batch.ledgerLines[line].kind = LedgerKind(grantClass)
            batch.ledgerLines[line].reference = answer.text(row, 2)
            batch.ledgerLines[line].note = answer.text(row, 3)
        }
    }
}

/// The columns of new grants.
private struct GrantArrays {
    private var orgs = ArrayParameter.int8
    private var numbers = ArrayParameter.int4
    private var classes = ArrayParameter.text
    private var amounts = ArrayParameter.numeric
    private var remaining = ArrayParameter.numeric
    private var priorities = ArrayParameter.int4
    private var effective = ArrayParameter.time
    private var expires = ArrayParameter.time
    private var issued = ArrayParameter.time
    private var active = ArrayParameter.bool
    private var identities = ArrayParameter.uuid
    private var contents = ArrayParameter.int8
    private var references = ArrayParameter.text
    private var notes = ArrayParameter.text

    var all: [ArrayParameter] {
        [
            orgs, numbers, classes, amounts, remaining, priorities, effective, expires, issued,
            active, identities, contents, references, notes,
        ]
    }

    mutating func add(_ change: Dated<GrantIssued>) {
        let body = change.body
        orgs.add(org: change.org)
        numbers.add(body.grant)
        classes.add(SQLName.of(body.grantClass))
        amounts.add(body.amount)
        remaining.add(body.active ? body.amount - body.debtPaid : body.amount)
        priorities.add(body.priority)
        effective.add(body.effectiveAt)
        if body.expiresAt == .never { expires.addNull() } else { expires.add(body.expiresAt) }
        issued.add(change.at)
        active.add(body.active)
        if body.identity == 0 {
            identities.addNull()
            contents.addNull()
        } else {
            identities.add(body.identity)
            contents.add(body.content)
        }
        references.add(body.reference)
        notes.add(body.note)
    }
}
