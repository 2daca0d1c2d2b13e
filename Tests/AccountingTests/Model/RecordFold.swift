import Accounting
import LedgerModel
import Quantities

/// What PostgreSQL would hold after some records: folded from their content alone, as a store does
/// that knows nothing of decisions.
///
/// Its snapshots must load to the state that replay reaches.
struct RecordFold {
    fileprivate struct Wallet {
        var snapshot: OrganisationSnapshot
        var holds: [UInt64: HoldPlaced] = [:]
        /// Charges by scope and day, as the rollups have them.
        var rollups: [NaiveScope: [Int32: Amount]] = [:]
    }

    private var wallets: [UInt32: Wallet] = [:]

    /// Takes in whole records.
    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        var walker = RecordWalker(bytes)
        while let (kind, record) = walker.next() {
            if kind == .usage {
                if let (usage, _, _) = UsageChange.decode(record) { take(usage) }
            } else if let change = Change.decode(record) {
                take(change)
            }
        }
    }

    private mutating func take(_ usage: UsageChange) {
        guard var wallet = wallets[usage.org] else { return }
        wallet.snapshot.lines += 1
        wallet.holds[usage.hold] = nil
        for index in 0..<usage.draws.count {
            let draw = usage.draws[index]
            if draw.grant == 0 {
                wallet.snapshot.debt += draw.amount
            } else {
                wallet.snapshot.take(draw.amount, from: draw.grant)
            }
        }
        var scopes = [NaiveScope(scope: 1, id: 0)]
        if usage.project != 0 { scopes.append(NaiveScope(scope: 2, id: usage.project)) }
        if usage.key != 0 { scopes.append(NaiveScope(scope: 3, id: usage.key)) }
        for scope in scopes {
            wallet.rollups[scope, default: [:]][usage.day.number, default: .zero] += usage.charge
        }
        wallets[usage.org] = wallet
    }

    private mutating func take(_ change: Change) {
        if case .organisationCreated(let body) = change.body {
            let snapshot = OrganisationSnapshot(
                org: change.org,
                name: body.name,
                zone: body.zone,
                today: body.today
            )
            wallets[change.org] = Wallet(snapshot: snapshot)
            return
        }
        guard var wallet = wallets[change.org] else { return }
        switch change.body {
        case .holdPlaced(let body):
            wallet.holds[body.hold] = body
            wallet.snapshot.lastHold = body.hold
        case .holdExtended(let body):
            wallet.holds[body.hold]?.expiresAt = body.expiresAt
            for index in 0..<body.draws.count {
                wallet.holds[body.hold]?.draws.append(body.draws[index])
            }
        case .holdReleased(let body): wallet.holds[body.hold] = nil
        case .machineChanged(let body): wallet.take(body)
        default: wallet.snapshot.take(change)
        }
        wallets[change.org] = wallet
    }

    /// The organisations, by number.
    var snapshots: [OrganisationSnapshot] {
        wallets.keys.sorted().compactMap { org in
            guard let wallet = wallets[org] else { return nil }
            var snapshot = wallet.snapshot
            snapshot.holds = wallet.holds.keys.sorted().compactMap { serial in
                wallet.holds[serial].map { HoldSnapshot(placed: $0) }
            }
            snapshot.spends = wallet.rollups.compactMap { scope, days in
                spend(of: scope, days, on: Int64(snapshot.today.day.number))
            }
            return snapshot
        }
    }

    private func spend(
        of scope: NaiveScope,
        _ days: [Int32: Amount],
        on today: Int64
    ) -> SpendSnapshot? {
        guard let mine = Scope(rawValue: scope.scope) else { return nil }
        let zero = Amount.zero
        var spend = SpendSnapshot(
            scope: mine,
            id: scope.id,
            day: zero,
            week: zero,
            month: zero,
            total: zero
        )
        let monday = NaiveCalendar.monday(of: today)
        let month = NaiveCalendar.month(of: today).first
        for (number, amount) in days {
            let day = Int64(number)
            if day == today { spend.day += amount }
            if NaiveCalendar.monday(of: day) == monday { spend.week += amount }
            if NaiveCalendar.month(of: day).first == month { spend.month += amount }
            spend.total += amount
        }
        return spend
    }
}

extension OrganisationSnapshot {
    fileprivate mutating func take(_ amount: Amount, from grant: GrantNumber) {
        for index in grants.indices where grants[index].issued.grant == grant {
            grants[index].remaining -= amount
        }
    }

    fileprivate mutating func take(_ change: Change) {
        switch change.body {
        case .organisationClosed(let body):
            closed = true
            if body.forfeited.total.isPositive { lines += 1 }
            for index in 0..<body.forfeited.count {
                take(body.forfeited[index].amount, from: body.forfeited[index].grant)
            }
        case .projectCreated(let body):
            projects.append(ProjectSnapshot(project: body.project, name: body.name))
        case .keyCreated(let body):
            keys.append(KeySnapshot(created: body, generation: 1, revoked: false))
        case .keyRotated(let body): keys[Int(body.key) - 1].generation = body.generation
        case .keyRevoked(let body): keys[Int(body.key) - 1].revoked = true
        case .grantIssued(let body):
            lastGrant = body.grant
            if body.grantClass == .purchased { hasPurchased = true }
            grants.append(
                GrantSnapshot(
                    issued: body,
                    issuedAt: change.appliedAt,
                    active: body.active,
                    expired: false,
                    remaining: body.amount - body.debtPaid
                )
            )
            debt -= body.debtPaid
            if body.active { lines += 1 }
        case .grantActivated(let body):
            for index in grants.indices where grants[index].issued.grant == body.grant {
                grants[index].active = true
                grants[index].remaining -= body.debtPaid
            }
            debt -= body.debtPaid
            lines += 1
        case .grantExpired(let body):
            for index in grants.indices where grants[index].issued.grant == body.grant {
                grants[index].expired = true
                grants[index].remaining -= body.amount
            }
            if body.amount.isPositive { lines += 1 }
        case .capChanged(let body):
            caps.removeAll {
                $0.scope == body.scope && $0.id == body.id && $0.period == body.period
            }
            if body.amount != nil { caps.append(body) }
        case .dayTurned(let body):
            today = body.today
            if let next = terms.nextBilling, next.from <= today.day {
                terms.billing = next
                terms.nextBilling = nil
            }
        case .planChanged(let body):
            if terms.plan?.periodStart != body.periodStart { terms.given = [] }
            terms.plan = body
            terms.plan?.grant = nil
            if let grant = body.grant {
                terms.given.append(body.plan.name)
                take(Change(appliedAt: change.appliedAt, org: org, body: .grantIssued(grant)))
            }
        case .couponRedeemed(let body):
            terms.coupons.append(body.code)
            take(Change(appliedAt: change.appliedAt, org: org, body: .grantIssued(body.grant)))
        case .billingChanged(let body):
            if body.from <= today.day {
                terms.billing = body
                terms.nextBilling = nil
            } else {
                terms.nextBilling = body
            }
        case .balanceAdjusted(let body):
            for index in 0..<body.draws.count {
                let draw = body.draws[index]
                if draw.grant == 0 {
                    debt += draw.amount
                } else {
                    take(draw.amount, from: draw.grant)
                }
            }
            lines += 1
        case .operationRefunded(let body): take(body, at: change.appliedAt)
        case .alertsSet(let body):
            alerts = alerts ?? AlertSnapshot()
            alerts?.own = body.rules
        case .alertRaised(let body):
            alerts = alerts ?? AlertSnapshot()
            alerts?.last = body.alert
            if body.point.kind.isMomentary { return }
            alerts?.raised.append(
                AlertCleared(alert: body.alert, point: body.point, value: body.value)
            )
        case .alertCleared(let body): alerts?.raised.removeAll { $0.alert == body.alert }
        case .purchaseReturned(let body):
            take(body.amount, from: body.grant)
            lines += 1
            lastRefund = body.refund
        case .purchaseConfirmed(let body):
            take(
                Change(appliedAt: change.appliedAt, org: org, body: .grantIssued(body.grant))
            )
            takePurchase(change)
        case .topUpSet, .purchaseAsked, .purchaseFailed, .topUpLimitReached: takePurchase(change)
        case .rerated(let body):
            lines += 1
            for index in 0..<body.draws.count {
                let draw = body.draws[index]
                if draw.grant == 0 {
                    debt += draw.amount
                } else {
                    take(draw.amount, from: draw.grant)
                }
            }
            guard let credit = body.credit(at: change.appliedAt) else { return }
            lastGrant = credit.grant
            debt -= credit.debtPaid
            grants.append(
                GrantSnapshot(
                    issued: credit,
                    issuedAt: change.appliedAt,
                    active: true,
                    expired: false,
                    remaining: credit.amount - credit.debtPaid
                )
            )
        default: break
        }
    }

    private mutating func take(_ body: OperationRefunded, at moment: Timestamp) {
        lines += 1
        lastRefund = body.refund
        debt -= body.debtPaid
        for part in body.parts {
            guard part.isNew else {
                take(-part.amount, from: part.grant)
                for index in grants.indices where grants[index].issued.grant == part.grant {
                    if part.expiresAt <= moment { grants[index].expired = true }
                }
                continue
            }
            lastGrant = part.grant
            let issued = GrantIssued(
                grant: part.grant,
                grantClass: part.grantClass,
                amount: part.amount,
                priority: part.priority,
                effectiveAt: part.effectiveAt,
                expiresAt: part.expiresAt,
                active: true,
                debtPaid: .zero,
                identity: 0,
                content: 0,
                reference: "",
                note: ""
            )
            grants.append(
                GrantSnapshot(
                    issued: issued,
                    issuedAt: moment,
                    active: true,
                    expired: false,
                    remaining: part.amount
                )
            )
        }
    }
}

extension RecordFold.Wallet {
    fileprivate mutating func take(_ body: MachineChanged) {
        let index = Int(body.deployment.number) - 1
        if index < snapshot.deployments.count {
            snapshot.deployments[index] = body.deployment
        } else {
            snapshot.deployments.append(body.deployment)
        }
        guard let charge = body.charge else { return }
        holds[charge.hold] = nil
        if charge.amount.isPositive { snapshot.lines += 1 }
        for index in 0..<charge.draws.count {
            let draw = charge.draws[index]
            if draw.grant == 0 {
                snapshot.debt += draw.amount
            } else {
                snapshot.take(draw.amount, from: draw.grant)
            }
        }
        var scopes = [NaiveScope(scope: 1, id: 0)]
        if body.deployment.project != 0 {
            scopes.append(NaiveScope(scope: 2, id: body.deployment.project))
        }
        for scope in scopes {
            rollups[scope, default: [:]][charge.day.number, default: .zero] += charge.amount
        }
    }
}
