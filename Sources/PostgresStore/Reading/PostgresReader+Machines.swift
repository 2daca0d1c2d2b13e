import Accounting
import Quantities

/// What machines were charged under one name, or on one day.
public struct MachineSpend: Sendable, Hashable {
    /// The deployment's or the project's name, or the day; empty for no project.
    public var label: String
    /// What was charged.
    public var charge: Amount
}

/// What a sum of machines stands for.
public enum MachineGrouping: String, Sendable, CaseIterable {
    case deployment
    case project
    case day
}

/// What a deployment was charged on days without a request.
public struct IdleMachine: Sendable, Hashable {
    /// The deployment's name.
    public var deployment: String
    /// On how many days it was charged.
    public var days: UInt64
    /// On how many of them nobody asked for anything in its project.
    public var idleDays: UInt64
    /// What it was charged on all of them.
    public var charge: Amount
    /// What it was charged on those without a request.
    public var idleCharge: Amount
}

extension PostgresReader {
    private static let machines = "machine_rollups"

    /// Whether the books have a table or a view.
    func hasTable(_ name: String) throws(StoreError) -> Bool {
        var parameters = QueryParameters()
        parameters.add(name)
        let answer = try open().query(
            "SELECT to_regclass($1) IS NOT NULL",
            parameters,
            during: "looking for a table"
        )
        return answer.bool(0, 0)
    }

    /// What machines were charged over days of the account, the dearest first; days in order.
    ///
    /// - Parameters:
    ///   - org: Whose machines.
    ///   - from: The first day, in the account's zone.
    ///   - through: The last day.
    ///   - grouping: What the rows stand for.
    /// - Returns: One for each that was charged; none while the books have no machines.
    /// - Throws: What the server or the transport says.
    public func machineSpend(
        org: OrgNumber,
        from: CivilDay,
        through: CivilDay,
        by grouping: MachineGrouping
    ) throws(StoreError) -> [MachineSpend] {
        guard try hasTable(PostgresReader.machines) else { return [] }
        let label =
            switch grouping {
            case .deployment: "m.deployment"
            case .project: "coalesce(p.name, '')"
            case .day: "m.day::text"
            }
        let answer = try open().query(
            """
            SELECT \(label), sum(m.amount) AS amount FROM \(PostgresReader.machines) m
            LEFT JOIN projects p ON p.org = m.org AND p.project = m.project
            WHERE m.org = $1 AND m.day BETWEEN $2 AND $3
            GROUP BY 1 ORDER BY \(grouping == .day ? "1" : "amount DESC, 1")
            """,
            PostgresReader.span(org, from, through),
            during: "summing machines"
        )
        return try PostgresReader.rows(answer) { (row, index) throws(StoreError) in
            MachineSpend(label: row.text(index, 0), charge: try row.amount(index, 1))
        }
    }

    /// What deployments were charged on days on which nobody asked for anything in their project.
    ///
    /// - Parameters:
    ///   - org: Whose machines.
    ///   - from: The first day, in the account's zone.
    ///   - through: The last day.
    /// - Returns: Those that had such days, the dearest first.
    /// - Throws: What the server or the transport says.
    public func idleMachines(
        org: OrgNumber,
        from: CivilDay,
        through: CivilDay
    ) throws(StoreError) -> [IdleMachine] {
        guard try hasTable(PostgresReader.machines) else { return [] }
        let answer = try open().query(
            """
            SELECT deployment, count(*), count(*) FILTER (WHERE is_idle), sum(amount),
                sum(amount) FILTER (WHERE is_idle) AS idle
            FROM (
                SELECT m.deployment, m.day, sum(m.amount) AS amount, NOT bool_or(EXISTS (
                    SELECT 1 FROM rollups r WHERE r.org = m.org AND r.day = m.day
                        AND r.requests > 0 AND (m.project = 0 OR r.project = m.project)
                )) AS is_idle
                FROM \(PostgresReader.machines) m
                WHERE m.org = $1 AND m.day BETWEEN $2 AND $3 GROUP BY m.deployment, m.day
            ) d
            GROUP BY deployment HAVING sum(amount) FILTER (WHERE is_idle) > 0
            ORDER BY idle DESC, deployment
            """,
            PostgresReader.span(org, from, through),
            during: "looking for idle machines"
        )
        return try PostgresReader.rows(answer) { (row, index) throws(StoreError) in
            IdleMachine(
                deployment: row.text(index, 0),
                days: try row.unsigned(index, 1),
                idleDays: try row.unsigned(index, 2),
                charge: try row.amount(index, 3),
                idleCharge: try row.amount(index, 4)
            )
        }
    }

    private static func span(
        _ org: OrgNumber,
        _ from: CivilDay,
        _ through: CivilDay
    ) -> QueryParameters {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(from)
        parameters.add(through)
        return parameters
    }
}
