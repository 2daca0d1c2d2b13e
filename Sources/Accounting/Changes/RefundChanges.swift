import Quantities

/// The number of a refund or of a return of a purchase within its organisation, from 1.
public typealias RefundNumber = UInt32

/// A part of a refund and the grant it goes to.
public struct RefundPart: Sendable, Hashable {
    /// The grant.
    public var grant: GrantNumber
    /// How much, above zero.
    public var amount: Amount
    /// Whether the grant is made by this refund: what was drawn was debt, and is paid by now.
    public var isNew: Bool
    /// Why the grant was given.
    public var grantClass: GrantClass
    /// Burnt earlier when lower.
    public var priority: Int32
    /// From when on the grant pays.
    public var effectiveAt: Timestamp
    /// When what is left of the grant lapses; `never` if not.
    public var expiresAt: Timestamp

    /// Makes a part.
    ///
    /// - Parameters:
    ///   - grant: The grant.
    ///   - amount: How much, above zero.
    ///   - isNew: Whether the grant is made by this refund.
    ///   - grantClass: Why the grant was given.
    ///   - priority: Burnt earlier when lower.
    ///   - effectiveAt: From when on the grant pays.
    ///   - expiresAt: When what is left of the grant lapses; `never` if not.
    public init(
        grant: GrantNumber,
        amount: Amount,
        isNew: Bool,
        grantClass: GrantClass,
        priority: Int32,
        effectiveAt: Timestamp,
        expiresAt: Timestamp
    ) {
        self.grant = grant
        self.amount = amount
        self.isNew = isNew
        self.grantClass = grantClass
        self.priority = priority
        self.effectiveAt = effectiveAt
        self.expiresAt = expiresAt
    }
}

/// A charge was given back, or a part of it.
public struct OperationRefunded: Sendable, Hashable {
    /// Its number within the organisation.
    public var refund: RefundNumber
    /// The ledger line that was charged.
    public var line: UInt64
    /// How much, above zero: the paid debt and all parts.
    public var amount: Amount
    /// How much of it went into debt that was open.
    public var debtPaid: Amount
    /// Where the rest went, last source of the charge first.
    public var parts: [RefundPart]
    /// The 128-bit digest of the caller's idempotency key.
    public var identity: UInt128
    /// The digest of the call's content, to tell a repeat from a conflict.
    public var content: UInt64
    /// Who gave it back.
    public var actor: String
    /// Why.
    public var reason: String
    /// The id of the request that was charged.
    public var request: String
    /// The re-rating that had given back the rest, where nothing is left to be paid; else empty.
    ///
    /// Its undoing leaves the charge alone.
    public var rerate: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - refund: Its number within the organisation.
    ///   - line: The ledger line that was charged.
    ///   - amount: How much, above zero.
    ///   - debtPaid: How much of it went into debt that was open.
    ///   - parts: Where the rest went, last source of the charge first.
    ///   - identity: The 128-bit digest of the caller's idempotency key.
    ///   - content: The digest of the call's content, to tell a repeat from a conflict.
    ///   - actor: Who gave it back.
    ///   - reason: Why.
    ///   - request: The id of the request that was charged.
    ///   - rerate: The re-rating that had given back the rest, where nothing is left.
    public init(
        refund: RefundNumber,
        line: UInt64,
        amount: Amount,
        debtPaid: Amount,
        parts: [RefundPart],
        identity: UInt128,
        content: UInt64,
        actor: String,
        reason: String,
        request: String,
        rerate: String = ""
    ) {
        self.refund = refund
        self.line = line
        self.amount = amount
        self.debtPaid = debtPaid
        self.parts = parts
        self.identity = identity
        self.content = content
        self.actor = actor
        self.reason = reason
        self.request = request
        self.rerate = rerate
    }
}

/// Credits that were bought and not used were taken back, because the money goes back.
public struct PurchaseReturned: Sendable, Hashable {
    /// Its number within the organisation, of the same sequence as refunds.
    public var refund: RefundNumber
    /// The purchased grant.
    public var grant: GrantNumber
    /// How much is taken back, above zero.
    public var amount: Amount
    /// The 128-bit digest of the caller's idempotency key.
    public var identity: UInt128
    /// The digest of the call's content, to tell a repeat from a conflict.
    public var content: UInt64
    /// Who took it back.
    public var actor: String
    /// Why.
    public var reason: String
    /// The payment that goes back, as the caller named it.
    public var reference: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - refund: Its number within the organisation.
    ///   - grant: The purchased grant.
    ///   - amount: How much is taken back, above zero.
    ///   - identity: The 128-bit digest of the caller's idempotency key.
    ///   - content: The digest of the call's content, to tell a repeat from a conflict.
    ///   - actor: Who took it back.
    ///   - reason: Why.
    ///   - reference: The payment that goes back, as the caller named it.
    public init(
        refund: RefundNumber,
        grant: GrantNumber,
        amount: Amount,
        identity: UInt128,
        content: UInt64,
        actor: String,
        reason: String,
        reference: String
    ) {
        self.refund = refund
        self.grant = grant
        self.amount = amount
        self.identity = identity
        self.content = content
        self.actor = actor
        self.reason = reason
        self.reference = reference
    }
}

// MARK: - Bytes

extension RefundPart {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.put(grant)
        writer.put(amount)
        writer.put(isNew)
        writer.put(grantClass.rawValue)
        writer.put(priority)
        writer.put(effectiveAt)
        writer.put(expiresAt)
    }

    fileprivate init(from reader: inout ByteReader) throws(RecordFault) {
        grant = try reader.integer(UInt32.self)
        amount = try reader.amount()
        isNew = try reader.flag()
        grantClass = try reader.value(GrantClass.self)
        priority = try reader.integer(Int32.self)
        effectiveAt = try reader.time()
        expiresAt = try reader.time()
    }
}

extension OperationRefunded {
    func encode(into writer: inout ByteWriter) {
        writer.put(refund)
        writer.put(line)
        writer.put(amount)
        writer.put(debtPaid)
        writer.put(UInt16(parts.count))
        for part in parts { part.encode(into: &writer) }
        writer.put(identity)
        writer.put(content)
        writer.put(actor)
        writer.put(reason)
        writer.put(request)
        // Records of before there was this field end here.
        if !rerate.isEmpty { writer.put(rerate) }
    }

    init(from reader: inout ByteReader) throws(RecordFault) {
        refund = try reader.integer(UInt32.self)
        line = try reader.integer(UInt64.self)
        amount = try reader.amount()
        debtPaid = try reader.amount()
        parts = []
        for _ in 0..<(try reader.integer(UInt16.self)) {
            parts.append(try RefundPart(from: &reader))
        }
        identity = try reader.integer(UInt128.self)
        content = try reader.integer(UInt64.self)
        actor = try reader.text()
        reason = try reader.text()
        request = try reader.text()
        rerate = try reader.textIfAny()
    }
}

extension PurchaseReturned {
    func encode(into writer: inout ByteWriter) {
        writer.put(refund)
        writer.put(grant)
        writer.put(amount)
        writer.put(identity)
        writer.put(content)
        writer.put(actor)
        writer.put(reason)
        writer.put(reference)
    }

    init(from reader: inout ByteReader) throws(RecordFault) {
        refund = try reader.integer(UInt32.self)
        grant = try reader.integer(UInt32.self)
        amount = try reader.amount()
        identity = try reader.integer(UInt128.self)
        content = try reader.integer(UInt64.self)
        actor = try reader.text()
        reason = try reader.text()
        reference = try reader.text()
    }
}
