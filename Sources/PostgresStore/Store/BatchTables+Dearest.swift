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
        var lists: [Int: DearestList] = [:]
        let known = try read(candidates)
        for row in 0..<known.rowCount {
            let place = try known.integer(row, 0) - 1
            guard candidates.runs.indices.contains(place) else {
                throw .unexpectedAnswer("a list that is not in the batch")
            }
            var list = lists[place] ?? DearestList()
            if !known.isNull(row, 1) {
                list.merge([
                    DearestList.Entry(
                        units: try known.amount(row, 2).units,
                        line: try known.int64(row, 1)
                    )
                ])
            }
            lists[place] = list
        }
        try upsert(candidates, lists)
    }

    /// The lists that change, an entry a row; a list that is to begin has one row without an entry.
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
            SELECT d.place, e.line, e.amount
            FROM unnest($1, $2, $3) WITH ORDINALITY AS d (org, day, best, place)
            LEFT JOIN dearest t ON t.org = d.org AND t.day = d.day
            LEFT JOIN LATERAL unnest(t.lines, t.amounts) AS e (line, amount) ON true
            WHERE t.floor IS NULL OR t.floor < d.best
            """,
            parameters,
            during: DearestTable.during
        )
    }

    private func upsert(
        _ candidates: DearestCandidates,
        _ lists: [Int: DearestList]
    ) throws(StoreError) {
        if lists.isEmpty { return }
        var orgs = ArrayParameter.int8
        var days = ArrayParameter.date
        var floors = ArrayParameter.numeric
        var lines = ArrayParameter.text
        var amounts = ArrayParameter.text
        for place in candidates.runs.indices {
            guard var list = lists[place] else { continue }
            let run = candidates.runs[place]
            list.merge(Array(candidates.entries[run.entries]))
            orgs.add(org: run.org)
            days.add(run.day)
            if list.isFull { floors.add(Amount(units: list.floor)) } else { floors.addNull() }
            lines.add(DearestTable.array(list.entries.map { String($0.line) }))
            amounts.add(DearestTable.array(list.entries.map { "\(Amount(units: $0.units))" }))
        }
        var parameters = QueryParameters()
        for array in [orgs, days, floors, lines, amounts] { parameters.add(array) }
        try connection.query(
            """
            INSERT INTO dearest AS t (org, day, floor, lines, amounts)
            SELECT org, day, floor, lines::bigint[], amounts::numeric[]
            FROM unnest($1, $2, $3, $4, $5) AS d (org, day, floor, lines, amounts)
            ON CONFLICT (org, day) DO UPDATE SET floor = excluded.floor, lines = excluded.lines,
                amounts = excluded.amounts
            """,
            parameters,
            during: DearestTable.during
        )
    }

    /// An array as PostgreSQL reads it from a text.
    private static func array(_ elements: [String]) -> String {
        "{" + elements.joined(separator: ",") + "}"
    }
}
