import Quantities

/// A source of a charge, with what is known of its grant.
public struct ChargeSource: Sendable, Hashable {
    /// The grant with the part that it paid; of grant 0, which is debt, only the amount is meant.
    public var part: RefundPart

    /// Wraps a part.
    ///
    /// - Parameter part: The grant with the part that it paid.
    public init(_ part: RefundPart) {
        self.part = part
    }

    /// A part of a charge that no grant could pay.
    ///
    /// - Parameter amount: How much.
    public init(debt amount: Amount) {
        part = RefundPart(
            grant: 0,
            amount: amount,
            isNew: false,
            grantClass: .refund,
            priority: AccountBook.refundPriority,
            effectiveAt: .epoch,
            expiresAt: .never
        )
    }
}

/// A charge as the database has it.
public struct StoredCharge: Sendable, Hashable {
    /// The ledger line.
    public var line: UInt64
    /// The id of the request.
    public var request: String
    /// What it was taken from, in that order.
    public var sources: [ChargeSource]
    /// What was refunded of it, as far as is stored.
    public var refunded: Amount
    /// How many lines of the organisation were stored when this was read.
    public var storedLines: UInt64
    /// What a re-rating has given back of it, which can not go back once more.
    public var corrected: Amount
    /// That re-rating; empty for none.
    public var rerate: String

    /// Makes a charge.
    ///
    /// - Parameters:
    ///   - line: The ledger line.
    ///   - request: The id of the request.
    ///   - sources: What it was taken from, in that order.
    ///   - refunded: What was refunded of it, as far as is stored.
    ///   - storedLines: How many lines of the organisation were stored when this was read.
    ///   - corrected: What a re-rating has given back of it.
    ///   - rerate: That re-rating; empty for none.
    public init(
        line: UInt64,
        request: String,
        sources: [ChargeSource],
        refunded: Amount,
        storedLines: UInt64,
        corrected: Amount = .zero,
        rerate: String = ""
    ) {
        self.line = line
        self.request = request
        self.sources = sources
        self.refunded = refunded
        self.storedLines = storedLines
        self.corrected = corrected
        self.rerate = rerate
    }

    /// What was charged.
    public var amount: Amount { sources.reduce(.zero) { $0 + $1.part.amount } }
}

/// Who gives something back, why, and under which key.
public struct RefundCall: Sendable, Hashable {
    /// How much; nil for all that is left.
    public var amount: Amount?
    /// Who.
    public var actor: String
    /// Why.
    public var reason: String
    /// The payment behind it, where one goes back.
    public var reference: String
    /// The 128-bit digest of the caller's idempotency key.
    public var identity: UInt128
    /// The digest of the call's content.
    public var content: UInt64

    /// Makes a call.
    ///
    /// - Parameters:
    ///   - amount: How much; nil for all that is left.
    ///   - actor: Who.
    ///   - reason: Why.
    ///   - reference: The payment behind it, where one goes back.
    ///   - identity: The 128-bit digest of the caller's idempotency key.
    ///   - content: The digest of the call's content.
    public init(
        amount: Amount?,
        actor: String,
        reason: String,
        reference: String = "",
        identity: UInt128,
        content: UInt64
    ) {
        self.amount = amount
        self.actor = actor
        self.reason = reason
        self.reference = reference
        self.identity = identity
        self.content = content
    }
}

/// What became of a refund or a return.
public enum RefundOutcome: Sendable, Hashable {
    /// A charge was given back.
    case refunded(OperationRefunded)
    /// A purchase was taken back.
    case returned(PurchaseReturned)
    /// It was carried out before, with this number.
    case repeated(RefundNumber)
    /// Its idempotency key was used before with other content.
    case conflict
    /// The organisation is closed.
    case accountClosed
    /// There is no such organisation.
    case unknown
    /// More was asked for than is left.
    case exceeds(left: Amount)
    /// What was read of the database is too old to decide on: it must be read again.
    case stale
    /// The grant is none that was purchased and has something left.
    case notPurchased
    /// So many refunds of the organisation wait to be stored that no more can be remembered.
    case tooMany
    /// A field has a value that cannot be.
    case invalid(field: String, message: String)
}

extension AccountBook {
    /// The burn priority of credits that come back for a debt that was paid meanwhile.
    public static let refundPriority: Int32 = 20
    /// How many refunds of an organisation may wait to be stored; those that were are forgotten at
    /// its next one.
    public static let maximumRecentRefunds = 65_536

    /// Gives a charge back, or a part of it, to where it was drawn from.
    ///
    /// What is owed is paid first; the rest goes back along the sources, the last one first, behind
    /// what was given back before. What a re-rating has given back already stays out of it.
    ///
    /// - Parameters:
    ///   - charge: The charge, as the database has it.
    ///   - call: How much, who and why.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    /// - Returns: What was given back, or why nothing was.
    public func refund(
        _ charge: StoredCharge,
        _ call: RefundCall,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> RefundOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        if let known = known(call) { return known }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        if let back = moneyBack[org], back.forgottenThrough > charge.storedLines { return .stale }
        forgetRefunds(of: org, through: charge.storedLines)
        guard (moneyBack[org]?.recent.count ?? 0) < AccountBook.maximumRecentRefunds else {
            return .tooMany
        }
        let later = moneyBack[org]?.refunded(of: charge.line, after: charge.storedLines) ?? .zero
        let before = charge.refunded + later
        let left = charge.amount - charge.corrected - before
        let amount = call.amount ?? left
        guard left.isPositive, amount <= left else { return .exceeds(left: max(left, .zero)) }
        guard amount.isPositive else {
            return .invalid(field: "amount", message: "\(amount) is not above zero.")
        }
        guard fits(amount, slot: slot) else {
            return .invalid(field: "amount", message: "The balance would not fit 26 digits.")
        }
        let debtPaid = min(organisations[slot].debt, amount)
        let body = OperationRefunded(
            refund: (moneyBack[org]?.last ?? 0) + 1,
            line: charge.line,
            amount: amount,
            debtPaid: debtPaid,
            parts: parts(of: charge, from: before + debtPaid, to: before + amount, slot, moment),
            identity: call.identity,
            content: call.content,
            actor: call.actor,
            reason: call.reason,
            request: charge.request,
            rerate: amount == left && charge.corrected.isPositive ? charge.rerate : ""
        )
        commit(.operationRefunded(body), org: org, at: moment, into: buffer)
        judge(slot, hasFallen: false, at: moment, into: buffer)
        schedule(slot)
        // What went back to a grant whose time is over lapses at once.
        advance(slot, to: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .refunded(body)
    }

    /// Takes back credits that were bought and not used.
    ///
    /// - Parameters:
    ///   - grant: The purchased grant.
    ///   - call: How much, who and why.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    /// - Returns: What was taken back, or why nothing was. What holds keep is not taken.
    public func returnPurchase(
        _ grant: GrantNumber,
        _ call: RefundCall,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> RefundOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        if let known = known(call) { return known }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        guard let index = organisations[slot].grantIndex(grant) else { return .notPurchased }
        let found = organisations[slot].grants[index]
        guard found.grantClass == .purchased, found.active, !found.expired else {
            return .notPurchased
        }
        // Holds that lost their credits to usage without a hold count on the whole wallet.
        let left = max(min(found.free, organisations[slot].available), .zero)
        let amount = call.amount ?? left
        guard left.isPositive, amount <= left else { return .exceeds(left: left) }
        guard amount.isPositive else {
            return .invalid(field: "amount", message: "\(amount) is not above zero.")
        }
        let body = PurchaseReturned(
            refund: (moneyBack[org]?.last ?? 0) + 1,
            grant: grant,
            amount: amount,
            identity: call.identity,
            content: call.content,
            actor: call.actor,
            reason: call.reason,
            reference: call.reference
        )
        commit(.purchaseReturned(body), org: org, at: moment, into: buffer)
        judge(slot, hasFallen: true, at: moment, into: buffer)
        refreshCutoffs(slot, at: moment)
        schedule(slot)
        return .returned(body)
    }

    private func known(_ call: RefundCall) -> RefundOutcome? {
        RefundOutcome(grantIdentities.find(call.identity, content: call.content))
    }

    /// Forgets what the database was seen to have.
    private func forgetRefunds(of org: UInt32, through line: UInt64) {
        guard var back = moneyBack[org], back.forgottenThrough < line else { return }
        back.recent.removeAll { $0.ownLine <= line }
        back.forgottenThrough = line
        moneyBack[org] = back
    }

    /// The sources of a stretch of a charge, counted from its last source.
    private func parts(
        of charge: StoredCharge,
        from start: Amount,
        to end: Amount,
        _ slot: Int,
        _ moment: Timestamp
    ) -> [RefundPart] {
        var parts: [RefundPart] = []
        var passed = Amount.zero
        for source in charge.sources.reversed() {
            var part = source.part
            let from = max(passed, start)
            passed += part.amount
            let amount = min(passed, end) - from
            guard amount.isPositive else { continue }
            part.amount = amount
            if part.grant == 0 {
                // The debt was paid meanwhile: its part comes as a grant of its own.
                part.grant = organisations[slot].lastGrant + 1
                part.isNew = true
                part.effectiveAt = moment
            }
            parts.append(part)
        }
        return parts
    }
}

// MARK: - Applying

extension AccountBook {
    func refund(_ org: UInt32, _ body: OperationRefunded, at moment: Timestamp) {
        for part in body.parts { giveBack(part, to: org, at: moment) }
        with(org) { organisation in
            organisation.posted += body.amount
            organisation.debt -= body.debtPaid
            organisation.lines += 1
        }
        var back = moneyBack[org] ?? MoneyBack(last: 0)
        back.last = body.refund
        if let slot = slot(of: org) {
            back.recent.append(
                MoneyBack.Recent(
                    line: body.line,
                    ownLine: organisations[slot].lines,
                    amount: body.amount
                )
            )
        }
        moneyBack[org] = back
        grantIdentities.insert(
            body.identity,
            content: body.content,
            result: body.refund,
            at: moment
        )
    }

    private func giveBack(_ part: RefundPart, to org: UInt32, at moment: Timestamp) {
        let held = part.isNew ? .zero : kept(of: part.grant, org: org)
        with(org) { organisation in
            if let index = organisation.grantIndex(part.grant) {
                organisation.grants[index].remaining += part.amount
                return
            }
            organisation.lastGrant = max(organisation.lastGrant, part.grant)
            organisation.insert(
                Grant(
                    remaining: part.amount,
                    number: part.grant,
                    priority: part.priority,
                    grantClass: part.grantClass,
                    active: true,
                    expired: part.expiresAt <= moment,
                    held: held,
                    effectiveAt: part.effectiveAt,
                    expiresAt: part.expiresAt
                )
            )
        }
    }

    /// What open holds keep of a grant, also of one that has nothing left and is not kept.
    private func kept(of grant: GrantNumber, org: UInt32) -> Amount {
        guard let slot = slot(of: org), organisations[slot].openHolds > 0 else { return .zero }
        var sum = Amount.zero
        for hold in holds.sorted where hold.number.org.raw == org {
            for index in 0..<hold.draws.count where hold.draws[index].grant == grant {
                sum += hold.draws[index].amount
            }
        }
        return sum
    }

    func takeBack(_ org: UInt32, _ body: PurchaseReturned, at moment: Timestamp) {
        with(org) { organisation in
            organisation.take(Draw(grant: body.grant, amount: body.amount))
            organisation.posted -= body.amount
            organisation.lines += 1
        }
        moneyBack[org, default: MoneyBack(last: 0)].last = body.refund
        grantIdentities.insert(
            body.identity,
            content: body.content,
            result: body.refund,
            at: moment
        )
    }
}
