import Quantities

/// What kinds of journal records there are.
///
/// Append-only: numbers are on disk for ever.
public enum ChangeKind: UInt8, Sendable, CaseIterable {
    case usage = 1
    case organisationCreated = 2
    case organisationClosed = 3
    case projectCreated = 4
    case keyCreated = 5
    case keyRotated = 6
    case keyRevoked = 7
    case grantIssued = 8
    case grantActivated = 9
    case grantExpired = 10
    case holdPlaced = 11
    case holdExtended = 12
    case holdReleased = 13
    case capChanged = 14
    case dayTurned = 15
    case nameDeclared = 16
    case priceDeclared = 17
    case sequenceSkipped = 18
    case rateCardLoaded = 19
}

/// One change of money or policy other than a usage event, as it stands in the journal.
///
/// Why: live running decides on a change, applies it and journals it; recovery only applies it.
/// There is no second way to change state, so replay rebuilds the same state to the bit.
public struct Change: Sendable, Hashable {
    /// When it was applied.
    public var appliedAt: Timestamp
    /// The organisation, or 0 for what concerns all.
    public var org: UInt32
    /// What changed.
    public var body: Body

    /// Makes a change.
    ///
    /// - Parameters:
    ///   - appliedAt: When it was applied.
    ///   - org: The organisation, or 0 for what concerns all.
    ///   - body: What changed.
    public init(appliedAt: Timestamp, org: UInt32, body: Body) {
        self.appliedAt = appliedAt
        self.org = org
        self.body = body
    }

    /// What changed.
    public enum Body: Sendable, Hashable {
        case organisationCreated(OrganisationCreated)
        case organisationClosed(OrganisationClosed)
        case projectCreated(ProjectCreated)
        case keyCreated(KeyCreated)
        case keyRotated(KeyRotated)
        case keyRevoked(KeyRevoked)
        case grantIssued(GrantIssued)
        case grantActivated(GrantActivated)
        case grantExpired(GrantExpired)
        case holdPlaced(HoldPlaced)
        case holdExtended(HoldExtended)
        case holdReleased(HoldReleased)
        case capChanged(CapChanged)
        case dayTurned(DayTurned)
        case nameDeclared(NameDeclared)
        case priceDeclared(PriceDeclared)
        case sequenceSkipped(SequenceSkipped)
        case rateCardLoaded(RateCardLoaded)
    }
}

/// A day in an account's time zone: its date and the moments of its two midnights.
public struct ZonedDay: Sendable, Hashable {
    /// The date.
    public var day: CivilDay
    /// Its first moment.
    public var start: Timestamp
    /// The first moment of the next day.
    public var end: Timestamp

    /// Makes a day of a time zone.
    ///
    /// - Parameters:
    ///   - day: The date.
    ///   - start: Its first moment.
    ///   - end: The first moment of the next day.
    public init(day: CivilDay, start: Timestamp, end: Timestamp) {
        self.day = day
        self.start = start
        self.end = end
    }
}

/// A new organisation with an empty wallet.
public struct OrganisationCreated: Sendable, Hashable {
    /// Its unique name.
    public var name: String
    /// Its IANA time zone.
    public var zone: String
    /// The day in that zone on which it was created.
    public var today: ZonedDay

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - name: Its unique name.
    ///   - zone: Its IANA time zone.
    ///   - today: The day in that zone on which it was created.
    public init(
        name: String,
        zone: String,
        today: ZonedDay
    ) {
        self.name = name
        self.zone = zone
        self.today = today
    }
}

/// The end of an organisation: what is left in the wallet is forfeited.
public struct OrganisationClosed: Sendable, Hashable {
    /// What was left of each grant.
    public var forfeited: Draws
    /// Why.
    public var reason: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - forfeited: What was left of each grant.
    ///   - reason: Why.
    public init(
        forfeited: Draws,
        reason: String
    ) {
        self.forfeited = forfeited
        self.reason = reason
    }
}

/// A new project.
public struct ProjectCreated: Sendable, Hashable {
    /// Its number within the organisation, from 1.
    public var project: UInt32
    /// Its name, unique within the organisation.
    public var name: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - project: Its number within the organisation, from 1.
    ///   - name: Its name, unique within the organisation.
    public init(
        project: UInt32,
        name: String
    ) {
        self.project = project
        self.name = name
    }
}

/// A new key.
///
/// The secret itself is nowhere: only its SHA-256.
public struct KeyCreated: Sendable, Hashable {
    /// Its number within the organisation, from 1.
    public var key: UInt32
    /// The project it is bound to, or 0.
    public var project: UInt32
    /// Its name, unique within the organisation.
    public var name: String
    /// The first characters of the secret, to recognise it by.
    public var prefix: String
    /// SHA-256 of the secret.
    public var hash: SecretHash

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - key: Its number within the organisation, from 1.
    ///   - project: The project it is bound to, or 0.
    ///   - name: Its name, unique within the organisation.
    ///   - prefix: The first characters of the secret, to recognise it by.
    ///   - hash: SHA-256 of the secret.
    public init(
        key: UInt32,
        project: UInt32,
        name: String,
        prefix: String,
        hash: SecretHash
    ) {
        self.key = key
        self.project = project
        self.name = name
        self.prefix = prefix
        self.hash = hash
    }
}

/// A key's secret was replaced: the old one is dead from here on.
public struct KeyRotated: Sendable, Hashable {
    /// The key's number.
    public var key: UInt32
    /// How many secrets it has had, counting this one.
    public var generation: UInt32
    /// The first characters of the new secret.
    public var prefix: String
    /// SHA-256 of the new secret.
    public var hash: SecretHash

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - key: The key's number.
    ///   - generation: How many secrets it has had, counting this one.
    ///   - prefix: The first characters of the new secret.
    ///   - hash: SHA-256 of the new secret.
    public init(
        key: UInt32,
        generation: UInt32,
        prefix: String,
        hash: SecretHash
    ) {
        self.key = key
        self.generation = generation
        self.prefix = prefix
        self.hash = hash
    }
}

/// A key was switched off for good.
public struct KeyRevoked: Sendable, Hashable {
    /// The key's number.
    public var key: UInt32

    /// Makes the change's content.
    ///
    /// - Parameter key: The key's number.
    public init(key: UInt32) {
        self.key = key
    }
}

/// SHA-256 of a key's secret.
public struct SecretHash: Sendable, Hashable {
    /// The first 16 bytes, as they stand in memory.
    public var low: UInt128
    /// The last 16 bytes, as they stand in memory.
    public var high: UInt128

    /// Wraps the two halves.
    ///
    /// - Parameters:
    ///   - low: The first 16 bytes.
    ///   - high: The last 16 bytes.
    public init(low: UInt128, high: UInt128) {
        self.low = low
        self.high = high
    }
}

/// Why credits were given; the ledger's kind of the credit line follows from it.
public enum GrantClass: UInt8, Sendable, CaseIterable {
    case purchased = 1
    case promotional = 2
    case plan = 3
    case coupon = 4
    case refund = 5
    case adjustment = 6
}

/// Credits given to a wallet.
public struct GrantIssued: Sendable, Hashable {
    /// Its number within the organisation, from 1.
    public var grant: GrantNumber
    /// Why it was given.
    public var grantClass: GrantClass
    /// How much, above zero.
    public var amount: Amount
    /// Burnt earlier when lower.
    public var priority: Int32
    /// From when on it pays.
    public var effectiveAt: Timestamp
    /// When what is left lapses; `never` if not.
    public var expiresAt: Timestamp
    /// Whether it pays at once; else a `GrantActivated` follows at `effectiveAt`.
    public var active: Bool
    /// How much of it went at once into debt that was open.
    public var debtPaid: Amount
    /// The 128-bit digest of the caller's idempotency key.
    public var identity: UInt128
    /// The digest of the call's content, to tell a repeat from a conflict.
    public var content: UInt64
    /// The payment or campaign behind it, as the caller named it.
    public var reference: String
    /// A word for people.
    public var note: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - grant: Its number within the organisation, from 1.
    ///   - grantClass: Why it was given.
    ///   - amount: How much, above zero.
    ///   - priority: Burnt earlier when lower.
    ///   - effectiveAt: From when on it pays.
    ///   - expiresAt: When what is left lapses; `never` if not.
    ///   - active: Whether it pays at once; else a `GrantActivated` follows at `effectiveAt`.
    ///   - debtPaid: How much of it went at once into debt that was open.
    ///   - identity: The 128-bit digest of the caller's idempotency key.
    ///   - content: The digest of the call's content, to tell a repeat from a conflict.
    ///   - reference: The payment or campaign behind it, as the caller named it.
    ///   - note: A word for people.
    public init(
        grant: GrantNumber,
        grantClass: GrantClass,
        amount: Amount,
        priority: Int32,
        effectiveAt: Timestamp,
        expiresAt: Timestamp,
        active: Bool,
        debtPaid: Amount,
        identity: UInt128,
        content: UInt64,
        reference: String,
        note: String
    ) {
        self.grant = grant
        self.grantClass = grantClass
        self.amount = amount
        self.priority = priority
        self.effectiveAt = effectiveAt
        self.expiresAt = expiresAt
        self.active = active
        self.debtPaid = debtPaid
        self.identity = identity
        self.content = content
        self.reference = reference
        self.note = note
    }
}

/// A grant that was issued ahead of its time begins to pay.
public struct GrantActivated: Sendable, Hashable {
    /// The grant.
    public var grant: GrantNumber
    /// Its whole amount.
    public var amount: Amount
    /// How much of it went at once into debt that was open.
    public var debtPaid: Amount

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - grant: The grant.
    ///   - amount: Its whole amount.
    ///   - debtPaid: How much of it went at once into debt that was open.
    public init(
        grant: GrantNumber,
        amount: Amount,
        debtPaid: Amount
    ) {
        self.grant = grant
        self.amount = amount
        self.debtPaid = debtPaid
    }
}

/// What was left of a grant lapsed.
public struct GrantExpired: Sendable, Hashable {
    /// The grant.
    public var grant: GrantNumber
    /// How much lapsed; zero when holds kept all of it for the moment.
    public var amount: Amount

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - grant: The grant.
    ///   - amount: How much lapsed; zero when holds kept all of it for the moment.
    public init(
        grant: GrantNumber,
        amount: Amount
    ) {
        self.grant = grant
        self.amount = amount
    }
}

/// Credits were set aside for a request that is about to run.
public struct HoldPlaced: Sendable, Hashable {
    /// Its serial within the organisation, from 1.
    public var hold: UInt64
    /// The project, or 0.
    public var project: UInt32
    /// The key, or 0.
    public var key: UInt32
    /// The model's number.
    public var model: UInt32
    /// When it lapses by itself.
    public var expiresAt: Timestamp
    /// Which grants it took.
    public var draws: Draws

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - hold: Its serial within the organisation, from 1.
    ///   - project: The project, or 0.
    ///   - key: The key, or 0.
    ///   - model: The model's number.
    ///   - expiresAt: When it lapses by itself.
    ///   - draws: Which grants it took.
    public init(
        hold: UInt64,
        project: UInt32,
        key: UInt32,
        model: UInt32,
        expiresAt: Timestamp,
        draws: Draws
    ) {
        self.hold = hold
        self.project = project
        self.key = key
        self.model = model
        self.expiresAt = expiresAt
        self.draws = draws
    }
}

/// A hold was extended.
public struct HoldExtended: Sendable, Hashable {
    /// Its serial.
    public var hold: UInt64
    /// The new moment at which it lapses.
    public var expiresAt: Timestamp
    /// What was added, and from which grants.
    public var draws: Draws

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - hold: Its serial.
    ///   - expiresAt: The new moment at which it lapses.
    ///   - draws: What was added, and from which grants.
    public init(
        hold: UInt64,
        expiresAt: Timestamp,
        draws: Draws
    ) {
        self.hold = hold
        self.expiresAt = expiresAt
        self.draws = draws
    }
}

/// A hold went without a charge.
public struct HoldReleased: Sendable, Hashable {
    /// Its serial.
    public var hold: UInt64
    /// True when time ran out, false when the client gave it back.
    public var lapsed: Bool

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - hold: Its serial.
    ///   - lapsed: True when time ran out, false when the client gave it back.
    public init(
        hold: UInt64,
        lapsed: Bool
    ) {
        self.hold = hold
        self.lapsed = lapsed
    }
}

/// What a cap or a cutoff is about.
public enum Scope: UInt8, Sendable, CaseIterable {
    case organisation = 1
    case project = 2
    case key = 3
}

/// Over which time a cap counts.
public enum CapPeriod: UInt8, Sendable, CaseIterable {
    case day = 1
    case week = 2
    case month = 3
    case total = 4
}

/// A spend cap was set, changed or cleared.
public struct CapChanged: Sendable, Hashable {
    /// What it caps.
    public var scope: Scope
    /// The project's or key's number; 0 for the organisation.
    public var id: UInt32
    /// Over which time it counts.
    public var period: CapPeriod
    /// The cap, or nil when it was cleared.
    public var amount: Amount?

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - scope: What it caps.
    ///   - id: The project's or key's number; 0 for the organisation.
    ///   - period: Over which time it counts.
    ///   - amount: The cap, or nil when it was cleared.
    public init(
        scope: Scope,
        id: UInt32,
        period: CapPeriod,
        amount: Amount?
    ) {
        self.scope = scope
        self.id = id
        self.period = period
        self.amount = amount
    }
}

/// A new day began in an account's time zone; day, week and month counters follow from the date.
public struct DayTurned: Sendable, Hashable {
    /// The new day.
    public var today: ZonedDay

    /// Makes the change's content.
    ///
    /// - Parameter today: The new day.
    public init(today: ZonedDay) {
        self.today = today
    }
}

/// What kind of name a number stands for.
public enum NameKind: UInt8, Sendable, CaseIterable {
    case model = 1
    case provider = 2
    case producer = 3
}

/// The number that stands for a name in all later records.
public struct NameDeclared: Sendable, Hashable {
    /// What kind of name.
    public var kind: NameKind
    /// Its number, from 1.
    public var number: UInt32
    /// The name.
    public var name: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - kind: What kind of name.
    ///   - number: Its number, from 1.
    ///   - name: The name.
    public init(
        kind: NameKind,
        number: UInt32,
        name: String
    ) {
        self.kind = kind
        self.number = number
        self.name = name
    }
}

/// The number that stands for a price version in all later records.
public struct PriceDeclared: Sendable, Hashable {
    /// Its number, from 1.
    public var price: UInt32
    /// The model's name on the rate card.
    public var model: String
    /// From when on it applies.
    public var effectiveFrom: Timestamp
    /// The prices, in the canonical text of `Rating`.
    public var text: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - price: Its number, from 1.
    ///   - model: The model's name on the rate card.
    ///   - effectiveFrom: From when on it applies.
    ///   - text: The prices, in the canonical text of `Rating`.
    public init(
        price: UInt32,
        model: String,
        effectiveFrom: Timestamp,
        text: String
    ) {
        self.price = price
        self.model = model
        self.effectiveFrom = effectiveFrom
        self.text = text
    }
}

/// A producer's sequence that was answered with a rejection and so has no usage record.
public struct SequenceSkipped: Sendable, Hashable {
    /// The producer's number.
    public var producer: UInt32
    /// The sequence.
    public var sequence: UInt64

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - producer: The producer's number.
    ///   - sequence: The sequence.
    public init(
        producer: UInt32,
        sequence: UInt64
    ) {
        self.producer = producer
        self.sequence = sequence
    }
}

/// A rate card took effect.
public struct RateCardLoaded: Sendable, Hashable {
    /// The card's name.
    public var name: String
    /// SHA-256 of the card's text, in hexadecimal.
    public var digest: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - name: The card's name.
    ///   - digest: SHA-256 of the card's text, in hexadecimal.
    public init(
        name: String,
        digest: String
    ) {
        self.name = name
        self.digest = digest
    }
}
