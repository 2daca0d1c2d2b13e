import Accounting
import Quantities

extension BatchTables {
    func insertRerates() throws(StoreError) {
        let begun = batch.cold.rerates
        if begun.isEmpty { return }
        var texts = [ArrayParameter](repeating: .text, count: 4)
        var orgs = ArrayParameter.int8
        var times = [ArrayParameter](repeating: .time, count: 3)
        for change in begun {
            texts[0].add(change.body.rerate)
            texts[1].add(change.body.undoes)
            orgs.add(org: change.body.org)
            times[0].add(change.body.from)
            times[1].add(change.body.to)
            texts[2].add(change.body.card)
            texts[3].add(change.body.digest)
            times[2].add(change.at)
        }
        // One that was interrupted begins once more.
        _ = try run(
            """
            INSERT INTO rerates (rerate, undoes, org, from_time, to_time, card, digest, begun_at)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (rerate) DO NOTHING
            """,
            [texts[0], texts[1], orgs, times[0], times[1], texts[2], texts[3], times[2]],
            "the re-ratings of a batch"
        )
    }

    func insertRerateCards() throws(StoreError) {
        let pieces = batch.cold.rerateCards
        if pieces.isEmpty { return }
        var texts = [ArrayParameter](repeating: .text, count: 2)
        var parts = ArrayParameter.int4
        for piece in pieces {
            texts[0].add(piece.rerate)
            parts.add(piece.part)
            texts[1].add(piece.text)
        }
        // The card of one that goes on is the same: its digest was compared.
        _ = try run(
            """
            INSERT INTO rerate_cards (rerate, part, text) SELECT * FROM unnest($1, $2, $3)
            ON CONFLICT (rerate, part) DO NOTHING
            """,
            [texts[0], parts, texts[1]],
            "the cards of a batch's re-ratings"
        )
    }

    private static let correcting = "the corrections of a batch"

    /// Writes the corrections; before the days turn, because the account's row tells on which day
    /// those were booked that no turn of this batch comes before.
    func insertCorrections() throws(StoreError) {
        let corrections = sorted(batch.cold.corrections)
        if corrections.isEmpty { return }
        let days = bookingDays
        var rows = CorrectionArrays()
        for change in corrections { rows.add(change, bookedOn: days[change.org, change.at]) }
        let answer = try run(
            """
            INSERT INTO corrections (org, rerate, day, project, key, model, amount, requests,
                applied_at, booked_on)
            SELECT d.org, d.rerate, d.day, d.project, d.key, d.model, d.amount, d.requests, d.at,
                coalesce(d.booked_on, o.day)
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                AS d (org, rerate, day, project, key, model, amount, requests, at, booked_on)
            JOIN organisations o ON o.org = d.org
            """,
            rows.all,
            BatchTables.correcting
        )
        try expect(answer, corrections.count, "organisations")
    }

    /// Adds the corrections to the rollups, which are there: a correction is of requests that have
    /// been booked.
    func correctRollups() throws(StoreError) {
        let corrections = batch.cold.corrections
        if corrections.isEmpty { return }
        var cells = CorrectionCells()
        for change in corrections { cells.add(change) }
        let answer = try run(
            """
            UPDATE rollups r SET corrected = r.corrected + d.amount
            FROM unnest($1, $2, $3, $4, $5, $6) AS d (org, day, project, key, model, amount)
            WHERE r.org = d.org AND r.day = d.day AND r.project = d.project AND r.key = d.key
                AND r.model = d.model
            """,
            cells.arrays,
            BatchTables.correcting
        )
        try expect(answer, cells.count, "rollups")
    }
}

/// The columns of corrections.
private struct CorrectionArrays {
    private var orgs = ArrayParameter.int8
    private var rerates = ArrayParameter.text
    private var days = ArrayParameter.date
    private var scopes = [ArrayParameter](repeating: .int4, count: 3)
    private var amounts = ArrayParameter.numeric
    private var requests = ArrayParameter.int8
    private var times = ArrayParameter.time
    private var bookingDays = ArrayParameter.date

    var all: [ArrayParameter] {
        [orgs, rerates, days] + scopes + [amounts, requests, times, bookingDays]
    }

    mutating func add(_ change: Dated<Rerated>, bookedOn day: CivilDay?) {
        orgs.add(org: change.org)
        rerates.add(change.body.rerate)
        days.add(change.body.day)
        scopes[0].add(change.body.project)
        scopes[1].add(change.body.key)
        scopes[2].add(change.body.model)
        amounts.add(change.body.amount)
        requests.add(change.body.requests)
        times.add(change.at)
        if let day { bookingDays.add(day) } else { bookingDays.addNull() }
    }
}

/// The sums of a batch's corrections, by rollup: an update meets each row once.
private struct CorrectionCells {
    private struct Cell: Hashable {
        let org: UInt32
        let day: CivilDay
        let project: UInt32
        let key: UInt32
        let model: UInt32

        var order: (UInt32, Int32, UInt32, UInt32, UInt32) {
            (org, day.number, project, key, model)
        }
    }

    private var sums: [Cell: Int128] = [:]

    var count: Int { sums.count }

    mutating func add(_ change: Dated<Rerated>) {
        let cell = Cell(
            org: change.org,
            day: change.body.day,
            project: change.body.project,
            key: change.body.key,
            model: change.body.model
        )
        sums[cell, default: 0] += change.body.amount.units
    }

    var arrays: [ArrayParameter] {
        var orgs = ArrayParameter.int8
        var days = ArrayParameter.date
        var scopes = [ArrayParameter](repeating: .int4, count: 3)
        var amounts = ArrayParameter.numeric
        for (cell, sum) in sums.sorted(by: { $0.key.order < $1.key.order }) {
            orgs.add(org: cell.org)
            days.add(cell.day)
            scopes[0].add(cell.project)
            scopes[1].add(cell.key)
            scopes[2].add(cell.model)
            amounts.add(Amount(units: sum))
        }
        return [orgs, days] + scopes + [amounts]
    }
}
