import Accounting
import Quantities

extension PostgresReader {
    /// Sums of usage over days of the account, from the rollups alone.
    ///
    /// - Parameters:
    ///   - org: Whose usage.
    ///   - from: The first day, in the account's zone.
    ///   - through: The last day.
    ///   - grouping: What the rows stand for.
    /// - Returns: The dearest first; days in order.
    /// - Throws: What the server or the transport says.
    public func usageSummary(
        org: OrgNumber,
        from: CivilDay,
        through: CivilDay,
        by grouping: SummaryGrouping
    ) throws(StoreError) -> [UsageSummary] {
        var parameters = QueryParameters()
        parameters.add(org.raw)
        parameters.add(from)
        parameters.add(through)
        let shape = Shape(grouping)
        let answer = try open().query(
            """
            SELECT coalesce(\(shape.label), ''), s.* FROM (
                SELECT \(shape.number) AS number, \(shape.day) AS day, sum(requests)::bigint,
                    sum(failed)::bigint, sum(cache_hits)::bigint, sum(input_tokens)::bigint,
                    sum(cache_read_input_tokens)::bigint, sum(cache_write_input_tokens)::bigint,
                    sum(output_tokens)::bigint, sum(reasoning_output_tokens)::bigint,
                    sum(amount) AS amount, sum(corrected) AS corrected
                FROM rollups WHERE org = $1 AND day BETWEEN $2 AND $3 GROUP BY 1, 2
            ) s \(shape.join)
            ORDER BY s.day, s.amount DESC, s.number
            """,
            parameters,
            during: "summing usage"
        )
        return try PostgresReader.rows(answer, PostgresReader.summary)
    }

    private static func summary(
        _ row: QueryResult,
        _ index: Int
    ) throws(StoreError) -> UsageSummary {
        UsageSummary(
            label: row.text(index, 0),
            number: try row.number(index, 1),
            requests: try row.unsigned(index, 3),
            failed: try row.unsigned(index, 4),
            cacheHits: try row.unsigned(index, 5),
            inputTokens: try row.unsigned(index, 6),
            cacheReadTokens: try row.unsigned(index, 7),
            cacheWriteTokens: try row.unsigned(index, 8),
            outputTokens: try row.unsigned(index, 9),
            reasoningTokens: try row.unsigned(index, 10),
            charge: try row.amount(index, 11),
            corrected: try row.amount(index, 12)
        )
    }

    /// How a grouping is said in SQL.
    private struct Shape {
        let number: String
        let day: String
        let label: String
        let join: String

        init(_ grouping: SummaryGrouping) {
            switch grouping {
            case .model:
                number = "model"
                join = "LEFT JOIN names n ON n.kind = 'model' AND n.number = s.number"
            case .key:
                number = "key"
                join = "LEFT JOIN keys n ON n.org = $1 AND n.key = s.number"
            case .project:
                number = "project"
                join = "LEFT JOIN projects n ON n.org = $1 AND n.project = s.number"
            case .day:
                number = "0"
                join = ""
            }
            day = grouping == .day ? "day" : "NULL::date"
            label = grouping == .day ? "s.day::text" : "n.name"
        }
    }
}
