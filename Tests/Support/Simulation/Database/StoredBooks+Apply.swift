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
            for index in 0..<usage.draws.count {
                let draw = usage.draws[index]
                if draw.grant == 0 {
                    rows.debt += draw.amount
                } else {
                    try rows.take(draw.amount, from: draw.grant)
                }
            }
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
                throw .server(
                    sqlState: "23505",
                    message: "duplicate key",
                    during: "the organisations of a batch"
                )
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
        case .rerateBegun: break
        default:
            try with(org) { (rows) throws(StoreError) in
                try rows.apply(change.body, org, at: at, &result)
            }
        }
    }
}

extension StoredOrganisation {
    /// Adds a line at the chain's end.
    fileprivate mutating func book(
        _ line: StoredLine,
        _ org: UInt32,
        _ result: inout TransactionResult
    ) {
        var line = line
        lineCount += 1
        balance += line.amount
        line.line = lineCount
        line.balance = balance
        lines.append(line)
        result.lines.append((org, line))
        result.wallets.insert(org)
        if line.kind == .usage {
            result.report.usageLines += 1
        } else {
            result.report.ledgerLines += 1
        }
    }

    mutating func book(
        _ kind: LedgerKind,
        _ amount: Amount,
        at moment: Timestamp,
        grant: UInt32,
        reference: String = "",
        note: String = "",
        _ org: UInt32,
        _ result: inout TransactionResult
    ) {
        var line = StoredLine(
            line: 0,
            kind: kind,
            amount: amount,
            balance: .zero,
            appliedAt: moment,
            at: moment
        )
        line.grant = grant
        line.reference = reference
        line.note = note
        book(line, org, &result)
    }

    mutating func take(_ amount: Amount, from grant: UInt32) throws(StoreError) {
        guard var found = grants[grant] else { throw .inconsistent("1 of 1 grants are missing") }
        found.remaining -= amount
        grants[grant] = found
        if found.remaining.isNegative {
            throw .server(
                sqlState: "23514",
                message: "grants_remaining_check",
                during: "what is left of the grants"
            )
        }
    }

    fileprivate mutating func removeHold(_ hold: UInt64) throws(StoreError) {
        guard holds.removeValue(forKey: hold) != nil else {
            throw .inconsistent("1 of 1 holds are missing")
        }
    }

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
        case .keyRotated(let body):
            guard keys[body.key] != nil else { throw .inconsistent("1 of 1 keys are missing") }
            keys[body.key]?.generation = body.generation
            keys[body.key]?.created.prefix = body.prefix
            keys[body.key]?.created.hash = body.hash
        case .keyRevoked(let body):
            guard keys[body.key] != nil else { throw .inconsistent("1 of 1 keys are missing") }
            keys[body.key]?.revoked = true
        case .grantIssued(let body): try issue(body, org, at: at, &result)
        case .grantActivated(let body): try activate(body, org, at: at, &result)
        case .grantExpired(let body):
            try take(body.amount, from: body.grant)
            grants[body.grant]?.expired = true
            if body.amount.isPositive {
                book(.expiry, -body.amount, at: at, grant: body.grant, org, &result)
            }
            result.wallets.insert(org)
        case .holdPlaced(let body):
            result.wallets.insert(org)
            lastHold = max(lastHold, body.hold)
            try insert(&holds, body.hold, body, "the holds of a batch")
        case .holdExtended(let body):
            guard holds[body.hold] != nil else { throw .inconsistent("1 of 1 holds are missing") }
            holds[body.hold]?.expiresAt = body.expiresAt
            for index in 0..<body.draws.count {
                holds[body.hold]?.draws.append(body.draws[index])
            }
        case .holdReleased(let body): try removeHold(body.hold)
        case .capChanged(let body):
            caps[CapKey(scope: body.scope, id: body.id, period: body.period)] = body.amount
        case .dayTurned(let body): today = body.today
        case .planChanged(let body):
            plan = body
            plan?.grant = nil
            if let grant = body.grant {
                let isNew = planPeriods[body.plan.name, default: []]
                    .insert(body.periodStart.number).inserted
                guard isNew else {
                    throw .server(
                        sqlState: "23505",
                        message: "duplicate key",
                        during: "the plans' periods of a batch"
                    )
                }
                try issue(grant, org, at: at, &result)
            }
        case .couponRedeemed(let body):
            guard coupons.insert(body.code).inserted else {
                throw .server(
                    sqlState: "23505",
                    message: "duplicate key",
                    during: "the coupons of a batch"
                )
            }
            try issue(body.grant, org, at: at, &result)
        case .billingChanged(let body):
            billing = billing.filter { $0.key < body.from.number }
            billing[body.from.number] = body
        case .balanceAdjusted(let body):
            for index in 0..<body.draws.count {
                let draw = body.draws[index]
                if draw.grant == 0 {
                    debt += draw.amount
                } else {
                    try take(draw.amount, from: draw.grant)
                }
            }
            adjustments.append((at, body))
            book(
                .adjustment,
                -body.draws.total,
                at: at,
                grant: 0,
                reference: body.actor,
                note: body.reason,
                org,
                &result
            )
        case .machineChanged(let body): try changeMachine(body, org, at: at, &result)
        case .operationRefunded(let body): try refund(body, org, at: at, &result)
        case .purchaseReturned(let body): try takeBack(body, org, at: at, &result)
        case .alertRaised(let body): alerts.raise(body)
        case .alertCleared(let body): try alerts.clear(body)
        case .alertsSet(let body): alerts.own = body.rules
        case .rerated(let body): try correct(body, org, at: at, &result)
        case .rerateBegun: break
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

    private mutating func changeMachine(
        _ body: MachineChanged,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        deployments[body.deployment.number] = body.deployment
        guard let charge = body.charge else { return }
        if charge.hold != 0 { try removeHold(charge.hold) }
        guard charge.amount.isPositive else { return }
        for index in 0..<charge.draws.count {
            let draw = charge.draws[index]
            if draw.grant == 0 {
                debt += draw.amount
            } else {
                try take(draw.amount, from: draw.grant)
            }
        }
        var line = StoredLine(
            line: 0,
            kind: .machine,
            amount: -charge.amount,
            balance: .zero,
            appliedAt: moment,
            at: charge.hours > 0 ? charge.from : charge.to
        )
        line.grant = charge.draws.count > 0 ? charge.draws.first.grant : 0
        line.project = body.deployment.project
        line.price = charge.price
        line.reference = body.deployment.name
        line.day = charge.day
        book(line, org, &result)
        let machine = body.deployment.run?.machine ?? 0
        let key = RollupKey(
            day: charge.day.number,
            project: body.deployment.project,
            key: 0,
            model: 1 << 31 | machine
        )
        machineRollups[key, default: RollupSums()].add(line)
    }

    func insert<Key: Hashable, Row>(
        _ table: inout [Key: Row],
        _ key: Key,
        _ row: Row,
        _ during: String
    ) throws(StoreError) {
        guard table.updateValue(row, forKey: key) == nil else {
            throw .server(sqlState: "23505", message: "duplicate key", during: during)
        }
    }

    private mutating func issue(
        _ body: GrantIssued,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        result.wallets.insert(org)
        lastGrant = max(lastGrant, body.grant)
        var row = GrantSnapshot(
            issued: body,
            issuedAt: moment,
            active: body.active,
            expired: false,
            remaining: body.active ? body.amount - body.debtPaid : body.amount
        )
        row.issued.debtPaid = .zero
        if body.identity == 0 { row.issued.content = 0 }
        if body.grantClass == .purchased { hasPurchased = true }
        try insert(&grants, body.grant, row, "the grants of a batch")
        guard body.active else { return }
        debt -= body.debtPaid
        book(
            LedgerKind.of(body.grantClass),
            body.amount,
            at: moment,
            grant: body.grant,
            reference: body.reference,
            note: body.note,
            org,
            &result
        )
    }

    private mutating func activate(
        _ body: GrantActivated,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        guard let row = grants[body.grant] else {
            throw .inconsistent("1 of 1 grants are missing")
        }
        try take(body.debtPaid, from: body.grant)
        debt -= body.debtPaid
        grants[body.grant]?.active = true
        grants[body.grant]?.issued.active = true
        book(
            LedgerKind.of(row.issued.grantClass),
            body.amount,
            at: moment,
            grant: body.grant,
            reference: row.issued.reference,
            note: row.issued.note,
            org,
            &result
        )
    }

    private mutating func correct(
        _ body: Rerated,
        _ org: UInt32,
        at moment: Timestamp,
        _ result: inout TransactionResult
    ) throws(StoreError) {
        if body.grant != 0 {
            lastGrant = max(lastGrant, body.grant)
            let issued = GrantIssued(
                grant: body.grant,
                grantClass: .adjustment,
                amount: -body.amount,
                priority: 20,
                effectiveAt: moment,
                expiresAt: .never,
                active: true,
                debtPaid: .zero,
                identity: 0,
                content: 0,
                reference: body.rerate,
                note: body.note
            )
            let row = GrantSnapshot(
                issued: issued,
                issuedAt: moment,
                active: true,
                expired: false,
                remaining: -body.amount - body.debtPaid
            )
            try insert(&grants, body.grant, row, "the grants of a batch")
            debt -= body.debtPaid
        }
        for index in 0..<body.draws.count {
            let draw = body.draws[index]
            if draw.grant == 0 {
                debt += draw.amount
            } else {
                try take(draw.amount, from: draw.grant)
            }
        }
        var line = StoredLine(
            line: 0,
            kind: .correction,
            amount: -body.amount,
            balance: .zero,
            appliedAt: moment,
            at: moment
        )
        line.grant = body.grant
        line.reference = body.rerate
        line.note = body.note
        line.day = body.day
        line.project = body.project
        line.key = body.key
        line.model = body.model
        book(line, org, &result)
        let key = RollupKey(
            day: body.day.number,
            project: body.project,
            key: body.key,
            model: body.model
        )
        // Requests that nobody has booked cannot be corrected.
        guard rollups[key] != nil else { throw .inconsistent("1 of 1 rollups are missing") }
        rollups[key]?.corrected += body.amount.units
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

extension LedgerKind {
    /// The kind of the line with which a grant of some class is credited.
    fileprivate static func of(_ grantClass: GrantClass) -> LedgerKind {
        switch grantClass {
        case .purchased: .purchase
        case .promotional: .promotionalGrant
        case .plan: .planGrant
        case .coupon: .coupon
        case .refund: .refund
        case .adjustment: .adjustment
        }
    }
}
