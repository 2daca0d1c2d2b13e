import Accounting
import Quantities

extension BatchTables {
    /// Purchases and top-ups: what was asked for, how it ended, what was set.
    func writePurchases() throws(StoreError) {
        try insertPurchases()
        try settlePurchases()
        let deltas = batch.cold.purchases.topUps.sorted { $0.key < $1.key }
        try setTopUps(deltas)
        try changeTopUps(deltas)
    }

    private func insertPurchases() throws(StoreError) {
        let asked = sorted(batch.cold.purchases.asked)
        if asked.isEmpty { return }
        var arrays = PurchaseArrays()
        for change in asked { arrays.add(change) }
        _ = try run(
            """
            INSERT INTO purchases (org, purchase, state, automatic, pack, credits, price, currency,
                connector, month, asked_at, identity, content)
            SELECT org, purchase, 'open', automatic, pack, credits, price, currency, connector,
                month, asked_at, identity, content
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                AS d (org, purchase, automatic, pack, credits, price, currency, connector, month,
                    asked_at, identity, content)
            """,
            arrays.all,
            "the purchases of a batch"
        )
    }

    private func settlePurchases() throws(StoreError) {
        let settled = batch.cold.purchases.settled.sorted { left, right in
            left.org != right.org ? left.org < right.org : left.purchase < right.purchase
        }
        if settled.isEmpty { return }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int4
        var times = ArrayParameter.time
        var payments = ArrayParameter.text
        var receipts = ArrayParameter.int4
        var grants = ArrayParameter.int4
        var reasons = ArrayParameter.text
        for settlement in settled {
            orgs.add(org: settlement.org)
            numbers.add(settlement.purchase)
            times.add(settlement.at)
            if let payment = settlement.payment {
                payments.add(payment)
                receipts.add(settlement.receipt)
                grants.add(settlement.grant)
                reasons.addNull()
            } else {
                payments.addNull()
                receipts.addNull()
                grants.addNull()
                reasons.add(settlement.reason)
            }
        }
        let answer = try run(
            """
            UPDATE purchases p SET settled_at = d.at, payment = d.payment, receipt = d.receipt,
                grant_number = d.grant_number, reason = d.reason,
                state = CASE WHEN d.payment IS NULL THEN 'failed' ELSE 'confirmed' END
            FROM unnest($1, $2, $3, $4, $5, $6, $7)
                AS d (org, purchase, at, payment, receipt, grant_number, reason)
            WHERE p.org = d.org AND p.purchase = d.purchase AND p.state = 'open'
            """,
            [orgs, numbers, times, payments, receipts, grants, reasons],
            "the settled purchases of a batch"
        )
        try expect(answer, settled.count, "purchases")
    }

    private func setTopUps(_ deltas: [(key: UInt32, value: TopUpDelta)]) throws(StoreError) {
        var arrays = TopUpArrays()
        for (org, delta) in deltas {
            guard let setting = delta.setting else { continue }
            arrays.add(org, setting, at: delta.changedAt)
        }
        if arrays.isEmpty { return }
        _ = try run(
            """
            INSERT INTO topups (org, enabled, threshold, credits, price, currency, pack, connector,
                monthly_limit, changed_at, failures, retry_at)
            SELECT org, enabled, threshold, credits, price, currency, pack, connector,
                monthly_limit, changed_at, 0, timestamptz 'epoch'
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                AS d (org, enabled, threshold, credits, price, currency, pack, connector,
                    monthly_limit, changed_at)
            ON CONFLICT (org) DO UPDATE SET enabled = excluded.enabled,
                threshold = excluded.threshold, credits = excluded.credits,
                price = excluded.price, currency = excluded.currency, pack = excluded.pack,
                connector = excluded.connector, monthly_limit = excluded.monthly_limit,
                changed_at = excluded.changed_at, failures = 0, retry_at = timestamptz 'epoch',
                limit_month = NULL
            """,
            arrays.all,
            "the top-ups of a batch"
        )
    }

    private func changeTopUps(_ deltas: [(key: UInt32, value: TopUpDelta)]) throws(StoreError) {
        let changed = deltas.filter { $0.value.wait != nil || $0.value.limitMonth != nil }
        if changed.isEmpty { return }
        var orgs = ArrayParameter.int8
        var failures = ArrayParameter.int4
        var retries = ArrayParameter.time
        var months = ArrayParameter.date
        for (org, delta) in changed {
            orgs.add(org: org)
            if let wait = delta.wait {
                failures.add(wait.failures)
                retries.add(wait.retryAt)
            } else {
                failures.addNull()
                retries.addNull()
            }
            if let month = delta.limitMonth { months.add(month) } else { months.addNull() }
        }
        let answer = try run(
            """
            UPDATE topups t SET failures = coalesce(d.failures, t.failures),
                retry_at = coalesce(d.retry_at, t.retry_at),
                limit_month = coalesce(d.limit_month, t.limit_month)
            FROM unnest($1, $2, $3, $4) AS d (org, failures, retry_at, limit_month)
            WHERE t.org = d.org
            """,
            [orgs, failures, retries, months],
            "how top-ups went in a batch"
        )
        try expect(answer, changed.count, "topups")
    }
}

/// The columns of new purchases.
private struct PurchaseArrays {
    private var orgs = ArrayParameter.int8
    private var numbers = ArrayParameter.int4
    private var automatic = ArrayParameter.bool
    private var packs = ArrayParameter.text
    private var credits = ArrayParameter.numeric
    private var prices = ArrayParameter.numeric
    private var currencies = ArrayParameter.text
    private var connectors = ArrayParameter.text
    private var months = ArrayParameter.date
    private var times = ArrayParameter.time
    private var identities = ArrayParameter.uuid
    private var contents = ArrayParameter.int8

    var all: [ArrayParameter] {
        [
            orgs, numbers, automatic, packs, credits, prices, currencies, connectors, months,
            times, identities, contents,
        ]
    }

    mutating func add(_ change: Dated<PurchaseAsked>) {
        let body = change.body
        orgs.add(org: change.org)
        numbers.add(body.purchase)
        automatic.add(body.automatic)
        packs.add(body.pack)
        credits.add(body.credits)
        prices.add(body.price)
        currencies.add(body.currency)
        connectors.add(body.connector)
        months.add(body.month)
        times.add(change.at)
        if body.identity == 0 {
            identities.addNull()
            contents.addNull()
        } else {
            identities.add(body.identity)
            contents.add(body.content)
        }
    }
}

/// The columns of top-ups that were set.
private struct TopUpArrays {
    private(set) var isEmpty = true
    private var orgs = ArrayParameter.int8
    private var enabled = ArrayParameter.bool
    private var thresholds = ArrayParameter.numeric
    private var credits = ArrayParameter.numeric
    private var prices = ArrayParameter.numeric
    private var currencies = ArrayParameter.text
    private var packs = ArrayParameter.text
    private var connectors = ArrayParameter.text
    private var limits = ArrayParameter.numeric
    private var times = ArrayParameter.time

    var all: [ArrayParameter] {
        [
            orgs, enabled, thresholds, credits, prices, currencies, packs, connectors, limits,
            times,
        ]
    }

    mutating func add(_ org: UInt32, _ setting: TopUpSet, at moment: Timestamp) {
        isEmpty = false
        orgs.add(org: org)
        enabled.add(setting.on)
        thresholds.add(setting.threshold)
        credits.add(setting.credits)
        prices.add(setting.price)
        currencies.add(setting.currency)
        packs.add(setting.pack)
        connectors.add(setting.connector)
        if let limit = setting.monthlyLimit { limits.add(limit) } else { limits.addNull() }
        times.add(moment)
    }
}
