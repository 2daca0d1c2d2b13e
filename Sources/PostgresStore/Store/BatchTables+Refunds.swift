import Accounting
import Quantities

extension BatchTables {
    func insertRefunds() throws(StoreError) {
        var arrays = RefundArrays()
        for change in sorted(batch.cold.refunds) { arrays.add(change) }
        for change in sorted(batch.cold.returns) { arrays.add(change) }
        if arrays.isEmpty { return }
        _ = try run(
            """
            INSERT INTO refunds (org, refund, of_line, of_grant, amount, debt_paid, parts,
                applied_at, identity, content, actor, reason, reference, rerate)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """,
            arrays.all,
            "the refunds of a batch"
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
    private(set) var isEmpty = true

    var all: [ArrayParameter] {
        [
            orgs, numbers, lines, grants, amounts, debts, parts, times, identities, contents,
            actors, reasons, references, rerates,
        ]
    }

    mutating func add(_ change: Dated<OperationRefunded>) {
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
    }

    private mutating func begin(
        _ org: UInt32,
        _ number: RefundNumber,
        _ amount: Amount,
        _ at: Timestamp
    ) {
        isEmpty = false
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
