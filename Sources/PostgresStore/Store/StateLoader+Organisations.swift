import Accounting
import Quantities

extension StateLoader {
    /// Loads the organisations with numbers in a range, with everything that they have.
    ///
    /// - Parameter chunk: The range.
    /// - Returns: The organisations, by number.
    /// - Throws: What the server says.
    func loadOrganisations(_ chunk: OrganisationChunk) throws(StoreError) -> [OrganisationSnapshot]
    {
        var loaded = try organisations(chunk)
        if loaded.isEmpty { return loaded }
        let range = chunk.condition
        try addProjects(range, to: &loaded)
        try addKeys(range, to: &loaded)
        try addGrants(range, to: &loaded)
        try addHolds(range, to: &loaded)
        try addCaps(range, to: &loaded)
        try addSpends(range, to: &loaded)
        try addTerms(range, to: &loaded)
        try addDeployments(range, to: &loaded)
        try addRefunds(range, to: &loaded)
        try addAlerts(range, to: &loaded)
        try addPurchases(range, to: &loaded)
        return loaded
    }

    private func organisations(
        _ chunk: OrganisationChunk
    ) throws(StoreError) -> [OrganisationSnapshot] {
        var loaded: [OrganisationSnapshot] = []
        loaded.reserveCapacity(Int(OrganisationChunk.length))
        try copy(
            """
            SELECT o.org, o.name, o.zone, o.day, o.day_start, o.day_end, o.closed_at IS NOT NULL,
                w.lines, w.debt, w.last_grant, w.last_hold, o.has_purchased
            FROM organisations o JOIN wallets w ON w.org = o.org
            WHERE o.org \(chunk.condition) AND w.org \(chunk.condition)
            ORDER BY o.org
            """
        ) { (row) throws(StoreError) in
            let org = try row.org()
            let name = try row.text()
            let zone = try row.text()
            let day = try row.day()
            let start = try row.time()
            let end = try row.time()
            var organisation = OrganisationSnapshot(
                org: org,
                name: name,
                zone: zone,
                today: ZonedDay(day: day, start: start, end: end)
            )
            organisation.closed = try row.bool()
            organisation.lines = try row.unsigned64()
            organisation.debt = try row.amount()
            organisation.lastGrant = try row.number()
            organisation.lastHold = try row.unsigned64()
            organisation.hasPurchased = try row.bool()
            loaded.append(organisation)
        }
        return loaded
    }

    /// Brings rows that are sorted by organisation to the organisations, which are too.
    func merge(
        _ query: String,
        into loaded: inout [OrganisationSnapshot],
        row take: (inout FieldReader, inout OrganisationSnapshot) throws(StoreError) -> Void
    ) throws(StoreError) {
        var index = 0
        var organisations = loaded
        loaded = []
        defer { loaded = organisations }
        try copy(query) { (row) throws(StoreError) in
            let org = try row.org()
            while index < organisations.count, organisations[index].org < org { index += 1 }
            guard index < organisations.count, organisations[index].org == org else {
                throw .inconsistent("organisation \(org) has rows but is not there")
            }
            try take(&row, &organisations[index])
        }
    }

    private func addProjects(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        try merge(
            "SELECT org, project, name FROM projects WHERE org \(range) ORDER BY org, project",
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            let project = try row.number()
            organisation.projects.append(
                ProjectSnapshot(project: project, name: try row.text())
            )
        }
    }

    private func addKeys(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        try merge(
            """
            SELECT org, key, project, name, prefix, hash, generation, revoked_at IS NOT NULL
            FROM keys WHERE org \(range) ORDER BY org, key
            """,
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            let key = try row.number()
            let project = try row.number()
            let name = try row.text()
            let prefix = try row.text()
            let created = KeyCreated(
                key: key,
                project: project,
                name: name,
                prefix: prefix,
                hash: try row.hash()
            )
            let generation = try row.number()
            organisation.keys.append(
                KeySnapshot(created: created, generation: generation, revoked: try row.bool())
            )
        }
    }

    private func addGrants(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        try merge(
            """
            SELECT org, grant_number, class, amount, remaining, priority, effective_at, expires_at,
                issued_at, active, expired, identity, content, reference, note
            FROM grants WHERE org \(range) AND remaining > 0 ORDER BY org, grant_number
            """,
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            organisation.grants.append(try GrantSnapshot(from: &row))
        }
    }

    private func addHolds(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        try merge(
            """
            SELECT org, hold, project, key, model, expires_at, draws
            FROM holds WHERE org \(range) ORDER BY org, hold
            """,
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            let hold = try row.unsigned64()
            let project = try row.number()
            let key = try row.number()
            let model = try row.number()
            let expiresAt = try row.time()
            let placed = HoldPlaced(
                hold: hold,
                project: project,
                key: key,
                model: model,
                expiresAt: expiresAt,
                draws: try DrawCoding.draws(try row.byteArray())
            )
            organisation.holds.append(HoldSnapshot(placed: placed))
        }
    }

    private func addCaps(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        try merge(
            """
            SELECT org, scope, id, period, amount
            FROM caps WHERE org \(range) ORDER BY org, scope, id, period
            """,
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            let scope: Scope = try SQLName.value(try row.text(), SQLName.of)
            let id = try row.number()
            let period: CapPeriod = try SQLName.value(try row.text(), SQLName.of)
            organisation.caps.append(
                CapChanged(scope: scope, id: id, period: period, amount: try row.amount())
            )
        }
    }

    /// The windows are those of the day that the organisation stands at; the year 1 began on a
    /// Monday.
    private func addSpends(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        try merge(
            """
            WITH windows AS (
                SELECT org, day AS today, day - (day - date '0001-01-01') % 7 AS monday,
                    date_trunc('month', day::timestamp)::date AS first
                FROM organisations WHERE org \(range)
            )
            SELECT org, (CASE WHEN grouping(project) = 0 THEN 2 WHEN grouping(key) = 0 THEN 3
                    ELSE 1 END)::integer AS scope,
                coalesce(CASE WHEN grouping(project) = 0 THEN project
                    WHEN grouping(key) = 0 THEN key END, 0) AS id,
                sum(amount) FILTER (WHERE r.day = today),
                sum(amount) FILTER (WHERE r.day >= monday),
                sum(amount) FILTER (WHERE r.day >= first), sum(amount)
            FROM (
                SELECT org, day, project, key, amount FROM rollups WHERE org \(range)
                UNION ALL
                SELECT org, day, project, 0, amount FROM machine_rollups WHERE org \(range)
            ) r JOIN windows USING (org)
            GROUP BY GROUPING SETS ((org), (org, project), (org, key))
            HAVING sum(amount) <> 0
                AND (grouping(project) = 1 OR project <> 0) AND (grouping(key) = 1 OR key <> 0)
            ORDER BY org, scope, id
            """,
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            guard let scope = Scope(rawValue: UInt8(truncatingIfNeeded: try row.int32())) else {
                throw .unexpectedAnswer("an unknown scope")
            }
            let id = try row.number()
            let day = try row.amount()
            let week = try row.amount()
            let month = try row.amount()
            organisation.spends.append(
                SpendSnapshot(
                    scope: scope,
                    id: id,
                    day: day,
                    week: week,
                    month: month,
                    total: try row.amount()
                )
            )
        }
    }
}

extension GrantSnapshot {
    fileprivate init(from row: inout FieldReader) throws(StoreError) {
        let grant = try row.number()
        let grantClass: GrantClass = try SQLName.value(try row.text(), SQLName.of)
        let amount = try row.amount()
        let remaining = try row.amount()
        let priority = try row.int32()
        let effectiveAt = try row.time()
        let expiresAt = try row.time()
        let issuedAt = try row.time()
        let active = try row.bool()
        let expired = try row.bool()
        let identity = try row.identity()
        let content = try row.unsigned64()
        let reference = try row.text()
        let issued = GrantIssued(
            grant: grant,
            grantClass: grantClass,
            amount: amount,
            priority: priority,
            effectiveAt: effectiveAt,
            expiresAt: expiresAt,
            active: active,
            debtPaid: .zero,
            identity: identity,
            content: content,
            reference: reference,
            note: try row.text()
        )
        self.init(
            issued: issued,
            issuedAt: issuedAt,
            active: active,
            expired: expired,
            remaining: remaining
        )
    }
}
