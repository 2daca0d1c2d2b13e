import Quantities

extension AccountBook {
    /// Takes in when a record was applied whose effects are in what was loaded.
    ///
    /// - Parameter moment: When; time goes on from there at least.
    public func loadTime(_ moment: Timestamp) {
        _ = move(to: moment)
    }

    /// Takes in an organisation as PostgreSQL has it at the checkpoint.
    ///
    /// - Parameter snapshot: Everything known of it.
    public func load(_ snapshot: OrganisationSnapshot) {
        apply(
            Change(
                appliedAt: now,
                org: snapshot.org,
                body: .organisationCreated(
                    OrganisationCreated(
                        name: snapshot.name,
                        zone: snapshot.zone,
                        today: snapshot.today
                    )
                )
            )
        )
        guard let slot = slot(of: snapshot.org) else {
            invariantBroken("an organisation is loaded into its own partition")
        }
        organisations[slot].lines = snapshot.lines
        organisations[slot].debt = snapshot.debt
        organisations[slot].lastGrant = snapshot.lastGrant
        organisations[slot].projects = snapshot.projects.map { _ in ScopeState() }
        organisations[slot].keys.removeAll()
        for key in snapshot.keys {
            organisations[slot].keys.append(
                KeyState(
                    project: key.created.project,
                    generation: key.generation,
                    revoked: key.revoked
                )
            )
        }
        var posted = -snapshot.debt
        // A closed wallet has given up its grants, also those that had not begun.
        for grant in snapshot.grants where grant.remaining.isPositive && !snapshot.closed {
            if grant.active { posted += grant.remaining }
            organisations[slot].insert(Grant(grant))
        }
        organisations[slot].posted = posted
        for hold in snapshot.holds { place(snapshot.org, hold) }
        organisations[slot].lastHold = snapshot.lastHold
        if snapshot.lastRefund > 0 {
            moneyBack[snapshot.org] = MoneyBack(last: snapshot.lastRefund)
        }
        for cap in snapshot.caps {
            guard let amount = cap.amount else { continue }
            organisations[slot].insert(
                Cap(scope: cap.scope, id: cap.id, period: cap.period, amount: amount)
            )
        }
        for spend in snapshot.spends { set(spend, slot: slot) }
        organisations[slot].closed = snapshot.closed
        if snapshot.hasPurchased { organisations[slot].flags.insert(.hasPurchased) }
        load(snapshot.terms, slot: slot)
        for deployment in snapshot.deployments { put(deployment, slot: slot) }
        if let found = snapshot.alerts { loadAlerts(found, org: snapshot.org) }
        if let purchasing = snapshot.purchasing { load(purchasing, slot: slot) }
        refreshCutoffs(slot, at: now)
        schedule(slot)
        notices.removeAll()
    }

    /// Takes in the identity of a usage report that came without a sequence.
    ///
    /// - Parameters:
    ///   - identity: The digest of producer and id.
    ///   - content: The digest of its content.
    ///   - moment: When it was applied.
    public func loadUsageIdentity(_ identity: UInt128, content: UInt64, at moment: Timestamp) {
        usageIdentities.insert(identity, content: content, result: 0, at: moment)
    }

    /// Takes in the identity of a grant.
    ///
    /// - Parameters:
    ///   - identity: The digest of organisation and idempotency key.
    ///   - content: The digest of its content.
    ///   - grant: The grant's number.
    ///   - moment: When it was issued.
    public func loadGrantIdentity(
        _ identity: UInt128,
        content: UInt64,
        grant: GrantNumber,
        at moment: Timestamp
    ) {
        grantIdentities.insert(identity, content: content, result: grant, at: moment)
    }

    private func place(_ org: UInt32, _ hold: HoldSnapshot) {
        apply(Change(appliedAt: now, org: org, body: .holdPlaced(hold.placed)))
    }

    private func set(_ snapshot: SpendSnapshot, slot: Int) {
        let spend = Spend(
            day: snapshot.day,
            week: snapshot.week,
            month: snapshot.month,
            total: snapshot.total
        )
        let index = Int(snapshot.id) - 1
        switch snapshot.scope {
        case .organisation: organisations[slot].spend = spend
        case .project: organisations[slot].projects[index].spend = spend
        case .key: organisations[slot].keys[index].scope.spend = spend
        }
    }
}

extension Grant {
    fileprivate init(_ snapshot: GrantSnapshot) {
        self.init(
            remaining: snapshot.remaining,
            number: snapshot.issued.grant,
            priority: snapshot.issued.priority,
            grantClass: snapshot.issued.grantClass,
            active: snapshot.active,
            expired: snapshot.expired,
            held: .zero,
            effectiveAt: snapshot.issued.effectiveAt,
            expiresAt: snapshot.issued.expiresAt
        )
    }
}
