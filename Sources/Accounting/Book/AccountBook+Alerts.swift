import Quantities

extension AccountBook {
    /// What accounts are told of that have no wishes of their own.
    ///
    /// It is no state: what it leads to is journaled, and replay never looks at it.
    ///
    /// - Parameter rules: What the offer in force says.
    public func useAlertDefaults(_ rules: AlertRules) {
        guard rules != alertDefaults else { return }
        alertDefaults = rules
        for slot in organisations.indices where organisations[slot].exists {
            noteAlerts(slot)
            schedule(slot)
        }
    }

    /// The wishes that hold for an organisation.
    ///
    /// - Parameter org: Its number.
    /// - Returns: The rules, and whether they are its own.
    public func alertRules(of org: UInt32) -> (rules: AlertRules, isOwn: Bool) {
        if let own = alerts[org]?.own { return (own, true) }
        return (alertDefaults, false)
    }

    /// What has gone off in an organisation and not recovered, by number.
    ///
    /// - Parameter org: Its number; 0 for what concerns all.
    /// - Returns: The points.
    public func raisedAlerts(of org: UInt32) -> [AlertPoint] {
        alerts[org]?.raised.map(\.point) ?? []
    }

    /// Sets an account's own wishes, or goes back to those of the offer.
    ///
    /// - Parameters:
    ///   - rules: The rules; nil for those of the offer.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    /// - Returns: `done`, `unknown` or `accountClosed`.
    public func setAlerts(
        _ rules: AlertRules?,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        if alerts[org]?.own != rules {
            commit(.alertsSet(AlertsSet(rules: rules)), org: org, at: moment, into: buffer)
        }
        judge(slot, hasFallen: false, at: moment, into: buffer)
        schedule(slot)
        return .done
    }

    /// Tells of something that no balance and no cap shows, such as a top-up that failed, once
    /// until `clearAlert`.
    ///
    /// - Parameters:
    ///   - point: What goes off.
    ///   - value: What was found.
    ///   - limit: What it is measured by.
    ///   - text: A word for people; cut to 1,024 bytes.
    ///   - org: The organisation; 0, in partition 0, for what concerns all.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: Whether it went off now.
    @discardableResult
    public func raiseAlert(
        _ point: AlertPoint,
        value: Amount = .zero,
        limit: Amount = .zero,
        text: String = "",
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Bool {
        guard alerts[org]?.alert(at: point) == nil else { return false }
        let moment = move(to: moment)
        let day = slot(of: org).map { organisations[$0].today.day } ?? moment.utcDay
        let body = AlertRaised(
            alert: (alerts[org]?.last ?? 0) + 1,
            point: point,
            value: value,
            limit: limit,
            day: day,
            text: String(decoding: text.utf8.prefix(1024), as: UTF8.self)
        )
        commit(.alertRaised(body), org: org, at: moment, into: buffer)
        raisedCount += 1
        // Replay does so after every change.
        if let slot = slot(of: org) { schedule(slot) }
        return true
    }

    /// What had gone off by `raiseAlert` has recovered.
    ///
    /// - Parameters:
    ///   - point: What is armed again.
    ///   - value: What was found.
    ///   - org: The organisation; 0, in partition 0, for what concerns all.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    /// - Returns: Whether it had gone off.
    @discardableResult
    public func clearAlert(
        _ point: AlertPoint,
        value: Amount = .zero,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> Bool {
        guard let alert = alerts[org]?.alert(at: point) else { return false }
        let body = AlertCleared(alert: alert, point: point, value: value)
        commit(.alertCleared(body), org: org, at: move(to: moment), into: buffer)
        if let slot = slot(of: org) { schedule(slot) }
        return true
    }
}

// MARK: - Judging

extension AccountBook {
    /// Notes in the wallet's own cache lines whether there is anything to judge.
    func noteAlerts(_ slot: Int) {
        let org = organisations[slot].number
        let isIdle = alertRules(of: org).rules.isEmpty && alerts[org]?.raised.isEmpty != false
        if isIdle {
            organisations[slot].flags.remove(.hasAlerts)
        } else {
            organisations[slot].flags.insert(.hasAlerts)
        }
    }

    /// Compares balance and caps with the thresholds, and tells what was crossed.
    ///
    /// - Parameters:
    ///   - slot: The organisation.
    ///   - hasFallen: Whether the balance has become less: only then it can have crossed downwards.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    @inline(__always)
    func judgeAlerts(
        _ slot: Int,
        hasFallen: Bool,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        guard organisations[slot].flags.contains(.hasAlerts) else { return }
        compareAlerts(slot, hasFallen: hasFallen, at: moment, into: buffer)
    }

    @inline(never)
    private func compareAlerts(
        _ slot: Int,
        hasFallen: Bool,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        let org = organisations[slot].number
        guard !organisations[slot].closed else { return }
        // One look into the table for all that is asked below.
        let state = alerts[org]
        let rules = state?.own ?? alertDefaults
        if let state, !state.raised.isEmpty {
            clearRecovered(state.raised, slot, rules, at: moment, into: buffer)
        }
        let posted = organisations[slot].posted
        if hasFallen {
            for threshold in rules.lowBalance where posted < threshold {
                raiseAlert(
                    AlertPoint(kind: .lowBalance, threshold: threshold),
                    value: posted,
                    org: org,
                    at: moment,
                    into: buffer
                )
            }
        }
        if !rules.capPercents.isEmpty {
            for index in organisations[slot].caps.indices {
                judgeCap(slot, organisations[slot].caps[index], rules, at: moment, into: buffer)
            }
        }
        if rules.isEmpty { noteAlerts(slot) }
    }

    private func judgeCap(
        _ slot: Int,
        _ cap: Cap,
        _ rules: AlertRules,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        let usage = organisations[slot].usage(of: cap.scope, id: cap.id)
        let spent = usage.spend.amount(in: cap.period)
        for percent in rules.capPercents {
            guard cap.amount.isPositive, spent >= cap.share(percent) else { continue }
            let point = AlertPoint(
                kind: .capThreshold,
                scope: cap.scope,
                id: cap.id,
                period: cap.period,
                threshold: Amount(credits: Int(percent))
            )
            raiseAlert(
                point,
                value: spent,
                limit: cap.amount,
                org: organisations[slot].number,
                at: moment,
                into: buffer
            )
        }
    }

    /// Arms again what has recovered, or is not wished for any more.
    private func clearRecovered(
        _ raised: [AlertState.Raised],
        _ slot: Int,
        _ rules: AlertRules,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        let org = organisations[slot].number
        for entry in raised {
            let value: Amount
            switch entry.point.kind {
            case .lowBalance:
                value = organisations[slot].posted
                if value < entry.point.threshold,
                    rules.lowBalance.contains(entry.point.threshold)
                {
                    continue
                }
            case .capThreshold:
                let point = entry.point
                value = organisations[slot].usage(of: point.scope, id: point.id)
                    .spend.amount(in: point.period)
                if isCrossed(point, slot, spent: value, rules) { continue }
            case .deploymentCost:
                // What it costs is told by its charges; here goes what is not wished for any more.
                let isWished = rules.deploymentCost.contains { limit in
                    limit.period == entry.point.period && limit.amount == entry.point.threshold
                }
                if isWished { continue }
                value = .zero
            default: continue
            }
            clearAlert(entry.point, value: value, org: org, at: moment, into: buffer)
        }
    }

    private func isCrossed(
        _ point: AlertPoint,
        _ slot: Int,
        spent: Amount,
        _ rules: AlertRules
    ) -> Bool {
        let cap = organisations[slot].caps.first {
            $0.scope == point.scope && $0.id == point.id && $0.period == point.period
        }
        guard let cap, cap.amount.isPositive else { return false }
        return rules.capPercents.contains { percent in
            Amount(credits: Int(percent)) == point.threshold && spent >= cap.share(percent)
        }
    }

    // MARK: - Summaries

    /// Whether the day's end has to be waited for, because something was spent that is summed up.
    func isSummaryDue(_ slot: Int) -> Bool {
        guard organisations[slot].flags.contains(.hasAlerts), !organisations[slot].closed else {
            return false
        }
        let rules = alertRules(of: organisations[slot].number).rules
        return (rules.daily && organisations[slot].spend.day.isPositive)
            || (rules.weekly && organisations[slot].spend.week.isPositive)
    }

    /// Waits for the day's end when a debit is the first of the day.
    @inline(__always)
    func awaitSummary(_ slot: Int) {
        guard organisations[slot].flags.contains(.hasAlerts) else { return }
        let end = organisations[slot].today.end
        if organisations[slot].deadline > end, isSummaryDue(slot) { setDeadline(slot, end) }
    }

    /// Sums up the day, and the week, that end with a turn of the day.
    ///
    /// - Parameters:
    ///   - slot: The organisation, turned already.
    ///   - known: The day that has ended.
    ///   - spend: What was spent by its end.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    func sumUp(
        _ slot: Int,
        ended known: CivilDay,
        _ spend: Spend,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        let today = organisations[slot].today.day
        let org = organisations[slot].number
        if known.monthStart != today.monthStart {
            let point = AlertPoint(kind: .topUpLimitReached, period: .month)
            let wasReached = clearAlert(point, org: org, at: moment, into: buffer)
            // A failure stands until a top-up is paid.
            if wasReached, purchasings[org]?.topUp?.failures == 0 {
                topUpTroubles.append(.over(org: org))
            }
        }
        guard organisations[slot].flags.contains(.hasAlerts), known < today else { return }
        let rules = alertRules(of: org).rules
        func tell(_ kind: AlertKind, _ period: CapPeriod, _ amount: Amount, _ day: CivilDay) {
            guard amount.isPositive else { return }
            let body = AlertRaised(
                alert: (alerts[org]?.last ?? 0) + 1,
                point: AlertPoint(kind: kind, period: period),
                value: amount,
                limit: .zero,
                day: day,
                text: ""
            )
            commit(.alertRaised(body), org: org, at: moment, into: buffer)
            raisedCount += 1
        }
        if rules.daily { tell(.dailySummary, .day, spend.day, known) }
        if rules.weekly, known.weekStart != today.weekStart {
            tell(.weeklySummary, .week, spend.week, known.weekStart)
        }
    }
}

extension Cap {
    /// So many percents of the cap, rounded up: the least whole amount that reaches them.
    func share(_ percent: UInt8) -> Amount {
        // Hundredths first: a product with the cap may leave the range.
        let (whole, rest) = amount.units.quotientAndRemainder(dividingBy: 100)
        let percent = Int128(percent)
        return Amount(units: whole * percent + (rest * percent + 99) / 100)
    }
}

// MARK: - Applying

extension AccountBook {
    func applyAlert(_ org: UInt32, _ body: AlertRaised) {
        var state = alerts[org] ?? AlertState()
        state.last = body.alert
        if !body.point.kind.isMomentary {
            state.raised.append(AlertState.Raised(point: body.point, alert: body.alert))
        }
        alerts[org] = state
        if let slot = slot(of: org) { noteAlerts(slot) }
    }

    func applyAlert(_ org: UInt32, _ body: AlertCleared) {
        alerts[org]?.raised.removeAll { $0.alert == body.alert }
        if let slot = slot(of: org) { noteAlerts(slot) }
    }

    func applyAlert(_ org: UInt32, _ body: AlertsSet) {
        alerts[org, default: AlertState()].own = body.rules
        if let slot = slot(of: org) { noteAlerts(slot) }
    }

    /// Takes in what PostgreSQL has of the alerts of an organisation.
    ///
    /// - Parameters:
    ///   - snapshot: What it has.
    ///   - org: The organisation; 0 for what concerns all.
    public func loadAlerts(_ snapshot: AlertSnapshot, org: UInt32) {
        var state = AlertState(own: snapshot.own, last: snapshot.last)
        state.raised = snapshot.raised.map { AlertState.Raised(point: $0.point, alert: $0.alert) }
        alerts[org] = state
        if let slot = slot(of: org) { noteAlerts(slot) }
    }
}
