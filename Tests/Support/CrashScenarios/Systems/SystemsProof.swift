import Quantities

/// What the tables say of machines, plans and payments, compared with what was planned.
extension Systems {
    /// Reads the tables with plain SQL.
    ///
    /// - Parameter database: Where the books are.
    /// - Returns: What is wrong.
    /// - Throws: `CampaignFault` when the tables cannot be read.
    func faults(_ database: Database) throws -> [String] {
        try runs(database) + lateMachines(database) + orders(database) + payments(database)
            + teams(database) + balances(database) + Systems.chains(database)
    }

    private func credits(_ whole: Int128) -> Int128 { whole * 1_000_000_000_000 }

    private static func units(_ text: String) throws -> Int128 {
        text.isEmpty ? 0 : try Amount(decimal: text).units
    }

    private func compare<Value: Equatable>(
        _ what: String,
        _ found: Value,
        _ planned: Value
    ) -> [String] {
        found == planned ? [] : ["\(what): \(found) in the books, planned were \(planned)"]
    }

    /// Each run costs its own total, which is debited in lines of the same sum.
    private func runs(_ database: Database) throws -> [String] {
        let found = try database.rows(
            """
            SELECT r.deployment, sum(r.cost)::text, sum(r.debited)::text, count(*),
                (SELECT sum(-l.amount)::text FROM ledger_lines l WHERE l.org = r.org
                    AND l.kind = 'machine' AND l.reference = r.deployment)
            FROM machine_runs r JOIN organisations o USING (org) WHERE o.name = '\(Systems.fleet)'
            GROUP BY r.org, r.deployment
            """
        )
        let single = try database.rows(
            """
            SELECT r.deployment, r.cost::text FROM machine_runs r JOIN organisations o USING (org)
            WHERE o.name = '\(Systems.fleet)' ORDER BY r.deployment, r.started_at
            """
        )
        var faults: [String] = []
        for (name, boots) in Dictionary(grouping: boots, by: \.deployment) {
            let total = boots.map(\.cost).reduce(0, +)
            let row = found.first { $0[0] == name } ?? [name, "", "", "0", ""]
            faults += try compare(
                name,
                [Systems.units(row[1]), Systems.units(row[2]), Systems.units(row[4])],
                [total, total, total]
            )
            faults += try compare(
                "\(name), run by run",
                single.filter { $0[0] == name }.map { try Systems.units($0[1]) },
                boots.map(\.cost)
            )
        }
        return faults + compare("deployments", found.count, Set(boots.map(\.deployment)).count)
    }

    /// Those whose wallets were empty have paid for the hours that they had.
    private func lateMachines(_ database: Database) throws -> [String] {
        let found = try database.rows(
            """
            SELECT o.name, w.balance::text, (SELECT sum(-l.amount)::text FROM ledger_lines l
                WHERE l.org = o.org AND l.kind = 'machine')
            FROM organisations o JOIN wallets w USING (org) WHERE o.name LIKE 'late-%'
            """
        )
        let byName = Dictionary(grouping: found, by: { $0[0] })
        return try late.flatMap { machine -> [String] in
            let row = byName[machine.name]?.first ?? [machine.name, "", ""]
            return try compare(
                machine.name,
                [Systems.units(row[1]), Systems.units(row[2])],
                [credits(machine.balance), credits(machine.hours * PlannedSystem.large)]
            )
        }
    }

    /// What was never answered is open, and nothing else.
    private func orders(_ database: Database) throws -> [String] {
        let found = try database.rows(
            "SELECT name FROM deployments WHERE open_order IS NOT NULL"
        )
        let planned = late.filter { $0.openOrder != nil }.map(\.name)
        return compare("open orders", found.map { $0[0] }.sorted(), planned.sorted())
    }

    /// Payments, top-ups and refunds, each once.
    private func payments(_ database: Database) throws -> [String] {
        let bought = try database.rows(
            """
            SELECT o.name, p.state, count(*), count(DISTINCT payment), count(DISTINCT receipt),
                sum(credits)::numeric(38,0), bool_and(automatic)::text
            FROM purchases p JOIN organisations o USING (org) GROUP BY 1, 2 ORDER BY 1
            """
        )
        let count = "\(rounds)"
        let (packs, refills) = (Int128(rounds) * PlannedSystem.pack, Int128(rounds) * 25)
        var faults = compare(
            "purchases",
            bought,
            [
                [Systems.buyer, "confirmed", count, count, count, "\(packs)", "false"],
                [Systems.refiller, "confirmed", count, count, count, "\(refills)", "true"],
            ]
        )
        let lines = try database.rows(
            """
            SELECT o.name, l.kind, count(*), sum(l.amount)::numeric(38,0)
            FROM ledger_lines l JOIN organisations o USING (org)
            WHERE o.name IN ('\(Systems.buyer)', '\(Systems.refiller)') GROUP BY 1, 2 ORDER BY 1, 2
            """
        )
        let back = rounds - 1
        var planned = [
            [Systems.buyer, "purchase", "\(rounds + 1)", "\(1000 + packs)"],
            [Systems.buyer, "refund", "\(back)", "\(Int128(back) * PlannedSystem.operation)"],
            [
                Systems.refiller, "purchase", "\(rounds + 1)",
                "\(PlannedSystem.threshold + refills)",
            ],
        ]
        if back == 0 { planned.remove(at: 1) }
        faults += compare("credits that came in", lines, planned)
        let refunds = try database.rows(
            "SELECT count(*), count(DISTINCT of_line), count(DISTINCT identity) FROM refunds"
        )
        faults += compare("refunds", refunds, [["\(back)", "\(back)", "\(back)"]])
        return faults
    }

    /// Coupons and the credits of plans, each once for each account.
    private func teams(_ database: Database) throws -> [String] {
        let lines = try database.rows(
            """
            SELECT l.kind, count(*), count(DISTINCT l.org), sum(l.amount)::numeric(38,0)
            FROM ledger_lines l JOIN organisations o USING (org)
            WHERE o.name LIKE 'team-%' GROUP BY 1 ORDER BY 1
            """
        )
        let count = "\(rounds)"
        let tables = try database.rows(
            "SELECT (SELECT count(*) FROM coupons), (SELECT count(*) FROM plan_periods)"
        )
        return compare(
            "coupons and plans",
            lines,
            [
                ["coupon", count, count, "\(Int128(rounds) * PlannedSystem.coupon)"],
                ["plan_grant", count, count, "\(Int128(rounds) * PlannedSystem.included)"],
            ]
        ) + compare("their tables", tables, [[count, count]])
    }

    /// The wallets have what the plan leaves in them, and no hold is left of a start.
    private func balances(_ database: Database) throws -> [String] {
        let found = try database.rows(
            """
            SELECT o.name, w.balance::text, (SELECT count(*) FROM holds h WHERE h.org = o.org)
            FROM organisations o JOIN wallets w USING (org)
            WHERE o.name IN ('\(Systems.buyer)', '\(Systems.fleet)', '\(Systems.refiller)')
            ORDER BY 1
            """
        )
        let used = Int128(rounds) * PlannedSystem.operation
        let back = Int128(rounds - 1) * PlannedSystem.operation
        let buyer = 1000 + Int128(rounds) * PlannedSystem.pack - used + back
        let machines = boots.map(\.cost).reduce(0, +)
        let planned = [credits(buyer), credits(10_000_000) - machines, credits(100)]
        return compare("balances", try found.map { try Systems.units($0[1]) }, planned)
            + compare("holds", found.map { $0[2] }, ["0", "0", "0"])
    }

    /// Every ledger is one chain without a gap, and its end is the wallet.
    private static func chains(_ database: Database) throws -> [String] {
        let broken = try database.rows(
            """
            SELECT count(*) FROM (SELECT line, amount, balance,
                lag(line, 1, 0::bigint) OVER w AS before, lag(balance, 1, 0.0) OVER w AS carried
                FROM ledger WINDOW w AS (PARTITION BY org ORDER BY line)) l
            WHERE line <> before + 1 OR balance <> carried + amount
            """
        )
        let unequal = try database.rows(
            """
            SELECT o.name, w.balance::text, l.total::text
            FROM wallets w JOIN organisations o USING (org) LEFT JOIN
                (SELECT org, sum(amount) AS total, count(*) AS lines FROM ledger GROUP BY org) l
                USING (org)
            WHERE w.balance <> coalesce(l.total, 0) OR w.lines <> coalesce(l.lines, 0)
            """
        )
        let gaps = broken.first?.first ?? "?"
        return (gaps == "0" ? [] : ["\(gaps) lines break the ledgers' chains"])
            + unequal.map { "the sum of a ledger is not its balance: \($0)" }
    }
}
