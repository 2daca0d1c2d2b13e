import Quantities

extension AccountBook {
    /// How many holds of an organisation are open.
    ///
    /// - Parameter org: Its number.
    /// - Returns: The count; 0 where there is no such organisation.
    public func openHolds(of org: UInt32) -> Int {
        guard let slot = slot(of: org) else { return 0 }
        return Int(organisations[slot].openHolds)
    }

    /// Asks whether a request may run, and sets credits aside for it.
    ///
    /// - Parameters:
    ///   - request: Who asks, for how much and how long.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: The hold, or the first reason against it with its limit.
    public func authorize(
        _ request: HoldRequest,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Authorization {
        invariant(!request.amount.isNegative, "a hold is at least zero")
        guard let slot = slot(of: request.org) else { return .refused(.unknownOrganisation, nil) }
        invariant(
            request.project <= organisations[slot].projects.count,
            "a hold names a project that exists, or none"
        )
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if let reason = objection(to: request, slot: slot) { return .refused(reason, nil) }
        let asked = organisations[slot].flags.contains(.unmetered) ? .zero : request.amount
        if let report = limitReached(
            slot,
            asked: asked,
            project: request.project,
            key: request.key
        ) {
            return .refused(report.period == nil ? .insufficientCredits : .spendCapExceeded, report)
        }
        let serial = organisations[slot].lastHold + 1
        let body = HoldPlaced(
            hold: serial,
            project: request.project,
            key: request.key,
            model: request.model,
            expiresAt: moment.advanced(byMicroseconds: request.ttlMicroseconds),
            draws: planHold(asked, slot: slot)
        )
        commit(.holdPlaced(body), org: request.org, at: moment, into: buffer)
        return .granted(
            Authorization.Granted(
                hold: HoldNumber(org: OrgNumber(request.org), serial: serial),
                amount: asked,
                expiresAt: body.expiresAt,
                complete: true
            )
        )
    }

    /// What is against a request whatever it asks for; nil for nothing.
    @inline(__always)
    func objection(to request: HoldRequest, slot: Int) -> RefusalReason? {
        if organisations[slot].closed { return .accountClosed }
        if request.key != 0 {
            guard let key = organisations[slot].key(request.key), !key.revoked,
                key.generation == request.generation
            else { return .invalidKey }
        }
        return gate(slot)
    }

    /// Raises a hold to a new amount, or to what can be had of it.
    ///
    /// - Parameters:
    ///   - number: The hold.
    ///   - amount: What it should keep in all.
    ///   - ttlMicroseconds: How long from now on.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: Granted with `complete` false when less was left than was asked for; refused when
    ///   nothing was.
    public func extend(
        _ number: HoldNumber,
        to amount: Amount,
        ttlMicroseconds: Int64,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Authorization {
        guard let slot = slot(of: number.org.raw) else {
            return .refused(.unknownOrganisation, nil)
        }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .refused(.accountClosed, nil) }
        if let reason = gate(slot) { return .refused(reason, nil) }
        guard let hold = holds[number], hold.expiresAt > moment else {
            return .refused(.unknownHold, nil)
        }
        if hold.key != 0, organisations[slot].key(hold.key)?.revoked != false {
            return .refused(.invalidKey, nil)
        }
        let isUnmetered = organisations[slot].flags.contains(.unmetered)
        var more = isUnmetered ? .zero : max(amount - hold.amount, .zero)
        var complete = true
        if let report = limitReached(slot, asked: more, project: hold.project, key: hold.key) {
            let headroom = self.headroom(slot, project: hold.project, key: hold.key)
            guard headroom.isPositive else {
                return .refused(
                    report.period == nil ? .insufficientCredits : .spendCapExceeded,
                    report
                )
            }
            more = min(more, headroom)
            complete = false
        }
        let body = HoldExtended(
            hold: number.serial,
            expiresAt: max(hold.expiresAt, moment.advanced(byMicroseconds: ttlMicroseconds)),
            draws: planHold(more, slot: slot)
        )
        commit(.holdExtended(body), org: number.org.raw, at: moment, into: buffer)
        return .granted(
            Authorization.Granted(
                hold: number,
                amount: hold.amount + more,
                expiresAt: body.expiresAt,
                complete: complete
            )
        )
    }

    /// Gives a hold back without a charge.
    ///
    /// - Parameters:
    ///   - number: The hold.
    ///   - lapsed: Whether time ran out, rather than the client giving it back.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: Whether there was such a hold.
    @discardableResult
    public func release(
        _ number: HoldNumber,
        lapsed: Bool,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Bool {
        guard holds[number] != nil, let slot = slot(of: number.org.raw) else { return false }
        let moment = move(to: moment)
        let body = HoldReleased(hold: number.serial, lapsed: lapsed)
        commit(.holdReleased(body), org: number.org.raw, at: moment, into: buffer)
        if organisations[slot].deadline <= moment { advance(slot, to: moment, into: buffer) }
        return true
    }

    /// The first limit that an amount would break: key, project and organisation caps, then the
    /// balance.
    func limitReached(
        _ slot: Int,
        asked: Amount,
        project: UInt32,
        key: UInt32
    ) -> LimitReport? {
        // What costs nothing runs, whatever was spent and whatever the balance.
        guard asked.isPositive else { return nil }
        for cap in organisations[slot].caps where applies(cap, project: project, key: key) {
            let usage = organisations[slot].usage(of: cap.scope, id: cap.id)
            let spent = usage.spend.amount(in: cap.period)
            // A sum that leaves the range is above every cap.
            if let sum = spent.adding(usage.held)?.adding(asked), sum <= cap.amount { continue }
            return LimitReport(
                scope: cap.scope,
                id: cap.id,
                period: cap.period,
                amount: cap.amount,
                spent: spent,
                held: usage.held,
                asked: asked,
                resetsAt: windowEnd(slot, cap.period)
            )
        }
        if organisations[slot].flags.contains(.invoiced),
            organisations[slot].held.adding(asked) != nil
        {
            return nil
        }
        guard organisations[slot].available < asked else { return nil }
        return LimitReport(
            scope: .organisation,
            id: 0,
            period: nil,
            amount: organisations[slot].posted,
            spent: .zero,
            held: organisations[slot].held,
            asked: asked,
            resetsAt: nil
        )
    }

    private func applies(_ cap: Cap, project: UInt32, key: UInt32) -> Bool {
        switch cap.scope {
        case .organisation: true
        case .project: cap.id == project
        case .key: cap.id == key
        }
    }

    /// The largest amount that no limit forbids.
    private func headroom(_ slot: Int, project: UInt32, key: UInt32) -> Amount {
        var headroom =
            organisations[slot].flags.contains(.invoiced) ? .max : organisations[slot].available
        for cap in organisations[slot].caps where applies(cap, project: project, key: key) {
            let usage = organisations[slot].usage(of: cap.scope, id: cap.id)
            let unspent = cap.amount - usage.spend.amount(in: cap.period)
            headroom = min(headroom, unspent.isPositive ? unspent - usage.held : unspent)
        }
        return headroom
    }

    /// Which grants a hold takes: what is free of each, in burn order.
    func planHold(_ amount: Amount, slot: Int) -> Draws {
        var draws = Draws()
        var open = amount
        for grant in organisations[slot].grants where open.isPositive {
            let part = min(open, grant.free)
            guard part.isPositive else { continue }
            draws.append(Draw(grant: grant.number, amount: part))
            open -= part
        }
        if open.isPositive, organisations[slot].flags.contains(.invoiced) {
            // On account: what it comes to will be owed.
            draws.append(Draw(grant: 0, amount: open))
            open = .zero
        }
        invariant(!open.isPositive, "what is available is free in some grant")
        return draws
    }

    /// When the present window of a period ends in an organisation's time zone.
    ///
    /// - Parameters:
    ///   - org: Its number.
    ///   - period: The period.
    /// - Returns: nil for `total`, which never ends.
    public func windowEnd(of org: UInt32, _ period: CapPeriod) -> Timestamp? {
        guard let slot = slot(of: org) else { return nil }
        return windowEnd(slot, period)
    }

    private func windowEnd(_ slot: Int, _ period: CapPeriod) -> Timestamp? {
        let today = organisations[slot].today
        let zone = zones[Int(organisations[slot].zone)]
        switch period {
        case .day: return today.end
        case .week:
            return calendar.start(of: today.day.weekStart.advanced(by: 7), zone: zone)
        case .month: return calendar.start(of: today.day.nextMonthStart, zone: zone)
        case .total: return nil
        }
    }
}

/// Asks for credits to be set aside.
public struct HoldRequest: Sendable, Hashable {
    /// Whose wallet.
    public var org: UInt32
    /// The project, or 0.
    public var project: UInt32
    /// The key, or 0 when the organisation asks itself.
    public var key: UInt32
    /// The generation of the key's secret that was shown.
    public var generation: UInt32
    /// The model's number.
    public var model: UInt32
    /// How much, zero or above.
    public var amount: Amount
    /// How long, from now on.
    public var ttlMicroseconds: Int64

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - org: Whose wallet.
    ///   - project: The project, or 0.
    ///   - key: The key, or 0.
    ///   - generation: The generation of the key's secret that was shown.
    ///   - model: The model's number.
    ///   - amount: How much, zero or above.
    ///   - ttlMicroseconds: How long, from now on.
    public init(
        org: UInt32,
        project: UInt32 = 0,
        key: UInt32 = 0,
        generation: UInt32 = 0,
        model: UInt32 = 0,
        amount: Amount,
        ttlMicroseconds: Int64
    ) {
        self.org = org
        self.project = project
        self.key = key
        self.generation = generation
        self.model = model
        self.amount = amount
        self.ttlMicroseconds = ttlMicroseconds
    }
}
