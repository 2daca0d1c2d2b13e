import Quantities

/// Writes the lists of the dearest requests that a batch changes.
///
/// Cost:        one look-up for each organisation and day of the batch, and one row for each list
///              that changes. A long day's list is full of what its later requests do not exceed,
///              and is left alone.
struct DearestTable {
    let connection: PostgresConnection

    private static let during = "the dearest requests of a batch"

    /// Merges the batch's into the lists; the wallets' rows are locked.
    ///
    /// - Parameter candidates: The batch's.
    /// - Throws: What the server says.
    func write(_ candidates: DearestCandidates) throws(StoreError) {
        if candidates.runs.isEmpty { return }
        let known = try read(candidates)
        if known.rowCount == 0 { return }
        var orgs = ArrayParameter.int8
        var days = ArrayParameter.date
        var floors = ArrayParameter.numeric
        var entries = ArrayParameter.bytea
        for row in 0..<known.rowCount {
            let place = try known.integer(row, 0) - 1
            guard candidates.runs.indices.contains(place) else {
                throw .unexpectedAnswer("a list that is not in the batch")
            }
            let run = candidates.runs[place]
            var list = DearestList()
            if !known.isNull(row, 1) {
                list.merge(try DearestList.entries(known.byteArray(row, 1)))
            }
            list.merge(Array(candidates.entries[run.entries]))
            orgs.add(org: run.org)
            days.add(run.day)
            if list.isFull { floors.add(Amount(units: list.floor)) } else { floors.addNull() }
            entries.add(list.bytes)
        }
        var parameters = QueryParameters()
        for array in [orgs, days, floors, entries] { parameters.add(array) }
        try connection.query(
            """
            INSERT INTO dearest (org, day, floor, entries) SELECT * FROM unnest($1, $2, $3, $4)
            ON CONFLICT (org, day) DO UPDATE SET floor = excluded.floor,
                entries = excluded.entries
            """,
            parameters,
            during: DearestTable.during
        )
    }

    /// The lists that change, and of those that are to begin nothing.
    private func read(_ candidates: DearestCandidates) throws(StoreError) -> QueryResult {
        var orgs = ArrayParameter.int8
        var days = ArrayParameter.date
        var best = ArrayParameter.numeric
        for run in candidates.runs {
            orgs.add(org: run.org)
            days.add(run.day)
            best.add(Amount(units: candidates.entries[run.entries.lowerBound].units))
        }
        var parameters = QueryParameters()
        for array in [orgs, days, best] { parameters.add(array) }
        return try connection.query(
            """
            SELECT d.place, t.entries
            FROM unnest($1, $2, $3) WITH ORDINALITY AS d (org, day, best, place)
            LEFT JOIN dearest t ON t.org = d.org AND t.day = d.day
            WHERE t.floor IS NULL OR t.floor < d.best
            """,
            parameters,
            during: DearestTable.during
        )
    }
}
