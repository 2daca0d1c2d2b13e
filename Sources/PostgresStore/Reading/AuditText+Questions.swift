extension AuditText {
    /// The lists of dearest requests that are not those of the lines.
    static func dearest(_ condition: String) -> String {
        """
        SELECT org, day, coalesce(encode(d.entries, 'hex'), 'no list'),
            coalesce(encode(l.entries, 'hex'), 'no list')
        FROM (SELECT * FROM dearest WHERE \(condition)) d FULL JOIN (
            SELECT org, day, \(DearestList.sql) AS entries,
                CASE WHEN count(*) = \(DearestList.capacity) THEN min(-amount) END AS floor
            FROM (
                SELECT org, day, line, amount,
                    row_number() OVER (PARTITION BY org, day ORDER BY amount, line) AS place
                FROM usage_lines WHERE amount < 0 AND \(condition)
            ) u
            WHERE place <= \(DearestList.capacity) GROUP BY org, day
        ) l USING (org, day)
        WHERE d.entries IS DISTINCT FROM l.entries OR d.floor IS DISTINCT FROM l.floor
        ORDER BY org, day
        """
    }

    /// Where corrections, rollups and ledger do not say the same.
    static func corrections(_ condition: String) -> String {
        """
        SELECT org, 'rollup of ' || day::text || ' project ' || project || ' key ' || key
                || ' model ' || model, coalesce(r.corrected, 0), coalesce(c.amount, 0)
        FROM (SELECT * FROM rollups WHERE \(condition)) r FULL JOIN (
            SELECT org, day, project, key, model, sum(amount) AS amount
            FROM corrections WHERE \(condition) GROUP BY org, day, project, key, model
        ) c USING (org, day, project, key, model)
        WHERE coalesce(r.corrected, 0) <> coalesce(c.amount, 0)
        UNION ALL
        SELECT org, 'ledger lines of ' || rerate, coalesce(-l.amount, 0), coalesce(c.amount, 0)
        FROM (
            SELECT org, reference AS rerate, sum(amount) AS amount, count(*) AS count
            FROM ledger_lines WHERE kind = 'correction' AND \(condition) GROUP BY org, reference
        ) l FULL JOIN (
            SELECT org, rerate, sum(amount) AS amount, count(*) AS count
            FROM corrections WHERE \(condition) GROUP BY org, rerate
        ) c USING (org, rerate)
        WHERE coalesce(-l.amount, 0) <> coalesce(c.amount, 0)
            OR l.count IS DISTINCT FROM c.count
        ORDER BY 1, 2
        """
    }
}
