import Quantities

extension Change {
    /// Bytes before the body: length u32, kind u8, three reserved, applied at i64, org u32 and
    /// four reserved.
    static let headerLength = 24

    /// Writes the record: the common header, then the body's fields in the order of declaration.
    ///
    /// Texts are a u16 length and UTF-8; amounts are i128; times are i64 microseconds; everything
    /// is little-endian.
    ///
    /// - Parameter buffer: Where to.
    public func encode(into buffer: RecordBuffer) {
        var writer = ByteWriter()
        let kind = body.encode(into: &writer)
        let length = (Change.headerLength + writer.bytes.count + 7) & ~7
        let record = buffer.open(length)
        record.storeBytes(of: UInt32(length), as: UInt32.self)
        record.storeBytes(of: kind.rawValue, toByteOffset: 4, as: UInt8.self)
        record.storeBytes(of: appliedAt.microseconds, toByteOffset: 8, as: Int64.self)
        record.storeBytes(of: org, toByteOffset: 16, as: UInt32.self)
        writer.bytes.withUnsafeBytes { source in
            if let base = source.baseAddress {
                (record + Change.headerLength).copyMemory(from: base, byteCount: source.count)
            }
        }
    }

    /// Reads a record of any kind but `usage`.
    ///
    /// - Parameter record: One whole record.
    /// - Returns: nil when the bytes are no such record.
    public static func decode(_ record: UnsafeRawBufferPointer) -> Change? {
        guard record.count >= headerLength, let kind = ChangeKind(rawValue: record[4]) else {
            return nil
        }
        var reader = ByteReader(record, from: headerLength)
        let body: Body
        do {
            body = try Body.decode(kind, from: &reader)
        } catch {
            return nil
        }
        return Change(
            appliedAt: Timestamp(
                microseconds: record.loadUnaligned(fromByteOffset: 8, as: Int64.self)
            ),
            org: record.loadUnaligned(fromByteOffset: 16, as: UInt32.self),
            body: body
        )
    }
}

extension Change.Body {
    func encode(into writer: inout ByteWriter) -> ChangeKind {
        switch self {
        case .organisationCreated(let body):
            writer.put(body.name)
            writer.put(body.zone)
            writer.put(body.today)
            return .organisationCreated
        case .organisationClosed(let body):
            writer.put(body.forfeited)
            writer.put(body.reason)
            return .organisationClosed
        case .projectCreated(let body):
            writer.put(body.project)
            writer.put(body.name)
            return .projectCreated
        case .keyCreated(let body):
            body.encode(into: &writer)
            return .keyCreated
        case .keyRotated(let body):
            body.encode(into: &writer)
            return .keyRotated
        case .keyRevoked(let body):
            writer.put(body.key)
            return .keyRevoked
        case .grantIssued(let body):
            body.encode(into: &writer)
            return .grantIssued
        case .grantActivated(let body):
            writer.put(body.grant)
            writer.put(body.amount)
            writer.put(body.debtPaid)
            return .grantActivated
        case .grantExpired(let body):
            writer.put(body.grant)
            writer.put(body.amount)
            return .grantExpired
        case .holdPlaced, .holdExtended, .holdReleased:
            return encodeHold(into: &writer)
        case .capChanged, .dayTurned, .nameDeclared, .priceDeclared, .sequenceSkipped,
            .rateCardLoaded:
            return encodePolicy(into: &writer)
        case .planChanged, .couponRedeemed, .billingChanged, .balanceAdjusted:
            return encodeTerms(into: &writer)
        case .machineChanged(let body):
            body.encode(into: &writer)
            return .machineChanged
        case .operationRefunded(let body):
            body.encode(into: &writer)
            return .operationRefunded
        case .purchaseReturned(let body):
            body.encode(into: &writer)
            return .purchaseReturned
        case .alertRaised(let body):
            body.encode(into: &writer)
            return .alertRaised
        case .alertCleared(let body):
            body.encode(into: &writer)
            return .alertCleared
        case .alertsSet(let body):
            body.encode(into: &writer)
            return .alertsSet
        case .topUpSet, .purchaseAsked, .purchaseConfirmed, .purchaseFailed, .topUpLimitReached:
            return encodePurchase(into: &writer)
        case .rerated, .rerateBegun, .rerateCardPart:
            return encodeCorrection(into: &writer)
        }
    }

    private func encodeHold(into writer: inout ByteWriter) -> ChangeKind {
        switch self {
        case .holdPlaced(let body):
            writer.put(body.hold)
            writer.put(body.project)
            writer.put(body.key)
            writer.put(body.model)
            writer.put(body.expiresAt)
            writer.put(body.draws)
            return .holdPlaced
        case .holdExtended(let body):
            writer.put(body.hold)
            writer.put(body.expiresAt)
            writer.put(body.draws)
            return .holdExtended
        case .holdReleased(let body):
            writer.put(body.hold)
            writer.put(body.lapsed)
            return .holdReleased
        default:
            invariantBroken("only holds are encoded here")
        }
    }

    private func encodePolicy(into writer: inout ByteWriter) -> ChangeKind {
        switch self {
        case .capChanged(let body):
            writer.put(body.scope.rawValue)
            writer.put(body.id)
            writer.put(body.period.rawValue)
            writer.put(body.amount != nil)
            writer.put(body.amount ?? .zero)
            return .capChanged
        case .dayTurned(let body):
            writer.put(body.today)
            return .dayTurned
        case .nameDeclared(let body):
            writer.put(body.kind.rawValue)
            writer.put(body.number)
            writer.put(body.name)
            return .nameDeclared
        case .priceDeclared(let body):
            writer.put(body.price)
            writer.put(body.model)
            writer.put(body.effectiveFrom)
            writer.put(body.text)
            return .priceDeclared
        case .sequenceSkipped(let body):
            writer.put(body.producer)
            writer.put(body.sequence)
            return .sequenceSkipped
        case .rateCardLoaded(let body):
            writer.put(body.name)
            writer.put(body.digest)
            return .rateCardLoaded
        default:
            invariantBroken("only policy is encoded here")
        }
    }

    static func decode(
        _ kind: ChangeKind,
        from reader: inout ByteReader
    ) throws(RecordFault) -> Change.Body {
        switch kind {
        case .usage:
            throw .badValue
        case .organisationCreated:
            let name = try reader.text()
            let zone = try reader.text()
            return .organisationCreated(
                OrganisationCreated(name: name, zone: zone, today: try reader.day())
            )
        case .organisationClosed:
            let forfeited = try reader.draws()
            return .organisationClosed(
                OrganisationClosed(forfeited: forfeited, reason: try reader.text())
            )
        case .projectCreated:
            let project = try reader.integer(UInt32.self)
            return .projectCreated(ProjectCreated(project: project, name: try reader.text()))
        case .keyCreated:
            return .keyCreated(try KeyCreated(from: &reader))
        case .keyRotated:
            return .keyRotated(try KeyRotated(from: &reader))
        case .keyRevoked:
            return .keyRevoked(KeyRevoked(key: try reader.integer(UInt32.self)))
        case .grantIssued:
            return .grantIssued(try GrantIssued(from: &reader))
        case .grantActivated:
            let grant = try reader.integer(UInt32.self)
            let amount = try reader.amount()
            return .grantActivated(
                GrantActivated(grant: grant, amount: amount, debtPaid: try reader.amount())
            )
        case .grantExpired:
            let grant = try reader.integer(UInt32.self)
            return .grantExpired(GrantExpired(grant: grant, amount: try reader.amount()))
        case .holdPlaced, .holdExtended, .holdReleased:
            return try decodeHold(kind, from: &reader)
        case .capChanged, .dayTurned, .nameDeclared, .priceDeclared, .sequenceSkipped,
            .rateCardLoaded:
            return try decodePolicy(kind, from: &reader)
        case .planChanged, .couponRedeemed, .billingChanged, .balanceAdjusted:
            return try decodeTerms(kind, from: &reader)
        case .machineChanged:
            return .machineChanged(try MachineChanged(from: &reader))
        case .operationRefunded:
            return .operationRefunded(try OperationRefunded(from: &reader))
        case .purchaseReturned:
            return .purchaseReturned(try PurchaseReturned(from: &reader))
        case .alertRaised: return .alertRaised(try AlertRaised(from: &reader))
        case .alertCleared: return .alertCleared(try AlertCleared(from: &reader))
        case .alertsSet: return .alertsSet(try AlertsSet(from: &reader))
        case .topUpSet, .purchaseAsked, .purchaseConfirmed, .purchaseFailed, .topUpLimitReached:
            return try decodePurchase(kind, from: &reader)
        case .rerated, .rerateBegun, .rerateCardPart:
            return try decodeCorrection(kind, from: &reader)
        }
    }

    private static func decodeHold(
        _ kind: ChangeKind,
        from reader: inout ByteReader
    ) throws(RecordFault) -> Change.Body {
        let hold = try reader.integer(UInt64.self)
        switch kind {
        case .holdPlaced:
            let project = try reader.integer(UInt32.self)
            let key = try reader.integer(UInt32.self)
            let model = try reader.integer(UInt32.self)
            let expiresAt = try reader.time()
            return .holdPlaced(
                HoldPlaced(
                    hold: hold,
                    project: project,
                    key: key,
                    model: model,
                    expiresAt: expiresAt,
                    draws: try reader.draws()
                )
            )
        case .holdExtended:
            let expiresAt = try reader.time()
            return .holdExtended(
                HoldExtended(hold: hold, expiresAt: expiresAt, draws: try reader.draws())
            )
        default:
            return .holdReleased(HoldReleased(hold: hold, lapsed: try reader.flag()))
        }
    }

    private static func decodePolicy(
        _ kind: ChangeKind,
        from reader: inout ByteReader
    ) throws(RecordFault) -> Change.Body {
        switch kind {
        case .capChanged:
            let scope = try reader.value(Scope.self)
            let id = try reader.integer(UInt32.self)
            let period = try reader.value(CapPeriod.self)
            let isSet = try reader.flag()
            let amount = try reader.amount()
            return .capChanged(
                CapChanged(scope: scope, id: id, period: period, amount: isSet ? amount : nil)
            )
        case .dayTurned:
            return .dayTurned(DayTurned(today: try reader.day()))
        case .nameDeclared:
            let nameKind = try reader.value(NameKind.self)
            let number = try reader.integer(UInt32.self)
            return .nameDeclared(
                NameDeclared(kind: nameKind, number: number, name: try reader.text())
            )
        case .priceDeclared:
            let price = try reader.integer(UInt32.self)
            let model = try reader.text()
            let effectiveFrom = try reader.time()
            return .priceDeclared(
                PriceDeclared(
                    price: price,
                    model: model,
                    effectiveFrom: effectiveFrom,
                    text: try reader.text()
                )
            )
        case .sequenceSkipped:
            let producer = try reader.integer(UInt32.self)
            return .sequenceSkipped(
                SequenceSkipped(producer: producer, sequence: try reader.integer(UInt64.self))
            )
        default:
            let name = try reader.text()
            return .rateCardLoaded(RateCardLoaded(name: name, digest: try reader.text()))
        }
    }
}

extension KeyCreated {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.put(key)
        writer.put(project)
        writer.put(name)
        writer.put(prefix)
        writer.put(hash.low)
        writer.put(hash.high)
    }

    fileprivate init(from reader: inout ByteReader) throws(RecordFault) {
        key = try reader.integer(UInt32.self)
        project = try reader.integer(UInt32.self)
        name = try reader.text()
        prefix = try reader.text()
        let low = try reader.integer(UInt128.self)
        hash = SecretHash(low: low, high: try reader.integer(UInt128.self))
    }
}

extension KeyRotated {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.put(key)
        writer.put(generation)
        writer.put(prefix)
        writer.put(hash.low)
        writer.put(hash.high)
    }

    fileprivate init(from reader: inout ByteReader) throws(RecordFault) {
        key = try reader.integer(UInt32.self)
        generation = try reader.integer(UInt32.self)
        prefix = try reader.text()
        let low = try reader.integer(UInt128.self)
        hash = SecretHash(low: low, high: try reader.integer(UInt128.self))
    }
}

extension GrantIssued {
    func encode(into writer: inout ByteWriter) {
        writer.put(grant)
        writer.put(grantClass.rawValue)
        writer.put(amount)
        writer.put(priority)
        writer.put(effectiveAt)
        writer.put(expiresAt)
        writer.put(active)
        writer.put(debtPaid)
        writer.put(identity)
        writer.put(content)
        writer.put(reference)
        writer.put(note)
    }

    init(from reader: inout ByteReader) throws(RecordFault) {
        grant = try reader.integer(UInt32.self)
        grantClass = try reader.value(GrantClass.self)
        amount = try reader.amount()
        priority = try reader.integer(Int32.self)
        effectiveAt = try reader.time()
        expiresAt = try reader.time()
        active = try reader.flag()
        debtPaid = try reader.amount()
        identity = try reader.integer(UInt128.self)
        content = try reader.integer(UInt64.self)
        reference = try reader.text()
        note = try reader.text()
    }
}
