import Quantities

/// Starting asks; who cannot pay is told to stop, and to resume when a credit carries it.
extension AccountBook {
    /// Asks whether a machine may start, and sets credits aside for its first hour or its margin.
    ///
    /// - Parameters:
    ///   - request: Who asks, and for what.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    /// - Returns: The hold, or why not.
    public func start(
        _ request: StartRequest,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> StartOutcome {
        guard let slot = slot(of: request.org) else {
            return .answer(.refused(.unknownOrganisation, nil))
        }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        guard let mode = machinePrices.mode(of: request.machine, at: moment) else {
            return .notPriced
        }
        guard var deployment = deployment(request.deployment, org: request.org) else {
            return .tooMany
        }
        if organisations[slot].closed { return .answer(.refused(.accountClosed, nil)) }
        let earlier = openHold(of: deployment, slot: slot)?.number
        if let earlier {
            release(earlier, lapsed: false, at: moment, into: buffer)
            // What it gave back may have moved machines, this one among them.
            deployment = self.deployment(request.deployment, org: request.org) ?? deployment
        }
        let answer = authorize(request, mode, deployment, slot: slot, at: moment, into: buffer)
        guard case .granted(let granted) = answer else {
            if earlier != nil {
                deployment.hold = 0
                commit(.started, &deployment, slot: slot, moment, into: buffer)
                schedule(slot)
            }
            return .answer(answer)
        }
        deployment.hold = granted.hold.serial
        deployment.project = request.project
        // Who may start is neither told to resume nor to stop any more.
        if deployment.lease == .blocked {
            deployment.lease = .resuming
            deployment.order = nil
        }
        if deployment.order?.action == .resume { deployment.order = nil }
        commit(.started, &deployment, slot: slot, moment, into: buffer)
        schedule(slot)
        return .answer(answer)
    }

    /// Asks for the first hour; or for the margin, where all others have theirs as well.
    private func authorize(
        _ request: StartRequest,
        _ mode: RunMode,
        _ deployment: Deployment,
        slot: Int,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Authorization {
        let hold = HoldRequest(
            org: request.org,
            project: request.project,
            key: request.key,
            generation: request.generation,
            amount: need(request, mode, at: moment),
            ttlMicroseconds: runRules.leaseMicroseconds
        )
        if mode == .continuous, objection(to: hold, slot: slot) == nil, hold.amount.isPositive {
            var asking = deployment
            asking.project = request.project
            if let report = limit(hold.amount, for: asking, slot: slot) {
                let isCap = report.period != nil
                return .refused(isCap ? .spendCapExceeded : .insufficientCredits, report)
            }
        }
        return authorize(hold, at: moment, into: buffer)
    }

    /// The first hour, or the margin; less what is not to be had without a price.
    private func need(_ request: StartRequest, _ mode: RunMode, at moment: Timestamp) -> Amount {
        switch mode {
        case .hourly:
            return machinePrices.hour(of: request.machine, .running, at: moment)?.amount ?? .zero
        case .continuous:
            let rate = machinePrices.burnRate(
                of: request.machine,
                .running,
                request.allocation,
                at: moment
            )
            return amount(of: rate, for: runRules.marginMicroseconds)
        }
    }

    /// Gives back the hold of a start that was not needed.
    func freeHold(
        _ deployment: inout Deployment,
        slot: Int,
        _ moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        if let hold = openHold(of: deployment, slot: slot) {
            let body = HoldReleased(hold: hold.number.serial, lapsed: false)
            let org = organisations[slot].number
            commit(.holdReleased(body), org: org, at: moment, into: buffer)
            lapseLetGo(slot, at: moment, into: buffer)
        }
        deployment.hold = 0
    }

    // MARK: - Orders

    /// Notes that an order is done.
    ///
    /// - Parameters:
    ///   - number: The order's number.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: Whether it was open.
    @discardableResult
    public func orderDone(
        _ number: UInt32,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Bool {
        guard let slot = slot(of: org) else { return false }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        let found = machines[org]?.deployments.first { $0.order?.number == number }
        guard var deployment = found else { return false }
        deployment.order = nil
        commit(.orderDone, &deployment, slot: slot, moment, into: buffer)
        schedule(slot)
        return true
    }

    /// An organisation's orders that are not done, by number.
    ///
    /// - Parameter org: The organisation.
    /// - Returns: The orders.
    public func openOrders(of org: UInt32) -> [OpenOrder] {
        guard let slot = slot(of: org), organisations[slot].flags.contains(.hasRuns) else {
            return []
        }
        let deployments = machines[org]?.deployments ?? []
        return deployments.compactMap { deployment in
            deployment.order.map {
                OpenOrder(
                    org: org,
                    deployment: deployment.name,
                    order: $0,
                    reason: deployment.reason
                )
            }
        }.sorted { $0.order.number < $1.order.number }
    }

    /// All orders that are not done, by organisation and number.
    public var openOrders: [OpenOrder] {
        machines.keys.sorted().flatMap { openOrders(of: $0) }
    }

    /// An organisation's deployments, by number.
    ///
    /// - Parameter org: The organisation.
    /// - Returns: Copies of them.
    public func deployments(of org: UInt32) -> [Deployment] {
        machines[org]?.deployments ?? []
    }

    /// Whether any organisation here has machines.
    public var hasMachines: Bool { !machines.isEmpty }

    /// Takes the orders that were given, and forgets that they are new.
    public func takeNewOrders() -> [OpenOrder] {
        guard !newOrders.isEmpty else { return [] }
        let taken = newOrders
        newOrders.removeAll(keepingCapacity: true)
        return taken
    }

    /// An order is over when a sample shows what it asked for.
    func settleOrder(_ deployment: inout Deployment, _ state: RunState) {
        switch (deployment.order?.action, state) {
        case (.stop, .stopped), (.resume, .running): deployment.order = nil
        default: break
        }
    }

    /// Blocks a deployment; what runs is to stop.
    func block(
        _ deployment: inout Deployment,
        _ report: LimitReport,
        needs amount: Amount,
        at moment: Timestamp,
        slot: Int
    ) {
        deployment.lease = .blocked
        deployment.reason = report.period == nil ? .insufficientCredits : .spendCapExceeded
        deployment.since = moment
        deployment.toldAt = .epoch
        deployment.needed = amount
        orderStop(&deployment, slot: slot)
    }

    private func orderStop(_ deployment: inout Deployment, slot: Int) {
        guard deployment.run?.state == .running else {
            deployment.order = nil
            return
        }
        deployment.order = newOrder(.stop, slot: slot)
    }

    /// Says it again to a machine that goes on long after its order was reported done.
    func orderStopAgain(_ deployment: inout Deployment, at moment: Timestamp, slot: Int) {
        guard deployment.lease == .blocked, deployment.order == nil,
            max(deployment.since, deployment.toldAt).advanced(by: runRules.stopMicroseconds)
                < moment
        else { return }
        // Not since when it is blocked: its place among those that wait for credits is its own.
        deployment.toldAt = moment
        orderStop(&deployment, slot: slot)
    }

    private func newOrder(_ action: OrderAction, slot: Int) -> MachineOrder {
        let last = machines[organisations[slot].number]?.lastOrder ?? 0
        return MachineOrder(number: last + 1, action: action, issuedAt: now)
    }

    // MARK: - Resuming

    /// The blocked deployment that goes on first, or nil when nothing carries any.
    ///
    /// Oldest first, and nobody is passed over for want of credits; a spend cap is one's own.
    func nextToResume(_ slot: Int) -> Deployment? {
        guard let all = machines[organisations[slot].number], !all.waiting.isEmpty,
            !organisations[slot].closed, gate(slot) == nil
        else { return nil }
        for place in all.waiting {
            let deployment = all[place.number]
            guard let report = limitToResume(deployment, slot: slot) else { return deployment }
            if report.period == nil { return nil }
        }
        return nil
    }

    /// What forbids a deployment to resume: what will be asked when its machine is seen running.
    private func limitToResume(_ deployment: Deployment, slot: Int) -> LimitReport? {
        let needed = toResume(deployment, slot: slot)
        if deployment.run?.mode == .continuous {
            return limit(needed, for: deployment, slot: slot)
        }
        return limitReached(slot, asked: needed, project: deployment.project, key: 0)
    }

    /// Has machines looked at that a hold has waited for, or that have waited for what it kept.
    ///
    /// Cost:        only who is blocked, or is to resume, is looked at: requests settle holds, too.
    func giveRoom(_ slot: Int) {
        guard let all = machines[organisations[slot].number] else { return }
        let isMissed = all.resuming.contains { hasNotCome(all[$0], slot: slot) }
        if isMissed || nextToResume(slot) != nil { setDeadline(slot, .epoch) }
    }

    /// What has to be there for a deployment to resume; nothing for who is not charged.
    private func toResume(_ deployment: Deployment, slot: Int) -> Amount {
        organisations[slot].flags.contains(.unmetered) ? .zero : deployment.needed
    }

    func resumeBlocked(_ slot: Int, at moment: Timestamp, into buffer: RecordBuffer) {
        let org = organisations[slot].number
        while var deployment = nextToResume(slot) {
            let body = HoldPlaced(
                hold: organisations[slot].lastHold + 1,
                project: deployment.project,
                key: 0,
                model: 0,
                expiresAt: moment.advanced(by: runRules.leaseMicroseconds),
                draws: planHold(toResume(deployment, slot: slot), slot: slot)
            )
            commit(.holdPlaced(body), org: org, at: moment, into: buffer)
            deployment.hold = body.hold
            deployment.lease = .resuming
            deployment.order = newOrder(.resume, slot: slot)
            commit(.unblocked, &deployment, slot: slot, moment, into: buffer)
        }
    }
}
