import Accounting
import Quantities

/// What is to go back.
public enum RefundTarget: Sendable, Hashable {
    /// The charge of a ledger line.
    case line(UInt64)
    /// The charge of the request with this id, booked on this day in UTC or the day before; nil
    /// for today.
    case request(String, CivilDay?)
    /// The unused rest of a purchased grant.
    case purchase(GrantNumber)
}

/// Asks for a charge to be given back, or for an unused purchase to be taken back.
public struct RefundRequest: Sendable, Hashable {
    /// What is to go back.
    public var target: RefundTarget
    /// How much; nil for all that is left.
    public var amount: Amount?
    /// Why.
    public var reason: String
    /// Who says so.
    public var actor: String
    /// The payment that goes back, where one does.
    public var reference: String
    /// Carried out once for each key.
    public var idempotencyKey: String

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - target: What is to go back.
    ///   - amount: How much; nil for all that is left.
    ///   - reason: Why.
    ///   - actor: Who says so.
    ///   - reference: The payment that goes back, where one does.
    ///   - idempotencyKey: Carried out once for each key.
    public init(
        target: RefundTarget,
        amount: Amount? = nil,
        reason: String = "",
        actor: String = "",
        reference: String = "",
        idempotencyKey: String
    ) {
        self.target = target
        self.amount = amount
        self.reason = reason
        self.actor = actor
        self.reference = reference
        self.idempotencyKey = idempotencyKey
    }
}

/// What a refund call answers, also when it is repeated.
public struct RefundReceipt: Sendable, Hashable {
    /// Its number within the organisation.
    public var refund: RefundNumber
    /// True when the same call was carried out before and nothing was changed now.
    public var repeated: Bool
    /// How much; nil for a repeat whose first call PostgreSQL does not have yet.
    public var amount: Amount?
    /// How much of it went into debt.
    public var debtPaid: Amount
    /// Where the rest went, in that order; empty for a repeat and a purchase.
    public var parts: [Draw]
    /// The ledger line that was charged; nil for a purchase.
    public var line: UInt64?
    /// The grant that was taken back; nil for an operation.
    public var grant: GrantNumber?
    /// The wallet after it.
    public var wallet: WalletInfo

    /// Makes a receipt.
    ///
    /// - Parameters:
    ///   - refund: Its number within the organisation.
    ///   - repeated: Whether the same call was carried out before.
    ///   - amount: How much.
    ///   - debtPaid: How much of it went into debt.
    ///   - parts: Where the rest went.
    ///   - line: The ledger line that was charged.
    ///   - grant: The grant that was taken back.
    ///   - wallet: The wallet after it.
    public init(
        refund: RefundNumber,
        repeated: Bool,
        amount: Amount?,
        debtPaid: Amount = .zero,
        parts: [Draw] = [],
        line: UInt64? = nil,
        grant: GrantNumber? = nil,
        wallet: WalletInfo
    ) {
        self.refund = refund
        self.repeated = repeated
        self.amount = amount
        self.debtPaid = debtPaid
        self.parts = parts
        self.line = line
        self.grant = grant
        self.wallet = wallet
    }
}

/// A balance at some moment, from the ledger.
public struct BalanceInfo: Sendable, Hashable {
    /// The moment that was asked for.
    public var at: Timestamp
    /// The balance: below zero for debt.
    public var posted: Amount
    /// What was owed: the part below zero.
    public var debt: Amount
    /// The last line by then; 0 before the first.
    public var line: UInt64
    /// When that line was applied.
    public var lineAt: Timestamp?

    /// Makes it.
    ///
    /// - Parameters:
    ///   - at: The moment that was asked for.
    ///   - posted: The balance.
    ///   - line: The last line by then.
    ///   - lineAt: When that line was applied.
    public init(at: Timestamp, posted: Amount, line: UInt64, lineAt: Timestamp?) {
        self.at = at
        self.posted = posted
        self.debt = posted.isNegative ? -posted : .zero
        self.line = line
        self.lineAt = lineAt
    }
}

extension RefundRequest {
    /// Finds what is wrong with a request before it goes anywhere.
    func check() throws(AdministrationError) {
        if let amount, !amount.isPositive {
            throw .invalid(field: "amount", message: "\(amount) is not above zero.")
        }
        guard (1...255).contains(idempotencyKey.utf8.count) else {
            throw .invalid(
                field: "idempotency_key",
                message: "\"\(idempotencyKey)\" is not 1 to 255 bytes long."
            )
        }
        for (field, text, most) in [
            ("reason", reason, 1024), ("actor", actor, 255), ("reference", reference, 255),
        ] where text.utf8.count > most {
            throw .invalid(field: field, message: "it is longer than \(most) bytes.")
        }
    }

    /// The call as the book takes it.
    func call(org: UInt32) -> RefundCall {
        var identity = StateDigest()
        identity.combine(UInt64(org))
        identity.combine(bytes: idempotencyKey.utf8)
        var content = StateDigest()
        // Grants share the keys: no content of theirs begins like this.
        content.combine(bytes: "refund".utf8)
        switch target {
        case .line(let line):
            content.combine(1 as UInt64)
            content.combine(line)
        case .request(let id, let day):
            content.combine(2 as UInt64)
            content.combine(bytes: id.utf8)
            content.combine(Int64(day?.number ?? 0))
        case .purchase(let grant):
            content.combine(3 as UInt64)
            content.combine(UInt64(grant))
        }
        content.combine(amount ?? .zero)
        for text in [reason, actor, reference] {
            content.combine(UInt64(text.utf8.count))
            content.combine(bytes: text.utf8)
        }
        return RefundCall(
            amount: amount,
            actor: actor,
            reason: reason,
            reference: reference,
            identity: identity.value,
            content: UInt64(truncatingIfNeeded: content.value)
        )
    }
}
