import Quantities

/// What a request must cost more than to get into a day's list, as far as a connection has seen.
///
/// Invariants:  never more than what is committed: floors only grow, whoever raises them, so that
///              what is known here may be too low and never too high.
/// Cost:        a list that is full of what a batch does not exceed is not looked up again.
final class DearestFloors {
    struct Floor {
        let org: UInt32
        let day: CivilDay
        let units: Int128
    }

    /// Some megabytes; of more organisations the lists are looked up.
    private static let capacity = 65_536

    private var floors: [UInt32: Floor] = [:]

    /// Whether a list is known to have nothing to gain.
    func covers(_ units: Int128, org: UInt32, day: CivilDay) -> Bool {
        guard let known = floors[org] else { return false }
        return known.day == day && units <= known.units
    }

    /// Takes in what was committed.
    func take(_ learnt: [Floor]) {
        if floors.count + learnt.count > DearestFloors.capacity { floors.removeAll() }
        for floor in learnt.suffix(DearestFloors.capacity) { floors[floor.org] = floor }
    }
}

/// Writes the lists of the dearest requests that a batch changes.
///
/// Cost:        one look-up for each organisation and day of the batch whose list may change, and
///              one row for each that does.
struct DearestTable {
    let connection: PostgresConnection
    let floors: DearestFloors

    private static let during = "the dearest requests of a batch"

    /// Merges the batch's into the lists; the wallets' rows are locked.
    ///
    /// - Parameter candidates: The batch's.
    /// - Returns: What is known of the lists once this is committed.
    /// - Throws: What the server says.
    func write(_ candidates: DearestCandidates) throws(StoreError) -> [DearestFloors.Floor] {
        let runs = candidates.runs.filter { run in
            let best = candidates.entries[run.entries.lowerBound].units
            return !floors.covers(best, org: run.org, day: run.day)
        }
        if runs.isEmpty { return [] }
        let known = try read(runs, candidates)
        var learnt: [DearestFloors.Floor] = []
        var orgs = ArrayParameter.int8
        var days = ArrayParameter.date
        var newFloors = ArrayParameter.numeric
        var entries = ArrayParameter.bytea
        var isChanged = false
        for row in 0..<known.rowCount {
            let place = try known.integer(row, 0) - 1
            guard runs.indices.contains(place) else {
                throw .unexpectedAnswer("a list that is not in the batch")
            }
            let run = runs[place]
            guard known.bool(row, 1) else {
                let units = try known.amount(row, 3).units
                learnt.append(DearestFloors.Floor(org: run.org, day: run.day, units: units))
                continue
            }
            var list = DearestList()
            if !known.isNull(row, 2) {
                list.merge(try DearestList.entries(known.byteArray(row, 2)))
            }
            list.merge(Array(candidates.entries[run.entries]))
            isChanged = true
            orgs.add(org: run.org)
            days.add(run.day)
            entries.add(list.bytes)
            if list.isFull {
                newFloors.add(Amount(units: list.floor))
                learnt.append(DearestFloors.Floor(org: run.org, day: run.day, units: list.floor))
            } else {
                newFloors.addNull()
            }
        }
        if isChanged { try upsert([orgs, days, newFloors, entries]) }
        return learnt
    }

    private func upsert(_ arrays: [ArrayParameter]) throws(StoreError) {
        var parameters = QueryParameters()
        for array in arrays { parameters.add(array) }
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

    /// The lists that change, of those that are to begin nothing, and the floors of the others.
    private func read(
        _ runs: [DearestCandidates.Run],
        _ candidates: DearestCandidates
    ) throws(StoreError) -> QueryResult {
        var orgs = ArrayParameter.int8
        var days = ArrayParameter.date
        var best = ArrayParameter.numeric
        for run in runs {
            orgs.add(org: run.org)
            days.add(run.day)
            best.add(Amount(units: candidates.entries[run.entries.lowerBound].units))
        }
        var parameters = QueryParameters()
        for array in [orgs, days, best] { parameters.add(array) }
        return try connection.query(
            """
            SELECT d.place, c.changes, CASE WHEN c.changes THEN t.entries END, t.floor
            FROM unnest($1, $2, $3) WITH ORDINALITY AS d (org, day, best, place)
            LEFT JOIN dearest t ON t.org = d.org AND t.day = d.day
            CROSS JOIN LATERAL (SELECT coalesce(t.floor < d.best, true)) AS c (changes)
            """,
            parameters,
            during: DearestTable.during
        )
    }
}
