import Accounting
import Quantities

extension BatchTables {
    func insertNames() throws(StoreError) {
        let names = batch.cold.names
        if names.isEmpty { return }
        var kinds = ArrayParameter.text
        var numbers = ArrayParameter.int4
        var texts = ArrayParameter.text
        for name in names {
            kinds.add(SQLName.of(name.kind))
            numbers.add(name.number)
            texts.add(name.name)
        }
        // Each shard declares a name before it first uses it: the same one may come several times.
        _ = try run(
            """
            INSERT INTO names (kind, number, name) SELECT * FROM unnest($1, $2, $3)
            ON CONFLICT (kind, number) DO NOTHING
            """,
            [kinds, numbers, texts],
            "the names of a batch"
        )
    }

    func insertPrices() throws(StoreError) {
        let prices = batch.cold.prices
        if prices.isEmpty { return }
        var numbers = ArrayParameter.int4
        var models = ArrayParameter.text
        var times = ArrayParameter.time
        var texts = ArrayParameter.text
        for price in prices {
            numbers.add(price.price)
            models.add(price.model)
            times.add(price.effectiveFrom)
            texts.add(price.text)
        }
        _ = try run(
            """
            INSERT INTO prices (price, model, effective_from, text)
            SELECT * FROM unnest($1, $2, $3, $4)
            ON CONFLICT (price) DO NOTHING
            """,
            [numbers, models, times, texts],
            "the prices of a batch"
        )
    }

    func insertCards() throws(StoreError) {
        let cards = batch.cold.cards
        if cards.isEmpty { return }
        var times = ArrayParameter.time
        var names = ArrayParameter.text
        var digests = ArrayParameter.text
        for card in cards {
            times.add(card.at)
            names.add(card.body.name)
            digests.add(card.body.digest)
        }
        _ = try run(
            """
            INSERT INTO rate_cards (loaded_at, name, digest) SELECT * FROM unnest($1, $2, $3)
            ON CONFLICT (loaded_at, name) DO NOTHING
            """,
            [times, names, digests],
            "the rate cards of a batch"
        )
    }

    func insertOrganisations() throws(StoreError) {
        let created = sorted(batch.cold.created)
        if created.isEmpty { return }
        var orgs = ArrayParameter.int8
        var names = ArrayParameter.text
        var zones = ArrayParameter.text
        var times = ArrayParameter.time
        var days = ArrayParameter.date
        var starts = ArrayParameter.time
        var ends = ArrayParameter.time
        for change in created {
            orgs.add(org: change.org)
            names.add(change.body.name)
            zones.add(change.body.zone)
            times.add(change.at)
            days.add(change.body.today.day)
            starts.add(change.body.today.start)
            ends.add(change.body.today.end)
        }
        let during = "the organisations of a batch"
        _ = try run(
            """
            INSERT INTO organisations (org, name, zone, created_at, day, day_start, day_end)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
            """,
            [orgs, names, zones, times, days, starts, ends],
            during
        )
        _ = try run(
            """
            INSERT INTO wallets (org, lines, balance, debt, last_grant, last_hold, updated_at)
            SELECT org, 0, 0, 0, 0, 0, at FROM unnest($1, $2) AS d (org, at)
            """,
            [orgs, times],
            during
        )
    }

    func closeOrganisations() throws(StoreError) {
        let closed = last(batch.cold.closed) { _ in 0 }
        if closed.isEmpty { return }
        var orgs = ArrayParameter.int8
        var times = ArrayParameter.time
        var reasons = ArrayParameter.text
        for change in closed {
            orgs.add(org: change.org)
            times.add(change.at)
            reasons.add(change.body.reason)
        }
        let during = "the closed organisations of a batch"
        let answer = try run(
            """
            UPDATE organisations o SET closed_at = d.at, close_reason = d.reason
            FROM unnest($1, $2, $3) AS d (org, at, reason) WHERE o.org = d.org
            """,
            [orgs, times, reasons],
            during
        )
        try expect(answer, closed.count, "organisations")
        // A grant that never began was never in the balance: it goes without a line.
        _ = try run(
            """
            UPDATE grants g SET remaining = 0, expired = true
            FROM unnest($1) AS d (org) WHERE g.org = d.org AND NOT g.active
            """,
            [orgs],
            during
        )
    }

    func turnDays() throws(StoreError) {
        let turned = last(batch.cold.turned) { _ in 0 }
        if turned.isEmpty { return }
        var orgs = ArrayParameter.int8
        var days = ArrayParameter.date
        var starts = ArrayParameter.time
        var ends = ArrayParameter.time
        for change in turned {
            orgs.add(org: change.org)
            days.add(change.body.day)
            starts.add(change.body.start)
            ends.add(change.body.end)
        }
        let answer = try run(
            """
            UPDATE organisations o SET day = d.day, day_start = d.day_start, day_end = d.day_end
            FROM unnest($1, $2, $3, $4) AS d (org, day, day_start, day_end) WHERE o.org = d.org
            """,
            [orgs, days, starts, ends],
            "the days of a batch"
        )
        try expect(answer, turned.count, "organisations")
    }

    func insertProjects() throws(StoreError) {
        let projects = sorted(batch.cold.projects)
        if projects.isEmpty { return }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int4
        var names = ArrayParameter.text
        var times = ArrayParameter.time
        for change in projects {
            orgs.add(org: change.org)
            numbers.add(change.body.project)
            names.add(change.body.name)
            times.add(change.at)
        }
        _ = try run(
            """
            INSERT INTO projects (org, project, name, created_at)
            SELECT * FROM unnest($1, $2, $3, $4)
            """,
            [orgs, numbers, names, times],
            "the projects of a batch"
        )
    }

    /// A change must find its row: else the database is not the one that the journal belongs to.
    func expect(
        _ answer: QueryResult,
        _ count: Int,
        _ what: String
    ) throws(StoreError) {
        guard answer.affectedRows == count else {
            throw .inconsistent("\(count - answer.affectedRows) of \(count) \(what) are missing")
        }
    }
}
