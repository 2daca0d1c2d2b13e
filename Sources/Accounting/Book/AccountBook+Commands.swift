import Quantities

extension AccountBook {
    /// Opens an organisation with an empty wallet.
    ///
    /// - Parameters:
    ///   - org: Its number, of this partition and not used before.
    ///   - name: Its unique name; uniqueness is the directory's to keep.
    ///   - zone: Its IANA time zone.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, also when it exists already; `invalid` when there is no such zone.
    public func createOrganisation(
        _ org: UInt32,
        name: String,
        zone: String,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        invariant(org % AccountBook.partitions == partition, "an organisation is in its partition")
        let moment = move(to: moment)
        guard slot(of: org) == nil else { return .done }
        guard let today = calendar.day(containing: moment, zone: zone) else {
            return .invalid(field: "zone", message: "\"\(zone)\" is no IANA time zone.")
        }
        let body = OrganisationCreated(name: name, zone: zone, today: today)
        commit(.organisationCreated(body), org: org, at: moment, into: buffer)
        return .done
    }

    /// Closes an organisation: holds are released and what is left is forfeited.
    ///
    /// - Parameters:
    ///   - org: Its number.
    ///   - reason: Why, for the books.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    /// - Returns: `done`, also when it was closed before; `unknown`.
    public func closeOrganisation(
        _ org: UInt32,
        reason: String,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .done }
        endRuns(slot, at: moment, into: buffer)
        for hold in holds.sorted where hold.number.org.raw == org {
            release(hold.number, lapsed: false, at: moment, into: buffer)
        }
        failOpenPurchases(slot, at: moment, into: buffer)
        if purchasings[org]?.topUp != nil { endTopUpTrouble(org, at: moment, into: buffer) }
        var forfeited = Draws()
        for grant in organisations[slot].grants where grant.active {
            forfeited.append(Draw(grant: grant.number, amount: grant.remaining))
        }
        let body = OrganisationClosed(forfeited: forfeited, reason: reason)
        commit(.organisationClosed(body), org: org, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .done
    }

    /// Adds a project.
    ///
    /// - Parameters:
    ///   - name: Unique within the organisation; uniqueness is the directory's to keep.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, `unknown` or `accountClosed`.
    public func createProject(
        _ name: String,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        if organisations[slot].closed { return .accountClosed }
        let number = UInt32(organisations[slot].projects.count + 1)
        let body = ProjectCreated(project: number, name: name)
        commit(.projectCreated(body), org: org, at: move(to: moment), into: buffer)
        return .done
    }

    /// Adds a key.
    ///
    /// - Parameters:
    ///   - key: The key; its number is set here.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, `accountClosed`, or `unknown` for the organisation or its project.
    public func createKey(
        _ key: KeyCreated,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        if organisations[slot].closed { return .accountClosed }
        guard key.project <= organisations[slot].projects.count else { return .unknown }
        var body = key
        body.key = UInt32(organisations[slot].keys.count + 1)
        commit(.keyCreated(body), org: org, at: move(to: moment), into: buffer)
        return .done
    }

    /// Gives a key a new secret; the old one is refused from here on.
    ///
    /// - Parameters:
    ///   - key: The key's number.
    ///   - prefix: The first characters of the new secret.
    ///   - hash: SHA-256 of the new secret.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, `unknown`, `accountClosed`, or `invalid` when it was revoked.
    public func rotateKey(
        _ key: UInt32,
        prefix: String,
        hash: SecretHash,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        if organisations[slot].closed { return .accountClosed }
        guard let state = organisations[slot].key(key) else { return .unknown }
        if state.revoked {
            return .invalid(field: "key", message: "It was revoked. Create a new key.")
        }
        let body = KeyRotated(
            key: key,
            generation: state.generation + 1,
            prefix: prefix,
            hash: hash
        )
        commit(.keyRotated(body), org: org, at: move(to: moment), into: buffer)
        return .done
    }

    /// Switches a key off for good.
    ///
    /// - Parameters:
    ///   - key: The key's number.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, also when it was revoked before; `unknown`.
    public func revokeKey(
        _ key: UInt32,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org), let state = organisations[slot].key(key) else {
            return .unknown
        }
        if state.revoked { return .done }
        let moment = move(to: moment)
        commit(.keyRevoked(KeyRevoked(key: key)), org: org, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        return .done
    }

    /// Gives credits to a wallet, once for each identity.
    ///
    /// - Parameters:
    ///   - grant: The grant; number, activity and paid debt are set here.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `granted` or `repeated` with the number, or why not.
    public func grant(
        _ grant: GrantIssued,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let before = grantIdentities.find(grant.identity, content: grant.content)
        if let answer = CommandOutcome(before) { return answer }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        if grant.grantClass == .purchased, let reason = purchaseRefusal(slot) {
            return .refused(reason)
        }
        guard grant.amount.isPositive else {
            return .invalid(field: "amount", message: "\(grant.amount) is not above zero.")
        }
        guard grant.expiresAt > moment, grant.expiresAt > grant.effectiveAt else {
            return .invalid(
                field: "expires_at",
                message: "\(grant.expiresAt) is not after now and after the grant's beginning."
            )
        }
        guard fits(grant.amount, slot: slot) else {
            return .invalid(field: "amount", message: "The balance would not fit 26 digits.")
        }
        var body = grant
        body.grant = organisations[slot].lastGrant + 1
        body.active = grant.effectiveAt <= moment
        body.debtPaid = body.active ? min(organisations[slot].debt, grant.amount) : .zero
        commit(.grantIssued(body), org: org, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        judge(slot, hasFallen: false, at: moment, into: buffer)
        schedule(slot)
        return .granted(body.grant)
    }

    /// Whether the balance stays in range with one more grant, also when all have begun to pay.
    func fits(_ amount: Amount, slot: Int) -> Bool {
        var sum = organisations[slot].posted.adding(amount)
        for grant in organisations[slot].grants where !grant.active {
            sum = sum?.adding(grant.remaining)
        }
        return sum != nil
    }

    /// Sets, changes or clears a spend cap.
    ///
    /// What was spent before in the window counts.
    ///
    /// - Parameters:
    ///   - cap: The cap.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: `done`, `unknown`, `accountClosed` or `invalid`.
    public func setCap(
        _ cap: CapChanged,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        if let amount = cap.amount, amount.isNegative {
            return .invalid(field: "amount", message: "\(amount) is below zero.")
        }
        let exists =
            switch cap.scope {
            case .organisation: cap.id == 0
            case .project: cap.id >= 1 && cap.id <= organisations[slot].projects.count
            case .key: cap.id >= 1 && cap.id <= organisations[slot].keys.count
            }
        guard exists else { return .unknown }
        commit(.capChanged(cap), org: org, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        judge(slot, hasFallen: false, at: moment, into: buffer)
        schedule(slot)
        return .done
    }
}
