import Accounting
import Quantities

extension BatchTables {
    func insertKeys() throws(StoreError) {
        let keys = sorted(batch.cold.keys)
        if keys.isEmpty { return }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int4
        var projects = ArrayParameter.int4
        var names = ArrayParameter.text
        var prefixes = ArrayParameter.text
        var hashes = ArrayParameter.bytea
        var times = ArrayParameter.time
        for change in keys {
            orgs.add(org: change.org)
            numbers.add(change.body.key)
            projects.add(change.body.project)
            names.add(change.body.name)
            prefixes.add(change.body.prefix)
            hashes.add(change.body.hash.bytes)
            times.add(change.at)
        }
        _ = try run(
            """
            INSERT INTO keys (org, key, project, name, prefix, hash, generation, created_at)
            SELECT org, key, project, name, prefix, hash, 1, at
            FROM unnest($1, $2, $3, $4, $5, $6, $7)
                AS d (org, key, project, name, prefix, hash, at)
            """,
            [orgs, numbers, projects, names, prefixes, hashes, times],
            "the keys of a batch"
        )
    }

    func rotateKeys() throws(StoreError) {
        let rotations = last(batch.cold.rotations) { UInt64($0.key) }
        if rotations.isEmpty { return }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int4
        var generations = ArrayParameter.int4
        var prefixes = ArrayParameter.text
        var hashes = ArrayParameter.bytea
        var times = ArrayParameter.time
        for change in rotations {
            orgs.add(org: change.org)
            numbers.add(change.body.key)
            generations.add(change.body.generation)
            prefixes.add(change.body.prefix)
            hashes.add(change.body.hash.bytes)
            times.add(change.at)
        }
        let answer = try run(
            """
            UPDATE keys k SET generation = d.generation, prefix = d.prefix, hash = d.hash,
                rotated_at = d.at
            FROM unnest($1, $2, $3, $4, $5, $6) AS d (org, key, generation, prefix, hash, at)
            WHERE k.org = d.org AND k.key = d.key
            """,
            [orgs, numbers, generations, prefixes, hashes, times],
            "the rotated keys of a batch"
        )
        try expect(answer, rotations.count, "keys")
    }

    func revokeKeys() throws(StoreError) {
        let revocations = last(batch.cold.revocations) { UInt64($0.key) }
        if revocations.isEmpty { return }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int4
        var times = ArrayParameter.time
        for change in revocations {
            orgs.add(org: change.org)
            numbers.add(change.body.key)
            times.add(change.at)
        }
        let answer = try run(
            """
            UPDATE keys k SET revoked_at = coalesce(k.revoked_at, d.at)
            FROM unnest($1, $2, $3) AS d (org, key, at) WHERE k.org = d.org AND k.key = d.key
            """,
            [orgs, numbers, times],
            "the revoked keys of a batch"
        )
        try expect(answer, revocations.count, "keys")
    }

    func writeCaps() throws(StoreError) {
        let caps = last(batch.cold.caps) { cap in
            UInt64(cap.scope.rawValue) << 40 | UInt64(cap.id) << 8 | UInt64(cap.period.rawValue)
        }
        if caps.isEmpty { return }
        try writeCaps(
            caps.filter { $0.body.amount != nil },
            """
            INSERT INTO caps (org, scope, id, period, amount)
            SELECT * FROM unnest($1, $2, $3, $4, $5)
            ON CONFLICT (org, scope, id, period) DO UPDATE SET amount = excluded.amount
            """
        )
        try writeCaps(
            caps.filter { $0.body.amount == nil },
            """
            DELETE FROM caps c
            USING unnest($1, $2, $3, $4, $5) AS d (org, scope, id, period, amount)
            WHERE c.org = d.org AND c.scope = d.scope AND c.id = d.id AND c.period = d.period
            """
        )
    }

    private func writeCaps(
        _ caps: [Dated<CapChanged>],
        _ sql: String
    ) throws(StoreError) {
        if caps.isEmpty { return }
        var orgs = ArrayParameter.int8
        var scopes = ArrayParameter.text
        var ids = ArrayParameter.int4
        var periods = ArrayParameter.text
        var amounts = ArrayParameter.numeric
        for change in caps {
            orgs.add(org: change.org)
            scopes.add(SQLName.of(change.body.scope))
            ids.add(change.body.id)
            periods.add(SQLName.of(change.body.period))
            amounts.add(change.body.amount ?? .zero)
        }
        _ = try run(sql, [orgs, scopes, ids, periods, amounts], "the caps of a batch")
    }
}

extension SecretHash {
    /// The 32 bytes of the hash, as SHA-256 gives them.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        withUnsafeBytes(of: low) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: high) { bytes.append(contentsOf: $0) }
        return bytes
    }
}
