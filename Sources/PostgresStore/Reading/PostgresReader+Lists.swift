import Accounting
import Quantities

extension PostgresReader {
    private static let organisationColumns = """
        SELECT o.org, o.name, o.zone, o.created_at, o.closed_at, o.close_reason, o.day, w.lines,
            w.balance, w.debt, w.updated_at
        FROM organisations o JOIN wallets w ON w.org = o.org
        """

    /// Organisations by name.
    ///
    /// - Parameters:
    ///   - after: The last name of the page before, or nil for the first page.
    ///   - limit: How many at most.
    /// - Returns: A page of them.
    /// - Throws: What the server or the transport says.
    public func organisations(
        after: String?,
        limit: Int
    ) throws(StoreError) -> [OrganisationRecord] {
        var parameters = QueryParameters()
        parameters.add(after)
        parameters.add(limit)
        let answer = try open().query(
            "\(PostgresReader.organisationColumns) WHERE $1 IS NULL OR o.name > $1 "
                + "ORDER BY o.name, o.org LIMIT $2",
            parameters,
            during: "listing organisations"
        )
        return try PostgresReader.rows(answer, PostgresReader.organisation)
    }

    /// One organisation, or nil when there is none with this name.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The one that was created last, should there be several.
    /// - Throws: What the server or the transport says.
    public func organisation(named name: String) throws(StoreError) -> OrganisationRecord? {
        var parameters = QueryParameters()
        parameters.add(name)
        let answer = try open().query(
            "\(PostgresReader.organisationColumns) WHERE o.name = $1 ORDER BY o.org DESC LIMIT 1",
            parameters,
            during: "reading an organisation"
        )
        return try PostgresReader.rows(answer, PostgresReader.organisation).first
    }

    /// The projects of an organisation, by number.
    ///
    /// - Parameter org: The organisation.
    /// - Returns: All of them.
    /// - Throws: What the server or the transport says.
    public func projects(of org: OrgNumber) throws(StoreError) -> [ProjectRecord] {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        let answer = try open().query(
            "SELECT project, name, created_at FROM projects WHERE org = $1 ORDER BY project",
            parameters,
            during: "listing projects"
        )
        return try PostgresReader.rows(answer) { (row, index) throws(StoreError) in
            ProjectRecord(
                project: try row.number(index, 0),
                name: row.text(index, 1),
                createdAt: try row.time(index, 2)
            )
        }
    }

    /// The keys of an organisation, by number.
    ///
    /// - Parameter org: The organisation.
    /// - Returns: All of them, revoked ones included.
    /// - Throws: What the server or the transport says.
    public func keys(of org: OrgNumber) throws(StoreError) -> [KeyRecord] {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        let answer = try open().query(
            """
            SELECT key, project, name, prefix, generation, created_at, rotated_at, revoked_at
            FROM keys WHERE org = $1 ORDER BY key
            """,
            parameters,
            during: "listing keys"
        )
        return try PostgresReader.rows(answer) { (row, index) throws(StoreError) in
            KeyRecord(
                key: try row.number(index, 0),
                project: try row.number(index, 1),
                name: row.text(index, 2),
                prefix: row.text(index, 3),
                generation: try row.number(index, 4),
                createdAt: try row.time(index, 5),
                rotatedAt: try row.optionalTime(index, 6),
                revokedAt: try row.optionalTime(index, 7)
            )
        }
    }

    /// The grants of an organisation, by number.
    ///
    /// - Parameter org: The organisation.
    /// - Returns: All of them, used-up ones included.
    /// - Throws: What the server or the transport says.
    public func grants(of org: OrgNumber) throws(StoreError) -> [GrantRecord] {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        let answer = try open().query(
            """
            SELECT grant_number, class, amount, remaining, priority, effective_at, expires_at,
                issued_at, active, expired, reference, note
            FROM grants WHERE org = $1 ORDER BY grant_number
            """,
            parameters,
            during: "listing grants"
        )
        return try PostgresReader.rows(answer) { (row, index) throws(StoreError) in
            GrantRecord(
                grant: try row.number(index, 0),
                grantClass: try SQLName.value(row.text(index, 1), SQLName.of),
                amount: try row.amount(index, 2),
                remaining: try row.amount(index, 3),
                priority: Int32(truncatingIfNeeded: try row.integer(index, 4)),
                effectiveAt: try row.time(index, 5),
                expiresAt: try row.optionalTime(index, 6) ?? .never,
                issuedAt: try row.time(index, 7),
                active: row.bool(index, 8),
                expired: row.bool(index, 9),
                reference: row.text(index, 10),
                note: row.text(index, 11)
            )
        }
    }

    /// Reads every row of an answer.
    static func rows<Record>(
        _ answer: QueryResult,
        _ read: (QueryResult, Int) throws(StoreError) -> Record
    ) throws(StoreError) -> [Record] {
        var records: [Record] = []
        records.reserveCapacity(answer.rowCount)
        for index in 0..<answer.rowCount { records.append(try read(answer, index)) }
        return records
    }

    private static func organisation(
        _ row: QueryResult,
        _ index: Int
    ) throws(StoreError) -> OrganisationRecord {
        OrganisationRecord(
            org: OrgNumber(try row.number(index, 0)),
            name: row.text(index, 1),
            zone: row.text(index, 2),
            createdAt: try row.time(index, 3),
            closedAt: try row.optionalTime(index, 4),
            closeReason: row.optionalText(index, 5),
            day: try row.day(index, 6),
            lines: try row.unsigned(index, 7),
            balance: try row.amount(index, 8),
            debt: try row.amount(index, 9),
            updatedAt: try row.time(index, 10)
        )
    }
}
