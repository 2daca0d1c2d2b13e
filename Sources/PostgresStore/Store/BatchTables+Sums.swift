import Accounting
import Quantities

extension BatchTables {
    /// Raises the rollups that there are and inserts the others.
    ///
    /// An update is cheaper than an insertion that finds its row, and nearly all rollups of a batch
    /// were begun by an earlier one.
    func addRollups() throws(StoreError) {
        if batch.rollups.isEmpty { return }
        let during = "the rollups of a batch"
        let deltas = batch.rollups.sorted(by: RollupDelta.precedes)
        var arrays = RollupArrays()
        for delta in deltas { arrays.add(delta) }
        let answer = try run(RollupArrays.update, arrays.all, during)
        if answer.rowCount == deltas.count { return }
        var isUpdated = [Bool](repeating: false, count: deltas.count)
        for row in 0..<answer.rowCount {
            let place = try answer.integer(row, 0) - 1
            guard deltas.indices.contains(place) else {
                throw .unexpectedAnswer("a rollup that is not in the batch")
            }
            isUpdated[place] = true
        }
        var missing = RollupArrays()
        for (place, delta) in deltas.enumerated() where !isUpdated[place] { missing.add(delta) }
        _ = try run(RollupArrays.insert, missing.all, during)
    }

    func writeHolds() throws(StoreError) {
        if batch.holds.isEmpty { return }
        let holds = batch.holds.sorted { left, right in
            left.org != right.org ? left.org < right.org : left.hold < right.hold
        }
        let during = "the holds of a batch"
        try deleteHolds(holds.filter { $0.state == .removed }, during: during)
        try writeHolds(
            holds.filter { $0.state == .placed },
            """
            INSERT INTO holds (org, hold, project, key, model, expires_at, draws)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
            """,
            during: during
        )
        let extended = holds.filter { $0.state == .extended }
        if extended.isEmpty { return }
        let answer = try writeHolds(
            extended,
            """
            UPDATE holds h SET expires_at = d.expires_at, draws = h.draws || d.draws
            FROM unnest($1, $2, $3, $4, $5, $6, $7)
                AS d (org, hold, project, key, model, expires_at, draws)
            WHERE h.org = d.org AND h.hold = d.hold
            """,
            during: during
        )
        if let answer { try expect(answer, extended.count, "holds") }
    }

    private func deleteHolds(_ holds: [HoldDelta], during: String) throws(StoreError) {
        if holds.isEmpty { return }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int8
        for hold in holds {
            orgs.add(org: hold.org)
            numbers.add(hold.hold)
        }
        let answer = try run(
            """
            DELETE FROM holds h USING unnest($1, $2) AS d (org, hold)
            WHERE h.org = d.org AND h.hold = d.hold
            """,
            [orgs, numbers],
            during
        )
        try expect(answer, holds.count, "holds")
    }

    @discardableResult
    private func writeHolds(
        _ holds: [HoldDelta],
        _ sql: String,
        during: String
    ) throws(StoreError) -> QueryResult? {
        if holds.isEmpty { return nil }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int8
        var projects = ArrayParameter.int4
        var keys = ArrayParameter.int4
        var models = ArrayParameter.int4
        var times = ArrayParameter.time
        var draws = ArrayParameter.bytea
        for hold in holds {
            orgs.add(org: hold.org)
            numbers.add(hold.hold)
            projects.add(hold.project)
            keys.add(hold.key)
            models.add(hold.model)
            times.add(hold.expiresAt)
            draws.add(hold.draws)
        }
        return try run(sql, [orgs, numbers, projects, keys, models, times, draws], during)
    }
}

/// The columns of rollups.
private struct RollupArrays {
    private static let sums = [
        "requests", "failed", "cache_hits", "input_tokens", "cache_read_input_tokens",
        "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens", "amount",
    ]
    private static let columns =
        "org, day, project, key, model, " + sums.joined(separator: ", ")
    private static let unnested =
        "unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"

    static let update = """
        UPDATE rollups r SET \(sums.map { "\($0) = r.\($0) + d.\($0)" }.joined(separator: ", "))
        FROM \(unnested) WITH ORDINALITY AS d (\(columns), place)
        WHERE r.org = d.org AND r.day = d.day AND r.project = d.project AND r.key = d.key
            AND r.model = d.model
        RETURNING d.place
        """

    /// Another node may have begun the same rollup meanwhile.
    static let insert = """
        INSERT INTO rollups AS r (\(columns)) SELECT * FROM \(unnested)
        ON CONFLICT (org, day, project, key, model) DO UPDATE SET
        \(sums.map { "\($0) = r.\($0) + excluded.\($0)" }.joined(separator: ", "))
        """

    private var orgs = ArrayParameter.int8
    private var days = ArrayParameter.date
    private var scopes = [ArrayParameter.int4, .int4, .int4]
    private var counts = [ArrayParameter](repeating: .int8, count: 8)
    private var amounts = ArrayParameter.numeric

    var all: [ArrayParameter] { [orgs, days] + scopes + counts + [amounts] }

    mutating func add(_ delta: RollupDelta) {
        orgs.add(org: delta.org)
        days.add(delta.day)
        scopes[0].add(delta.project)
        scopes[1].add(delta.key)
        scopes[2].add(delta.model)
        counts[0].add(delta.requests)
        counts[1].add(delta.failed)
        counts[2].add(delta.cacheHits)
        counts[3].add(delta.input)
        counts[4].add(delta.cacheRead)
        counts[5].add(delta.cacheWrite)
        counts[6].add(delta.output)
        counts[7].add(delta.reasoning)
        amounts.add(Amount(units: delta.amount))
    }
}
