import Quantities

/// What a re-rating corrects of one organisation's requests of a day, project, key and model.
///
/// Lines are never changed: a correction is a line of its own, which moves the wallet.
public struct Rerated: Sendable, Hashable {
    /// The re-rating.
    public var rerate: String
    /// The requests' day, in the account's zone.
    public var day: CivilDay
    /// Their project, or 0 for none.
    public var project: UInt32
    /// Their key, or 0 for none.
    public var key: UInt32
    /// Their model.
    public var model: UInt32
    /// How many of them cost something else.
    public var requests: UInt64
    /// How much more they cost; below zero is given back.
    public var amount: Amount
    /// Where more was taken from.
    public var draws: Draws
    /// The grant that gives back, or 0 when more is taken.
    public var grant: GrantNumber
    /// How much of what is given back went at once into debt that was open.
    public var debtPaid: Amount
    /// A word for people.
    public var note: String

    /// Makes the change's content before anything is decided on it.
    ///
    /// - Parameters:
    ///   - rerate: The re-rating.
    ///   - day: The requests' day, in the account's zone.
    ///   - project: Their project, or 0 for none.
    ///   - key: Their key, or 0 for none.
    ///   - model: Their model.
    ///   - requests: How many of them cost something else.
    ///   - amount: How much more they cost; below zero is given back.
    ///   - note: A word for people.
    public init(
        rerate: String,
        day: CivilDay,
        project: UInt32,
        key: UInt32,
        model: UInt32,
        requests: UInt64,
        amount: Amount,
        note: String
    ) {
        self.rerate = rerate
        self.day = day
        self.project = project
        self.key = key
        self.model = model
        self.requests = requests
        self.amount = amount
        self.draws = Draws()
        self.grant = 0
        self.debtPaid = .zero
        self.note = note
    }

    /// Corrections give back without an end, and burn like what was purchased.
    public static let priority: Int32 = 20

    /// The grant that gives back; nil when more is taken.
    ///
    /// - Parameter moment: When the correction was applied.
    /// - Returns: The grant as it would have been issued by itself.
    public func credit(at moment: Timestamp) -> GrantIssued? {
        guard grant != 0 else { return nil }
        return GrantIssued(
            grant: grant,
            grantClass: .adjustment,
            amount: -amount,
            priority: Rerated.priority,
            effectiveAt: moment,
            expiresAt: .never,
            active: true,
            debtPaid: debtPaid,
            identity: 0,
            content: 0,
            reference: rerate,
            note: note
        )
    }
}

/// A re-rating is applied from here on, or goes on being applied.
public struct RerateBegun: Sendable, Hashable {
    /// Its name.
    public var rerate: String
    /// The re-rating that it undoes; empty for none.
    public var undoes: String
    /// The only organisation that it is about, or 0 for all.
    public var org: UInt32
    /// Requests applied at this moment or later.
    public var from: Timestamp
    /// Requests applied before this moment.
    public var to: Timestamp
    /// The rate card's name.
    public var card: String
    /// SHA-256 of the card's text, in hexadecimal.
    public var digest: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - rerate: Its name.
    ///   - undoes: The re-rating that it undoes; empty for none.
    ///   - org: The only organisation that it is about, or 0 for all.
    ///   - from: Requests applied at this moment or later.
    ///   - to: Requests applied before this moment.
    ///   - card: The rate card's name.
    ///   - digest: SHA-256 of the card's text, in hexadecimal.
    public init(
        rerate: String,
        undoes: String,
        org: UInt32,
        from: Timestamp,
        to: Timestamp,
        card: String,
        digest: String
    ) {
        self.rerate = rerate
        self.undoes = undoes
        self.org = org
        self.from = from
        self.to = to
        self.card = card
        self.digest = digest
    }
}

/// A piece of the card of a re-rating: what it has made of a single charge follows from it.
public struct RerateCardPart: Sendable, Hashable {
    /// The re-rating's name.
    public var rerate: String
    /// Its place among the pieces, from 0.
    public var part: UInt32
    /// The YAML, at most 65,535 bytes of it.
    public var text: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - rerate: The re-rating's name.
    ///   - part: Its place among the pieces, from 0.
    ///   - text: The YAML, at most 65,535 bytes of it.
    public init(rerate: String, part: UInt32, text: String) {
        self.rerate = rerate
        self.part = part
        self.text = text
    }
}

extension Change.Body {
    func encodeCorrection(into writer: inout ByteWriter) -> ChangeKind {
        switch self {
        case .rerated(let body):
            writer.put(body.rerate)
            writer.put(body.day.number)
            writer.put(body.project)
            writer.put(body.key)
            writer.put(body.model)
            writer.put(body.requests)
            writer.put(body.amount)
            writer.put(body.draws)
            writer.put(body.grant)
            writer.put(body.debtPaid)
            writer.put(body.note)
            return .rerated
        case .rerateBegun(let body):
            writer.put(body.rerate)
            writer.put(body.undoes)
            writer.put(body.org)
            writer.put(body.from)
            writer.put(body.to)
            writer.put(body.card)
            writer.put(body.digest)
            return .rerateBegun
        case .rerateCardPart(let body):
            writer.put(body.rerate)
            writer.put(body.part)
            writer.put(body.text)
            return .rerateCardPart
        default:
            invariantBroken("only corrections are encoded here")
        }
    }

    static func decodeCorrection(
        _ kind: ChangeKind,
        from reader: inout ByteReader
    ) throws(RecordFault) -> Change.Body {
        let rerate = try reader.text()
        if kind == .rerateCardPart {
            let part = try reader.integer(UInt32.self)
            return .rerateCardPart(
                RerateCardPart(rerate: rerate, part: part, text: try reader.text())
            )
        }
        guard kind == .rerated else {
            let undoes = try reader.text()
            let org = try reader.integer(UInt32.self)
            let from = try reader.time()
            let to = try reader.time()
            let card = try reader.text()
            return .rerateBegun(
                RerateBegun(
                    rerate: rerate,
                    undoes: undoes,
                    org: org,
                    from: from,
                    to: to,
                    card: card,
                    digest: try reader.text()
                )
            )
        }
        let day = CivilDay(number: try reader.integer(Int32.self))
        let project = try reader.integer(UInt32.self)
        let key = try reader.integer(UInt32.self)
        let model = try reader.integer(UInt32.self)
        let requests = try reader.integer(UInt64.self)
        let amount = try reader.amount()
        let draws = try reader.draws()
        let grant = try reader.integer(UInt32.self)
        let debtPaid = try reader.amount()
        var body = Rerated(
            rerate: rerate,
            day: day,
            project: project,
            key: key,
            model: model,
            requests: requests,
            amount: amount,
            note: try reader.text()
        )
        body.draws = draws
        body.grant = grant
        body.debtPaid = debtPaid
        return .rerated(body)
    }
}
