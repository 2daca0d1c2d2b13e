/// The audit's queries.
///
/// The sums are made by the server; only wallets and faults travel.
enum AuditText {
    /// All lines of both tables with what stood before each.
    private static func chained(_ condition: String) -> String {
        """
        WITH lines AS (
            SELECT org, line, amount, balance, true AS is_usage
            FROM usage_lines WHERE \(condition)
            UNION ALL
            SELECT org, line, amount, balance, false FROM ledger_lines WHERE \(condition)
        ), chained AS (
            SELECT org, line, amount, balance, is_usage,
                coalesce(lag(line) OVER w, 0) AS line_before,
                coalesce(lag(balance) OVER w, 0) AS balance_before,
                lead(line) OVER w IS NULL AS is_last
            FROM lines WINDOW w AS (PARTITION BY org ORDER BY line, is_usage DESC)
        )
        """
    }

    private static let isBroken =
        "(line <> line_before + 1 OR balance <> balance_before + amount)"

    /// One row for each organisation; 14 columns.
    static func wallets(_ condition: String) -> String {
        """
        \(chained(condition)), sums AS (
            SELECT org, count(*) AS lines, count(*) FILTER (WHERE is_usage) AS usage_lines,
                sum(amount) FILTER (WHERE is_usage) AS usage_amount,
                sum(amount) FILTER (WHERE NOT is_usage) AS other_amount,
                max(line) AS last_line, max(balance) FILTER (WHERE is_last) AS last_balance,
                count(*) FILTER (WHERE \(isBroken)) AS broken
            FROM chained GROUP BY org
        ), granted AS (
            SELECT org, sum(remaining) AS remaining FROM grants
            WHERE active AND \(condition) GROUP BY org
        )
        SELECT org, o.org IS NOT NULL, w.org IS NOT NULL, w.lines, w.balance, w.debt, s.lines,
            s.usage_lines, s.usage_amount, s.other_amount, s.last_line, s.last_balance, s.broken,
            g.remaining
        FROM (SELECT org FROM organisations WHERE \(condition)) o
            FULL JOIN (SELECT * FROM wallets WHERE \(condition)) w USING (org)
            FULL JOIN sums s USING (org)
            FULL JOIN granted g USING (org)
        ORDER BY org
        """
    }

    /// The lines that do not follow on the one before.
    static func brokenLines(_ condition: String) -> String {
        """
        \(chained(condition))
        SELECT org, line, line_before, balance, balance_before + amount
        FROM chained WHERE \(isBroken) ORDER BY org, line
        """
    }

    /// The rollups of machines that are not the sum of their lines, and lines without a rollup.
    static func machineRollups(_ condition: String) -> String {
        """
        SELECT org, day, project, deployment, machine, r.lines, r.amount, u.lines, u.amount
        FROM (SELECT * FROM machine_rollups WHERE \(condition)) r FULL JOIN (
            SELECT org, day, project, reference AS deployment, machine, count(*) AS lines,
                sum(hours) AS hours, sum(sent_bytes) AS sent_bytes, -sum(amount) AS amount
            FROM ledger_lines WHERE kind = 'machine' AND \(condition)
            GROUP BY org, day, project, reference, machine
        ) u USING (org, day, project, deployment, machine)
        WHERE r.lines IS DISTINCT FROM u.lines OR r.hours IS DISTINCT FROM u.hours
            OR r.sent_bytes IS DISTINCT FROM u.sent_bytes OR r.amount IS DISTINCT FROM u.amount
        ORDER BY org, day, project, deployment, machine
        """
    }

    /// The runs whose debits are not the sum of their lines, and lines without a run.
    static func runs(_ condition: String) -> String {
        """
        SELECT org, run, coalesce(r.debited, 0), coalesce(u.amount, 0)
        FROM (SELECT * FROM machine_runs WHERE \(condition)) r FULL JOIN (
            SELECT org, run, -sum(amount) AS amount
            FROM ledger_lines WHERE kind = 'machine' AND \(condition) GROUP BY org, run
        ) u USING (org, run)
        WHERE coalesce(r.debited, -1) <> coalesce(u.amount, 0)
            OR r.debited > r.cost
        ORDER BY org, run
        """
    }

    /// The lines of which more was given back than they had charged.
    ///
    /// A line whose day has been dropped is not judged any more.
    static func refunds(_ condition: String) -> String {
        """
        SELECT u.org, u.line, r.amount, -u.amount FROM (
            SELECT org, of_line AS line, sum(amount) AS amount FROM refunds
            WHERE of_line IS NOT NULL AND \(condition) GROUP BY org, of_line
        ) r JOIN (
            SELECT org, line, amount FROM usage_lines
            UNION ALL SELECT org, line, amount FROM ledger_lines WHERE kind = 'machine'
        ) u USING (org, line)
        WHERE r.amount > -u.amount ORDER BY u.org, u.line
        """
    }

    /// The rollups that are not the sum of their lines, and lines without a rollup.
    static func rollups(_ condition: String) -> String {
        let sums = [
            "requests", "failed", "cache_hits", "input_tokens", "cache_read_input_tokens",
            "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens", "amount",
        ]
        let differs = sums.map { "r.\($0) IS DISTINCT FROM u.\($0)" }.joined(separator: " OR ")
        return """
            SELECT org, day, project, key, model, r.requests, r.amount, u.requests, u.amount
            FROM (SELECT * FROM rollups WHERE \(condition)) r FULL JOIN (
                SELECT org, day, project, key, model, count(*) AS requests,
                    count(*) FILTER (WHERE failed) AS failed,
                    count(*) FILTER (WHERE cache_hit) AS cache_hits,
                    sum(input_tokens) AS input_tokens,
                    sum(cache_read_input_tokens) AS cache_read_input_tokens,
                    sum(cache_write_input_tokens) AS cache_write_input_tokens,
                    sum(output_tokens) AS output_tokens,
                    sum(reasoning_output_tokens) AS reasoning_output_tokens, -sum(amount) AS amount
                FROM usage_lines WHERE \(condition) GROUP BY org, day, project, key, model
            ) u USING (org, day, project, key, model)
            WHERE \(differs)
            ORDER BY org, day, project, key, model
            """
    }
}
