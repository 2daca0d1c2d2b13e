/// Organisations, wallets, grants, caps and keys, written straight into meterd's tables.
///
/// Organisation `rank` (0 is the busiest) has the number `rank + 1`, the name `org-<rank>` and the
/// key `Population.secret(rank)`. Who is poor follows on the others.
struct Population {
    private let plan: WorldPlan

    init(_ plan: WorldPlan) {
        self.plan = plan
    }

    /// The secret of an organisation's only key.
    static func secret(_ rank: Int) -> String {
        let digits = String(rank + 1)
        return "mk_" + String(repeating: "0", count: 43 - digits.count) + digits
    }

    /// Fills the tables, in two connections at once, and tells the planner what is there.
    func fill(_ connection: String) throws {
        let start = Clock.nanoseconds
        let parts = [accounts + keys + caps, wallets + grants + ledger].map { statements in
            Worker {
                let database = try Database(connection)
                try database.run("SET timezone = 'UTC'; SET search_path = meterd")
                for statement in statements { try database.run(statement) }
            }
        }
        for part in parts { try part.join() }
        try Database(connection).run(
            "ANALYZE meterd.organisations, meterd.keys, meterd.wallets, meterd.grants, meterd.caps"
        )
        Progress.say(
            "\(total) organisations written into the tables in "
                + Unit.seconds.text(Clock.seconds(since: start))
        )
    }

    private var total: Int { plan.organisations + plan.poor }
    private var all: String { "generate_series(1, \(total)) AS n" }
    private var rich: String { "generate_series(1, \(plan.organisations)) AS n" }
    /// More than anybody here uses; a poor wallet is emptied by any request.
    private var eachGrant: String {
        "(CASE WHEN n <= \(plan.organisations) THEN 1000000000000 ELSE 0.000001 END)"
    }

    private var accounts: [String] {
        [
            """
            INSERT INTO organisations
                (org, name, zone, created_at, day, day_start, day_end)
            SELECT n, 'org-' || (n - 1), 'UTC', now(), current_date, date_trunc('day', now()),
                date_trunc('day', now()) + interval '1 day'
            FROM \(all)
            """
        ]
    }

    private var keys: [String] {
        [
            """
            INSERT INTO keys (org, key, project, name, prefix, hash, generation, created_at)
            SELECT n, 1, 0, 'bench', 'mk_000000',
                sha256(convert_to('mk_' || lpad(n::text, 43, '0'), 'UTF8')), 1, now()
            FROM \(all)
            """
        ]
    }

    private var caps: [String] {
        [
            """
            INSERT INTO caps (org, scope, id, period, amount)
            SELECT n, 'organisation', 0, 'month', 1000000000000 FROM \(rich)
            """
        ]
    }

    private var wallets: [String] {
        [
            """
            INSERT INTO wallets
                (org, lines, balance, debt, last_grant, last_hold, updated_at)
            SELECT n, \(plan.grants), \(plan.grants) * \(eachGrant), 0, \(plan.grants), 0, now()
            FROM \(all)
            """
        ]
    }

    private var grants: [String] {
        [
            """
            INSERT INTO grants (org, grant_number, class, amount, remaining, priority,
                effective_at, expires_at, issued_at, active, expired, reference, note)
            SELECT n, g, 'purchased', \(eachGrant), \(eachGrant), 0, now(),
                CASE WHEN g > 1 THEN now() + interval '1 year' END, now(), true, false, '', ''
            FROM \(all), generate_series(1, \(plan.grants)) AS g
            """
        ]
    }

    private var ledger: [String] {
        guard plan.hasLedger else { return [] }
        return [
            """
            INSERT INTO ledger_lines
                (org, line, kind, amount, balance, applied_at, grant_number, reference, note)
            SELECT n, g, 'purchase', \(eachGrant), g * \(eachGrant), now(), g, '', ''
            FROM \(all), generate_series(1, \(plan.grants)) AS g
            """
        ]
    }
}
