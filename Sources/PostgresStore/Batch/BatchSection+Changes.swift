import Accounting
import Quantities

/// The rare changes of a batch, as they came.
struct ColdChanges {
    var created: [Dated<OrganisationCreated>] = []
    var closed: [Dated<OrganisationClosed>] = []
    var turned: [Dated<ZonedDay>] = []
    var projects: [Dated<ProjectCreated>] = []
    var keys: [Dated<KeyCreated>] = []
    var rotations: [Dated<KeyRotated>] = []
    var revocations: [Dated<KeyRevoked>] = []
    var grants: [Dated<GrantIssued>] = []
    var activations: [GrantActivation] = []
    var caps: [Dated<CapChanged>] = []
    var names: [NameDeclared] = []
    var prices: [PriceDeclared] = []
    var cards: [Dated<RateCardLoaded>] = []
    var terms = TermChanges()
    var machines = MachineChanges()
    var refunds: [Dated<OperationRefunded>] = []
    var returns: [Dated<PurchaseReturned>] = []
    var raised: [Dated<AlertRaised>] = []
    var cleared: [Dated<AlertCleared>] = []
    var alertRules: [Dated<AlertsSet>] = []
    var purchases = PurchaseChangesOfBatch()
    var rerates: [Dated<RerateBegun>] = []
    var rerateCards: [RerateCardPart] = []
    var corrections: [Dated<Rerated>] = []
}

// MARK: - The rare changes

extension BatchSection {
    func add(_ change: Change) {
        let org = change.org
        let at = change.appliedAt
        switch change.body {
        case .organisationCreated(let body):
            cold.created.append(Dated(org: org, at: at, body: body))
        case .organisationClosed(let body): close(org, body, at: at)
        case .projectCreated(let body):
            cold.projects.append(Dated(org: org, at: at, body: body))
        case .keyCreated(let body): cold.keys.append(Dated(org: org, at: at, body: body))
        case .keyRotated(let body): cold.rotations.append(Dated(org: org, at: at, body: body))
        case .keyRevoked(let body): cold.revocations.append(Dated(org: org, at: at, body: body))
        case .grantIssued(let body): issue(org, body, at: at)
        case .grantActivated(let body): activate(org, body, at: at)
        case .grantExpired(let body): expire(org, body, at: at)
        case .holdPlaced(let body): place(org, body, at: at)
        case .holdExtended(let body): extend(org, body)
        case .holdReleased(let body): removeHold(org, body.hold)
        case .capChanged(let body): cold.caps.append(Dated(org: org, at: at, body: body))
        case .dayTurned(let body):
            cold.turned.append(Dated(org: org, at: at, body: body.today))
        case .nameDeclared(let body): cold.names.append(body)
        case .priceDeclared(let body): cold.prices.append(body)
        case .sequenceSkipped: break  // Producers are the batch's, not a section's.
        case .rateCardLoaded(let body): cold.cards.append(Dated(org: org, at: at, body: body))
        case .planChanged(let body): plan(org, body, at: at)
        case .couponRedeemed(let body): coupon(org, body, at: at)
        case .billingChanged(let body):
            cold.terms.billing.append(Dated(org: org, at: at, body: body))
        case .balanceAdjusted(let body): adjust(org, body, at: at)
        case .machineChanged(let body): changeMachine(org, body, at: at)
        case .operationRefunded(let body): refund(org, body, at: at)
        case .purchaseReturned(let body): takeBack(org, body, at: at)
        case .alertRaised(let body): cold.raised.append(Dated(org: org, at: at, body: body))
        case .alertCleared(let body): cold.cleared.append(Dated(org: org, at: at, body: body))
        case .alertsSet(let body): cold.alertRules.append(Dated(org: org, at: at, body: body))
        case .topUpSet(let body): set(org, body, at: at)
        case .purchaseAsked(let body):
            cold.purchases.asked.append(Dated(org: org, at: at, body: body))
        case .purchaseConfirmed(let body):
            issue(org, body.grant, at: at)
            confirm(org, body, at: at)
        case .purchaseFailed(let body): fail(org, body, at: at)
        case .topUpLimitReached(let body): reachLimit(org, body)
        case .rerated(let body): correct(org, body, at: at)
        case .rerateCardPart(let body): cold.rerateCards.append(body)
        case .rerateBegun(let body): cold.rerates.append(Dated(org: org, at: at, body: body))
        }
    }

    func credit(_ line: PendingLedgerLine) {
        let wallet = walletSlot(line.org, at: line.appliedAt)
        wallets[wallet].amount += line.amount.units
        appendLine(~ledgerLines.count, wallet: wallet)
        ledgerLines.append(line)
    }

    func issue(_ org: UInt32, _ body: GrantIssued, at: Timestamp) {
        cold.grants.append(Dated(org: org, at: at, body: body))
        let wallet = walletSlot(org, at: at)
        wallets[wallet].lastGrant = max(wallets[wallet].lastGrant, body.grant)
        guard body.active else { return }
        wallets[wallet].debt -= body.debtPaid.units
        credit(
            PendingLedgerLine(
                kind: LedgerKind(body.grantClass),
                amount: body.amount,
                appliedAt: at,
                org: org,
                grant: body.grant,
                reference: body.reference,
                note: body.note
            )
        )
    }

    private func activate(_ org: UInt32, _ body: GrantActivated, at: Timestamp) {
        cold.activations.append(
            GrantActivation(org: org, grant: body.grant, line: ledgerLines.count)
        )
        wallets[walletSlot(org, at: at)].debt -= body.debtPaid.units
        grants[grantSlot(org, body.grant)].remaining -= body.debtPaid.units
        // Kind, reference and note are the grant's; the transaction reads them.
        credit(
            PendingLedgerLine(
                kind: .adjustment,
                amount: body.amount,
                appliedAt: at,
                org: org,
                grant: body.grant,
                reference: "",
                note: ""
            )
        )
    }

    private func expire(_ org: UInt32, _ body: GrantExpired, at: Timestamp) {
        let slot = grantSlot(org, body.grant)
        grants[slot].expired = true
        grants[slot].remaining -= body.amount.units
        guard body.amount.isPositive else { return }
        credit(
            PendingLedgerLine(
                kind: .expiry,
                amount: -body.amount,
                appliedAt: at,
                org: org,
                grant: body.grant,
                reference: "",
                note: ""
            )
        )
    }

    private func close(_ org: UInt32, _ body: OrganisationClosed, at: Timestamp) {
        cold.closed.append(Dated(org: org, at: at, body: body))
        for index in 0..<body.forfeited.count {
            let draw = body.forfeited[index]
            grants[grantSlot(org, draw.grant)].remaining -= draw.amount.units
        }
        let total = body.forfeited.total
        guard total.isPositive else { return }
        credit(
            PendingLedgerLine(
                kind: .forfeiture,
                amount: -total,
                appliedAt: at,
                org: org,
                grant: 0,
                reference: "",
                note: body.reason
            )
        )
    }

    private func place(_ org: UInt32, _ body: HoldPlaced, at: Timestamp) {
        let wallet = walletSlot(org, at: at)
        wallets[wallet].lastHold = max(wallets[wallet].lastHold, body.hold)
        let (slot, _) = holdSlot(org, body.hold, orAppend: .placed)
        holds[slot].project = body.project
        holds[slot].key = body.key
        holds[slot].model = body.model
        holds[slot].expiresAt = body.expiresAt
        DrawCoding.append(body.draws, to: &holds[slot].draws)
    }

    private func extend(_ org: UInt32, _ body: HoldExtended) {
        let (slot, _) = holdSlot(org, body.hold, orAppend: .extended)
        holds[slot].expiresAt = body.expiresAt
        DrawCoding.append(body.draws, to: &holds[slot].draws)
    }
}
