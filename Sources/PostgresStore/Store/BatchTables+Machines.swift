import Accounting
import Quantities

extension BatchTables {
    /// What a batch leaves of deployments and their runs, and what it adds to their rollups.
    func writeMachines() throws(StoreError) {
        try writeDeployments()
        try writeRuns()
        try addMachineRollups()
    }

    private func writeDeployments() throws(StoreError) {
        let changes = last(batch.cold.machines.deployments) { UInt64($0.number) }
        if changes.isEmpty { return }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int4
        var names = ArrayParameter.text
        var projects = ArrayParameter.int4
        var leases = ArrayParameter.text
        var runs = ArrayParameter.int4
        var orders = ArrayParameter.int4
        var times = ArrayParameter.time
        var states = ArrayParameter.bytea
        for change in changes {
            orgs.add(org: change.org)
            numbers.add(change.body.number)
            names.add(change.body.name)
            projects.add(change.body.project)
            leases.add(SQLName.of(change.body.lease))
            if let run = change.body.run { runs.add(run.number) } else { runs.addNull() }
            if let order = change.body.order { orders.add(order.number) } else { orders.addNull() }
            times.add(change.at)
            states.add(change.body.encoded)
        }
        _ = try run(
            """
            INSERT INTO deployments (org, deployment, name, project, lease, run, open_order,
                updated_at, state)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (org, deployment) DO UPDATE SET name = excluded.name,
                project = excluded.project, lease = excluded.lease, run = excluded.run,
                open_order = excluded.open_order, updated_at = excluded.updated_at,
                state = excluded.state
            """,
            [orgs, numbers, names, projects, leases, runs, orders, times, states],
            "the deployments of a batch"
        )
    }

    private func writeRuns() throws(StoreError) {
        let changes = last(batch.cold.machines.runs) { UInt64($0.run?.number ?? 0) }
        if changes.isEmpty { return }
        var arrays = RunArrays()
        for change in changes { arrays.add(change) }
        _ = try run(
            """
            INSERT INTO machine_runs (org, run, deployment, project, machine, mode, state,
                started_at, last_sample_at, ended_at, hours, sent_bytes, cost, debited)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT (org, run) DO UPDATE SET project = excluded.project,
                state = excluded.state, last_sample_at = excluded.last_sample_at,
                ended_at = excluded.ended_at, hours = excluded.hours,
                sent_bytes = excluded.sent_bytes, cost = excluded.cost, debited = excluded.debited
            """,
            arrays.all,
            "the runs of a batch"
        )
    }

    private func addMachineRollups() throws(StoreError) {
        let deltas = batch.cold.machines.rollups.sorted { $0.key < $1.key }
        if deltas.isEmpty { return }
        var orgs = ArrayParameter.int8
        var days = ArrayParameter.date
        var projects = ArrayParameter.int4
        var names = ArrayParameter.text
        var machines = ArrayParameter.int4
        var lines = ArrayParameter.int8
        var hours = ArrayParameter.int8
        var bytes = ArrayParameter.numeric
        var amounts = ArrayParameter.numeric
        for (key, delta) in deltas {
            orgs.add(org: key.org)
            days.add(key.day)
            projects.add(key.project)
            names.add(key.deployment)
            machines.add(key.machine)
            lines.add(delta.lines)
            hours.add(delta.hours)
            bytes.add(wholeNumber: delta.sentBytes)
            amounts.add(Amount(units: delta.amount))
        }
        _ = try run(
            """
            INSERT INTO machine_rollups AS r (org, day, project, deployment, machine, lines, hours,
                sent_bytes, amount)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (org, day, project, deployment, machine) DO UPDATE SET
                lines = r.lines + excluded.lines, hours = r.hours + excluded.hours,
                sent_bytes = r.sent_bytes + excluded.sent_bytes,
                amount = r.amount + excluded.amount
            """,
            [orgs, days, projects, names, machines, lines, hours, bytes, amounts],
            "the rollups of machines of a batch"
        )
    }
}

/// The columns of runs.
private struct RunArrays {
    private var orgs = ArrayParameter.int8
    private var numbers = ArrayParameter.int4
    private var names = ArrayParameter.text
    private var projects = ArrayParameter.int4
    private var machines = ArrayParameter.int4
    private var modes = ArrayParameter.text
    private var states = ArrayParameter.text
    private var starts = ArrayParameter.time
    private var samples = ArrayParameter.time
    private var ends = ArrayParameter.time
    private var hours = ArrayParameter.int8
    private var bytes = ArrayParameter.numeric
    private var costs = ArrayParameter.numeric
    private var debits = ArrayParameter.numeric

    var all: [ArrayParameter] {
        [
            orgs, numbers, names, projects, machines, modes, states, starts, samples, ends, hours,
            bytes, costs, debits,
        ]
    }

    mutating func add(_ change: Dated<Deployment>) {
        guard let run = change.body.run else { return }
        orgs.add(org: change.org)
        numbers.add(run.number)
        names.add(change.body.name)
        projects.add(change.body.project)
        machines.add(run.machine)
        modes.add(run.mode == .hourly ? "hourly" : "continuous")
        states.add(run.state == .running ? "running" : "stopped")
        starts.add(run.startedAt)
        samples.add(run.lastSampleAt)
        if run.isAlive { ends.addNull() } else { ends.add(run.endedAt) }
        hours.add(Int64(run.chargedHours))
        bytes.add(wholeNumber: Int128(run.sentBytes))
        costs.add(run.cost.rounded)
        debits.add(run.debited)
    }
}

extension ArrayParameter {
    /// A whole number that may be larger than any integer of SQL.
    fileprivate mutating func add(wholeNumber value: Int128) {
        add(Amount(units: value * 1_000_000_000_000))
    }
}

extension SQLName {
    static func of(_ lease: LeaseState) -> String {
        switch lease {
        case .none: "none"
        case .open: "open"
        case .blocked: "blocked"
        case .resuming: "resuming"
        }
    }
}
