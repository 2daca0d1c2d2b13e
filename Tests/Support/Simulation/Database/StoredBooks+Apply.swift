import Accounting
import PostgresStore
import Quantities

/// What one transaction did.
struct TransactionResult {
    var report = CommitReport(usageLines: 0, ledgerLines: 0, wallets: 0)
    var wallets: Set<UInt32> = []
    var lines: [(org: UInt32, line: StoredLine)] = []
    var producers: Set<UInt32> = []
    var skipped: [(producer: UInt32, sequence: UInt64)] = []
}

// MARK: - The batch transaction

extension StoredBooks {
    /// Applies all records of a batch, in their order.
    ///
    /// Lines get their numbers and balances here, from the wallet's row, as in the real
    /// transaction.
    mutating func apply(_ records: UnsafeRawBufferPointer) throws(StoreError) -> TransactionResult {
        var result = TransactionResult()
        var walker = RecordWalker(records)
        while let (kind, record) = walker.next() {
            if kind == .usage {
                guard let (usage, id, session) = UsageChange.decode(record) else {
                    throw .badRecord(offset: walker.position, kind: kind.rawValue)
                }
                let texts = (StoredBooks.text(record[id]), StoredBooks.text(record[session]))
                try apply(usage, texts, &result)
            } else {
                guard let change = Change.decode(record) else {
                    throw .badRecord(offset: walker.position, kind: kind.rawValue)
                }
                try apply(change, &result)
            }
        }
        result.report.wallets = result.wallets.count
        return result
    }

    /// What PostgreSQL cannot hold is shown as U+FFFD.
    private static func text(_ bytes: some Sequence<UInt8>) -> String {
        text(String(decoding: Array(bytes), as: UTF8.self))
    }

    private static func text(_ text: String) -> String {
        text.utf8.contains(0)
            ? String(text.map { $0 == "\0" ? "\u{FFFD}" : $0 }) : text
    }

    /// Changes an organisation's rows in place.
    private mutating func with(
        _ org: UInt32,
        _ body: (inout StoredOrganisation) throws(StoreError) -> Void
    ) throws(StoreError) {
        guard var rows = organisations.removeValue(forKey: org) else {
            throw .inconsistent("1 wallets are missing")
        }
        defer { organisations[org] = rows }
        try body(&rows)
    }

    private mutating func apply(
        _ usage: UsageChange,
        _ texts: (id: String, session: String),
        _ result: inout TransactionResult
    ) throws(StoreError) {
        var line = StoredLine(
            line: 0,
            kind: .usage,
            amount: -usage.charge,
            balance: .zero,
            appliedAt: usage.appliedAt,
            at: usage.at
        )
        line.model = usage.model
        line.key = usage.key
        line.project = usage.project
        line.price = usage.price
        line.grant = usage.draws.first.grant
        line.requestID = texts.id
        line.session = texts.session
        line.producer = usage.producer
        line.sequence = usage.sequence
        line.identity = usage.identity
        line.content = usage.identity == 0 ? 0 : usage.content
        line.day = usage.day
        line.draws = usage.draws
        line.tokens = usage.tokens
        line.failed = usage.failed
        line.cacheHit = usage.cacheHit
        if usage.producer != 0, usage.sequence != 0 { result.producers.insert(usage.producer) }
        try with(usage.org) { (rows) throws(StoreError) in
            try rows.take(usage.draws)
            if usage.hold != 0 { try rows.removeHold(usage.hold) }
            rows.book(line, usage.org, &result)
            let key = RollupKey(
                day: usage.day.number,
                project: usage.project,
                key: usage.key,
                model: usage.model
            )
            rows.rollups[key, default: RollupSums()].add(line)
        }
    }

    private mutating func apply(
        _ change: Change,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        let (org, at) = (change.org, change.appliedAt)
        switch change.body {
        case .organisationCreated(let body):
            guard organisations[org] == nil else {
                throw .duplicate("the organisations of a batch")
            }
            organisations[org] = StoredOrganisation(body)
        case .nameDeclared(let body):
            if names[body.kind.rawValue]?[body.number] == nil {
                names[body.kind.rawValue, default: [:]][body.number] = StoredBooks.text(body.name)
            }
        case .priceDeclared(let body):
            if prices[body.price] == nil { prices[body.price] = body }
        case .sequenceSkipped(let body):
            guard body.producer != 0, body.sequence != 0 else { return }
            result.producers.insert(body.producer)
            result.skipped.append((body.producer, body.sequence))
        case .rateCardLoaded: break
        case .alertRaised(let body) where org == 0: common.raise(body)
        case .alertCleared(let body) where org == 0: try common.clear(body)
        case .rerateBegun, .rerateCardPart: break
        default:
            try with(org) { (rows) throws(StoreError) in
                try rows.apply(change.body, org, at: at, &result)
            }
        }
    }
}

extension StoredOrganisation {
    fileprivate mutating func apply(
        _ change: Change.Body,
        _ org: UInt32,
        at: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        switch change {
        case .organisationClosed(let body): try close(body, org, at: at, &result)
        case .projectCreated(let body):
            try insert(&projects, body.project, body.name, "the projects of a batch")
        case .keyCreated(let body):
            let row = KeySnapshot(created: body, generation: 1, revoked: false)
            try insert(&keys, body.key, row, "the keys of a batch")
        case .keyRotated(let body): try rotate(body)
        case .keyRevoked(let body): try revoke(body)
        case .grantIssued(let body): try issue(body, org, at: at, &result)
        case .grantActivated(let body): try activate(body, org, at: at, &result)
        case .grantExpired(let body): try expire(body, org, at: at, &result)
        case .holdPlaced(let body):
            result.wallets.insert(org)
            lastHold = max(lastHold, body.hold)
            try insert(&holds, body.hold, body, "the holds of a batch")
        case .holdExtended(let body): try extend(body)
        case .holdReleased(let body): try removeHold(body.hold)
        case .capChanged(let body):
            caps[CapKey(scope: body.scope, id: body.id, period: body.period)] = body.amount
        case .dayTurned(let body): today = body.today
        case .planChanged(let body): try changePlan(body, org, at: at, &result)
        case .couponRedeemed(let body): try redeem(body, org, at: at, &result)
        case .billingChanged(let body):
            billing = billing.filter { $0.key < body.from.number }
            billing[body.from.number] = body
        case .balanceAdjusted(let body): try adjust(body, org, at: at, &result)
        case .machineChanged(let body): try changeMachine(body, org, at: at, &result)
        case .operationRefunded(let body): try refund(body, org, at: at, &result)
        case .purchaseReturned(let body): try takeBack(body, org, at: at, &result)
        case .alertRaised(let body): alerts.raise(body)
        case .alertCleared(let body): try alerts.clear(body)
        case .alertsSet(let body): alerts.own = body.rules
        case .rerated(let body): try correct(body, org, at: at, &result)
        case .rerateBegun, .rerateCardPart: break
        case .organisationCreated, .nameDeclared, .priceDeclared, .sequenceSkipped,
            .rateCardLoaded:
            break
        case .purchaseConfirmed(let body):
            try issue(body.grant, org, at: at, &result)
            try applyPurchase(change, at: at)
        case .topUpSet, .purchaseAsked, .purchaseFailed, .topUpLimitReached:
            try applyPurchase(change, at: at)
        }
    }

    private mutating func rotate(_ body: KeyRotated) throws(StoreError) {
        guard keys[body.key] != nil else { throw .inconsistent("1 of 1 keys are missing") }
        keys[body.key]?.generation = body.generation
        keys[body.key]?.created.prefix = body.prefix
        keys[body.key]?.created.hash = body.hash
    }

    private mutating func revoke(_ body: KeyRevoked) throws(StoreError) {
        guard keys[body.key] != nil else { throw .inconsistent("1 of 1 keys are missing") }
        keys[body.key]?.revoked = true
    }

    private mutating func extend(_ body: HoldExtended) throws(StoreError) {
        guard holds[body.hold] != nil else { throw .inconsistent("1 of 1 holds are missing") }
        holds[body.hold]?.expiresAt = body.expiresAt
        for index in 0..<body.draws.count {
            holds[body.hold]?.draws.append(body.draws[index])
        }
    }

    private mutating func close(
        _ body: OrganisationClosed,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        for index in 0..<body.forfeited.count {
            try take(body.forfeited[index].amount, from: body.forfeited[index].grant)
        }
        let total = body.forfeited.total
        if total.isPositive {
            book(.forfeiture, -total, at: moment, grant: 0, note: body.reason, org, &result)
        }
        for (number, grant) in grants where !grant.active {
            grants[number]?.remaining = .zero
            grants[number]?.expired = true
        }
        closed = true
    }
}
