extension Migration {
    /// The most expensive requests of each day, as a short list: nobody has to look through the
    /// request log for them.
    ///
    /// What was booked before this step is looked through once, here.
    static let dearest = """
        CREATE TABLE dearest (
            org bigint NOT NULL,
            day date NOT NULL,
            floor numeric(38,12),
            entries bytea NOT NULL,
            PRIMARY KEY (org, day)
        ) WITH (fillfactor = 50);
        INSERT INTO dearest (org, day, floor, entries)
            SELECT org, day, CASE WHEN count(*) = \(DearestList.capacity) THEN min(-amount) END,
                \(DearestList.sql)
            FROM (
                SELECT org, day, line, amount,
                    row_number() OVER (PARTITION BY org, day ORDER BY amount, line) AS place
                FROM usage_lines WHERE amount < 0
            ) l
            WHERE place <= \(DearestList.capacity) GROUP BY org, day;
        """
}
