import Quantities

extension AccountBook {
    /// Applies one record of the journal, as live running did when it was written.
    ///
    /// - Parameters:
    ///   - kind: The record's kind.
    ///   - record: The whole record.
    /// - Returns: False when the bytes are no such record.
    public func replay(kind: ChangeKind, record: UnsafeRawBufferPointer) -> Bool {
        if kind == .usage {
            guard let usage = UsageRecord(record) else { return false }
            guard let slot = slot(of: usage.org) else {
                invariantBroken("usage is booked for an organisation that exists")
            }
            now = max(now, usage.appliedAt)
            let before = organisations[slot].posted
            apply(usage, slot: slot)
            noteUnjudged(slot, hasFallen: organisations[slot].posted < before)
            // What it made due is asked for when running goes on, should its record be lost.
            if organisations[slot].flags.contains(.hasTopUp), wantedTopUp(slot) != nil {
                schedule(slot)
            }
            return true
        }
        guard let change = Change.decode(record) else { return false }
        now = max(now, change.appliedAt)
        let before = slot(of: change.org).map { organisations[$0].posted }
        apply(change)
        if let slot = slot(of: change.org) {
            noteUnjudged(slot, hasFallen: organisations[slot].posted < before ?? .zero)
            refreshCutoffs(slot, at: change.appliedAt)
            schedule(slot)
        }
        return true
    }

    /// Remembers whose balance fell last while nothing of somebody else came behind it: what was
    /// to be told of that fall may have been lost with the journal's tail.
    private func noteUnjudged(_ slot: Int, hasFallen: Bool) {
        if hasFallen {
            unjudged = slot
        } else if unjudged != slot {
            unjudged = nil
        }
    }

    func apply(_ change: Change) {
        switch change.body {
        case .organisationCreated(let body): create(change.org, body)
        case .organisationClosed(let body): close(change.org, body)
        case .projectCreated(let body):
            with(change.org) { organisation in
                invariant(
                    body.project == organisation.projects.count + 1,
                    "projects are numbered without gaps"
                )
                organisation.projects.append(ScopeState())
            }
        case .keyCreated(let body):
            with(change.org) { organisation in
                invariant(
                    body.key == organisation.keys.count + 1,
                    "keys are numbered without gaps"
                )
                organisation.keys.append(
                    KeyState(project: body.project, generation: 1, revoked: false)
                )
            }
        case .keyRotated(let body):
            withKey(body.key, of: change.org) { $0.generation = body.generation }
        case .keyRevoked(let body):
            withKey(body.key, of: change.org) { $0.revoked = true }
        case .grantIssued(let body): issue(change.org, body, at: change.appliedAt)
        case .grantActivated(let body): activate(change.org, body)
        case .grantExpired(let body): expire(change.org, body)
        case .holdPlaced(let body): place(change.org, body)
        case .holdExtended(let body): extend(change.org, body)
        case .holdReleased(let body):
            guard let slot = slot(of: change.org) else { return }
            removeHold(HoldNumber(org: OrgNumber(change.org), serial: body.hold), slot: slot)
            if organisations[slot].flags.contains(.hasRuns) { giveRoom(slot) }
        case .capChanged(let body): setCap(change.org, body)
        case .dayTurned(let body):
            with(change.org) { $0.turnDay(to: body.today) }
            if let slot = slot(of: change.org) { turnBilling(slot) }
        case .planChanged(let body): apply(body, org: change.org, at: change.appliedAt)
        case .couponRedeemed(let body): apply(body, org: change.org, at: change.appliedAt)
        case .billingChanged(let body): apply(body, org: change.org)
        case .balanceAdjusted(let body): apply(body, org: change.org, at: change.appliedAt)
        case .machineChanged(let body): changeMachine(change.org, body)
        case .operationRefunded(let body): refund(change.org, body, at: change.appliedAt)
        case .purchaseReturned(let body): takeBack(change.org, body, at: change.appliedAt)
        case .alertRaised(let body): applyAlert(change.org, body)
        case .alertCleared(let body): applyAlert(change.org, body)
        case .alertsSet(let body): applyAlert(change.org, body)
        case .nameDeclared, .priceDeclared, .sequenceSkipped, .rateCardLoaded:
            // They concern names and positions, which are the engine's.
            break
        case .topUpSet(let body): apply(change.org, body)
        case .purchaseAsked(let body): apply(change.org, body, at: change.appliedAt)
        case .purchaseConfirmed(let body): apply(change.org, body, at: change.appliedAt)
        case .purchaseFailed(let body): apply(change.org, body, at: change.appliedAt)
        case .topUpLimitReached(let body): apply(change.org, body)
        case .rerated(let body): correct(change.org, body, at: change.appliedAt)
        case .rerateBegun, .rerateCardPart: break
        }
    }

    func with(_ org: UInt32, _ body: (inout Organisation) -> Void) {
        guard let slot = slot(of: org) else {
            invariantBroken("a change names an organisation that exists")
        }
        body(&organisations[slot])
    }

    private func withKey(_ key: UInt32, of org: UInt32, _ body: (inout KeyState) -> Void) {
        with(org) { organisation in
            let index = Int(key) - 1
            invariant(organisation.keys.indices.contains(index), "a change names a key that exists")
            body(&organisation.keys[index])
        }
    }

    private func create(_ org: UInt32, _ body: OrganisationCreated) {
        let slot = Int(org / AccountBook.partitions)
        addSlots(upTo: slot)
        organisations[slot].number = org
        organisations[slot].zone = zoneIndex(body.zone)
        organisations[slot].today = body.today
        // An empty wallet is cut off from the beginning; nobody has to be told.
        organisations[slot].cutoffs = .insufficientCredits
        noteAlerts(slot)
    }

    func zoneIndex(_ zone: String) -> UInt16 {
        if let index = zones.firstIndex(of: zone) { return UInt16(index) }
        zones.append(zone)
        return UInt16(zones.count - 1)
    }

    private func close(_ org: UInt32, _ body: OrganisationClosed) {
        with(org) { organisation in
            let forfeited = body.forfeited.total
            organisation.posted -= forfeited
            if forfeited.isPositive { organisation.lines += 1 }
            organisation.grants.removeAll()
            organisation.closed = true
        }
        if let slot = slot(of: org) { stopTopUp(slot) }
    }

    func issue(_ org: UInt32, _ body: GrantIssued, at moment: Timestamp) {
        with(org) { organisation in
            if body.grantClass == .purchased { organisation.flags.insert(.hasPurchased) }
            organisation.lastGrant = body.grant
            let grant = Grant(
                remaining: body.amount,
                number: body.grant,
                priority: body.priority,
                grantClass: body.grantClass,
                active: false,
                expired: false,
                held: .zero,
                effectiveAt: body.effectiveAt,
                expiresAt: body.expiresAt
            )
            organisation.insert(grant)
        }
        if body.active {
            activate(
                org,
                GrantActivated(grant: body.grant, amount: body.amount, debtPaid: body.debtPaid)
            )
        }
        if body.identity == 0 { return }
        grantIdentities.insert(body.identity, content: body.content, result: body.grant, at: moment)
    }

    func activate(_ org: UInt32, _ body: GrantActivated) {
        with(org) { organisation in
            guard let index = organisation.grantIndex(body.grant) else {
                invariantBroken("a grant that begins is known")
            }
            organisation.grants[index].active = true
            organisation.grants[index].remaining -= body.debtPaid
            organisation.debt -= body.debtPaid
            organisation.posted += body.amount
            organisation.lines += 1
            if organisation.grants[index].remaining.isZero { organisation.grants.remove(at: index) }
        }
    }

    private func expire(_ org: UInt32, _ body: GrantExpired) {
        with(org) { organisation in
            guard let index = organisation.grantIndex(body.grant) else {
                invariantBroken("a grant that lapses is known")
            }
            organisation.grants[index].expired = true
            organisation.grants[index].remaining -= body.amount
            organisation.posted -= body.amount
            if body.amount.isPositive { organisation.lines += 1 }
            if organisation.grants[index].remaining.isZero { organisation.grants.remove(at: index) }
        }
    }

    private func setCap(_ org: UInt32, _ body: CapChanged) {
        with(org) { organisation in
            if let amount = body.amount {
                organisation.insert(
                    Cap(scope: body.scope, id: body.id, period: body.period, amount: amount)
                )
            } else {
                organisation.caps.removeAll {
                    $0.scope == body.scope && $0.id == body.id && $0.period == body.period
                }
            }
        }
    }

    private func place(_ org: UInt32, _ body: HoldPlaced) {
        let amount = body.draws.total
        with(org) { organisation in
            organisation.lastHold = body.hold
            organisation.openHolds += 1
            organisation.addHeld(amount, project: body.project, key: body.key)
        }
        keep(body.draws, org: org)
        holds.insert(
            Hold(
                number: HoldNumber(org: OrgNumber(org), serial: body.hold),
                project: body.project,
                key: body.key,
                model: body.model,
                expiresAt: body.expiresAt,
                amount: amount,
                draws: body.draws
            )
        )
    }

    private func extend(_ org: UInt32, _ body: HoldExtended) {
        let number = HoldNumber(org: OrgNumber(org), serial: body.hold)
        guard let hold = holds[number] else { invariantBroken("an extended hold is open") }
        let more = body.draws.total
        with(org) { $0.addHeld(more, project: hold.project, key: hold.key) }
        keep(body.draws, org: org)
        holds.update(number) { hold in
            hold.expiresAt = body.expiresAt
            hold.amount += more
            for index in 0..<body.draws.count { hold.draws.append(body.draws[index]) }
        }
    }

    private func keep(_ draws: Draws, org: UInt32) {
        with(org) { organisation in
            for index in 0..<draws.count {
                guard let grant = organisation.grantIndex(draws[index].grant) else { continue }
                organisation.grants[grant].held += draws[index].amount
            }
        }
    }

    func removeHold(_ number: HoldNumber, slot: Int) {
        guard let hold = holds.remove(number) else { invariantBroken("a hold that goes is open") }
        organisations[slot].addHeld(-hold.amount, project: hold.project, key: hold.key)
        organisations[slot].openHolds -= 1
        for index in 0..<hold.draws.count {
            let draw = hold.draws[index]
            guard let grant = organisations[slot].grantIndex(draw.grant) else { continue }
            organisations[slot].grants[grant].held -= draw.amount
            if organisations[slot].grants[grant].expired {
                // What the hold kept beyond its time lapses as soon as nothing keeps it.
                setDeadline(slot, .epoch)
            }
        }
    }
}
